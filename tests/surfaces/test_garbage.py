from __future__ import annotations

import gc
import subprocess
import sys

from agentcore.surfaces.garbage import THRESHOLDS, tune_gc


def test_the_collector_runs_seldom_from_then_on():
    before = gc.get_threshold()
    try:
        tune_gc()
        assert gc.get_threshold() == THRESHOLDS
    finally:
        gc.set_threshold(*before)


def test_no_import_changes_the_collector_of_a_process_that_is_not_ours():
    program = "import gc; before = gc.get_threshold(); import agentcore.app, agentcore.surfaces.cli.main; "
    program += "assert gc.get_threshold() == before"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
