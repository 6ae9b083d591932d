"""`agentcore data`: what is recorded of a user."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.actor import Look, actor_options, system_user
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_folder, chosen_store, project_option
from agentcore.surfaces.cli.terminal import messages, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app.subjects import Erased


@click.group(
    cls=LazyGroup,
    lazy={
        "export": (f"{__name__}:export", "Print all that is recorded of a user as JSON lines."),
        "erase": (f"{__name__}:erase", "Erase all that is recorded of a user; the audit chain stays right."),
    },
)
def data() -> None:
    """Hand out, or erase, what is recorded of a user: the principal of tasks."""


@click.command()
@click.argument("subject")
@click.option("--tenant", default="", metavar="TENANT", help="Only what is recorded in this tenant.")
@actor_options
@project_option
@logged
def export(subject: str, tenant: str, look: Look, project: Path | None) -> None:
    """Print all that is recorded of SUBJECT: a line for each run, hold and entry of the audit."""
    asyncio.run(_export(subject, tenant, look, project))


async def _export(subject: str, tenant: str, look: Look, project: Path | None) -> None:
    from agentcore.app.subjects import Subjects  # noqa: PLC0415  # for start-up time

    store = chosen_store(project)
    try:
        async for line in Subjects(store, actor=look.actor, reason=look.reason).export(subject, tenant):
            click.echo(json.dumps(line))
    finally:
        await store.aclose()


@click.command()
@click.argument("subject")
@click.option("--tenant", default="", metavar="TENANT", help="Only what is recorded in this tenant.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the audit.")
@click.option("--actor", metavar="NAME", help="Who erases; by default the user of this system.")
@click.option(
    "--archives", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Where archives are."
)
@project_option
@logged
def erase(
    subject: str,
    tenant: str,
    *,
    yes: bool,
    reason: str,
    actor: str | None,
    archives: Path | None,
    project: Path | None,
) -> None:
    """Erase all that is recorded of SUBJECT, and destroy the key of what has left the store.

    Archives are looked for in the project's `retention.export`, unless --archives names another folder.
    """
    if not yes:
        click.confirm(clean(f"Erase all that is recorded of {subject}? It cannot be undone"), abort=True, err=True)
    look = Look(actor=actor or system_user(), reason=reason)
    erased = asyncio.run(_erase(subject, tenant, look, archives, project))
    parts = [f"erased {counted(erased.runs, 'runs')} of {subject}"]
    if erased.files:
        parts.append(counted(len(erased.files), "archives"))
    click.echo(clean(", ".join(parts)))
    if erased.left:
        say(messages(), clean(f"error: {erased.left}"))
        click.get_current_context().exit(ExitCode.FAILED)


async def _erase(subject: str, tenant: str, look: Look, archives: Path | None, project: Path | None) -> Erased:
    from agentcore.app.subjects import Subjects  # noqa: PLC0415  # for start-up time
    from agentcore.config.load import find_archives  # noqa: PLC0415  # as above

    folder = chosen_folder(project)
    store = chosen_store(folder)
    try:
        subjects = Subjects(store, actor=look.actor, reason=look.reason)
        return await subjects.erase(subject, tenant, archives or find_archives(folder))
    finally:
        await store.aclose()
