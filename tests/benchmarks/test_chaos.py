"""The chaos benchmark in small: what it proves in full is proved of some hundred runs whenever the tests run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.postgres import missing

from agentcore.testing.postgres_server import postgres_binaries

ROOT = Path(__file__).resolve().parents[2]


def chaos(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def broken(report, *, but=()):
    """Return the promises that are broken; those about times depend on what else this machine does."""
    return [each for each in report["broken"] if not each.startswith(("take_over", *but))]


@pytest.mark.timeout(180)
def test_nothing_is_lost_or_repeated_on_postgres():
    if postgres_binaries() is None:
        missing("initdb and postgres are not installed: install PostgreSQL's server")
    report = chaos("--runs=500", "--kills=10", "--restarts=2", "--workers=3", "--over=30", "--seconds=0.05")
    assert broken(report) == [], report
    assert (report["runs"], report["steps"], report["kills"], report["restarts"]) == (500, 3500, 10, 2)
    assert report["take_over_p95_away_from_restarts"] < 3 * report["take_over_bound"], report


@pytest.mark.timeout(180)
def test_nothing_is_lost_or_repeated_on_sqlite():
    report = chaos("--store=sqlite", "--runs=500", "--kills=10", "--workers=2", "--over=15", "--seconds=0.05")
    assert broken(report) == [], report
    assert (report["runs"], report["steps"], report["kills"]) == (500, 3500, 10)
