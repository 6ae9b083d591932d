"""What the benchmark of the bandit says, on a few of its seeds."""

from __future__ import annotations

import numpy as np

from agentcore.routing.bandit import BanditSettings
from benchmarks.bandit import DROP_AT, STEPS, recovered_after, route, world

SEEDS = range(4)


def test_from_a_warm_start_it_does_not_lose_to_the_best_fixed_model():
    for seed in SEEDS:
        found = world(seed, drop=False)
        chosen, explored = route(found, BanditSettings(explore=0.02), warm=True, seed=seed)
        assert found.utilities[np.arange(STEPS), chosen].mean() >= found.utilities.mean(axis=0).max()
        assert 0.005 <= explored <= 0.03


def test_it_recovers_from_a_silent_drop_within_20_choices():
    for seed in SEEDS:
        found = world(seed, drop=True)
        chosen, _ = route(found, BanditSettings(explore=0.02), warm=True, seed=seed)
        assert recovered_after(found, chosen) <= 20
        assert (
            found.utilities[DROP_AT:].mean(axis=0).max()
            <= found.utilities[np.arange(DROP_AT, STEPS), chosen[DROP_AT:]].mean()
        )
