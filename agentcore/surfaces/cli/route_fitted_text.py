"""What was fitted on past runs, as people read it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from agentcore.routing.fit_runs import FittedKind, FittedRuns
from agentcore.routing.past_answers import LabelSource
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.terminal import say

_BY: Final[tuple[tuple[LabelSource, str], ...]] = (
    ("review", "reviews"),
    ("person", "decisions of people"),
    ("verdict", "verdicts"),
)


def show_fitted(screen: Console, fitted: FittedRuns, out: Path, *, runs: int, answers: int) -> None:
    """Print what there is for each type of step: labels, models, thresholds, and what is missing."""
    where = f"{counted(answers, 'answers')} of {counted(runs, 'runs')}"
    say(screen, f"written: {out} ({fitted.router.version}), {where}, {fitted.router.trained_on.labels} with a label")
    for kind in fitted.kinds:
        _show(screen, kind)


def _show(screen: Console, kind: FittedKind) -> None:
    labels = ", ".join(
        counted(kind.labels[by], plural) if plural != "decisions of people" else f"{kind.labels[by]} {plural}"
        for by, plural in _BY
        if kind.labels.get(by)
    )
    say(screen, Text(f"{kind.kind}: {counted(kind.answers, 'answers')}, labels: {labels}", style="bold"))
    for model, ((p, low, high), count) in kind.priors.items():
        say(screen, f"  {model}: P(right) {p:.2f} [{low:.2f}, {high:.2f}] of {counted(count, 'labels')}")
    for source, knots in kind.calibrations.items():
        error = "not measured: too few" if knots.ece is None else f"{knots.ece:.3f}"
        say(screen, f"  calibrated: {source}, of {counted(sum(knots.counts), 'labels')}, ECE {error}")
    if kind.ece is not None:
        say(screen, f"  P(right) over all sources: ECE {kind.ece:.3f}, out of fold")
    for threshold in kind.thresholds:
        if threshold.value is None:
            say(screen, Text(f"  alpha {threshold.alpha:g}: {_why_none(kind, threshold.alpha)}", style="yellow"))
        else:
            say(
                screen,
                f"  alpha {threshold.alpha:g}: accepted from {threshold.value:.3f} on, "
                f"{100 * threshold.accepts:.0f} % of {threshold.labels}, {threshold.risk:.3f} accepted and wrong",
            )


def _why_none(kind: FittedKind, alpha: float) -> str:
    if missing := kind.missing(alpha):
        return f"{missing} more reviews or decisions are needed, there are {kind.reviewed}"
    return "infeasible: even the surest answers are wrong too often, so nothing is accepted"
