"""`notify`: the outside is told before something is done, at least once; else it is not done."""

from __future__ import annotations

import pytest
from loguru import logger
from support.mortal import Mortal
from support.obliged import ALL, Case, obligation, on

from agentcore.domain.errors import JournalUnavailable, NotificationFailed
from agentcore.domain.event import EffectRefused, RunFinished
from agentcore.engine.announcements import PAUSES_SECONDS

ACTIONS = ("plan", "delegate", "call_model", "call_tool", "release")


class Desk:
    """Somebody outside, who hears nothing the first `deaf` times, or ever when it refuses."""

    def __init__(self, deaf=0, refused=False):
        self.deaf, self.refused = deaf, refused
        self.told = []
        self.tries = 0
        self.seen = lambda: None

    async def announce(self, announcement):
        self.tries += 1
        if self.tries <= self.deaf:
            raise NotificationFailed("nobody listens", refused=self.refused)
        self.told.append((announcement, self.seen()))

    async def aclose(self):
        return None


def case(*policies, desk=None, **options):
    return Case(*policies, announcer=desk or Desk(), **options)


def tell(action, **parameters):
    return obligation("tell", "notify", on(action), **{"to": "security"} | parameters)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("plan", [("plan", "boss", "desk", "r/0/plan")]),
        (
            "delegate",
            [("plan", "boss", "finder", "r/0/delegate/finder"), ("plan", "boss", "writer", "r/0/delegate/writer")],
        ),
        ("call_tool", [("finder", "finder", "post", "r/1/finder/1/finder/tool.1")]),
        ("release", [("answer", "writer", "answer", "r/release/answer")]),
    ],
)
async def test_what_is_told(action, expected):
    desk = Desk()
    made = case(tell(action), desk=desk)
    run = await made.run(tenant="acme", principal="ann")
    assert run.status == "succeeded"
    told = [announcement for announcement, _ in desk.told]
    assert [(each.step, each.agent, each.resource, each.id) for each in told] == expected
    assert {(each.run, each.tenant, each.user, each.action, each.policies, each.to) for each in told} == {
        ("r", "acme", "ann", action, ("tell",), ("security",))
    }
    assert (await made.replay()).status == "succeeded"
    assert len(desk.told) == len(expected), "a replay tells nobody"


async def test_each_model_call_is_told_of():
    desk = Desk()
    made = case(tell("call_model"), desk=desk)
    await made.run()
    assert len(desk.told) == len(made.asked)
    assert len({announcement.id for announcement, _ in desk.told}) == len(made.asked)


async def test_it_is_told_before_it_is_done_and_of_several_policies_once():
    desk = Desk()
    other = obligation("too", "notify", on("call_tool"), to="audit, security")
    made = case(tell("call_tool"), other, desk=desk)
    desk.seen = lambda: dict(made.outside.done)
    await made.run()
    ((announcement, done_by_then),) = desk.told
    assert done_by_then == {}
    assert (announcement.policies, announcement.to) == (("tell", "too"), ("audit", "security"))
    assert len(made.outside.done) == 1


async def test_it_is_tried_again():
    desk = Desk(deaf=len(PAUSES_SECONDS))
    made = case(tell("call_tool"), desk=desk)
    assert (await made.run()).status == "succeeded"
    assert (len(desk.told), made.clock.slept) == (1, list(PAUSES_SECONDS))


@pytest.mark.parametrize("refused", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
async def test_what_cannot_be_told_is_not_done(action, refused):
    desk = Desk(deaf=1000, refused=refused)
    made = case(tell(action), desk=desk)
    run = await made.run()
    assert desk.tries % (1 if refused else 1 + len(PAUSES_SECONDS)) == 0
    if action == "call_tool":
        assert (run.status, made.outside.done) == ("succeeded", {})
        decision = (await made.facts(EffectRefused))[0].decisions[0]
    else:
        assert (run.status, run.answer) == ("denied", None)
        decision = (await made.facts(RunFinished))[0].decisions[0]
    assert decision.unmet == ("tell asks to notify it: nobody listens",)
    assert (await made.replay()).status == run.status


async def test_without_anybody_to_tell_it_is_logged_and_done():
    logged = []
    sink = logger.add(logged.append, level="WARNING", format="{message}")
    logger.enable("agentcore")
    try:
        made = Case(tell("call_tool"))
        assert (await made.run()).status == "succeeded"
    finally:
        logger.disable("agentcore")
        logger.remove(sink)
    assert len(made.outside.done) == 1
    assert any("tell wants security told, and there is no webhook" in message for message in logged)


@pytest.mark.parametrize("lives", range(2, 12))
async def test_wherever_the_process_dies_it_is_told_at_least_once(lives):
    desk = Desk()
    made = case(tell("call_tool"), desk=desk)
    made.post.looks_up = True
    store, made.store = made.store, Mortal(made.store, lives=lives)
    try:
        await made.run()
    except JournalUnavailable:
        made.store = store
        await made.resume()
    assert len({announcement.id for announcement, _ in desk.told}) == 1
    assert 1 <= len(desk.told) <= 2
    assert set(made.outside.received.values()) == {1}


async def test_what_is_forbidden_is_not_told():
    desk = Desk()
    made = case(tell("call_tool"), desk=desk)
    made.policies = {"p.cedar": ALL + tell("call_tool") + f'@id("no") forbid {on("call_tool")};'}
    await made.run()
    assert desk.told == []
