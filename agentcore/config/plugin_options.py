"""Options in `agentcore.yaml`, judged by the plug-in that they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore.config.options import Expansion, Options
from agentcore.config.problem import Problems
from agentcore.config.source import KeyPath, Source
from agentcore.config.strict import fit
from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import DetectorPlugin, ModelPlugin, ToolPlugin, TriggerPlugin


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsReader:
    """Reads the options of one file's models, tools, triggers or guards."""

    root: Path
    source: Source
    environment: Mapping[str, str]
    problems: Problems

    def read(
        self, at: KeyPath, plugin: Callable[[str], ModelPlugin | ToolPlugin | TriggerPlugin | DetectorPlugin]
    ) -> Options:
        """Return the options of the entry at `at`, after adding to `problems` what is wrong with them.

        A variable that is not set is a warning, and what depends on it is not judged.
        """
        where = (*at, "options")
        declared = self.source.mapping(where)
        expansion = Expansion(environment=self.environment)
        expanded = expansion.expand(declared, where)
        missing: list[str] = []
        for path, text in expansion.malformed.items():
            self.problems.error(self.source.place(path), f"`{text}` is neither ${{NAME}} nor ${{NAME:-default}}")
        for path, variable in expansion.missing.items():
            message = f"the environment variable {variable} is not set"
            self.problems.warn(self.source.place(path), message)
            missing.append(f"{self.source.place(path)}: {message}")
        provider = self.source.get((*at, "provider"))
        if isinstance(provider, str):
            try:
                chosen = plugin(provider)
            except PluginError as error:
                self.problems.error(self.source.place((*at, "provider")), error.message)
            else:
                given: Any = fit(
                    chosen.options, self.source, self.problems, at=where, value=expanded, ignore=expansion.touched
                )
                if isinstance(chosen, ToolPlugin) and given is not None:
                    self._look_for(chosen.files(given), where, expansion)
        return Options(
            declared=declared, expanded=expanded if isinstance(expanded, Mapping) else {}, missing=tuple(missing)
        )

    def _look_for(self, files: Mapping[tuple[str, ...], str], where: KeyPath, expansion: Expansion) -> None:
        for keys, file in files.items():
            at = (*where, *keys)
            if not expansion.touched(at) and not (self.root / file).exists():
                self.problems.error(self.source.place(at), f"`{file}`: there is no such file or folder in the project")
