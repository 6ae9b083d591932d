"""`agentcore route verifiers`: what the votes of verifiers have been worth, and where they disagree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.project_choice import chosen_journal, project_option
from agentcore.surfaces.cli.terminal import output, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.confidence.ballots import Ballot
    from agentcore.confidence.verifier_table import VerifierRow, VerifierTable
    from agentcore.domain.json import JSON
    from agentcore.ports.journal import Journal

SHOWN = 20
"""How many disagreements are listed for people."""


@click.command()
@click.option("--agent", metavar="AGENT", help="Only votes about this agent's outputs.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="How many runs, the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def verifiers(*, agent: str | None, limit: int, as_json: bool, project: Path | None) -> None:
    """Say what the votes of verifiers have been worth in recorded runs, and where they disagree.

    Their sensitivity (how often they accept what is right) and specificity (how often they reject what is wrong) are
    estimated from how they agree, and from what people have said of the same outputs.
    """
    from agentcore.confidence.verifier_table import verifier_table  # noqa: PLC0415  # for start-up time

    table = verifier_table(asyncio.run(_recorded(chosen_journal(project), limit, agent)))
    if as_json:
        click.echo(json.dumps(_as_json(table), indent=2))
    else:
        _show(table)


async def _recorded(journal: Journal, limit: int, agent: str | None) -> Sequence[Ballot]:
    from agentcore.confidence.ballots import ballots  # noqa: PLC0415  # for start-up time

    try:
        runs = await journal.list(limit=limit)
        return [
            ballot
            for summary in reversed(runs)
            for ballot in ballots(await journal.read(summary.run))
            if agent in {None, ballot.agent}
        ]
    finally:
        await journal.aclose()


def _show(table: VerifierTable) -> None:
    screen = output()
    if not table.rows:
        say(screen, "no votes yet: give agents `verify.checks` or a `verify.panel`, and run them")
        return
    right = "" if table.share_right is None else f", {_percent(table.share_right)} of them right by estimate"
    say(screen, f"{table.outputs} outputs judged by agents, {table.reviewed} of them by people{right}")
    rows = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    rows.add_column("verifier")
    for column in ("votes", "accepts", "abstains", "agrees", "accepts right", "rejects wrong", "weight"):
        rows.add_column(column, justify="right")
    for row in table.rows:
        rows.add_row(*_cells(row))
    screen.print(rows)
    for row in table.rows:
        for warning in row.warnings:
            say(screen, Text(f"warning: {one_line(row.verifier)} {warning}", style="yellow"))
    for warning in table.warnings:
        say(screen, Text(f"warning: {warning}", style="yellow"))
    if written := _panel(table):
        say(screen, f"as a panel: {written}")
    if table.disagreements:
        say(screen, f"{len(table.disagreements)} to look at, where verifiers disagree:")
    for ballot in table.disagreements[-SHOWN:]:
        line = f"  {ballot.run} {one_line(ballot.step)} attempt {ballot.attempt}: {_said(ballot)}"
        screen.print(Text(line), soft_wrap=True)
    if len(table.disagreements) > SHOWN:
        say(screen, f"  and {len(table.disagreements) - SHOWN} older ones: see them all with --json")


def _cells(row: VerifierRow) -> tuple[str | Text, ...]:
    skill = row.skill
    return (
        Text(one_line(row.verifier)),
        str(row.votes),
        _percent(row.accepted / row.votes) if row.votes else "",
        str(row.abstained),
        f"{_percent(row.agreed / row.compared)} of {row.compared}" if row.compared else "",
        "" if skill is None else f"{_percent(skill.sensitivity)} {_interval(skill.sensitivity_interval)}",
        "" if skill is None else f"{_percent(skill.specificity)} {_interval(skill.specificity_interval)}",
        "" if skill is None else f"{skill.weight:.2f}",
    )


def _said(ballot: Ballot) -> str:
    votes = ", ".join(
        f"{one_line(name.removeprefix('agent:'))} {'accepts' if accepts else 'rejects'}"
        for name, accepts in ballot.opinions.items()
    )
    end = "accepted" if ballot.accepted else "rejected"
    truth = "" if ballot.truth is None else f"; a person says it is {'right' if ballot.truth else 'wrong'}"
    return f"{votes}; {end}{truth}"


def _panel(table: VerifierTable) -> str:
    """Return the panel to write into an agent's file: the agents that are worth something, as they weigh."""
    members = [
        f"{{agent: {row.verifier.removeprefix('agent:')}, weight: {row.skill.weight:.2f}}}"
        for row in table.rows
        if row.useful and row.skill is not None
    ]
    return f"[{', '.join(members)}]" if len(members) > 1 else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _interval(interval: tuple[float, float]) -> str:
    return f"({100 * interval[0]:.0f}-{100 * interval[1]:.0f})"


def _as_json(table: VerifierTable) -> dict[str, JSON]:
    return {
        "outputs": table.outputs,
        "reviewed": table.reviewed,
        "share_right": table.share_right,
        "verifiers": [_row_json(row) for row in table.rows],
        "disagreements": [
            {
                "run": ballot.run,
                "step": ballot.step,
                "attempt": ballot.attempt,
                "agent": ballot.agent,
                "model": ballot.model,
                "votes": dict(ballot.opinions),
                "accepted": ballot.accepted,
                "truth": ballot.truth,
            }
            for ballot in table.disagreements
        ],
        "warnings": list(table.warnings),
    }


def _row_json(row: VerifierRow) -> dict[str, JSON]:
    skill = row.skill
    estimated: dict[str, JSON] = {}
    if skill is not None:
        estimated = {
            "sensitivity": skill.sensitivity,
            "sensitivity_interval": list(skill.sensitivity_interval),
            "specificity": skill.specificity,
            "specificity_interval": list(skill.specificity_interval),
            "weight": skill.weight,
        }
    return {
        "verifier": row.verifier,
        "votes": row.votes,
        "accepted": row.accepted,
        "rejected": row.rejected,
        "abstained": row.abstained,
        "agreed": row.agreed,
        "compared": row.compared,
        "reviewed": row.reviewed,
        "families": list(row.families),
        **estimated,
        "warnings": list(row.warnings),
    }
