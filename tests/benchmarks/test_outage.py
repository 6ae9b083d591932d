"""The benchmark of outages in small: whatever happens to a provider, no step is lost and the router follows."""

from __future__ import annotations

import asyncio

import pytest

from agentcore.routing.choose import Weights
from benchmarks.outage import EVENTS, START, WINDOW, lived, recovered


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_cost_latency_and_quality_recover_within_twenty_decisions_and_no_step_is_lost(event):
    done = asyncio.run(lived(event, live=True, before=30, after=40, seed=1))
    best = max(event.after(START).values(), key=lambda world: world.utility(Weights()))
    assert not any(each.lost for each in done)
    decisions = recovered(done, best)
    assert decisions is not None
    assert decisions <= WINDOW


def test_without_live_statistics_it_would_not():
    slow = next(event for event in EVENTS if event.name == "10x latency")
    done = asyncio.run(lived(slow, live=False, before=5, after=25, seed=1))
    best = max(slow.after(START).values(), key=lambda world: world.utility(Weights()))
    assert recovered(done, best) is None
