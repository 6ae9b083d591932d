"""From what a cascade says of left-out questions: when each setting stops, and from which confidence it accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from agentcore.confidence.risk import Threshold, conformal_threshold
from agentcore.routing.cascade import NEVER, Enough
from agentcore.routing.cascade_fit import LeftOut
from agentcore.routing.outcomes import OutcomeTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WAITS: Final = tuple(step / 20 for step in range(41))
"""Shares of a latency limit at which escalation may end: tried from the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the arms took on a table. usd (per query) and seconds: shape (questions, arms)."""

    usd: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @classmethod
    def of(cls, table: OutcomeTable) -> Measured:
        """Return those of a table in which all are known."""
        return cls(
            usd=np.array([[answer.usd for answer in answers] for answers in table.answers], dtype=np.float64),
            seconds=np.array([[answer.seconds for answer in answers] for answers in table.answers], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStages:
    """A cascade of two stages on left-out questions. first, second: the arms of each, as indices into a table's."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    left_out: tuple[LeftOut, ...]
    measured: Measured

    def within_cost(self, usd_per_1k: float) -> Enough:
        """Return the greatest first confidence at which the mean cost stays within a budget.

        With a budget below the first stage's own cost nothing escalates; with a large one everything does.
        """
        base = 1000.0 * float(self.measured.usd[:, self.first].sum(axis=1).mean())
        more = 1000.0 * self.measured.usd[:, self.second].sum(axis=1)
        scores = np.concatenate([each.scores[0] for each in self.left_out])
        order = np.argsort(scores, kind="stable")
        spent = base + np.cumsum(np.tile(more, len(self.left_out))[order]) / len(scores)
        affordable = int(np.searchsorted(spent, usd_per_1k, side="right"))
        if affordable >= len(scores):
            return Enough(confidence=(NEVER,))
        return Enough(confidence=(float(scores[order][affordable]),))

    def within_latency(self, enough: Enough, p95_seconds: float) -> Enough:
        """Return the same, escalating only so early that the 95th percentile of the latency keeps within a limit."""
        for wait in reversed(_WAITS):
            limited = replace(enough, elapsed_seconds=wait * p95_seconds / 2.0)
            p95s = [float(np.quantile(self.seconds(each, limited), 0.95)) for each in self.left_out]
            if max(p95s) <= p95_seconds:
                return limited
        return replace(enough, elapsed_seconds=0.0)

    def escalated(self, one: LeftOut, enough: Enough) -> NDArray[np.bool_]:
        """Return which questions go on to the second stage, shape (questions,)."""
        unsure = one.scores[0] < enough.confidence[0]
        if enough.elapsed_seconds is None:
            return unsure
        return unsure & (self.measured.seconds[:, self.first].max(axis=1) <= enough.elapsed_seconds)

    def seconds(self, one: LeftOut, enough: Enough) -> NDArray[np.float64]:
        """Return how long each question takes, shape (questions,)."""
        first = self.measured.seconds[:, self.first].max(axis=1)
        second = self.measured.seconds[:, self.second].max(axis=1)
        return first + np.where(self.escalated(one, enough), second, 0.0)

    def final(self, one: LeftOut, enough: Enough) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return each question's chosen arm, as an index into the table's, and its calibrated confidence."""
        escalated = self.escalated(one, enough)
        stage, rows = escalated.astype(np.intp), np.arange(len(escalated))
        return one.best[stage, rows], one.confidences[stage, rows]


def risk_threshold(
    cascade: TwoStages, table: OutcomeTable, enough: Enough, alpha: float, *, caution: float
) -> Threshold:
    """Return from which calibrated confidence a setting accepts, so that P(accepted and wrong) <= alpha.

    caution: the threshold is set for so much of alpha. Of several passes over the questions the strictest counts.
    """
    found: list[Threshold] = []
    for one in cascade.left_out:
        best, confidence = cascade.final(one, enough)
        right = table.labels[np.arange(len(table)), best]
        found.append(conformal_threshold(confidence, right, alpha * caution))
    return max(found, key=lambda each: NEVER if each.value is None else each.value)


def accuracy(cascade: TwoStages, table: OutcomeTable, enough: Enough) -> float:
    """Return the share of right answers on left-out questions, 0 to 1: the mean of the passes."""
    rows = np.arange(len(table))
    shares: Sequence[float] = [
        float(table.labels[rows, cascade.final(one, enough)[0]].mean()) for one in cascade.left_out
    ]
    return float(np.mean(shares))
