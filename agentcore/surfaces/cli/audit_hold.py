"""`agentcore audit hold`: what must be kept, whatever retention and erasure say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.actor import system_user
from agentcore.surfaces.cli.approval_text import moment
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.adapters.audit.subject_data import Hold


@click.group(
    cls=LazyGroup,
    lazy={
        "add": (f"{__name__}:add", "Keep a run, or all of a user's."),
        "remove": (f"{__name__}:remove", "Keep it no longer."),
        "list": (f"{__name__}:list_holds", "List what must be kept."),
    },
)
def hold() -> None:
    """Keep what must be kept: it is neither pruned nor erased."""


@click.command()
@click.argument("target", metavar="SUBJECT|RUN")
@click.option("--tenant", default="", metavar="TENANT", help="Of the user; `default` by default.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--actor", metavar="NAME", help="Who says so; by default the user of this system.")
@project_option
@logged
def add(target: str, tenant: str, reason: str, actor: str | None, project: Path | None) -> None:
    """Keep a run, given by its whole id, or all of a user's, also those to come."""
    kept = asyncio.run(_change(target, tenant, reason, actor, project, held=True))
    click.echo(clean(f"held: {_what(kept)}"))


@click.command()
@click.argument("target", metavar="SUBJECT|RUN")
@click.option("--tenant", default="", metavar="TENANT", help="Of the user; `default` by default.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--actor", metavar="NAME", help="Who says so; by default the user of this system.")
@project_option
@logged
def remove(target: str, tenant: str, reason: str, actor: str | None, project: Path | None) -> None:
    """Keep a run, or all of a user's, no longer."""
    kept = asyncio.run(_change(target, tenant, reason, actor, project, held=False))
    click.echo(clean(f"no longer held: {_what(kept)}"))


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def list_holds(*, as_json: bool, project: Path | None) -> None:
    """List what must be kept, the oldest first."""
    held = asyncio.run(_holds(project))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in held], indent=2))
        return
    for each in held:
        click.echo(clean(f"{moment(each.at)}  {_what(each)}  by {each.actor}: {each.reason}"))
    if not held:
        click.echo("nothing is held")


def _what(hold: Hold) -> str:
    return f"run {hold.run}" if hold.run else f"all of {hold.user} in {hold.tenant}"


async def _change(
    target: str, tenant: str, reason: str, actor: str | None, project: Path | None, *, held: bool
) -> Hold:
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # for start-up time
    from agentcore.app.subjects import Subjects  # noqa: PLC0415  # as above

    store = chosen_store(project)
    try:
        subjects = Subjects(store, actor=actor or system_user(), reason=reason)
        if held:
            return await subjects.hold(target, tenant, SystemClock().now())
        return await subjects.release(target, tenant)
    finally:
        await store.aclose()


async def _holds(project: Path | None) -> Sequence[Hold]:
    store = chosen_store(project)
    try:
        return [] if store.subjects is None else await store.subjects.holds()
    finally:
        await store.aclose()
