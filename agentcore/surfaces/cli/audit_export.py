"""`agentcore audit export` and `agentcore audit checkpoint`: the audit, and its signatures, to be kept elsewhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from agentcore.surfaces.cli.actor import Look, actor_options, note_access
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.project_choice import chosen_folder, chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True, help="The form.")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's chain.")
@actor_options
@project_option
@logged
def export(form: str, tenant: str | None, look: Look, project: Path | None) -> None:  # noqa: ARG001  # there is one
    """Print chains, checkpoints and the public key; `agentcore audit verify --file` checks them anywhere.

    What is sealed stays sealed: it can be read with the store's keys alone.
    """
    asyncio.run(_export(tenant, look, project))


async def _export(tenant: str | None, look: Look, project: Path | None) -> None:
    from agentcore.adapters.audit.export_lines import export_lines  # noqa: PLC0415  # for start-up time
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # as above
    from agentcore.app.audit import chains_of  # noqa: PLC0415  # as above

    folder = chosen_folder(project)
    store = chosen_store(folder)
    try:
        await note_access(folder, store, look, what="audit", tenant=tenant or "")
        async for line in export_lines(chains_of(store), tenant=tenant, now=SystemClock().now()):
            click.echo(line)
    finally:
        await store.aclose()


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to; else printed.")
@project_option
@logged
def checkpoint(out: Path | None, project: Path | None) -> None:
    """Sign where each tenant's chain stands. Kept out of reach of whoever can write to the store, it shows truncation.

    `agentcore audit verify --checkpoint FILE` compares.
    """
    text, entries = asyncio.run(_checkpoint(project))
    if out is None:
        click.echo(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    click.echo(clean(f"signed {counted(entries, 'entries')}: {out}"))


async def _checkpoint(project: Path | None) -> tuple[str, int]:
    from agentcore.adapters.audit.export_lines import checkpoint_text  # noqa: PLC0415  # for start-up time
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # as above
    from agentcore.app.audit import chains_of, checkpoint_all  # noqa: PLC0415  # as above

    store = chosen_store(project)
    try:
        audit = chains_of(store)
        signed = await checkpoint_all(audit, SystemClock())
        sizes = [json.loads(each.body)["size"] for each in signed]
        return checkpoint_text(signed, (await audit.vault()).public_key), sum(sizes)
    finally:
        await store.aclose()
