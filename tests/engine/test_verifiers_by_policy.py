"""`verify`: an output that policies want verified is not used before enough verifiers are in favour of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import WRITER
from support.obliged import AGENTS, Case, obligation, on

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Agent, Limits, Role, Verification
from agentcore.domain.event import RunFinished, VerdictReached
from agentcore.domain.ids import AgentName, RunId

CRITICS = tuple(
    Agent(name=AgentName(f"critic{number}"), role=Role.VERIFIER, instructions=f"Judge {number}.")
    for number in range(3)
)


def team(panel, required=1):
    verification = Verification(panel=tuple(critic.name for critic in CRITICS[:panel]), required=min(required, panel))
    writer = replace(WRITER, verification=verification, limits=Limits(attempts=1, escalations=0))
    return (*AGENTS[:-1], writer, *CRITICS)


def case(policy, panel, accepting):
    made = Case(policy, agents=team(panel))
    before = made.reply

    def reply(request):
        system = request.messages[0].content
        if system.startswith("Judge"):
            made.asked.append(request)
            return {"checked": "it", "problems": [], "accepts": int(system[6]) < accepting}
        return before(request)

    made.reply = reply
    return made


DELEGATED = obligation("two", "verify", on("delegate", 'resource == Agent::"writer"'), verifiers=2)
RELEASED = obligation("two", "verify", on("release"), verifiers=2)


@pytest.mark.parametrize("policy", [DELEGATED, RELEASED], ids=["delegate", "release"])
@pytest.mark.parametrize(("accepting", "status"), [(3, "succeeded"), (2, "succeeded"), (1, "refused")])
async def test_as_many_verifiers_as_a_policy_asks_for(policy, accepting, status):
    made = case(policy, 3, accepting)
    run = await made.run()
    assert run.status == status
    verdict = (await made.facts(VerdictReached))[-1].verdict
    assert (verdict.required, verdict.panel) == (2, 3)
    assert (await made.replay()).status == status


@pytest.mark.parametrize("policy", [DELEGATED, RELEASED], ids=["delegate", "release"])
async def test_with_fewer_verifiers_than_that_the_step_fails_and_says_why(policy):
    made = case(policy, 1, 1)
    run = await made.run()
    assert run.status == "refused"
    assert "two asks for 2 verifiers in favour, and writer has 1" in run.reason
    assert not any(request.messages[0].content.startswith("Judge") for request in made.asked)
    assert (await made.replay()).status == "refused"


async def test_of_several_policies_the_most():
    made = case(DELEGATED + obligation("three", "verify", on("release"), verifiers=3), 3, 2)
    assert (await made.run()).status == "refused"
    assert (await made.facts(VerdictReached))[-1].verdict.required == 3


async def test_other_agents_are_not_concerned():
    made = case(DELEGATED.replace("writer", "adder"), 1, 1)
    assert (await made.run()).status == "succeeded"


async def test_an_answer_that_was_verified_by_fewer_is_not_released():
    """Whoever recorded the verdict: a run that another version has driven, say, knew nothing of the policy."""
    made = case("", 1, 1)
    await made.run()
    made.policies["p.cedar"] += RELEASED
    events = await made.store.read(RunId("r"))
    made.store = MemoryJournal()
    await made.store.append(events[:-1], durable=True)
    run = await made.resume()
    assert run.status == "denied"
    assert "two asks to verify it: 2 verifiers must be in favour, and 1 were" in run.reason
    (end,) = await made.facts(RunFinished)
    assert end.decisions[0].allowed
