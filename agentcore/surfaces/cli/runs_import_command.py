"""`agentcore runs import`: exported runs, back into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Store


@click.command("import")
@click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path))
@project_option
@logged
def import_runs(file: Sequence[Path], *, project: Path | None) -> None:
    """Put the run of each FILE into the store. One that is there already stays as it is.

    A file that has been cut off or changed is refused.
    """
    asyncio.run(_import(chosen_store(project), file))


async def _import(store: Store, paths: Sequence[Path]) -> None:
    try:
        for path in paths:
            run, how = await store.files.import_(path)
            click.echo(clean(f"{run}  {'imported' if how == 'imported' else 'is there already'}"))
    finally:
        await store.aclose()
