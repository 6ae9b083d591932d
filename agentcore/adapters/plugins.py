"""Plug-ins from the entry points of installed packages."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import DetectorPlugin, ModelPlugin, ToolPlugin, TriggerPlugin

MODELS = "agentcore.models"
TOOLS = "agentcore.tools"
TRIGGERS = "agentcore.triggers"
DETECTORS = "agentcore.detectors"

T = TypeVar("T", ModelPlugin, ToolPlugin, TriggerPlugin, DetectorPlugin)


def installed(group: str) -> Iterable[EntryPoint]:
    """Return the entry points of all installed packages in a group."""
    return entry_points(group=group)


class EntryPointPlugins:
    """Plugins. Each is loaded once, when it is first asked for.

    find: the entry points of a group.
    """

    def __init__(self, find: Callable[[str], Iterable[EntryPoint]] = installed) -> None:
        self._find = find
        self._points: dict[str, dict[str, EntryPoint]] = {}
        self._loaded: dict[tuple[str, str], ModelPlugin | ToolPlugin | TriggerPlugin | DetectorPlugin] = {}

    def model(self, provider: str) -> ModelPlugin:
        """Return a provider of models. Raises PluginError: not installed, or it does not load."""
        return self._load(MODELS, provider, ModelPlugin)

    def tool(self, provider: str) -> ToolPlugin:
        """Return a provider of tools. Raises PluginError: not installed, or it does not load."""
        return self._load(TOOLS, provider, ToolPlugin)

    def trigger(self, provider: str) -> TriggerPlugin:
        """Return a provider of messages. Raises PluginError: not installed, or it does not load."""
        return self._load(TRIGGERS, provider, TriggerPlugin)

    def detector(self, name: str) -> DetectorPlugin:
        """Return a detector. Raises PluginError: not installed, or it does not load."""
        return self._load(DETECTORS, name, DetectorPlugin)

    def names(self, group: str) -> Sequence[str]:
        """Return the sorted names in a group. Raises PluginError when two packages claim the same."""
        return sorted(self._group(group))

    def _group(self, group: str) -> dict[str, EntryPoint]:
        if group not in self._points:
            points: dict[str, EntryPoint] = {}
            for point in self._find(group):
                other = points.setdefault(point.name, point)
                if other.value != point.value:
                    raise PluginError(
                        f"two plug-ins in {group} are called {point.name}: {_shown(other)} and {_shown(point)}",
                        hint="uninstall one of the packages",
                    )
            self._points[group] = points
        return self._points[group]

    def _load(self, group: str, name: str, kind: type[T]) -> T:
        known = self._loaded.get((group, name))
        if isinstance(known, kind):
            return known
        points = self._group(group)
        if name not in points:
            near = difflib.get_close_matches(name, points, n=1)
            raise PluginError(
                f"there is no plug-in {name} in {group}; installed: {', '.join(sorted(points)) or 'none'}",
                hint=f"did you mean {near[0]}?" if near else "install the package that provides it",
            )
        point = points[name]
        try:
            plugin = point.load()
        except Exception as problem:  # foreign code may raise anything while it is imported
            raise PluginError(
                f"the plug-in {name} ({_shown(point)}) does not load: {type(problem).__name__}: {problem}"
            ) from problem
        if not isinstance(plugin, kind):
            raise PluginError(
                f"the plug-in {name} ({_shown(point)}) is a {type(plugin).__name__}, not a {kind.__name__}"
            )
        self._loaded[(group, name)] = plugin
        return plugin


def _shown(point: EntryPoint) -> str:
    return point.value if point.dist is None else f"{point.value} of {point.dist.name} {point.dist.version}"
