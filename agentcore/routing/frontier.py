"""The figures of a router on a table: accuracy, cost, latency, calls; and how its frontier lies, as RouteLLM has it.

APGR and CPT: I. Ong et al., "RouteLLM: Learning to Route LLMs with Preference Data" (2024), section 3.1. With two
arms, a score orders the questions; the share of calls to the strong arm goes from 0 to 1 along that order. The
performance gap recovered (PGR) at a share is (accuracy - weak) / (strong - weak); APGR is its mean over all shares
(the area under the curve, by trapezoids), and CPT(x) the least share at which the PGR reaches x. Chance has an APGR of
one half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from agentcore.routing.outcomes import Answer, OutcomeTable, Routed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one setting achieves on a table. A figure that does not apply, or was not measured, is None.

    accuracy, accept_rate: 0 to 1.  apgr; cpt50, cpt80: shares of calls to the strong arm, 0 to 1.  risk_alpha: the
    promised bound on P(accepted and wrong); risk_realised: what it was.  note: how it was measured, for a reader.
    """

    setting: str
    accuracy: float
    cost_usd_per_1k: float | None = None
    mean_latency_s: float | None = None
    p95_latency_s: float | None = None
    calls_per_query: float | None = None
    apgr: float | None = None
    cpt50: float | None = None
    cpt80: float | None = None
    risk_alpha: float | None = None
    risk_realised: float | None = None
    accept_rate: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """Return what applies, with `setting` first."""
        optional = {each.name for each in fields(self)} - {"setting", "accuracy", *_ALWAYS}
        return {
            key: value
            for key, value in asdict(self).items()
            if key not in optional or (value is not None and value != "")
        }


_ALWAYS = ("cost_usd_per_1k", "mean_latency_s", "p95_latency_s", "calls_per_query")


def figures(
    table: OutcomeTable,
    routed: Sequence[Routed],
    setting: str,
    *,
    curve: ShareCurve | None = None,
    risk_alpha: float | None = None,
    note: str = "",
) -> Figures:
    """Return what the decisions about each question of a table come to.

    curve: of the score by which a two-arm setting decides.  risk_alpha: the setting's bound on P(accepted and wrong),
    which adds what it was and the share accepted. Raises ValueError for a table without questions.
    """
    if not len(table) or len(table) != len(routed):
        msg = f"{len(routed)} decisions about {len(table)} questions: there must be one for each, and at least one"
        raise ValueError(msg)
    right = rightness(table, routed)
    accepted = np.array([each.accepted for each in routed])
    taken = [taken_by(each, answers) for each, answers in zip(routed, table.answers, strict=True)]
    usd = [each[0] for each in taken if each[0] is not None]
    seconds = [each[1] for each in taken if each[1] is not None]
    whole = len(table)
    return Figures(
        setting=setting,
        accuracy=float(right.mean()),
        cost_usd_per_1k=1000.0 * float(np.mean(usd)) if len(usd) == whole else None,
        mean_latency_s=float(np.mean(seconds)) if len(seconds) == whole else None,
        p95_latency_s=float(np.quantile(seconds, 0.95)) if len(seconds) == whole else None,
        calls_per_query=float(np.mean([sum(map(len, each.rounds)) for each in routed])),
        apgr=curve.apgr() if curve else None,
        cpt50=curve.cpt(0.5) if curve else None,
        cpt80=curve.cpt(0.8) if curve else None,
        risk_alpha=risk_alpha,
        risk_realised=None if risk_alpha is None else float((accepted & ~right).mean()),
        accept_rate=None if risk_alpha is None else float(accepted.mean()),
        note=note,
    )


def rightness(table: OutcomeTable, routed: Sequence[Routed]) -> NDArray[np.bool_]:
    """Return whether the answer taken for each question is right, shape (questions,)."""
    arm_of = {arm: index for index, arm in enumerate(table.arms)}
    return table.labels[np.arange(len(table)), [arm_of[each.chosen] for each in routed]]


def taken_by(routed: Routed, answers: Sequence[Answer]) -> tuple[float | None, float | None]:
    """Return the dollars and the seconds that one question took: calls of one round run at the same time."""
    by_arm = {answer.arm: answer for answer in answers}
    usd = [by_arm[arm].usd for asked in routed.rounds for arm in asked]
    slowest = [_most([by_arm[arm].seconds for arm in asked]) for asked in routed.rounds]
    return _sum(usd), _sum(slowest)


def _most(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known, default=0.0) if len(known) == len(values) else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def baselines(table: OutcomeTable) -> tuple[Figures, ...]:
    """Return the figures of each single arm, of chance (the mean of the arms) and of the oracle.

    The oracle asks, of the arms that are right, the cheapest (the first, where prices are unknown); when none is
    right, the cheapest of all. It reads labels: it is a bound, not a router.
    """
    alone = [figures(table, [Routed(rounds=((arm,),), chosen=arm)] * len(table), f"arm:{arm}") for arm in table.arms]
    seconds = [
        answer.seconds for answers in table.answers for answer in answers
    ]  # chance asks each arm equally often: its latencies are those of all arms together
    known = [each for each in seconds if each is not None]
    chance = Figures(
        setting="random",
        accuracy=float(table.labels.mean()),
        cost_usd_per_1k=_mean([each.cost_usd_per_1k for each in alone]),
        mean_latency_s=_mean([each.mean_latency_s for each in alone]),
        p95_latency_s=float(np.quantile(known, 0.95)) if len(known) == len(seconds) else None,
        calls_per_query=1.0,
        apgr=0.5 if len(table.arms) == 2 else None,  # a weak and a strong arm
        cpt50=0.5 if len(table.arms) == 2 else None,  # as above
        cpt80=0.8 if len(table.arms) == 2 else None,  # as above
        note="each arm equally often; in expectation",
    )
    oracle = figures(table, [_oracle(*each) for each in zip(table.answers, table.labels, strict=True)], "oracle")
    return (*alone, chance, oracle)


def _mean(values: Sequence[float | None]) -> float | None:
    total = _sum(values)
    return None if total is None else total / len(values)


def _oracle(answers: Sequence[Answer], right: NDArray[np.bool_]) -> Routed:
    among = [answer for answer, fits in zip(answers, right, strict=True) if fits] or answers
    arm = min(among, key=lambda answer: answer.usd if answer.usd is not None else 0.0).arm
    return Routed(rounds=((arm,),), chosen=arm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCurve:
    """Accuracy against the share of calls to the strong arm. shares rise from 0 to 1; both of shape (points,).

    strong: the accuracy of the strong arm alone, where that is not the end of the curve: after an escalation the
    better of both answers may be taken, and then the curve can end above it. None: it is the end.
    """

    shares: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    strong: float | None = None

    def _ends(self) -> tuple[float, float]:
        return float(self.accuracies[0]), float(self.accuracies[-1]) if self.strong is None else self.strong

    def apgr(self) -> float | None:
        """Return the average performance gap recovered; None when the strong arm is not better than the weak one."""
        weak, strong = self._ends()
        area = float(np.trapezoid(self.accuracies, self.shares))
        return (area - weak) / (strong - weak) if strong > weak else None

    def cpt(self, recovered: float) -> float | None:
        """Return the least share of strong calls that recovers this part of the gap; None if there is none."""
        weak, strong = self._ends()
        if strong <= weak:
            return None
        wanted = weak + recovered * (strong - weak)
        reached = np.flatnonzero(self.accuracies >= wanted - 1e-12)
        if not len(reached):
            return None
        at = int(reached[0])
        if at == 0:
            return float(self.shares[0])
        low, high = float(self.accuracies[at - 1]), float(self.accuracies[at])
        part = (wanted - low) / (high - low)
        return float(self.shares[at - 1] + part * (self.shares[at] - self.shares[at - 1]))


def share_curve(need: ArrayLike, weak_right: ArrayLike, strong_right: ArrayLike) -> ShareCurve:
    """Return the curve of sending questions to the strong arm in the order of falling `need`. All: shape (n,), n > 0.

    Questions of equal need are sent together: between, the line is what sending them in any order gives on average.
    """
    score = np.asarray(need, dtype=np.float64)
    weak = np.asarray(weak_right, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    gain = (np.asarray(strong_right, dtype=np.float64) - weak)[order]
    accuracy = weak.mean() + np.concatenate([[0.0], np.cumsum(gain)]) / len(score)
    ends = np.flatnonzero(np.diff(score[order]) != 0.0) + 1
    at = np.concatenate([[0], ends, [len(score)]])
    return ShareCurve(shares=at / len(score), accuracies=accuracy[at])
