"""A project's files, read and judged with the plug-ins that are installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore.adapters.plugins import EntryPointPlugins
from agentcore.config.load import Report
from agentcore.config.load import load_project as read_project
from agentcore.config.load import validate as validate_files
from agentcore.config.schema import schemas as config_schemas
from agentcore.domain.json import JSON
from agentcore.ports.plugin import Plugins

if TYPE_CHECKING:
    from agentcore.config.project import Project


def installed_plugins() -> Plugins:
    """Return the plug-ins of this Python environment."""
    return EntryPointPlugins()


def load_project(root: Path | str) -> Project:
    """Return the project in a folder. Raises ConfigError with every problem of its files."""
    return read_project(Path(root), installed_plugins())


def validate_project(root: Path) -> Report:
    """Return everything that is wrong, or doubtful, in a project's files and its own policies."""
    report = validate_files(root, installed_plugins())
    if report.policies is None:
        return report
    from agentcore.app.policy_check import judge_policies  # noqa: PLC0415  # only a project with policies pays for Cedar

    judged = judge_policies(root, report)
    return replace(report, problems=judged.problems, warnings=(*report.warnings, *judged.warnings))


def schemas() -> Mapping[str, JSON]:
    """Return the JSON Schemas of the files of a project, by the name of the kind of file."""
    return config_schemas(installed_plugins())
