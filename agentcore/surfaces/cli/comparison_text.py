"""Two runs compared, as people read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentcore.domain.comparison import Comparison, FirstDifference, StepComparison, StepFigures
from agentcore.domain.difference import ABSENT, Difference
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say
from agentcore.surfaces.cli.tree import header, lineage_text, money
from agentcore.surfaces.run_json import as_json

_SHOWN = 120
"""Characters of a value; `--json` has all of it."""

_BEFORE = 24
"""Characters before the place where two long values part."""

_DIGEST = 64
_DIGEST_SHOWN = 12

_OUTPUT = "output"


def show_comparison(screen: Console, found: Comparison) -> None:
    """Print both runs, and then only in what they differ."""
    for name, trace in (("A", found.left), ("B", found.right)):
        say(screen, Text.assemble((f"{name} ", "bold cyan"), header(trace)))
        if trace.run.started.lineage is not None:
            say(screen, Text.assemble("  ", lineage_text(trace.run.started.lineage)))
    if found.equal:
        say(screen, Text(f"equal, times and ids aside: {counted(len(found.steps), 'steps')}", style="green"))
        return
    _part(screen, "asked", found.asked)
    _part(screen, "definitions", found.definitions)
    _plan(screen, found.plan)
    _steps(screen, found.steps)
    _part(screen, "ended", found.ended)
    if found.first is not None:
        _first(screen, found.first)


def _part(screen: Console, name: str, found: Iterable[Difference]) -> None:
    lines = [_changed(each) for each in found]
    if lines:
        screen.print()
        say(screen, Text(name, style="bold"))
    for line in lines:
        say(screen, line)


def _changed(found: Difference, prefix: str = "") -> Text:
    path = f"{prefix}{found.path}"
    return Text.assemble(
        "  ", (f"{one_line(path)}: ", "dim"), (_value(found.left), "red"), " → ", (_value(found.right), "green")
    )


def _plan(screen: Console, found: Iterable[Difference]) -> None:
    lines: list[Text] = []
    for each in found:
        if each.left is ABSENT and "." not in each.path:
            lines.append(Text.assemble(("  + ", "green"), _step(each.path, each.right)))
        elif each.right is ABSENT and "." not in each.path:
            lines.append(Text.assemble(("  - ", "red"), _step(each.path, each.left)))
        else:
            lines.append(_changed(each))
    if lines:
        screen.print()
        say(screen, Text("plan", style="bold"))
    for line in lines:
        say(screen, line)


def _step(id: str, value: object) -> str:
    match value:
        case {"agent": str(agent), "instruction": str(instruction)}:
            name = id if id == agent else f"{id} ({agent})"
            return f"{one_line(name)}  {one_line(instruction, _SHOWN)}"
        case _:
            return one_line(id)


def _steps(screen: Console, found: Iterable[StepComparison]) -> None:
    steps = list(found)
    different = [step for step in steps if step.differences]
    screen.print()
    equal = len(steps) - len(different)
    say(screen, Text.assemble(("steps", "bold"), f": {len(different)} differ, {equal} are equal"))
    if not different:
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("step", "status", "model", "verdict", "tokens", "cost", "time"):
        table.add_column(column, overflow="fold")
    for step in different:
        table.add_row(
            Text(one_line(step.id), style="bold"),
            _both(step, lambda each: each.status),
            _both(step, lambda each: ", ".join(each.models) or "-"),
            _both(step, lambda each: each.verdict or "-"),
            _both(step, lambda each: "shared" if each.shared else f"{each.tokens:,}"),
            _both(step, lambda each: "shared" if each.shared else money(each.usd)),
            _both(step, lambda each: f"{each.seconds:.1f} s"),
        )
    screen.print(table)
    for step in different:
        for each in step.differences:
            if each.path.startswith(_OUTPUT):
                say(screen, _changed(each, f"{step.id}."))


def _both(step: StepComparison, what: Callable[[StepFigures], str]) -> Text:
    left = "-" if step.left is None else what(step.left)
    right = "-" if step.right is None else what(step.right)
    if left == right:
        return Text(one_line(left, _SHOWN), style="dim")
    return Text.assemble((one_line(left, _SHOWN), "red"), " → ", (one_line(right, _SHOWN), "green"))


def _first(screen: Console, first: FirstDifference) -> None:
    screen.print()
    say(screen, Text("first event that differs", style="bold"))
    if first.left is None or first.right is None:
        name, sequence = ("B", first.right) if first.left is None else ("A", first.left)
        say(screen, Text(f"  {first.what}: only {name} has it (event {sequence})"))
        return
    say(screen, Text(f"  {first.what}: event {first.left} of A, event {first.right} of B"))
    say(screen, Text.assemble("  ", _changed(first.differences[0])))


def _value(value: object) -> str:
    if value is ABSENT:
        return "nothing"
    if isinstance(value, str):
        return value[:_DIGEST_SHOWN] if len(value) == _DIGEST and value.isalnum() else one_line(value) or "''"
    return one_line(json.dumps(as_json(value), ensure_ascii=False))
