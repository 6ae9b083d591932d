"""What another way of choosing models comes to on past runs, as people read it."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from agentcore.routing.rechoose import Figure, Rechosen, Replay
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say

MOST_SHOWN: Final = 20
"""How many choices are shown that would differ."""

_TITLES: Final[dict[Figure, str]] = {
    "usd": "USD a step",
    "seconds": "seconds a step",
    "right": "right",
}


def show_replay(screen: Console, found: Replay) -> None:
    """Print the choices that would differ, and what all of them come to."""
    for each in found.changed[:MOST_SHOWN]:
        _show(screen, each)
    if len(found.changed) > MOST_SHOWN:
        say(screen, f"and {len(found.changed) - MOST_SHOWN} more that would differ: --json lists them")
    where = f"{counted(len(found.choices), 'choices')} of {counted(len(found.runs), 'runs')}"
    rest = f"; {counted(found.unrecorded, 'steps')} without a recorded choice" if found.unrecorded else ""
    say(screen, f"{where} by {found.policy}: {len(found.changed)} would differ{rest}")
    for name, (before, after) in found.by_model.items():
        say(screen, f"  {name}: chosen {before} times, and now {after}")
    for figure, estimate in found.estimates.items():
        say(screen, f"{_TITLES[figure]}: {found.before[figure].value:.4g} as recorded")
        say(screen, f"  now {estimate.says()}")
        if estimate.method != "exact" and figure in found.known:
            say(screen, f"  where the record has the answer: {found.known[figure].says()}")
        if figure in found.second:
            say(screen, f"  by weights alone: {found.second[figure].says()}")
    if "right" not in found.estimates:
        say(screen, Text("right: no step has a label; --labels FILE gives reviews", style="yellow"))
    if found.accepts is not None and found.risk is not None:
        say(screen, f"accepted: {found.accepts:.3f} of labelled answers; accepted and wrong: {found.risk:.3f}")


def _show(screen: Console, each: Rechosen) -> None:
    before, after = each.before, each.after
    line = Text(f"{before.run} {before.step} {before.kind}: {before.model} → ")
    line.append("none" if after is None else str(after.model), style="yellow")
    say(screen, line)
    if after is not None:
        p = each.expected[after.model]
        forecast = f"about ${each.costs[after.model]:.6f} and {after.seconds:.1f} s, P(right) {p:.2f}"
        say(screen, Text(f"  {forecast}; it took ${before.usd:.6f} and {before.seconds:.1f} s", style="dim"))
    say(screen, Text(f"  {each.why}; {_known(each)}", style="dim"))


def _known(each: Rechosen) -> str:
    if each.known is None:
        return "what it would have answered is not recorded"
    right = {True: "right", False: "wrong", None: "not labelled"}[each.known.right]
    return f"its answer is recorded: {right}, ${each.known.usd:.6f}, {each.known.seconds:.1f} s"
