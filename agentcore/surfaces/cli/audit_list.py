"""`agentcore audit list`: entries of the audit chain, for people and programs."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.text import Text

from agentcore.audit.entry import KINDS, Entry, read_entry
from agentcore.audit.entry import as_json as json_of
from agentcore.domain.duration import seconds_of
from agentcore.domain.errors import JournalCorrupt
from agentcore.surfaces.cli.actor import Look, actor_options, note_access
from agentcore.surfaces.cli.approval_text import moment
from agentcore.surfaces.cli.project_choice import chosen_folder, chosen_store, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged

_STYLES = {"deny": "red", "permit": "green", "error": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which entries. since: seconds before now; the rest is compared where it is given."""

    tenant: str | None
    denied: bool
    principal: str | None
    user: str | None
    run: str | None
    kinds: Sequence[str]
    since: str | None
    limit: int


@click.command("list")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's.")
@click.option("--denied", is_flag=True, help="Only what was denied or refused.")
@click.option("--principal", metavar="AGENT", help="Only what this agent did.")
@click.option("--user", metavar="USER", help="Only what was done on this user's behalf.")
@click.option("--run", metavar="RUN", help="Only this run's; the beginning of its id is enough.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only of this kind; may be repeated.")
@click.option("--since", metavar="TIME", help="Only of the last 15m, 12h, 30d.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, the newest.")
@click.option("--payload", is_flag=True, help="With --json: open what is sealed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@actor_options
@project_option
@logged
def list_entries(
    *,
    tenant: str | None,
    denied: bool,
    principal: str | None,
    user: str | None,
    run: str | None,
    kinds: Sequence[str],
    since: str | None,
    limit: int,
    payload: bool,
    as_json: bool,
    look: Look,
    project: Path | None,
) -> None:
    """List entries of the audit chain, the newest last."""
    wanted = _Wanted(
        tenant=tenant, denied=denied, principal=principal, user=user, run=run, kinds=kinds, since=since, limit=limit
    )
    if payload and not as_json:
        raise click.UsageError("--payload needs --json")
    found = asyncio.run(_list(wanted, look, project, payload=payload))
    if as_json:
        for entry, name, opened in found:
            facts = {**json_of(entry), **({"user": name} if name else {})}
            click.echo(json.dumps({**facts, **({"payload": opened} if opened is not None else {})}))
        return
    screen = output()
    if not found:
        screen.print("no entries")
    for entry, name, _ in found:
        screen.print(_line(entry, name), soft_wrap=True)


async def _list(
    wanted: _Wanted, look: Look, project: Path | None, *, payload: bool
) -> Sequence[tuple[Entry, str, object]]:
    from agentcore.adapters.audit.sql_audit import opened  # noqa: PLC0415  # for start-up time
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # as above
    from agentcore.app.audit import chains_of  # noqa: PLC0415  # as above

    try:
        after = 0.0 if wanted.since is None else SystemClock().now() - seconds_of(wanted.since)
    except ValueError as error:
        raise click.UsageError(f"--since: {error}") from error
    folder = chosen_folder(project)
    store = chosen_store(folder)
    found: deque[tuple[Entry, str, object]] = deque(maxlen=wanted.limit)
    try:
        audit = chains_of(store)
        for tenant in await audit.heads():
            if wanted.tenant not in {None, tenant}:
                continue
            names: Mapping[str, str] = await audit.names(tenant)
            keys = await audit.keys(tenant)
            async for link in audit.links(tenant):
                entry = _read(tenant, link.sequence, link.entry)
                name = names.get(entry.subject, "")
                if not _fits(entry, name, wanted, after):
                    continue
                key = keys.get(entry.subject) if payload and link.sealed is not None else None
                said = (
                    None if key is None or isinstance(key, str) else json.loads(opened(entry, link.sealed or "", key))
                )
                found.append((entry, name, said))
        await note_access(folder, store, look, what="audit", tenant=wanted.tenant or "")
    finally:
        await store.aclose()
    return list(found)


def _read(tenant: str, sequence: int, text: str) -> Entry:
    try:
        return read_entry(text)
    except ValueError as error:
        raise JournalCorrupt(
            f"entry {sequence} of the tenant {tenant} cannot be read", hint="look with `agentcore audit verify`"
        ) from error


def _fits(entry: Entry, name: str, wanted: _Wanted, after: float) -> bool:
    refused = (
        entry.decision == "deny"
        or entry.result == "denied"
        or entry.kind == "refusal"
        or entry.verb in {"reject", "terminate"}
    )
    return (
        entry.at / 1_000_000 >= after
        and (refused or not wanted.denied)
        and wanted.principal in {None, entry.principal}
        and wanted.user in {None, name}
        and (wanted.run is None or entry.run.startswith(wanted.run))
        and (not wanted.kinds or entry.kind in wanted.kinds)
    )


def _line(entry: Entry, name: str) -> Text:
    answer = entry.decision or entry.result or entry.verb or entry.by
    who = entry.actor or entry.principal
    what = " ".join(part for part in (who, entry.action, entry.resource or entry.approval or entry.effect) if part)
    line = Text.assemble(
        (f"{entry.sequence:>6}  {moment(entry.at / 1_000_000)}  ", "dim"),
        (f"{entry.kind:<9}", "bold"),
        f" {what}",
        (f": {answer}" if answer else "", _STYLES.get(answer, "")),
        (f"  by {', '.join(entry.policies)}" if entry.policies else "", "dim"),
    )
    about = "  ".join(
        part for part in (f"run {entry.run}" if entry.run else "", f"for {name or entry.subject}") if part
    )
    line.append(f"  ({about}, {entry.tenant})" if entry.subject or entry.run else "", style="dim")
    return line
