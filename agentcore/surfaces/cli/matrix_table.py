"""A policy matrix as a table for the terminal, and the assertions that do not hold of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Cell, Matrix
from agentcore.policy.matrix_assertions import Assertion, Violation, causes
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say
from agentcore.surfaces.matrix_rows import LEGEND, MARKS, ShownRow, shown_rows

MOST_LINES: Final = 8
"""How many lines an assertion that does not hold is given."""

_VERDICTS: Final = {"always": "is always permitted", "never": "is never permitted", "depends": "may be permitted"}
_STYLES: Final = {"always": "green", "never": "dim", "depends": "yellow"}


def show_matrix(screen: Console, matrix: Matrix, action: Action | None, *, everything: bool) -> None:
    """Print the table, what its marks mean, and what decides where a cell depends."""
    rows, left_out = shown_rows(matrix, action, everything=everything)
    if rows:
        screen.print(_table(rows))
    else:
        say(screen, "nothing is ever permitted")
    for mark, meaning in LEGEND:
        say(screen, Text(f"{mark:<4}{meaning}", style="dim"))
    if left_out:
        say(
            screen, Text(f"{counted(left_out, 'rows')} where nothing is ever permitted: --all shows them", style="dim")
        )
    deciding = [each for each in rows if each.deciding]
    if deciding:
        say(screen, "\nwhat decides where it says if:")
    for each in deciding:
        row = each.row
        say(screen, f"  {row.agent} {row.action} {each.resource}: {', '.join(each.deciding)}")


def show_violations(screen: Console, assertions: Sequence[Assertion], violations: Sequence[Violation]) -> None:
    """Print each assertion that does not hold, with the cells and the policies that make it so."""
    for each in violations:
        asserted = each.assertion
        say(screen, Text.assemble(("does not hold", "bold red"), f": {asserted.name} ({asserted.place})"))
        if not each.cells:
            say(screen, "  it is about nothing that the project has")
        lines = _lines(asserted, each.cells)
        for line in lines[:MOST_LINES]:
            say(screen, f"  {line}")
        if len(lines) > MOST_LINES:
            say(screen, f"  and {len(lines) - MOST_LINES} more: --json lists them")
    if assertions:
        held = len(assertions) - len(violations)
        say(screen, f"{held} of {len(assertions)} assertions hold")


def _table(rows: Sequence[ShownRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("agent", "action", "resource"):
        table.add_column(name, overflow="fold")
    for level in Confidentiality:
        table.add_column(f"{level.name.lower()}\nT   U", no_wrap=True)
    before = ""
    for each in rows:
        agent = f"{each.row.agent} ({each.row.role.value})"
        named = ["" if agent == before else agent, each.row.action, each.resource]
        table.add_row(
            *named,
            *(_pair(trusted, untrusted) for trusted, untrusted in zip(each.cells[::2], each.cells[1::2], strict=True)),
        )
        before = agent
    return table


def _pair(trusted: Cell, untrusted: Cell) -> Text:
    marks = [(MARKS[cell.judgement.verdict], _STYLES[cell.judgement.verdict]) for cell in (trusted, untrusted)]
    (first, style), last = marks
    return Text.assemble((f"{first:<4}", style), last)


def _lines(assertion: Assertion, cells: Sequence[Cell]) -> list[str]:
    """Return a line for the cells of a row that differ in their confidentiality alone."""
    levels: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        row, provenance = cell.row, cell.provenance
        who = f"{row.agent} {row.action} {ShownRow(row=row, cells=()).resource} with"
        data = f"{provenance} data" if provenance in {TRUSTED, UNTRUSTED} else f"data of {provenance}"
        why = ", ".join(causes(assertion, cell)) or "no policy permits it"
        levels.setdefault((who, f"{data} {_VERDICTS[cell.judgement.verdict]}: {why}"), []).append(
            cell.confidentiality.name.lower()
        )
    return [
        f"{who} {'any' if len(names) == len(Confidentiality) else ', '.join(names)} {rest}"
        for (who, rest), names in levels.items()
    ]
