"""Report: what a router achieves, as points of cost and quality, and how far its probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentcore.confidence.calibration import ReliabilityBin, ece, reliability
from agentcore.routing.past_answers import PastAnswer
from agentcore.routing.rechoose import Replay

if TYPE_CHECKING:
    from agentcore.routing.frontier import Figures

PointKind: TypeAlias = Literal["setting", "arm", "bound"]
"""setting: of a router.  arm: a model alone.  bound: chance, or the best that there could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One way of routing. accuracy: 0 to 1.  usd_per_1k: None when it was not measured; it can then not be drawn."""

    name: str
    kind: PointKind
    accuracy: float
    usd_per_1k: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How P(right) as it was said agrees with what was right. bins: of equally many answers.  ece: 0 to 1."""

    bins: tuple[ReliabilityBin, ...]
    ece: float
    answers: int

    @staticmethod
    def of(probabilities: Sequence[float], right: Sequence[bool]) -> Reliability | None:
        """Return it, None for no answers."""
        if not len(probabilities):
            return None
        return Reliability(
            bins=reliability(probabilities, right), ece=ece(probabilities, right), answers=len(probabilities)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is drawn and listed.

    title: what was routed.  about: sentences on where the numbers come from.  columns, rows: the table, as text.
    """

    title: str
    about: tuple[str, ...]
    points: tuple[Point, ...]
    reliability: Reliability | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def drawn(self) -> list[Point]:
        """The points of which the cost is known and can stand on a logarithmic scale."""
        return [point for point in self.points if point.usd_per_1k is not None and point.usd_per_1k > 0.0]

    @property
    def frontier(self) -> list[Point]:
        """The points that no other beats in both cost and accuracy, by rising cost; bounds are none."""
        found: list[Point] = []
        for point in sorted(
            (each for each in self.drawn if each.kind != "bound"), key=lambda each: (each.usd_per_1k, -each.accuracy)
        ):
            if not found or point.accuracy > found[-1].accuracy:
                found.append(point)
        return found


_NO_FAIR_SAMPLE = (
    "A model alone is shown by the answers that it was asked for, which is no fair sample: harder steps go to "
    "stronger models."
)

COLUMNS = (
    ("accuracy", "accuracy", ".3f"),
    ("cost_usd_per_1k", "USD per 1,000", ".4f"),
    ("mean_latency_s", "mean latency, s", ".2f"),
    ("p95_latency_s", "p95 latency, s", ".2f"),
    ("calls_per_query", "calls per query", ".2f"),
    ("apgr", "APGR", ".3f"),
    ("cpt50", "CPT 50", ".3f"),
    ("cpt80", "CPT 80", ".3f"),
    ("risk_alpha", "alpha", ".3f"),
    ("risk_realised", "accepted and wrong", ".3f"),
    ("accept_rate", "accepted", ".3f"),
)


def table_report(title: str, about: Sequence[str], settings: Sequence[Figures], found: Reliability | None) -> Report:
    """Return the report of a router on a table. settings: as a replay gives them."""
    shown = [each for each in COLUMNS if any(getattr(row, each[0]) is not None for row in settings)]
    return Report(
        title=title,
        about=tuple(about),
        points=tuple(_point(row) for row in settings if row.risk_alpha is None),
        reliability=found,
        columns=("setting", *(heading for _, heading, _ in shown)),
        rows=tuple((row.setting, *_cells(row, shown)) for row in settings),
    )


def _cells(row: Figures, shown: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    values = [(getattr(row, name), form) for name, _, form in shown]
    return tuple("" if value is None else format(value, form) for value, form in values)


def _point(row: Figures) -> Point:
    if row.setting.startswith("arm:"):
        kind: PointKind = "arm"
    else:
        kind = "bound" if row.setting in {"random", "oracle"} else "setting"
    return Point(
        name=row.setting.removeprefix("arm:"), kind=kind, accuracy=row.accuracy, usd_per_1k=row.cost_usd_per_1k
    )


def runs_report(title: str, answers: Sequence[PastAnswer], replays: Sequence[Replay]) -> Report:
    """Return the report of past runs: each model by its labelled answers, and what policies come to."""
    labelled = [answer for answer in answers if answer.right is not None]
    points: list[Point] = []
    rows: list[tuple[str, ...]] = []
    for model in sorted({answer.model for answer in labelled}):
        of = [answer for answer in labelled if answer.model == model]
        accuracy = sum(bool(answer.right) for answer in of) / len(of)
        usd = 1000.0 * float(sum(answer.usd for answer in of)) / len(of)
        points.append(Point(name=str(model), kind="arm", accuracy=accuracy, usd_per_1k=usd))
        seconds = sum(answer.seconds for answer in of) / len(of)
        rows.append((str(model), f"{accuracy:.3f}", f"{usd:.4f}", f"{seconds:.2f}", f"recorded, {len(of)} labels"))
    for replay in replays:
        if "right" not in replay.estimates:
            continue
        right, usd, seconds = (replay.estimates[name] for name in ("right", "usd", "seconds"))
        points.append(Point(name=replay.policy, kind="setting", accuracy=right.value, usd_per_1k=1000.0 * usd.value))
        how = f"{right.method}, {right.choices} labels"
        rows.append((replay.policy, f"{right.value:.3f}", f"{1000.0 * usd.value:.4f}", f"{seconds.value:.2f}", how))
    said = [answer for answer in labelled if answer.confidence is not None and answer.reviewed]
    return Report(
        title=title,
        about=(
            f"{len(answers)} answers of past runs, {len(labelled)} of them labelled: by reviews, people or verdicts.",
            _NO_FAIR_SAMPLE,
        ),
        points=tuple(points),
        reliability=Reliability.of(
            [answer.confidence or 0.0 for answer in said], [bool(answer.right) for answer in said]
        ),
        columns=("choice", "right", "USD per 1,000 steps", "mean latency, s", "how it is known"),
        rows=tuple(rows),
    )
