"""What other policies would have decided, as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from agentcore.policy.rejudge import Opinion, Rejudged, Ruling
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say

MOST_OPEN: Final = 20
"""How many decisions are shown of which it cannot be told."""

_STYLES: Final[dict[Ruling, str]] = {"permitted": "green", "denied": "red", "cannot tell": "yellow"}


def show_rejudged(screen: Console, found: Sequence[Rejudged], runs: int) -> None:
    """Print each decision that would change, those of which it cannot be told, and the counts."""
    changed = [each for each in found if each.outcome == "changed"]
    open_ = [each for each in found if each.outcome == "cannot tell"]
    for each in (*changed, *open_[:MOST_OPEN]):
        _show(screen, each)
    if len(open_) > MOST_OPEN:
        say(screen, f"and {len(open_) - MOST_OPEN} more of which it cannot be told: --json lists them")
    where = f"{counted(len(found), 'decisions')} of {counted(runs, 'runs')}"
    same = len(found) - len(changed) - len(open_)
    say(screen, f"{where}: {same} stay as they are, {len(changed)} would change, {len(open_)} cannot be told")


def _show(screen: Console, each: Rejudged) -> None:
    recorded, decision = each.recorded, each.recorded.decision
    was: Ruling = "permitted" if decision.permitted else "denied"
    what = f"{decision.principal} {decision.action} {decision.resource}"
    line = Text(f"{recorded.run} {recorded.step} {what}: ")
    line.append(was, style=_STYLES[was])
    if each.before.ruling not in {was, "cannot tell"}:  # the policies have changed since
        line.append(", now ").append(each.before.ruling, style=_STYLES[each.before.ruling])
    line.append(" → ").append(each.after.ruling, style=_STYLES[each.after.ruling])
    say(screen, line)
    if recorded.call:
        say(screen, Text(f"  call    {recorded.call}", style="dim"))
    say(screen, Text(f"  before  {_why(each.before)}", style="dim"))
    say(screen, Text(f"  after   {_why(each.after)}", style="dim"))


def _why(opinion: Opinion) -> str:
    if opinion.ruling == "cannot tell":
        by = f" (read by {', '.join(opinion.policies)})" if opinion.policies else ""
        return f"cannot tell: {', '.join(opinion.unknown)} not recorded{by}"
    if opinion.errors:
        return f"evaluation fails, which denies: {'; '.join(opinion.errors)}"
    due = "".join(f"; {each.policy} asks to {each.kind} it" for each in opinion.obligations)
    return (", ".join(opinion.policies) or "no policy permits it") + due
