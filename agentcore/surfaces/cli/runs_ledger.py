"""`agentcore runs ledger`: what a run did to the outside, and what is known of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from agentcore.domain.effect_ledger import LedgerEntry, effect_ledger
from agentcore.domain.json import JSON
from agentcore.surfaces.cli.approval_text import moment
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.project_choice import chosen_journal, project_option, recorded_events
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import as_json as json_of

_SHOWN = 40
"""Characters of a receipt; `--json` has all of it."""

_STYLES = {
    "done": "green",
    "reused": "green",
    "answered": "green",
    "in doubt": "bold red",
    "failed": "red",
    "refused": "red",
    "waiting": "magenta",
    "under way": "yellow",
}


@click.command()
@click.argument("run")
@click.option("--all", "every", is_flag=True, help="Also calls that change nothing: of models, and of reading tools.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def ledger(run: str, *, every: bool, as_json: bool, project: Path | None) -> None:
    """Show the calls of RUN that may change something: an id, the beginning of one, or `latest`."""
    events = asyncio.run(recorded_events(chosen_journal(project), run))
    entries = [entry for entry in effect_ledger(events) if every or entry.acts]
    if as_json:
        click.echo(json.dumps([_entry_json(entry) for entry in entries], indent=2))
    elif not entries:
        click.echo(f"run {events[0].run} has called nothing" + ("" if every else " that may change something"))
    else:
        output().print(_table(entries))


def _table(entries: list[LedgerEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("step", "call", "safety", "intent", "state", "receipt", "decided by", "key"):
        table.add_column(column, overflow="fold", no_wrap=column in {"intent", "safety"})
    for entry in entries:
        tries = f" ({entry.tries} tries)" if entry.tries > 1 else ""
        table.add_row(
            Text(f"{one_line(entry.step)}/{entry.attempt}"),
            Text(one_line(entry.name)),
            entry.safety or "-",
            moment(entry.intent_at)[11:],
            Text(_state(entry) + tries, style=_STYLES.get(entry.state, "")),
            Text(one_line(_receipt(entry), _SHOWN)),
            Text(one_line(", ".join(entry.deciders))),
            Text(one_line(entry.key), style="dim"),
        )
    return table


def _state(entry: LedgerEntry) -> str:
    if entry.waits_for is not None:
        return f"waiting for {one_line(entry.waits_for.approver) or 'anybody'}"
    return entry.state


def _receipt(entry: LedgerEntry) -> str:
    if entry.undo_error:
        return entry.undo_error
    if entry.error:
        return entry.error
    if entry.receipt is None:
        return "-"
    return entry.receipt if isinstance(entry.receipt, str) else json.dumps(entry.receipt, ensure_ascii=False)


def _entry_json(entry: LedgerEntry) -> dict[str, JSON]:
    asked = entry.waits_for
    return {
        "effect": entry.effect,
        "kind": entry.kind,
        "name": entry.name,
        "step": entry.step,
        "attempt": entry.attempt,
        "agent": entry.agent,
        "safety": entry.safety,
        "key": entry.key,
        "state": entry.state,
        "tries": entry.tries,
        "intent_at": entry.intent_at,
        "ended_at": entry.ended_at,
        "undone_at": entry.undone_at,
        "arguments": entry.arguments,
        "receipt": entry.receipt,
        "error": entry.error,
        "undo_error": entry.undo_error,
        "waits_for": None if asked is None else asked.id,
        "decided_by": list(entry.deciders),
        "decisions": json_of(entry.decisions),
        "rulings": json_of(entry.rulings),
    }
