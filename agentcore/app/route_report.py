"""What a report of routing is made of: a fitted router on a table, or a project's past runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from agentcore.app.route_tables import recipe_of, replay_table
from agentcore.domain.errors import ConfigError
from agentcore.routing.report import Reliability, Report, runs_report, table_report

if TYPE_CHECKING:
    from agentcore.app.route_runs import PastRuns
    from agentcore.routing.fitted import FittedRouter
    from agentcore.routing.outcomes import OutcomeTable, Routed


@runtime_checkable
class Judges(Protocol):
    """A recipe whose router says of the answers that it takes how likely they are right."""

    def judged(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Routed, ...]:
        """Return what one setting does, with how likely the answer taken for each question is right."""
        ...


def report_on_table(folder: Path, model: Path) -> Report:
    """Return the report of the fitted router in a file on the table in a folder. Raises ConfigError."""
    replayed = replay_table(folder, model)
    recipe = recipe_of(replayed.dataset)
    trained = replayed.fitted.trained_on
    found = None
    if isinstance(recipe, Judges):
        found = _reliability(recipe, recipe.read(folder), replayed.fitted)
    return table_report(
        f"{replayed.dataset}, {replayed.queries} questions",
        (
            f"Router {replayed.fitted.version}, fitted on {trained.queries} questions with {trained.labels} labels.",
            "Every outcome is known, so all numbers are exact for these questions. The oracle reads the labels.",
        ),
        replayed.settings,
        found,
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
