"""The benchmark of decisions in small."""

from __future__ import annotations

from benchmarks.decisions import TARGET_MS, row


def test_a_decision_takes_less_than_a_millisecond():
    found = row(8, 500)
    assert found["choose_ms"]["p50"] < TARGET_MS / 2
    assert found["told_bytes"] < 100_000
