"""Options of plug-ins, with environment variables in them: `${NAME}`, or `${NAME:-default}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from agentcore.config.source import KeyPath
from agentcore.domain.errors import ConfigError
from agentcore.domain.json import JSON, JSONObject
from agentcore.ports.plugin import DetectorPlugin, ModelPlugin, ToolPlugin, TriggerPlugin

_VARIABLE = re.compile(r"\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<wrong>[^}]*\}?))")


@dataclass(slots=True)
class Expansion:
    """Fills in variables and keeps what it could not.

    missing: path of the text → the variable that is not set.  malformed: path → what stands there.
    """

    environment: Mapping[str, str]
    missing: dict[KeyPath, str] = field(default_factory=dict[KeyPath, str])
    malformed: dict[KeyPath, str] = field(default_factory=dict[KeyPath, str])

    def expand(self, value: JSON, at: KeyPath) -> JSON:
        """Return `value`, which stands at `at`, with the variables in its texts filled in."""
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: self._variable(match, at), value)
        if isinstance(value, Mapping):
            return {key: self.expand(part, (*at, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [self.expand(part, (*at, index)) for index, part in enumerate(value)]
        return value

    def touched(self, path: KeyPath) -> bool:
        """Return whether the value at `path`, or one that holds it, is not known because a variable is missing."""
        return any(path[: len(each)] == each for each in (*self.missing, *self.malformed))

    def _variable(self, match: re.Match[str], at: KeyPath) -> str:
        name = match["name"]
        if name is None:
            self.malformed[at] = match[0]
            return match[0]
        value = self.environment.get(name)
        if value:
            return value
        if match["default"] is None and value is None:
            self.missing[at] = name
        return match["default"] or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A plug-in's options.

    declared: as written, `${NAME}` and all: what is recorded of them.  expanded: with variables filled in.
    missing: a `file:line:column: message` for each variable that is not set.
    """

    declared: JSONObject = field(default_factory=dict[str, JSON])
    expanded: JSONObject = field(default_factory=dict[str, JSON])
    missing: tuple[str, ...] = ()

    def text(self, key: str) -> str:
        """Return the text at a key, empty when there is none."""
        value = self.expanded.get(key)
        return value if isinstance(value, str) else ""

    def build(self, owner: str, plugin: ModelPlugin | ToolPlugin | TriggerPlugin | DetectorPlugin) -> BaseModel:
        """Return what the plug-in takes.

        owner: for messages, e.g. "model `local`". Raises ConfigError: a variable is not set, or an option is wrong.
        """
        if self.missing:
            raise ConfigError(self.missing, hint="export the variable, or write ${NAME:-default} in the file")
        try:
            return plugin.options.model_validate(self.expanded)
        except ValidationError as error:
            problems = [
                f"{owner}: options{''.join(f'.{part}' for part in detail['loc'])}: {detail['msg']}"
                for detail in error.errors(include_url=False, include_input=False)
            ]
            raise ConfigError(problems) from None
