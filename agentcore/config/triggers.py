"""Triggers in `agentcore.yaml`: what starts runs by itself, a schedule or messages; the keys and what they become."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal, TypeGuard
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, field_validator

from agentcore.config.known import Finding
from agentcore.config.names import InputName
from agentcore.config.options import Options
from agentcore.config.problem import unknown
from agentcore.config.scenarios import Scenario
from agentcore.config.strict import Strict
from agentcore.domain.cron import Cron
from agentcore.domain.json import JSON, JSONObject
from agentcore.ports.plugin import TriggerPlugin

CatchUp = Literal["skip", "latest"]

_PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
DUE = "due"
"""What a schedule can give its run: `$.due`."""


def zone(name: str) -> tzinfo:
    """Return a time zone. Raises ValueError when this machine knows none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is no time zone known here, such as Europe/Berlin: `{name}`") from None


class ScheduleKeys(Strict):
    """When a run is due."""

    cron: str = Field(description="Minute, hour, day of the month, month, day of the week: `0 7 * * MON-FRI`.")
    timezone: str = Field(default="UTC", description="Whose clock it goes by, such as `Europe/Berlin`.")
    catch_up: CatchUp = Field(
        default="skip",
        description=(
            "What becomes of times that passed while nobody was there. skip: nothing. "
            "latest: the last of them is made up for, if it has no run yet."
        ),
    )

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        return Cron.parse(value).expression

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        zone(value)
        return value

    def schedule(self) -> Schedule:
        """Return the value."""
        return Schedule(cron=Cron(expression=self.cron, zone=zone(self.timezone)), catch_up=self.catch_up)


class TriggerKeys(Strict):
    """What starts runs of a scenario by itself: a schedule, or a provider of messages."""

    scenario: str = Field(description="The scenario that is run.")
    schedule: ScheduleKeys | None = Field(default=None, description="Runs at set times.")
    provider: str = Field(default="", description="The plug-in that messages come from: a run for each message.")
    inputs: dict[InputName, Any] | None = Field(
        default=None,
        description=(
            "The scenario's inputs: values, or `$.name` for a field of the message (`$.due` for the time of a "
            "schedule). By default the fields of a message are the inputs, and a schedule gives none."
        ),
    )
    parallel: int = Field(default=4, ge=1, description="How many of its runs may be under way at the same time.")
    tenant: str | None = Field(default=None, min_length=1, description="For whom; by default as in the scenario.")
    principal: str | None = Field(default=None, min_length=1, description="Who asks; by default as in the scenario.")
    purpose: str | None = Field(default=None, description="What for; by default as in the scenario.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="The provider's own keys. `${NAME}` is an environment variable."
    )

    def settings(self, name: str, options: Options) -> TriggerSettings:
        """Return the value."""
        return TriggerSettings(
            name=name,
            scenario=self.scenario,
            schedule=None if self.schedule is None else self.schedule.schedule(),
            provider=self.provider,
            inputs=self.inputs,
            parallel=self.parallel,
            tenant=self.tenant,
            principal=self.principal,
            purpose=self.purpose,
            options=options,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When runs are due, and what becomes of times that nobody was there for."""

    cron: Cron
    catch_up: CatchUp = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSettings:
    """What starts runs of a scenario: `schedule`, or messages of `provider`; one of the two.

    inputs: values, or `$.name` for a field; None: all fields of a message.  parallel: runs under way at the same time.
    tenant, principal, purpose: None for the scenario's.
    """

    name: str
    scenario: str
    schedule: Schedule | None = None
    provider: str = ""
    inputs: Mapping[str, JSON] | None = None
    parallel: int = 4
    tenant: str | None = None
    principal: str | None = None
    purpose: str | None = None
    options: Options = field(default_factory=Options)

    def build_options(self, plugin: TriggerPlugin) -> BaseModel:
        """Return the provider's options. Raises ConfigError: a variable is not set, or an option is wrong."""
        return self.options.build(f"trigger `{self.name}`", plugin)

    def filled(self, fields: JSONObject) -> dict[str, JSON]:
        """Return the inputs that a message with these fields gives; a field that it does not have gives none."""
        if self.inputs is None:
            return {} if self.schedule else dict(fields)
        found = {name: _value(value, fields) for name, value in self.inputs.items()}
        return {name: value for name, (present, value) in found.items() if present}


def trigger_problems(keys: TriggerKeys, written: Collection[str], scenarios: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with a trigger; paths are those within it.

    written: the keys that stand in the file, also those whose values are not in `keys` because they are wrong.
    """
    if not {"schedule", "provider"} & set(written):
        yield (), "give `schedule`, or the `provider` of messages"
    if {"schedule", "provider"} <= set(written):
        yield ("provider",), "give `schedule` or `provider`, not both"
    elif "schedule" in written and "options" in written:
        yield ("options",), "a schedule has no `options`: they are a provider's"
    if keys.scenario not in scenarios:
        yield ("scenario",), unknown("scenario", keys.scenario, scenarios)
    for name, value in (keys.inputs or {}).items():
        if not _is_field(value):
            continue
        if not _PATH.fullmatch(value):
            yield ("inputs", name), f"`{value}` is not a field of a message, such as `$.order.customer`"
        elif keys.schedule is not None and value != f"$.{DUE}":
            yield ("inputs", name), f"a schedule gives only `$.{DUE}`, not `{value}`"


def input_problems(settings: TriggerSettings, scenario: Scenario) -> Iterator[Finding]:
    """Yield where a trigger's inputs are not those of its scenario; paths are those within the trigger."""
    given = settings.inputs or {}
    for name in given:
        if name not in scenario.inputs:
            yield ("inputs", name), unknown("input", name, scenario.inputs)
    if settings.inputs is None and settings.schedule is None:
        return
    known = {name: value for name, value in given.items() if name in scenario.inputs}
    missing = {name for name in scenario.inputs if name not in known and scenario.inputs[name].default is None}
    for name in sorted(missing):
        yield ("inputs",), f"input `{name}` of scenario `{scenario.name}` is missing"
    for name, value in known.items():
        try:
            if settings.schedule or not _is_field(value):
                scenario.inputs[name].read(value)
        except ValueError as error:
            yield ("inputs", name), str(error)


def _is_field(value: JSON) -> TypeGuard[str]:
    """Whether an input is a field of the message, and not a value."""
    return isinstance(value, str) and value.startswith("$.")


def _value(value: JSON, fields: JSONObject) -> tuple[bool, JSON]:
    """Return whether there is a value, and which."""
    if not _is_field(value):
        return True, value
    found: JSON = fields
    for key in value.split(".")[1:]:
        if not isinstance(found, Mapping) or key not in found:
            return False, None
        found = found[key]
    return True, found
