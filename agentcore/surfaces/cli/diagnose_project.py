"""The doctor's look at a project: its files, the variables and servers that its models need, its tools, its store."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore.app import describe_store, load_policies, load_project, open_store, validate_project
from agentcore.config.load import find_root
from agentcore.domain.errors import AgentcoreError, ConfigError
from agentcore.domain.json import JSON
from agentcore.domain.store_url import StoreUrl
from agentcore.ports.clock import Clock
from agentcore.ports.plugin import BuildContext, Plugins
from agentcore.routing.profile import Price
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.diagnose_installation import nearest_folder
from agentcore.surfaces.cli.finding import Finding
from agentcore.verification.walk import nodes

if TYPE_CHECKING:
    from agentcore.config.models import ModelSettings, ToolSettings
    from agentcore.config.project import Project

PRICE_DAYS = 180
"""A price that was read longer ago is doubted."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}")


async def project_findings(
    folder: Path | None, plugins: Plugins, environment: Mapping[str, str], clock: Clock
) -> AsyncIterator[Finding]:
    """Yield what there is to say about the project in a folder, or the one of the current folder."""
    try:
        root = find_root(Path()) if folder is None else folder
    except ConfigError as error:
        yield Finding(what="project", state="warn", found=error.problems[0], mend=error.hint)
        return
    report = validate_project(root)
    if report.problems:
        first, *others = report.problems
        more = f" (and {len(others)} more)" if others else ""
        yield Finding(what="project", state="fail", found=first + more, mend=f"agentcore validate {root}")
        return
    project = load_project(root)
    counts = ", ".join(counted(count, what) for what, count in report.counts.items())
    yield Finding(what="project", state="ok", found=f"{project.name}: {counts}")
    for warning in report.warnings:
        yield Finding(what="project", state="warn", found=warning)
    yield _policies(project)
    context = BuildContext(root=project.root, environment=environment)
    today = datetime.fromtimestamp(clock.now(), UTC).date()
    for name, settings in project.models.items():
        async for finding in _model(name, settings, plugins, context):
            yield finding
        doubt = _price(name, settings.profile.price, today)
        if doubt is not None:
            yield doubt
    for settings in project.tools.values():
        yield await _tool(settings, plugins, context)
    yield await _store(project)


def _policies(project: Project) -> Finding:
    try:
        load_policies(project)
    except AgentcoreError as error:
        return Finding(what="policies", state="fail", found=error.message, mend=error.hint)
    where = "the package's own" if project.policies is None else str(project.policies)
    return Finding(what="policies", state="ok", found=where)


async def _model(
    name: str, settings: ModelSettings, plugins: Plugins, context: BuildContext
) -> AsyncIterator[Finding]:
    what = f"model {name}"
    for variable, has_default in _variables(settings.options.declared).items():
        if context.environment.get(variable):
            yield Finding(what=what, state="ok", found=f"the variable {variable} is set")
        elif has_default:
            yield Finding(what=what, state="ok", found=f"the variable {variable} is not set, and has a default")
        else:
            mend = f"export {variable}=…"
            yield Finding(what=what, state="warn", found=f"the variable {variable} is not set", mend=mend)
    try:
        plugin = plugins.model(settings.provider)
        options = settings.build_options(plugin)
        model = plugin.build(name, options, context)
    except AgentcoreError as error:
        yield Finding(what=what, state="fail", found=error.message, mend=error.hint)
        return
    await model.aclose()
    yield Finding(what=what, state="ok", found=" ".join((settings.provider, settings.options.text("model"))).strip())
    from agentcore.surfaces.cli.diagnose_server import server_finding  # noqa: PLC0415  # aiohttp takes a while

    server = await server_finding(name, options, context.environment)
    if server is not None:
        yield server


def _variables(declared: JSON) -> dict[str, bool]:
    """Return the environment variables that options name, and whether there is a default for when one is not set."""
    found: dict[str, bool] = {}
    for path, node in nodes(declared):
        match node:
            case str() if path.endswith("_env"):
                found[node] = False
            case str():
                found.update((match[1], match[2] is not None) for match in _VARIABLE.finditer(node))
            case {"env": str(variable)}:
                found[variable] = False
            case _:
                pass
    return found


def _price(name: str, price: Price, today: date) -> Finding | None:
    """Return what is doubtful about a price, None when nothing is; what costs nothing needs no date."""
    if not (price.input or price.output or price.cached_input):
        return None
    what, mend = f"model {name}", "look the price up at the provider, and write `as_of` and `source` beside it"
    if not price.as_of:
        return Finding(what=what, state="warn", found="its price has no `as_of`", mend=mend)
    days = (today - date.fromisoformat(price.as_of)).days
    if days > PRICE_DAYS:
        return Finding(what=what, state="warn", found=f"its price is of {price.as_of}, {days} days ago", mend=mend)
    return None


async def _tool(settings: ToolSettings, plugins: Plugins, context: BuildContext) -> Finding:
    what = f"tool {settings.name}"
    try:
        plugin = plugins.tool(settings.provider)
        options: Any = settings.build_options(plugin)
        tools = await asyncio.to_thread(plugin.build, settings.name, options, context)
    except AgentcoreError as error:
        return Finding(what=what, state="fail", found=error.message, mend=error.hint)
    for tool in tools:
        await tool.aclose()
    return Finding(what=what, state="ok", found=settings.provider)


async def _store(project: Project) -> Finding:
    """Look at the journal without making one."""
    path = project.store
    if isinstance(path, StoreUrl):
        try:
            return Finding(what="store", state="ok", found=f"{path}, {await describe_store(path)}")
        except AgentcoreError as error:
            return Finding(what="store", state="fail", found=error.message, mend=error.hint)
    if not path.exists():
        folder = nearest_folder(path.parent)
        if (blocking := _file_above(path)) is not None:
            found, mend = f"{blocking} is a file and no folder", "name another `store` in agentcore.yaml"
            return Finding(what="store", state="fail", found=f"{path} cannot be made: {found}", mend=mend)
        if os.access(folder, os.W_OK | os.X_OK):
            return Finding(what="store", state="ok", found=f"{path} will be made by the first run")
        return Finding(what="store", state="fail", found=f"{folder} cannot be written", mend="change its permissions")
    if not os.access(path, os.W_OK):
        return Finding(what="store", state="fail", found=f"{path} cannot be written", mend="change its permissions")
    journal = open_store(project).journal
    try:
        newest = await journal.list(limit=1)
        await journal.aclose()
    except AgentcoreError as error:
        return Finding(what="store", state="fail", found=error.message, mend=error.hint)
    return Finding(what="store", state="ok", found=f"{path}, {'in use' if newest else 'no runs yet'}")


def _file_above(path: Path) -> Path | None:
    return next((each for each in path.parents if each.exists() and not each.is_dir()), None)
