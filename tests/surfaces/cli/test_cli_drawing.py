"""Trees and diagrams of runs that are not so simple."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from agentcore.domain.budget import Budget
from agentcore.domain.event import Event, PlanAccepted, RunStarted
from agentcore.domain.ids import AgentName, RunId, StepId
from agentcore.domain.plan import Plan, Step
from agentcore.domain.task import Task
from agentcore.domain.trace import Trace, trace
from agentcore.surfaces.cli.diagram import mermaid, text
from agentcore.surfaces.cli.tree import money, run_tree


def planned(*steps: Step) -> Trace:
    started = RunStarted(task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot="", runtime="0")
    facts = (started, PlanAccepted(plan=Plan(steps=steps), revision=0))
    return trace([Event(run=RunId("r"), sequence=n, at=0.0, fact=fact) for n, fact in enumerate(facts, start=1)])


def step(id: str, *uses: str, instruction: str = "do it") -> Step:
    return Step(id=StepId(id), agent=AgentName("worker"), instruction=instruction, uses=tuple(map(StepId, uses)))


def drawn(found: Trace, width: int = 100) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, markup=False)
    screen.print(run_tree(found))
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def test_a_step_stands_under_the_last_of_those_that_it_needs():
    lines = drawn(planned(step("a"), step("b"), step("c", "a"), step("d", "a", "c"), step("e")))
    assert [line.partition(" (worker)")[0] for line in lines[2:]] == [
        "├─ · a",
        "│  └─ · c",
        "│     └─ · d",
        "├─ · b",
        "└─ · e",
    ]


def test_a_long_chain_is_drawn():
    steps = [step("s0"), *(step(f"s{n}", f"s{n - 1}") for n in range(1, 1200))]
    assert len(drawn(planned(*steps))) >= 1202


def test_a_long_instruction_is_cut():
    assert "x" * 47 + "…" in drawn(planned(step("a", instruction="x" * 100)), width=140)[2]


def test_where_it_is_narrow_the_figures_stay_and_the_task_is_cut():
    head, row = drawn(planned(step("a", instruction="x" * 100)), width=80)[1:]
    assert head.split() == ["step", "model", "verdict", "tokens", "cost", "time"]
    assert row.split()[-2:] == ["$0", "-"]
    assert row.split()[:4] == ["└─", "·", "a", "(worker)"]


def test_nothing_in_a_step_can_end_a_label_of_a_diagram():
    found = planned(step("a", instruction='"]; click n1 "javascript:x" <script>`\n&'))
    line = mermaid(found).splitlines()[1]
    assert line.count('"') == 2
    assert set("<>`") & set(line.replace("<b>", "").replace("</b>", "").replace("<br/>", "")) == set()


def test_a_diagram_as_text_has_one_line_a_step():
    assert text(planned(step("a"), step("b", "a"))) == "a [worker] ready: do it\na → b [worker] waiting: do it"


@pytest.mark.parametrize(
    ("usd", "shown"), [("0", "$0"), ("0.0000131", "$0.000013"), ("0.0123", "$0.0123"), ("12", "$12.0000")]
)
def test_money_has_as_many_digits_as_tell_something(usd, shown):
    assert money(Decimal(usd)) == shown
