"""How multiple-choice questions are routed between a weak and a strong arm, before any answer.

Two settings: with the question's subject as a declared type of step, and without it, from the text alone. The
strong arm is called where it is most likely to be right when the weak one is not: by P(strong right) - P(weak right).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from agentcore.adapters.tables.parquet import need_rows
from agentcore.adapters.tables.routellm import MMLU, read_mmlu
from agentcore.confidence.word_ridge import Hashed
from agentcore.routing.deciles import decile_curve
from agentcore.routing.fitted import FittedRouter, TrainedOn
from agentcore.routing.folds import cross_fitted_ece, folds
from agentcore.routing.frontier import Figures, figures
from agentcore.routing.outcomes import Asking, Decide, OutcomeTable, Question, Routed, replay
from agentcore.routing.prerouter import PreRouter, fit_prerouter, read_question

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_QUESTIONS: Final = 200
FOLDS: Final = 5
STRONG_SHARE: Final = 0.5
"""Of the questions that it is fitted on, what a setting sends to the strong arm."""

PRE_ROUTE: Final = "pre-route"
TEXT_ONLY: Final = "pre-route-text-only"


class MmluRecipe:
    """A pre-router of two arms."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError."""
        return read_mmlu(folder)

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return the router fitted on a table. Raises ConfigError when it has too few questions."""
        need_rows(Path(MMLU), len(table), LEAST_QUESTIONS, "questions")
        weak, strong = table.labels.T
        metrics: dict[str, object] = {}
        thresholds: dict[str, float] = {}
        routers: dict[str, object] = {}
        for name in (PRE_ROUTE, TEXT_ONLY):
            questions = [read_question(each.text, each.kind if name == PRE_ROUTE else "") for each in table.questions]
            said = _left_out(questions, table.labels, seed)
            need = said[:, 1] - said[:, 0]
            curve = decile_curve(need, weak, strong)
            metrics |= {f"apgr_{name}": curve.apgr(), f"cpt50_{name}": curve.cpt(0.5), f"cpt80_{name}": curve.cpt(0.8)}
            for at, arm in enumerate(table.arms):
                metrics[f"ece_{name}_{arm}"] = cross_fitted_ece(said[:, at], table.labels[:, at], seed=seed)
            thresholds[name] = float(np.quantile(need, 1.0 - STRONG_SHARE))
            routers[name] = fit_prerouter(questions, table.labels, seed=seed).as_json()
        return FittedRouter(
            dataset="mmlu",
            trained_on=TrainedOn(
                sha256=table.sha256(),
                queries=len(table),
                labels=table.labels.size,
                arms=table.arms,
                columns=table.columns,
            ),
            metrics=metrics,
            estimators=routers,
            thresholds=thresholds,
            settings={"seed": seed, "folds": FOLDS, "strong_share": STRONG_SHARE},
        )

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting."""
        weak, strong = table.labels.T
        found: list[Figures] = []
        for name in (PRE_ROUTE, TEXT_ONLY):
            router = PreRouter.from_json(fitted.estimators[name])
            knows_kind = name == PRE_ROUTE
            need = [_need(router, question, knows_kind=knows_kind) for question in table.questions]
            decide = _decide(router, table.arms, fitted.thresholds[name], knows_kind=knows_kind)
            found.append(
                figures(
                    table,
                    replay(table, decide),
                    name,
                    curve=decile_curve(need, weak, strong),
                    note="the subject is the declared type of step" if knows_kind else "the subject is not known",
                )
            )
        return tuple(found)


def _left_out(questions: Sequence[Hashed], labels: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Return P(correct) of each arm for each question, by pre-routers that were not fitted on it."""
    said = np.zeros(labels.shape)
    for train, test in folds(len(questions), FOLDS, seed=seed):
        router = fit_prerouter([questions[int(at)] for at in train], labels[train], seed=seed)
        for at in map(int, test):
            said[at] = router.estimates(questions[at])
    return said


def _need(router: PreRouter, question: Question, *, knows_kind: bool) -> float:
    weak, strong = router.probabilities(question.text, question.kind if knows_kind else "")
    return strong - weak


def _decide(router: PreRouter, arms: Sequence[str], threshold: float, *, knows_kind: bool) -> Decide:
    def route(question: Question, asking: Asking) -> Routed:
        weak, strong = router.probabilities(question.text, question.kind if knows_kind else "")
        at = int(strong - weak >= threshold)
        asking.ask(arms[at])
        return asking.take(arms[at], confidence=(weak, strong)[at])

    return route
