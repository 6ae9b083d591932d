"""How word problems are routed between a weak and a strong arm: before any answer, and after the weak one's.

The weak arm's worked answer is checked for free; the less likely it is right, the sooner the strong arm is called.
When both have answered, that answer is taken which is more likely to be scored right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agentcore.adapters.tables.parquet import need_rows
from agentcore.adapters.tables.routellm import GSM8K, read_gsm8k
from agentcore.confidence.calibration import Isotonic, fit_isotonic
from agentcore.confidence.estimator import Estimator, EstimatorSettings, as_rows, fit_estimator
from agentcore.confidence.trees import ForestSettings
from agentcore.routing.deciles import decile_curve
from agentcore.routing.fitted import FittedRouter, TrainedOn
from agentcore.routing.folds import cross_fitted_ece, folds
from agentcore.routing.frontier import Figures, figures
from agentcore.routing.outcomes import Asking, Decide, OutcomeTable, Question, Routed, replay
from agentcore.routing.prerouter import PreRouter, fit_prerouter, read_question
from agentcore.verification.worked_answer import WorkedAnswer, pair_evidence, read_worked_answer, worked_evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_QUESTIONS: Final = 100
FOLDS: Final = 5
SETTINGS: Final = EstimatorSettings(boosted=ForestSettings(rounds=120, leaves=6, feature_share=0.4), random_trees=40)
SHARES: Final[Mapping[str, float]] = {"pre-route": 0.5, "verified": 0.3, "verified-quality": 0.6}
"""Setting → the share of questions that it sends to the strong arm, on the table that it is fitted on."""


class Gsm8kRecipe:
    """A cascade of two arms, with free verifiers between them."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError."""
        return read_gsm8k(folder)

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return the router fitted on a table. Raises ConfigError when it has too few questions."""
        need_rows(Path(GSM8K), len(table), LEAST_QUESTIONS, "questions")
        evidence = _Evidence(table)
        left_out = [np.zeros(len(table)) for _ in range(3)]
        everything = np.arange(len(table))
        for train, test in folds(len(table), FOLDS, seed=seed):
            for scores, found in zip(left_out, _fit(evidence, table, train, seed).scores(evidence), strict=True):
                scores[test] = found[test]
        lift, weak, choice = left_out
        calibration = fit_isotonic(weak, table.labels[:, 0])
        taken = np.where(choice >= 0.5, table.labels[:, 1], table.labels[:, 0])
        right = table.labels.T
        return FittedRouter(
            dataset="gsm8k",
            trained_on=TrainedOn(
                sha256=table.sha256(),
                queries=len(table),
                labels=table.labels.size,
                arms=table.arms,
                columns=table.columns,
            ),
            metrics={
                "apgr_pre_route": decile_curve(lift, *right).apgr(),
                "apgr_verified_without_choice": decile_curve(-weak, *right).apgr(),
                "apgr_verified": decile_curve(-weak, *right, escalated_right=taken).apgr(),
                "accuracy_of_choice": float(taken.mean()),
                "ece_weak_answer": cross_fitted_ece(weak, table.labels[:, 0], seed=seed),
            },
            estimators=_fit(evidence, table, everything, seed).as_json(),
            calibrations={"weak": calibration.as_json()},
            thresholds={
                name: float(np.quantile(lift if name == "pre-route" else -weak, 1.0 - share))
                for name, share in SHARES.items()
            },
            settings={"seed": seed, "folds": FOLDS, "shares": dict(SHARES)},
        )

    def judged(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Routed, ...]:
        """Return what the setting `verified` does, with how likely the weak answers that it keeps are right."""
        return replay(table, Gsm8kRouter(fitted).after("verified"))

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting."""
        router = Gsm8kRouter(fitted)
        weak, strong = table.labels.T
        need, verified, right = _asked_everything(router, table)
        before, after = decile_curve(need, weak, strong), decile_curve(verified, weak, strong, escalated_right=right)
        found: list[Figures] = []
        for name in SHARES:
            routed = replay(table, router.before if name == "pre-route" else router.after(name))
            curve = before if name == "pre-route" else after
            found.append(figures(table, routed, name, curve=curve, note=_note(routed, table.arms[1])))
        return tuple(found)


class Gsm8kRouter:
    """A fitted router at work."""

    def __init__(self, fitted: FittedRouter) -> None:
        self._models = _Models.from_json(fitted.estimators)
        self._thresholds = fitted.thresholds
        self._weak, self._strong = fitted.trained_on.arms
        self._calibration = Isotonic.from_json(fitted.calibrations["weak"])

    def need(self, question: Question) -> float:
        """Return how much likelier the strong arm is right than the weak one, before any answer."""
        weak, strong = self._models.before.probabilities(question.text)
        return strong - weak

    def weak_right(self, question: Question, weak: WorkedAnswer) -> float:
        """Return P(correct) of the weak arm's answer, not yet calibrated."""
        return self._models.weak.probability(worked_evidence(question.text, weak))

    def takes_strong(self, question: Question, weak: WorkedAnswer, strong: WorkedAnswer) -> bool:
        """Return whether the strong arm's answer is the likelier of both."""
        return self._models.choice.probability(pair_evidence(question.text, weak, strong)) >= 0.5

    def before(self, question: Question, asking: Asking) -> Routed:
        """Decide before any answer."""
        arm = self._strong if self.need(question) >= self._thresholds["pre-route"] else self._weak
        asking.ask(arm)
        return asking.take(arm)

    def after(self, setting: str) -> Decide:
        """Return what decides on the weak arm's answer, at a setting."""

        def decide(question: Question, asking: Asking) -> Routed:
            (answer,) = asking.ask(self._weak)
            weak = read_worked_answer(answer.text)
            right = self.weak_right(question, weak)
            if -right < self._thresholds[setting]:
                return asking.take(self._weak, confidence=self._calibration.probability(right))
            (answer,) = asking.ask(self._strong)
            chosen = self._strong if self.takes_strong(question, weak, read_worked_answer(answer.text)) else self._weak
            return asking.take(chosen, accepted=False)

        return decide


class _Evidence:
    """The evidence about every question of a table, as rows."""

    def __init__(self, table: OutcomeTable) -> None:
        texts = [question.text for question in table.questions]
        read = [tuple(read_worked_answer(answer.text) for answer in answers) for answers in table.answers]
        self.questions = [read_question(text, "") for text in texts]
        weak = [worked_evidence(text, pair[0]) for text, pair in zip(texts, read, strict=True)]
        pairs = [pair_evidence(text, *pair) for text, pair in zip(texts, read, strict=True)]
        self.weak_names, self.pair_names = tuple(weak[0]), tuple(pairs[0])
        self.weak, self.pairs = as_rows(weak, self.weak_names), as_rows(pairs, self.pair_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Models:
    """The estimators.

    before: P(correct) of each arm, before any answer.  weak: P(the weak arm's answer is right).  choice: P(the strong
    arm's answer is the right one), of two of which one is.
    """

    before: PreRouter
    weak: Estimator
    choice: Estimator

    def scores(self, evidence: _Evidence) -> tuple[NDArray[np.float64], ...]:
        """Return, of each question, strong minus weak before any answer, and what the other two say."""
        said = np.array([self.before.estimates(question) for question in evidence.questions])
        return (
            said[:, 1] - said[:, 0],
            self.weak.probabilities(evidence.weak),
            self.choice.probabilities(evidence.pairs),
        )

    def as_json(self) -> dict[str, object]:
        return {name: getattr(self, name).as_json() for name in ("before", "weak", "choice")}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> _Models:
        return cls(
            before=PreRouter.from_json(found["before"]),
            weak=Estimator.from_json(found["weak"]),
            choice=Estimator.from_json(found["choice"]),
        )


def _fit(evidence: _Evidence, table: OutcomeTable, rows: NDArray[np.intp], seed: int) -> _Models:
    weak, strong = table.labels.T
    one_right = rows[weak[rows] != strong[rows]]
    return _Models(
        before=fit_prerouter([evidence.questions[int(at)] for at in rows], table.labels[rows], seed=seed),
        weak=fit_estimator(evidence.weak[rows], weak[rows], evidence.weak_names, settings=SETTINGS, seed=seed),
        choice=fit_estimator(
            evidence.pairs[one_right], strong[one_right], evidence.pair_names, settings=SETTINGS, seed=seed
        ),
    )


def _asked_everything(router: Gsm8kRouter, table: OutcomeTable) -> tuple[NDArray[np.float64], ...]:
    """Return of each question: need before and after the weak answer; whether what an escalation takes is right."""
    before: list[float] = []
    after: list[float] = []
    right: list[bool] = []
    for question, answers, labels in zip(table.questions, table.answers, table.labels.tolist(), strict=True):
        weak, strong = (read_worked_answer(answer.text) for answer in answers)
        before.append(router.need(question))
        after.append(-router.weak_right(question, weak))
        right.append(labels[int(router.takes_strong(question, weak, strong))])
    return np.array(before), np.array(after), np.array(right)


def _note(routed: Sequence[Routed], strong: str) -> str:
    share = sum(any(strong in asked for asked in each.rounds) for each in routed) / len(routed)
    return f"calls of the strong arm: {share:.3f} of the questions; cpt counts these"
