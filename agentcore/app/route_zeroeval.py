"""How questions of reasoning are routed: two cheap models in parallel, then better ones, one by one.

Settings: `best-arm` is the cheapest that is as good as the best single model on the questions it was fitted on, by a
margin; `quality` the best for at most a share of what that model costs; `alpha-...` accept an answer only when the
risk of accepting a wrong one is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from agentcore.adapters.tables.parquet import need_rows
from agentcore.adapters.tables.zeroeval import OUTCOMES, read_zeroeval
from agentcore.adapters.tables.zeroeval_prices import ARMS, PRICES
from agentcore.confidence.risk import learned_threshold
from agentcore.routing.fitted import FittedRouter, TrainedOn
from agentcore.routing.folds import cross_fitted_ece
from agentcore.routing.frontier import Figures, figures
from agentcore.routing.outcomes import OutcomeTable, Routed, replay
from agentcore.routing.staged import LeftOut, Staged, fit_staged

STAGES: Final = (
    ("deepseek-v2.5-0908", "gpt-4o-mini-2024-07-18"),
    ("Meta-Llama-3.1-70B-Instruct",),
    ("claude-3-5-sonnet-20241022",),
    ("gpt-4o-2024-08-06",),
)
"""Arms asked at the same time, then when that is not enough. All are in the table of prices."""

LEAST_QUESTIONS: Final = 200
FOLDS: Final = 5
MARGIN: Final = 0.01
"""By how much `best-arm` must beat the best arm on questions left out: what was chosen on them flatters."""

MOST_COST: Final = 0.55
"""Of the best arm's cost, for `quality`."""

ALPHAS: Final = (0.03, 0.05, 0.08)


class ZeroEvalRecipe:
    """A staged cascade."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError."""
        return read_zeroeval(folder, ARMS, {arm: (price.input, price.output) for arm, price in PRICES.items()})

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return the router fitted on a table. Raises ConfigError when it has too few questions."""
        need_rows(Path(OUTCOMES), len(table), LEAST_QUESTIONS, "questions that every arm answered")
        cascade, left_out = fit_staged(table, STAGES, parts=FOLDS, seed=seed)
        best = int(np.argmax(table.labels.mean(axis=0)))
        accuracy = float(table.labels[:, best].mean())
        usd = float(np.mean([answers[best].usd or 0.0 for answers in table.answers]))
        chosen = {"best-arm": _cheapest(left_out, accuracy + MARGIN), "quality": _best(left_out, MOST_COST * usd)}
        metrics: dict[str, object] = {"best_arm": table.arms[best], "best_arm_accuracy": accuracy}
        for name, thresholds in chosen.items():
            reached, cost = left_out.outcome(thresholds)
            metrics |= {f"accuracy_{name}": reached, f"cost_share_{name}": cost / usd}
        final, right = _final(left_out, chosen["quality"])
        metrics["ece"] = cross_fitted_ece(final, right, seed=seed)
        accept = {f"alpha-{alpha:g}": learned_threshold(final, right, alpha) for alpha in ALPHAS}
        warnings = {name: found.warning() for name, found in accept.items() if found.warning()}
        return FittedRouter(
            dataset="zeroeval",
            trained_on=TrainedOn(
                sha256=table.sha256(),
                queries=len(table),
                labels=table.labels.size,
                arms=table.arms,
                columns=table.columns,
            ),
            metrics=metrics | ({"warnings": warnings} if warnings else {}),
            estimators={"cascade": cascade.as_json()},
            thresholds={
                **{name: list(thresholds) for name, thresholds in chosen.items()},
                **{name: found.value for name, found in accept.items()},
            },
            settings={"seed": seed, "folds": FOLDS, "margin": MARGIN, "most_cost": MOST_COST, "alphas": list(ALPHAS)},
        )

    def judged(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Routed, ...]:
        """Return what the quality setting does, with how likely each answer taken is right."""
        return replay(table, Staged.from_json(fitted.estimators["cascade"]).decide(fitted.thresholds["quality"]))

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting."""
        cascade = Staged.from_json(fitted.estimators["cascade"])
        rows = [
            figures(table, replay(table, cascade.decide(fitted.thresholds[name])), name, note=_NOTE)
            for name in ("best-arm", "quality")
        ]
        for alpha in fitted.settings["alphas"]:
            name = f"alpha-{alpha:g}"
            accept = fitted.thresholds[name]
            decide = cascade.decide(fitted.thresholds["quality"], accept=2.0 if accept is None else accept)
            rows.append(figures(table, replay(table, decide), name, risk_alpha=alpha, note=_NOTE))
        return tuple(rows)


_NOTE: Final = "costs: characters / 4 at list prices of 2024; latency was not recorded"


def _cheapest(left_out: LeftOut, accuracy: float) -> tuple[float, ...]:
    """Return the thresholds of least cost that reach an accuracy; the most accurate ones when none does."""
    grid = left_out.grid()
    enough = [each for each in grid if each[1] >= accuracy]
    return min(enough, key=lambda each: each[2])[0] if enough else max(grid, key=lambda each: each[1])[0]


def _best(left_out: LeftOut, usd: float) -> tuple[float, ...]:
    """Return the most accurate thresholds within a mean cost; the cheapest ones when none is."""
    grid = left_out.grid()
    within = [each for each in grid if each[2] <= usd]
    return max(within, key=lambda each: (each[1], -each[2]))[0] if within else min(grid, key=lambda each: each[2])[0]


def _final(left_out: LeftOut, thresholds: Sequence[float]) -> tuple[Any, Any]:
    stops, everyone = left_out.stops(thresholds), list(range(left_out.right.shape[1]))
    return left_out.confidences[stops, everyone], left_out.right[stops, everyone]
