"""Random runs with all that can happen to them, their forks, and forks of these: each replays to the same.

`python -m benchmarks.replays --runs 10000` does more of it; a seed that went wrong is told.
"""

from __future__ import annotations

import json

from benchmarks.replays import prove

RUNS = 120
EVERYTHING = {
    "approval_decided",
    "approval_requested",
    "effect_refused",
    "effect_reused",
    "plan_rejected",
    "run_parked",
    "run_resumed",
    "step_failed",
}


def test_forks_and_replays_with_permuted_timing_are_equal():
    report = prove(RUNS, seed=0)
    assert report.failures == []
    assert (report.runs, report.forks, report.replays) == (RUNS, 2 * RUNS, 6 * RUNS)
    assert set(report.facts) >= EVERYTHING
    assert set(report.ends) >= {"succeeded", "refused", "failed", "denied", "over_budget", "cancelled", "waiting"}
    assert report.crashes > 0 < report.closings
    assert json.loads(report.as_json())["ends"] == dict(report.ends)
