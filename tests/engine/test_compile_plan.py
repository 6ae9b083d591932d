from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.counting import counted_calls

from agentcore.domain.agent import Agent, Role, Uses
from agentcore.domain.errors import PlanError
from agentcore.domain.ids import ANSWER, AgentName, StepId
from agentcore.domain.plan import FromStep, FromTask, Literal, Step
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.compile_plan import compile_plan, proposal_schema

NUMBER = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}


def agent(name: str, **fields: object) -> Agent:
    return Agent(name=AgentName(name), **fields)  # type: ignore[arg-type]


AGENTS = {
    a.name: a
    for a in (
        agent("boss", role=Role.SUPERVISOR),
        agent("finder", uses=Uses.NONE, output=NUMBER),
        agent("adder", uses=Uses.EARLIER),
        agent("picker"),
        agent("typed", inputs={"amount": {"type": "number"}, "city": {"type": "string"}}),
        agent("writer"),
    )
}
TEAM = Team(
    supervisor=AgentName("boss"),
    workers=tuple(AgentName(name) for name in ("finder", "adder", "picker", "typed")),
    answer=AgentName("writer"),
)
TASK = Task(goal="add things", inputs={"city": "Rome", "count": 3})


def compile_(proposal: object, limits: RunLimits | None = None, done: tuple[Step, ...] = (), task: Task = TASK):
    return compile_plan(
        proposal,  # type: ignore[arg-type]
        task=task,
        team=TEAM,
        agents=AGENTS,
        limits=limits or RunLimits(),
        done=done,
    )


def problems(proposal: object, limits: RunLimits | None = None) -> list[str]:
    with pytest.raises(PlanError) as caught:
        compile_(proposal, limits)
    return list(caught.value.problems)


def test_steps_are_named_after_their_agents_and_the_answer_comes_last():
    plan = compile_(
        {
            "steps": [
                {"agent": "finder", "task": "a"},
                {"agent": "finder", "task": "b"},
                {"agent": "adder", "task": "c"},
            ]
        }
    )
    assert [step.id for step in plan.steps] == ["finder", "finder_2", "adder", ANSWER]
    assert plan.steps[2].uses == ("finder", "finder_2")
    assert plan.steps[0].uses == ()
    assert plan.steps[-1].agent == "writer"
    assert plan.steps[-1].uses == ("finder", "finder_2", "adder")
    assert plan.steps[-1].instruction == "add things"


def test_inputs_are_wired_by_reference_by_name_and_as_literals():
    plan = compile_(
        {
            "steps": [
                {"id": "one", "agent": "finder", "task": "find", "uses": []},
                {"id": "two", "agent": "typed", "task": "use", "uses": ["one"]},
                {"id": "three", "agent": "typed", "task": "use", "uses": [], "inputs": {"amount": 4, "city": "Oslo"}},
                {
                    "id": "four",
                    "agent": "typed",
                    "task": "use",
                    "uses": [],
                    "inputs": {"amount": "one.amount", "city": "task.city"},
                },
            ]
        }
    )
    by_id = {step.id: step for step in plan.steps}
    assert by_id[StepId("two")].inputs == {
        "amount": FromStep(step=StepId("one"), path=("amount",)),
        "city": FromTask(name="city"),
    }
    assert by_id[StepId("three")].inputs == {"amount": Literal(value=4), "city": Literal(value="Oslo")}
    assert by_id[StepId("four")].needs == {"one"}


@pytest.mark.parametrize(
    ("proposal", "expected"),
    [
        ("prose", ['the plan must be {"steps": [...]} with at least one step']),
        ({"steps": []}, ['the plan must be {"steps": [...]} with at least one step']),
        (
            {"steps": [{"agent": "nobody", "task": "x"}]},
            ["step nobody: there is no agent 'nobody'; choose one of finder, adder, picker, typed"],
        ),
        ({"steps": [{"agent": "finder", "task": "  "}]}, ["step finder: task is empty"]),
        (
            {"steps": [{"id": "answer", "agent": "finder", "task": "x"}]},
            ["step 1: 'answer' is not a usable id; use a short word such as s1"],
        ),
        (
            {"steps": [{"id": "s1\n", "agent": "finder", "task": "x"}]},
            ["step 1: 's1\\n' is not a usable id; use a short word such as s1"],
        ),
        (
            {"steps": [{"id": "a", "agent": "finder", "task": "x"}, {"id": "a", "agent": "finder", "task": "y"}]},
            ["step id 'a' is used twice"],
        ),
        (
            {"steps": [{"id": "a", "agent": "picker", "task": "x", "uses": ["z"]}]},
            ["step a uses 'z', which is no step of the plan"],
        ),
        (
            {"steps": [{"id": "a", "agent": "typed", "task": "x", "uses": []}]},
            ['step a: input \'amount\' of agent typed is missing; give it as "task.INPUT" or "STEP.FIELD"'],
        ),
        (
            {
                "steps": [
                    {"id": "a", "agent": "finder", "task": "x"},
                    {"id": "b", "agent": "typed", "task": "x", "inputs": {"amount": "a.total", "colour": "red"}},
                ]
            },
            [
                "step b: agent typed has no input 'colour'; its inputs are amount, city",
                "step b: input 'amount': the output of step a has no field 'total'; it has amount",
            ],
        ),
        (
            {"steps": [{"id": "b", "agent": "typed", "task": "x", "inputs": {"amount": "task.city"}}]},
            ["step b: input 'amount': it must be of type number, but the value given is of type string"],
        ),
        (
            {"steps": [{"id": "b", "agent": "typed", "task": "x", "inputs": {"amount": "task.town"}}]},
            ["step b: input 'amount': the task has no input 'town'; it has city, count"],
        ),
    ],
)
def test_a_wrong_proposal_is_described_so_that_a_model_can_mend_it(proposal: object, expected: list[str]):
    assert problems(proposal) == expected


def test_a_cycle_is_shown():
    found = problems(
        {
            "steps": [
                {"id": "a", "agent": "picker", "task": "x", "uses": ["b"]},
                {"id": "b", "agent": "picker", "task": "y", "uses": ["a"]},
            ]
        }
    )
    assert len(found) == 1
    assert found[0].startswith("the steps wait for each other in a circle: ")
    assert found[0].count("→") == 2


def test_too_many_steps_and_too_deep_a_chain_are_refused():
    chain = [{"agent": "adder", "task": "x"}] * 5
    assert problems({"steps": chain}, RunLimits(max_steps=4, max_depth=3)) == [
        "the plan has 6 steps; at most 4 are allowed",
        "the longest chain has 6 steps; at most 3 are allowed",
    ]


@given(st.permutations(["a", "b", "c", "d"]), st.integers(1, 4))
def test_a_chain_is_as_deep_in_whatever_order_it_is_listed(order: list[str], most: int):
    uses = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}
    steps = [{"id": name, "agent": "picker", "task": "x", "uses": uses[name]} for name in order]
    found = problems({"steps": steps}, RunLimits(max_depth=most))
    assert found == [f"the longest chain has 5 steps; at most {most} are allowed"]


def test_steps_that_are_done_are_kept_and_may_be_used():
    done = (Step(id=StepId("finder"), agent=AgentName("finder"), instruction="found"),)
    plan = compile_({"steps": [{"agent": "finder", "task": "again"}, {"agent": "adder", "task": "sum"}]}, done=done)
    assert [step.id for step in plan.steps] == ["finder", "finder_2", "adder", ANSWER]
    assert plan.steps[2].uses == ("finder", "finder_2")


def test_the_schema_asks_only_for_what_the_workers_need():
    small = Team(supervisor=TEAM.supervisor, workers=TEAM.workers[:2], answer=TEAM.answer)
    items = proposal_schema(small, AGENTS, RunLimits())["properties"]["steps"]["items"]  # type: ignore[index,call-overload]
    assert list(items["properties"]) == ["agent", "task"]
    items = proposal_schema(TEAM, AGENTS, RunLimits())["properties"]["steps"]["items"]  # type: ignore[index,call-overload]
    assert list(items["properties"]) == ["id", "agent", "task", "uses", "inputs"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: (
            st.lists(s)
            | st.dictionaries(st.sampled_from(["steps", "agent", "task", "uses", "inputs", "id"]) | st.text(), s)
        ),
    )
)
def test_whatever_a_model_proposes_is_a_plan_or_a_plan_error(proposal: object):
    try:
        plan = compile_(proposal)
    except PlanError:
        return
    assert plan.steps[-1].id == ANSWER


@pytest.mark.parametrize(
    "step",
    [
        lambda i: {"id": f"n{i}", "agent": "picker", "task": "x", "uses": [f"n{j}" for j in range(max(0, i - 3), i)]},
        lambda _: {"agent": "picker", "task": "x"},
    ],
    ids=["with ids", "without"],
)
def test_compiling_is_linear_in_the_size_of_the_plan(step):
    def calls(count: int) -> int:
        steps = [step(i) for i in range(count)]
        with counted_calls() as counted:
            compile_({"steps": steps}, RunLimits(max_steps=count + 1, max_depth=count + 1))
        return counted[0]

    assert calls(2_000) < 2.1 * calls(1_000)
