"""`guards` in `agentcore.yaml`: detectors, where they look, and what follows from what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from agentcore.config.options import Options
from agentcore.config.strict import Strict
from agentcore.domain.guarding import COMING_IN, GuardAction, GuardPlace, OnGuardFailure
from agentcore.domain.json import JSON
from agentcore.domain.label import Confidentiality
from agentcore.ports.plugin import DetectorPlugin

Level: TypeAlias = Literal["internal", "personal", "secret"]


class GuardKeys(Strict):
    """A detector in its place."""

    provider: str = Field(description="The detector: `pii`, `secrets`, `injection`, `hidden`, or another package's.")
    at: tuple[GuardPlace, ...] = Field(
        default=COMING_IN,
        min_length=1,
        description=(
            "Where it looks: at the task (`input`), the supervisor's `plan`, all that a model is sent (`prompt`) and "
            "what it says (`model_output`), the arguments of a `tool_call` and its `tool_result`, what an agent is "
            "given for a step (`delegation`), files that a tool takes in (`knowledge`), the answer (`output`)."
        ),
    )
    action: GuardAction = Field(
        default="label",
        description=(
            "What follows from a finding by itself. label: it stays with the value, for policies. sanitise: it is "
            "taken out. deny: the text goes no further."
        ),
    )
    raises: Level | None = Field(
        default=None, description="How confidential a value counts as, at the least, in which it has found something."
    )
    on_failure: OnGuardFailure = Field(
        default="deny",
        description=(
            "What it means when it fails. deny: the text goes no further. flag: that counts as a finding. "
            "ignore: as nothing found."
        ),
    )
    seconds: float = Field(default=5.0, gt=0, description="How long it may take for one text; then it has failed.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="The detector's own keys. `${NAME}` is an environment variable."
    )

    def settings(self, name: str, options: Options) -> GuardSettings:
        """Return the value."""
        return GuardSettings(
            name=name,
            provider=self.provider,
            at=self.at,
            action=self.action,
            raises=None if self.raises is None else Confidentiality[self.raises.upper()],
            on_failure=self.on_failure,
            seconds=self.seconds,
            options=options,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """How a guard is made; see GuardKeys."""

    name: str
    provider: str
    at: tuple[GuardPlace, ...] = COMING_IN
    action: GuardAction = "label"
    raises: Confidentiality | None = None
    on_failure: OnGuardFailure = "deny"
    seconds: float = 5.0
    options: Options = field(default_factory=Options)

    def build_options(self, plugin: DetectorPlugin) -> BaseModel:
        """Return the detector's options. Raises ConfigError: a variable is not set, or an option is wrong."""
        return self.options.build(f"guard `{self.name}`", plugin)


def guard(
    provider: str,
    *,
    at: tuple[GuardPlace, ...] = COMING_IN,
    action: GuardAction = "label",
    raises: Confidentiality | None = None,
    on_failure: OnGuardFailure = "deny",
    seconds: float = 5.0,
    options: Mapping[str, JSON] | None = None,
) -> GuardSettings:
    """Return settings written in Python; `options` are the detector's keys, judged when it is built."""
    given = dict(options or {})
    return GuardSettings(
        name=provider,
        provider=provider,
        at=at,
        action=action,
        raises=raises,
        on_failure=on_failure,
        seconds=seconds,
        options=Options(declared=given, expanded=given),
    )
