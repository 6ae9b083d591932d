"""`agentcore models`: the models that can be fetched, and those of the project."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from agentcore.domain.errors import ConfigError
from agentcore.domain.json import JSON
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import messages, output, watched
from agentcore.surfaces.cli.tree import money
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from rich.console import Console

    from agentcore.config.project import Project


@click.group(
    cls=LazyGroup,
    lazy={
        "list": (f"{__name__}:list_models", "List the models that can be fetched, and the project's."),
        "pull": (f"{__name__}:pull_model", "Fetch a model into the cache, once."),
    },
)
def models() -> None:
    """List models; fetch an embedded one."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def list_models(*, as_json: bool, project: Path | None) -> None:
    """List the models that can be fetched, and those that the project names."""
    catalogue = _catalogue()
    found = _project(project)
    if as_json:
        declared = [] if found is None else _declared(found)
        click.echo(json.dumps({"catalogue": catalogue, "project": declared}, indent=2))
        return
    screen = output()
    table = _table("fetch by name", "size", "licence", "here", "what it is")
    for model in catalogue:
        here = Text("yes", style="green") if model["present"] else Text("no", style="dim")
        size = f"{int(str(model['bytes'])) / 1e6:,.0f} MB"
        table.add_row(str(model["name"]), size, str(model["licence"]), here, str(model["description"]))
    screen.print(table)
    if found is not None:
        _show_declared(screen, found)


@click.command("pull")
@click.argument("name")
@logged
def pull_model(name: str) -> None:
    """Fetch the model NAME into the cache and check its hash; does nothing when it is there."""
    from agentcore.adapters.models.catalogue import find  # noqa: PLC0415  # for start-up time
    from agentcore.adapters.models.fetch import pull  # noqa: PLC0415  # as above
    from agentcore.adapters.models.model_files import path_if_present  # noqa: PLC0415  # as above
    from agentcore.surfaces.cli.fetch_progress import Bar, Lines  # noqa: PLC0415  # as above

    model = find(name)
    if path_if_present(name, os.environ) is not None:
        return
    screen = messages()
    with Bar(screen, name) if watched(screen) else Lines(screen, name) as progress:
        path = asyncio.run(pull(model, os.environ, progress.show))
    screen.print(Text(f"{name} is in {path}"), soft_wrap=True)


def _catalogue() -> list[dict[str, JSON]]:
    from agentcore.adapters.models.catalogue import CATALOGUE  # noqa: PLC0415  # for start-up time
    from agentcore.adapters.models.model_files import path_if_present  # noqa: PLC0415  # as above

    return [
        {
            "name": model.name,
            "description": model.description,
            "licence": model.licence,
            "bytes": model.size,
            "sha256": model.sha256,
            "present": path_if_present(model.name, os.environ) is not None,
        }
        for model in CATALOGUE
    ]


def _project(folder: Path | None) -> Project | None:
    """Return the project; None when there is none here and none was named. Raises ConfigError when it is wrong."""
    from agentcore.config.load import find_root  # noqa: PLC0415  # for start-up time

    if folder is None:
        try:
            find_root(Path())
        except ConfigError:
            return None
    return chosen_project(folder)


def _declared(project: Project) -> list[JSON]:
    return [
        {
            "name": name,
            "provider": settings.provider,
            "model": settings.options.text("model"),
            "quality": settings.profile.quality,
            "context_tokens": settings.profile.context_tokens,
            "input_usd_per_million": float(settings.profile.price.input),
            "output_usd_per_million": float(settings.profile.price.output),
            "price_as_of": settings.profile.price.as_of,
            "price_source": settings.profile.price.source,
        }
        for name, settings in project.models.items()
    ]


def _show_declared(screen: Console, project: Project) -> None:
    table = _table(f"in {project.name}", "provider", "model", "quality", "context", "in / out per million tokens")
    for name, settings in project.models.items():
        profile = settings.profile
        table.add_row(
            Text(name),
            Text(settings.provider),
            Text(settings.options.text("model") or "-"),
            f"{profile.quality:g}",
            f"{profile.context_tokens:,}",
            f"{money(profile.price.input)} / {money(profile.price.output)}",
        )
    screen.print()
    screen.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1])
    return table
