"""The port to plug-ins: how a model provider, a tool, a detector or a source of messages comes from an entry point.

Groups: `agentcore.models`, `agentcore.tools`, `agentcore.detectors`, `agentcore.triggers`. An entry point names a
ModelPlugin, a ToolPlugin, a DetectorPlugin or a TriggerPlugin; built-ins come by the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from agentcore.ports.detector import Detector
from agentcore.ports.knowledge_guard import KnowledgeGuard
from agentcore.ports.message_source import MessageSource
from agentcore.ports.model import Model
from agentcore.ports.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What a plug-in may use.

    root: the project's folder, to which relative paths refer.  environment: environment variables.
    knowledge: what has to look at each text that a tool takes in before it finds anything in it; None when there is
    nobody to ask.
    """

    root: Path
    environment: Mapping[str, str]
    knowledge: KnowledgeGuard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlugin:
    """A provider of models.

    options: a pydantic model of the provider's keys in `agentcore.yaml`, extra keys forbidden.
    build: (name, options, context) → a model; raises ConfigError or ModelError with what to do next.
    local: what is sent to the model stays in this process; a fact that policies can ask for.
    """

    options: type[BaseModel]
    build: Callable[[str, Any, BuildContext], Model]
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPlugin:
    """A provider of tools: one, or several for a plug-in with many functions.

    options: a pydantic model of the provider's keys in `agentcore.yaml`, extra keys forbidden.
    build: (name, options, context) → tools; raises ConfigError with what to do next.
    files: options → the files and folders of the project that they name and that must be there, each by its keys in
    the options; so that they are missed when a project is validated, and not first when it runs.
    """

    options: type[BaseModel]
    build: Callable[[str, Any, BuildContext], Sequence[Tool]]
    files: Callable[[Any], Mapping[tuple[str, ...], str]] = lambda _: {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPlugin:
    """A provider of messages that start runs.

    options: a pydantic model of the provider's keys in `agentcore.yaml`, extra keys forbidden.
    build: (the trigger's name, options, context) → a source, which connects when it is first used; raises ConfigError
    with what to do next.
    """

    options: type[BaseModel]
    build: Callable[[str, Any, BuildContext], MessageSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorPlugin:
    """A detector.

    options: a pydantic model of its keys in `agentcore.yaml`, extra keys forbidden; it is made without any by
    `agentcore policy scan`.  build: (name, options, context) → the detector; raises ConfigError with what to do next.
    """

    options: type[BaseModel]
    build: Callable[[str, Any, BuildContext], Detector]


class Plugins(Protocol):
    """The plug-ins that are installed. A missing name raises PluginError, which lists those that exist."""

    def model(self, provider: str) -> ModelPlugin:
        """Return the provider of models of that name."""
        ...

    def tool(self, provider: str) -> ToolPlugin:
        """Return the provider of tools of that name."""
        ...

    def trigger(self, provider: str) -> TriggerPlugin:
        """Return the provider of messages of that name."""
        ...

    def detector(self, name: str) -> DetectorPlugin:
        """Return the detector of that name."""
        ...

    def names(self, group: str) -> Sequence[str]:
        """Return the sorted names in one of the groups."""
        ...
