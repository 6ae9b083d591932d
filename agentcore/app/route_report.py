"""What a report of routing is made of: a fitted router on a table, or a project's past runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from agentcore.app.route_tables import recipe_of, replay_table
from agentcore.domain.errors import ConfigError
from agentcore.routing.report import Reliability, Report, runs_report, table_report

if TYPE_CHECKING:
    from agentcore.app.route_runs import PastRuns
    from agentcore.routing.fitted import FittedRouter
    from agentcore.routing.outcomes import OutcomeTable, Routed


_SEEN: Final = (
    "The router was fitted on this very table, so it does better here than on other questions, and its probabilities "
    "agree less: they were calibrated on what each fold had left out. Take another table of the same columns to see."
)
_NEW: Final = "Every outcome is known, so all numbers are exact for these questions. The oracle reads the labels."


@runtime_checkable
class Judges(Protocol):
    """A recipe whose router says of the answers that it takes how likely they are right."""

    def judged(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Routed, ...]:
        """Return what one setting does, with how likely the answer taken for each question is right."""
        ...


def report_on_table(folder: Path, model: Path) -> Report:
    """Return the report of the fitted router in a file on the table in a folder. Raises ConfigError."""
    replayed = replay_table(folder, model)
    fitted, trained = replayed.fitted, replayed.fitted.trained_on
    recipe = recipe_of(replayed.dataset)
    table = recipe.read(folder)
    seen = trained.sha256 == table.sha256()
    return table_report(
        f"{replayed.dataset}, {replayed.queries} questions{', seen in fitting' if seen else ''}",
        (
            f"Router {fitted.version}, fitted on {trained.queries} questions with {trained.labels} labels.",
            _SEEN if seen else _NEW,
            *(f"Measured in fitting, {name}: {value}" for name, value in fitted.metrics.items()),
        ),
        replayed.settings,
        _reliability(recipe, table, fitted) if isinstance(recipe, Judges) else None,
    )


def _reliability(recipe: Judges, table: OutcomeTable, fitted: FittedRouter) -> Reliability | None:
    from agentcore.routing.frontier import rightness  # noqa: PLC0415  # imports numpy

    routed = recipe.judged(table, fitted)
    pairs = [
        (each.confidence, bool(right))
        for each, right in zip(routed, rightness(table, routed), strict=True)
        if each.confidence is not None
    ]
    return Reliability.of([said for said, _ in pairs], [right for _, right in pairs])


def report_on_runs(past: PastRuns, name: str, policies: Sequence[Path]) -> Report:
    """Return the report of past runs, as they were and by other policies.

    Raises ConfigError when no answer has a label, or a policy is wrong.
    """
    if not any(answer.right is not None for answer in past.answers):
        raise ConfigError(
            [f"none of the {len(past.answers)} recorded answers has a label, in {len(past.runs)} runs"],
            hint="verdicts, people's decisions about outputs and reviews (`--labels FILE`) are labels",
        )
    return runs_report(f"past runs of {name}", past.answers, [past.replay(each) for each in (None, *policies)])


def write_report(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder, which is made when it is not there. Raises ConfigError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ConfigError([f"{folder}: cannot be written: {(error.strerror or str(error)).lower()}"]) from error
