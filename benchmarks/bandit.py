"""What learning from verdicts is worth: a simulated world of four models, with and without a silent drop in quality.

    python -m benchmarks.bandit [--seeds 20] [--json]

Each query has three features; each model is right with a probability that is logistic in them. The offline fit is a
logistic regression for each model on 800 queries with all outcomes known, as `agentcore route fit` has them. Then
1,700 queries are routed, and only the chosen model's outcome is seen. In the second world the model that is chosen
most loses quality in the middle, and nobody is told. Nothing here is data of anybody.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from agentcore.routing.bandit import Arm, Bandit, BanditSettings

STEPS = 1_700
DROP_AT = 850
LABELLED = 800
ARMS = ("mini", "flash", "middle", "large")
PENALTIES = np.array([0.006, 0.004, 0.012, 0.09])
"""What cost and time take from the utility of each."""
SKILLS = np.array([[1.6, 0.5, -0.4, 0.2], [1.2, -0.4, 0.4, 0.2], [1.5, 0.1, 0.1, -0.5], [2.2, 0.2, 0.1, 0.2]])
"""The logits of being right: of each model, for (1, three features)."""
DROPPED = 2.8
"""By how much the logit of the dropped model falls: from about .8 to .25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """queries: rows of (1, features).  chances: of being right, for each query and model.  outcomes: drawn of them."""

    queries: np.ndarray
    chances: np.ndarray
    outcomes: np.ndarray
    fitted: np.ndarray

    @property
    def utilities(self) -> np.ndarray:
        """Expected ones, of each query and model."""
        return self.chances - PENALTIES


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def logistic(rows: np.ndarray, outcomes: np.ndarray, ridge: float = 1.0) -> np.ndarray:
    """Return the weights of a ridge logistic regression, by Newton's method."""
    weights = np.zeros(rows.shape[1])
    for _ in range(25):
        p = sigmoid(rows @ weights)
        hessian = (rows * (p * (1 - p))[:, None]).T @ rows + ridge * np.eye(rows.shape[1])
        weights -= np.linalg.solve(hessian, rows.T @ (p - outcomes) + ridge * weights)
    return weights


def world(seed: int, *, drop: bool) -> World:
    rng = np.random.default_rng(seed)

    def queries(count: int) -> np.ndarray:
        return np.column_stack((np.ones(count), rng.normal(size=(count, 3))))

    past, rows = queries(LABELLED), queries(STEPS)
    known = rng.random((LABELLED, len(ARMS))) < sigmoid(past @ SKILLS.T)
    weights = np.array([logistic(past, known[:, arm].astype(float)) for arm in range(len(ARMS))])
    logits = rows @ SKILLS.T
    fitted = sigmoid(rows @ weights.T)
    if drop:
        most = np.bincount((fitted - PENALTIES)[:DROP_AT].argmax(axis=1), minlength=len(ARMS)).argmax()
        logits[DROP_AT:, most] -= DROPPED
    chances = sigmoid(logits)
    return World(queries=rows, chances=chances, outcomes=rng.random(chances.shape) < chances, fitted=fitted)


def route(found: World, settings: BanditSettings, *, warm: bool, seed: int) -> tuple[np.ndarray, float]:
    """Return which model was chosen for each query, and the share of choices that explored."""
    rng = np.random.default_rng(seed + 10_000)
    bandit = Bandit(size=4, settings=settings)
    chosen = np.zeros(STEPS, dtype=int)
    explored = 0
    for step, row in enumerate(found.queries):
        arms = [
            Arm(
                name=name, probability=float(found.fitted[step, each]) if warm else 0.5, penalty=float(PENALTIES[each])
            )
            for each, name in enumerate(ARMS)
        ]
        choice = bandit.choose(row, arms, draw=float(rng.random()))
        chosen[step] = ARMS.index(choice.arm)
        explored += choice.explored
        bandit = bandit.learn(row, arms[chosen[step]], float(found.outcomes[step, chosen[step]]))
    return chosen, explored / STEPS


def recovered_after(found: World, chosen: np.ndarray) -> int:
    """Return after how many choices from the drop on so little is lost as if the drop were known.

    Over the next 50 choices, on average at most 0.05 of utility against the best model for each query; on the dropped
    model's queries about 0.4 is lost.
    """
    lost = (found.utilities.max(axis=1) - found.utilities[np.arange(STEPS), chosen])[DROP_AT:]
    return next((after for after in range(200) if lost[after : after + 50].mean() <= 0.05), 200)


def compare(seeds: int, settings: BanditSettings) -> dict[str, dict[str, float]]:
    """Return the mean utility of a choice in each world, how many choices a recovery takes, and what was explored."""
    off = BanditSettings(explore=0.0, trust=1e9, trust_in_shape=1e9, alarm=1e9)
    cold = replace(settings, trust=1.0, trust_in_shape=4.0)
    ways: dict[str, Callable[[World, int], tuple[np.ndarray, float]]] = {
        "offline fit alone": lambda found, seed: route(found, off, warm=True, seed=seed),
        "bandit, warm": lambda found, seed: route(found, settings, warm=True, seed=seed),
        "bandit, cold": lambda found, seed: route(found, cold, warm=False, seed=seed),
    }
    figures: dict[str, dict[str, float]] = {}
    for name, drop in (("steady", False), ("drop", True)):
        sums: dict[str, list[float]] = {}
        recoveries: dict[str, list[int]] = {}
        for seed in range(seeds):
            found = world(seed, drop=drop)
            sums.setdefault("best fixed model", []).append(found.utilities.mean(axis=0).max())
            sums.setdefault("best for each query", []).append(found.utilities.max(axis=1).mean())
            for way, take in ways.items():
                chosen, explored = take(found, seed)
                sums.setdefault(way, []).append(found.utilities[np.arange(STEPS), chosen].mean())
                sums.setdefault(f"{way}: explored", []).append(explored)
                recoveries.setdefault(way, []).append(recovered_after(found, chosen))
        figures[name] = {way: round(float(np.mean(values)), 4) for way, values in sums.items()}
        wins = np.array(sums["bandit, warm"]) >= np.array(sums["best fixed model"])
        figures[name]["seeds in which the warm bandit is not below the best fixed model"] = float(np.mean(wins))
        if drop:
            for way, values in recoveries.items():
                figures[name][f"{way}: recovered after (median)"] = float(np.median(values))
                figures[name][f"{way}: recovered after (95 %)"] = float(np.quantile(values, 0.95))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--explore", type=float, default=0.02)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = compare(given.seeds, BanditSettings(explore=given.explore))
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for name, values in figures.items():
        print(f"{name}: mean utility of {STEPS} choices, {given.seeds} seeds")
        for what, value in values.items():
            print(f"  {what:<70} {value:g}")


if __name__ == "__main__":
    main()
