"""How function calls are routed: a verified cascade of two cheap arms, then a strong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from agentcore.adapters.tables.bfcl import OUTCOMES, read_bfcl
from agentcore.adapters.tables.parquet import need_rows
from agentcore.domain.errors import ConfigError
from agentcore.routing.cascade import CallCascade, Enough, Purse, Stage
from agentcore.routing.cascade_fit import FittedCascade, fit_cascade
from agentcore.routing.cascade_settings import Measured, TwoStages, accuracy, risk_threshold
from agentcore.routing.fitted import FittedRouter, TrainedOn, rounded
from agentcore.routing.frontier import Figures, figures, rightness
from agentcore.routing.outcomes import OutcomeTable, Routed, replay
from agentcore.routing.resplit import resplit_risk

STAGES: Final = (
    ("gpt-4o-mini-2024-07-18", "gemini-1.5-flash-preview-0514"),
    ("claude-3-5-sonnet-20240620",),
)
"""The arms that each stage adds: the two cheapest at the same time, then the strongest."""

BUDGETS: Final = {"balanced": 0.225, "quality": 0.51}
"""What a setting is planned to cost: US dollars per 1,000 queries.

That is a tenth and a sixth below what it may cost, 0.25 and 0.60: a table of other questions spends otherwise, the
more so the more questions are escalated.
"""

PACES: Final = {"balanced": (0.234, 0.005), "quality": (0.55, 0.015)}
"""What a setting may cost at most: US dollars per 1,000 queries, and dollars above that for all of them together.

When it has spent more, it does not escalate until it is within its pace again. For 400 queries that is 0.247 and
0.588 per 1,000, for 700 queries 0.241 and 0.571, and at most one escalation more.
"""

SPARE_SECONDS: Final = 0.94
"""How much of the best arm's 95th percentile is planned for, for the same reason."""

ALPHAS: Final = (0.03, 0.05, 0.08)
CAUTION: Final = 0.95
"""How much of an alpha the fitted thresholds are set for, as one table is not like the next."""

LEAST_LABELLED: Final = 200
"""Questions that a fit needs: with fewer, an estimator learns noise."""


class BfclRecipe:
    """A verified cascade in three settings, and the risk that accepting its answers takes."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError."""
        return read_bfcl(folder)

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return the router fitted on a table. Raises ConfigError for too few questions."""
        need_rows(Path(OUTCOMES), len(table), LEAST_LABELLED, "labelled questions")
        fitted = fit_cascade(table, STAGES, seed=seed)
        measured = Measured.of(table)
        stages = TwoStages(
            first=tuple(table.arms.index(arm) for arm in STAGES[0]),
            second=tuple(table.arms.index(arm) for arm in STAGES[1]),
            left_out=fitted.left_out,
            measured=measured,
        )
        settings = _settings(stages, table, measured)
        thresholds = {
            f"risk-{alpha:g}": risk_threshold(stages, table, settings["quality"], alpha, caution=CAUTION)
            for alpha in ALPHAS
        }
        return FittedRouter(
            dataset="bfcl",
            trained_on=TrainedOn(
                sha256=table.sha256(),
                queries=len(table),
                labels=len(table) * sum(map(len, STAGES)),
                arms=table.arms,
                columns=table.columns,
            ),
            metrics=_metrics(fitted, stages, table, settings),
            estimators={"stages": [stage.as_json() for stage in fitted.cascade.stages]},
            thresholds={
                name: {
                    "value": threshold.value,
                    "alpha": threshold.alpha / CAUTION,
                    "method": threshold.method,
                    "labels": threshold.labels,
                    "warning": threshold.warning(),
                }
                for name, threshold in thresholds.items()
            },
            settings={name: enough.as_json() for name, enough in settings.items()},
        )

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting, and of each bound on the risk, on a table."""
        cascade = _cascade(fitted)
        found: list[Figures] = []
        decisions: dict[str, tuple[Routed, ...]] = {}
        for name, given in fitted.settings.items():
            enough = Enough.from_json(given)
            decisions[name] = replay(table, partial(cascade.decide, enough=enough, purse=Purse(enough)))
            found.append(figures(table, decisions[name], name))
        for name, given in fitted.thresholds.items():
            found += _risk_rows(table, decisions["quality"], name, given)
        return tuple(found)


def _settings(stages: TwoStages, table: OutcomeTable, measured: Measured) -> Mapping[str, Enough]:
    best = int(table.labels.mean(axis=0).argmax())
    limit = SPARE_SECONDS * float(np.quantile(measured.seconds[:, best], 0.95))
    budgets = {
        name: replace(stages.within_cost(usd), usd_per_query=PACES[name][0] / 1000.0, usd_credit=PACES[name][1])
        for name, usd in BUDGETS.items()
    }
    return {**budgets, "latency": stages.within_latency(budgets["quality"], limit)}


def _metrics(
    fitted: FittedCascade, stages: TwoStages, table: OutcomeTable, settings: Mapping[str, Enough]
) -> dict[str, object]:
    return {
        "ece": {source: rounded(value, 4) for source, value in fitted.calibration_errors.items()},
        "left_out_accuracy": {name: rounded(accuracy(stages, table, enough), 4) for name, enough in settings.items()},
        "best_arm_accuracy": rounded(float(table.labels.mean(axis=0).max()), 4),
    }


def _cascade(fitted: FittedRouter) -> CallCascade:
    try:
        stages = cast("list[Mapping[str, Any]]", fitted.estimators["stages"])
        return CallCascade(stages=tuple(Stage.from_json(each) for each in stages))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(
            [f"the fitted router {fitted.version} has no cascade that can be read: {error!r}"]
        ) from error


def _risk_rows(
    table: OutcomeTable, decided: Sequence[Routed], name: str, given: Mapping[str, Any]
) -> tuple[Figures, Figures]:
    """Return what a bound comes to: recalibrated on halves of this table, and by the fitted threshold as it is."""
    alpha = float(given["alpha"])
    least = given["value"]
    accepted = [replace(each, accepted=least is not None and (each.confidence or 0.0) >= least) for each in decided]
    fixed = figures(
        table,
        accepted,
        f"{name}-fitted",
        risk_alpha=alpha,
        note="the quality setting; accepted from the confidence that was fitted",
    )
    halves = resplit_risk([each.confidence or 0.0 for each in decided], rightness(table, decided), alpha)
    resplit = replace(
        fixed,
        setting=name,
        risk_realised=halves.risk,
        accept_rate=halves.accepts,
        note=f"the quality setting; mean over {halves.splits} splits of this table in halves: "
        "each in turn sets the confidence from which the other's answers are accepted",
    )
    return resplit, fixed
