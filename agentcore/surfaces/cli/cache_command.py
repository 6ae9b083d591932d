"""`agentcore cache`: the replies of models that may be served again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table

from agentcore.domain.errors import JournalUnavailable
from agentcore.ports.response_cache import ResponseCache, TenantEntries
from agentcore.surfaces.cli.approval_text import moment
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged


@click.group(
    cls=LazyGroup,
    lazy={
        "stats": (f"{__name__}:stats", "Say how many replies are kept, by tenant."),
        "clear": (f"{__name__}:clear", "Delete replies, so that models are asked again."),
    },
)
def cache() -> None:
    """Look at the replies of models that may be served again; delete them."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def stats(*, as_json: bool, project: Path | None) -> None:
    """Say how many replies are kept, by tenant."""
    now = time.time()

    async def ask() -> Sequence[TenantEntries]:
        store = chosen_store(project)
        try:
            return await _replies(store.responses).stats(now)
        finally:
            await store.aclose()

    found = asyncio.run(ask())
    if as_json:
        keys = ("tenant", "entries", "expired", "oldest_at", "bytes")
        click.echo(json.dumps([{key: getattr(each, key) for key in keys} for each in found], indent=2))
        return
    if not found:
        click.echo("no reply is kept")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("tenant", "replies", "expired", "oldest", "bytes"):
        table.add_column(name, justify="left" if name in {"tenant", "oldest"} else "right")
    for each in found:
        table.add_row(
            clean(each.tenant), f"{each.entries:,}", f"{each.expired:,}", moment(each.oldest_at), f"{each.bytes:,}"
        )
    output().print(table)


@click.command()
@click.option("--tenant", default="", metavar="TENANT", help="Only this tenant's.")
@click.option("--user", default="", metavar="USER", help="Only those given on this user's behalf.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@logged
def clear(*, tenant: str, user: str, yes: bool, project: Path | None) -> None:
    """Delete replies, so that models are asked again; what is recorded of runs stays."""
    if not yes:
        whose = " ".join(
            part for part in (f"of tenant {tenant}" * bool(tenant), f"of user {user}" * bool(user)) if part
        )
        click.confirm(clean(f"Delete {f'the replies {whose}' if whose else 'all replies'}?"), abort=True, err=True)

    async def delete() -> int:
        store = chosen_store(project)
        try:
            return await _replies(store.responses).clear(tenant=tenant, user=user)
        finally:
            await store.aclose()

    click.echo(f"deleted {counted(asyncio.run(delete()), 'replies')}")


def _replies(responses: ResponseCache | None) -> ResponseCache:
    if responses is None:
        raise JournalUnavailable("this store keeps no replies")
    return responses
