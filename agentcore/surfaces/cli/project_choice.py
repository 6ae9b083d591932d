"""Which project a command works on, which of its scenarios, and which of its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from agentcore.config.problem import unknown
from agentcore.domain.errors import ConfigError

if TYPE_CHECKING:
    from agentcore.app import Store
    from agentcore.config.project import Project
    from agentcore.config.scenarios import Scenario
    from agentcore.domain.event import Event
    from agentcore.domain.trace import Trace
    from agentcore.ports.journal import Journal

P = ParamSpec("P")
T = TypeVar("T")


def project_option(command: Callable[P, T]) -> Callable[P, T]:
    """Add `--project FOLDER`, passed as `project`: None for the project of the current folder."""
    return click.option(
        "--project",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="The project's folder; by default the nearest one with an agentcore.yaml.",
    )(command)


def chosen_folder(folder: Path | None) -> Path:
    """Return the folder, or that of the project which the current folder belongs to. Raises ConfigError."""
    from agentcore.config.load import find_root  # noqa: PLC0415  # for start-up time

    return find_root(Path()) if folder is None else folder


def chosen_project(folder: Path | None, *, store: str | None = None) -> Project:
    """Return the project in a folder, or the one that the current folder belongs to. Raises ConfigError.

    store: instead of the project's: a file, or a URL.
    """
    from agentcore.app import load_project  # noqa: PLC0415  # for start-up time

    found = load_project(chosen_folder(folder))
    return found if store is None else with_store(found, store)


def with_store(project: Project, store: str) -> Project:
    """Return the project with its runs recorded elsewhere: in a file, or in a database."""
    from agentcore.domain.store_url import StoreUrl  # noqa: PLC0415  # for start-up time

    return replace(project, store=StoreUrl(store) if "://" in store else Path(store))


def chosen_scenario(wanted: str, folder: Path | None, models: Sequence[str] = ()) -> tuple[Project, Scenario]:
    """Return the scenario that is meant, and its project with the models that were asked for. Raises ConfigError.

    wanted: a file, or the name of one in the project.  models: `NAME=PROVIDER:MODEL` each.
    """
    from agentcore.app import installed_plugins  # noqa: PLC0415  # for start-up time
    from agentcore.config.load import find_root, load_scenario  # noqa: PLC0415  # as above
    from agentcore.config.override import override, unpriced  # noqa: PLC0415  # as above
    from agentcore.surfaces.cli.terminal import messages, say  # noqa: PLC0415  # as above

    path = Path(wanted)
    is_path = path.suffix in {".yaml", ".yml"} or path.is_file()
    if is_path and not path.is_file():
        raise ConfigError([f"{wanted}: there is no such file"], hint="name a scenario of the project, or its file")
    project = chosen_project(find_root(path) if is_path and folder is None else folder)
    if models:
        plugins = installed_plugins()
        project = override(project, plugins, models=models)
        for name in unpriced(project, plugins):
            say(messages(), f"warning: no price is known of what --model puts behind {name}: it counts as $0")
    if not is_path:
        if wanted not in project.scenarios:
            raise ConfigError([unknown("scenario", wanted, project.scenarios)])
        path = project.scenarios[wanted]
    return project, load_scenario(path, project)


def chosen_journal(folder: Path | None) -> Journal:
    """Return the journal of the project that `chosen_project` would, even when something else in it is wrong."""
    return chosen_store(folder).journal


def chosen_store(folder: Path | None) -> Store:
    """Return the store of the project that `chosen_project` would, even when something else in it is wrong."""
    from agentcore.app import open_store  # noqa: PLC0415  # for start-up time

    return open_store(chosen_folder(folder))


async def recorded_events(journal: Journal, prefix: str) -> Sequence[Event]:
    """Return the events of the run whose id starts so; `latest` is the newest. Raises RunNotFound, JournalError."""
    try:
        return await journal.read(await journal.find(prefix))
    finally:
        await journal.aclose()


def recorded_trace(folder: Path | None, prefix: str) -> Trace:
    """Return the trace of the run whose id starts so. folder: as for `chosen_journal`.

    Raises ConfigError, RunNotFound, JournalError.
    """
    import asyncio  # noqa: PLC0415  # for start-up time

    from agentcore.domain.trace import trace  # noqa: PLC0415  # as above

    return trace(asyncio.run(recorded_events(chosen_journal(folder), prefix)))
