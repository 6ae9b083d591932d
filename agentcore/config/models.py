"""Models and tools in `agentcore.yaml`: the keys, and the settings that they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from agentcore.config.approvals import ApprovalKeys, approval_rule
from agentcore.config.flow import FlowKeys
from agentcore.config.names import Fraction
from agentcore.config.options import Options
from agentcore.config.strict import Strict
from agentcore.domain.agent import Capability
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.flow import ToolFlow
from agentcore.domain.ids import ModelName, ToolName
from agentcore.domain.json import JSON
from agentcore.ports.plugin import ModelPlugin, ToolPlugin
from agentcore.routing.profile import ModelProfile, Price

STRUCTURED = frozenset({Capability.JSON_SCHEMA, Capability.TOOLS})
"""What a model is taken to be capable of when its settings do not say."""

Usd = Annotated[Decimal, Field(ge=0)]


class PriceKeys(Strict):
    """What a model's tokens cost."""

    input_usd_per_million: Usd = Field(default=Decimal(0), description="US dollars per million input tokens.")
    output_usd_per_million: Usd = Field(default=Decimal(0), description="US dollars per million output tokens.")
    cached_input_usd_per_million: Usd | None = Field(
        default=None,
        description="US dollars per million input tokens that the provider had cached; the input price by default.",
    )
    as_of: str = Field(
        default="",
        description="The day on which the price was read, such as 2026-11-01.",
        json_schema_extra={"format": "date"},
    )
    source: str = Field(default="", description="Where the price was read.")

    @field_validator("as_of")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            return date.fromisoformat(value).isoformat() if value else value
        except ValueError:
            raise ValueError(f"must be a day such as 2026-11-01, not `{value}`") from None

    def price(self) -> Price:
        """Return the value."""
        return Price(
            input=self.input_usd_per_million,
            output=self.output_usd_per_million,
            cached_input=self.cached_input_usd_per_million,
            as_of=self.as_of,
            source=self.source,
        )


class ModelKeys(Strict):
    """A model that agents may be given."""

    provider: str = Field(description="The plug-in that serves the model.")
    quality: Fraction = Field(default=0.5, description="How good its answers are, 0 to 1, compared to the others.")
    family: str = Field(
        default="",
        description="Models of one family tend to make the same mistakes. By default the name at its provider.",
    )
    region: str = Field(
        default="", description="Where it is served, such as `eu`: a fact for policies. Empty: it is not known."
    )
    context_tokens: int = Field(default=8192, ge=1, description="How many tokens a call may have, input plus output.")
    capabilities: frozenset[Capability] = Field(
        default=STRUCTURED, description="What calls may require of it; `json_schema` and `tools` by default."
    )
    price: PriceKeys = Field(default=PriceKeys(), description="What its tokens cost; nothing by default.")
    latency_seconds: float = Field(
        default=5.0, ge=0, description="How long a call takes, until calls have been measured."
    )
    parallel: int = Field(default=4, ge=1, description="How many calls it may serve at the same time.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="The provider's own keys. `${NAME}` is an environment variable."
    )

    def settings(self, name: str, options: Options) -> ModelSettings:
        """Return the value."""
        return ModelSettings(
            provider=self.provider,
            profile=ModelProfile(
                name=ModelName(name),
                family=self.family or options.text("model") or self.provider,
                quality=self.quality,
                context_tokens=self.context_tokens,
                capabilities=self.capabilities,
                price=self.price.price(),
                latency_seconds=self.latency_seconds,
                region=self.region,
            ),
            parallel=self.parallel,
            options=options,
        )


class ToolKeys(Strict):
    """A tool, or a group of tools of one plug-in, that agents may be given."""

    provider: str = Field(description="The plug-in that provides it.")
    seconds: float | None = Field(default=None, gt=0, description="Time-out of one call; the tool's own by default.")
    max_calls: int | None = Field(default=None, ge=1, description="Calls in one run; the tool's own by default.")
    safety: Safety | None = Field(
        default=None,
        description=(
            "What a repeated call does. read: nothing has changed. idempotent: it has no further effect. "
            "compensable: it can be undone. unsafe: it must not happen. The tool's own by default."
        ),
    )
    approval: ApprovalKeys | None = Field(
        default=None,
        description=(
            "A person must approve each call: `true`, or who and for how long; `false`: nobody has to. "
            "The tool's own by default."
        ),
    )
    flow: FlowKeys | None = Field(
        default=None,
        description="Which arguments steer it, and how far its results may be trusted; its own by default.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="The provider's own keys. `${NAME}` is an environment variable."
    )

    def settings(self, name: str, options: Options) -> ToolSettings:
        """Return the value."""
        return ToolSettings(
            name=ToolName(name),
            provider=self.provider,
            seconds=self.seconds,
            max_calls=self.max_calls,
            safety=self.safety,
            approval=False if self.approval is False else approval_rule(self.approval),
            flow=None if self.flow is None else self.flow.flow(),
            options=options,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How a model is reached, and what the router knows of it. parallel: calls at the same time."""

    provider: str
    profile: ModelProfile
    parallel: int = 4
    options: Options = field(default_factory=Options)

    def build_options(self, plugin: ModelPlugin) -> BaseModel:
        """Return the provider's options. Raises ConfigError: a variable is not set, or an option is wrong."""
        return self.options.build(f"model `{self.profile.name}`", plugin)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """How a tool is made; None leaves what the tool itself declares.

    seconds: of one call.  max_calls: in one run.  approval: who must approve each call; False is nobody.
    """

    name: ToolName
    provider: str
    seconds: float | None = None
    max_calls: int | None = None
    safety: Safety | None = None
    approval: ApprovalRule | Literal[False] | None = None
    flow: ToolFlow | None = None
    options: Options = field(default_factory=Options)

    def build_options(self, plugin: ToolPlugin) -> BaseModel:
        """Return the provider's options. Raises ConfigError: a variable is not set, or an option is wrong."""
        return self.options.build(f"tool `{self.name}`", plugin)


def model(
    name: str,
    provider: str,
    *,
    quality: float = 0.5,
    family: str = "",
    region: str = "",
    context_tokens: int = 8192,
    capabilities: Iterable[Capability] = STRUCTURED,
    price: Price | None = None,
    latency_seconds: float = 5.0,
    parallel: int = 4,
    options: Mapping[str, JSON] | None = None,
) -> ModelSettings:
    """Return settings written in Python; `options` are the provider's keys, judged when the model is built."""
    given = dict(options or {})
    return ModelSettings(
        provider=provider,
        profile=ModelProfile(
            name=ModelName(name),
            family=family or str(given.get("model", provider)),
            quality=quality,
            context_tokens=context_tokens,
            capabilities=frozenset(capabilities),
            price=price or Price(),
            latency_seconds=latency_seconds,
            region=region,
        ),
        parallel=parallel,
        options=Options(declared=given, expanded=given),
    )


def tool(name: str, provider: str, *, options: Mapping[str, JSON] | None = None) -> ToolSettings:
    """Return settings written in Python; `options` are the provider's keys, judged when the tool is built."""
    given = dict(options or {})
    return ToolSettings(name=ToolName(name), provider=provider, options=Options(declared=given, expanded=given))
