"""`agentcore runs export`: runs that have ended, as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.byte_size import sized
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Store


@click.command("export")
@click.argument("run", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="FOLDER",
    help="Where the files go; by default the current folder.",
)
@click.option("--plain", is_flag=True, help="Write JSON lines as they are, without gzip.")
@project_option
@logged
def export_runs(run: Sequence[str], out: Path, *, plain: bool, project: Path | None) -> None:
    """Write each RUN, an id, the beginning of one, or `latest`, into a file of its own.

    The file is there whole or not at all, and is read back before this ends. The run stays in the store.
    """
    asyncio.run(_export(chosen_store(project), run, out, compressed=not plain))


async def _export(store: Store, prefixes: Sequence[str], out: Path, *, compressed: bool) -> None:
    from agentcore.adapters.journal.run_files import file_name  # noqa: PLC0415  # for start-up time

    try:
        for prefix in prefixes:
            run = await store.journal.find(prefix)
            path = out / file_name(run, compressed=compressed)
            await store.files.export(run, path)
            click.echo(f"{path}  {sized(path.stat().st_size)}")
    finally:
        await store.aclose()
