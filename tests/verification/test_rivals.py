"""What in a task might have been meant instead."""

from __future__ import annotations

from agentcore.verification.evidence import Evidence
from agentcore.verification.rivals import unused_figures


def task(text):
    return [Evidence(id="task", content={"goal": text}, kind="task")]


def test_figures_of_the_task_that_the_output_leaves_out_are_counted():
    assert unused_figures({"quantity": 9}, task("We have 12 routers in Rome and want 9 more.")) == 1
    assert unused_figures({"quantity": 9}, task("We want 9 routers.")) == 0
    assert unused_figures({"quantity": 40}, task("40 switches; we are twelve people and have 6 already.")) == 2


def test_an_output_without_figures_has_no_rivals():
    assert unused_figures({"kind": "order"}, task("We want 9 routers.")) is None


def test_only_the_task_counts():
    found = Evidence(id="handbook.1", content="An order of 25 units", kind="tool")
    assert unused_figures("9 routers", [*task("We want 9 routers."), found]) == 0
