"""Whatever the models say, fail at or take time for, and wherever a process dies: the promises of routing hold."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from support.desk import BOSS, FINDER, WRITER, engine, plan, profile

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Limits, Routing
from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.event import AttemptFinished, EffectFinished, EffectStarted, VerdictReached
from agentcore.domain.ids import ModelName, StepId
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Delayed, ScriptedModel

TASK = Task(goal="find it")
TEAM = Team(supervisor=BOSS.name, workers=(FINDER.name,), answer=WRITER.name)
STEP = StepId("finder")
QUALITIES = {"small": 0.5, "other": 0.55, "large": 0.9}

ROUTINGS = st.builds(
    Routing,
    objective=st.sampled_from(["cheapest", "fastest", "best", "balanced"]),
    min_confidence=st.sampled_from([None, 0.6, 0.8, 0.97]),
    escalate_to=st.sampled_from(["", "large", "person"]),
) | st.builds(
    Routing,
    objective=st.sampled_from(["cheapest", "balanced"]),
    min_confidence=st.sampled_from([None, 0.7, 0.9]),
    ensemble=st.sampled_from([2, 3]),
    independent=st.booleans(),
)
SAMPLED = st.builds(Routing, samples=st.sampled_from([2, 3]), min_confidence=st.sampled_from([None, 0.75]))
NAMED = st.just(Routing(ensemble_of=(ModelName("other"), ModelName("small")), min_confidence=0.7))
EVERY = ROUTINGS | SAMPLED | NAMED


def models(seed, clock):
    """Return models whose answers to the step, failures and times follow from the seed and the call."""

    def make(name):
        def answer(request):
            system = request.messages[0].content
            if system.startswith("Plan."):
                return plan("finder")
            if system.startswith("Write."):
                return "Done."
            chance = random.Random(f"{seed} {name} {request.seed}")  # noqa: S311  # repeatable
            said = ModelUnavailable(f"{name} is down") if chance.random() < 0.2 else chance.choice(["1", "1.0", "2"])
            return Delayed(chance.random(), said)

        return ScriptedModel(answer, clock=clock)

    return [(profile(name, quality, int(quality * 10)), make(name)) for name, quality in QUALITIES.items()]


def desk(routing, seed, journal):
    clock = FakeClock(auto=True)
    agent = replace(FINDER, routing=routing, limits=Limits(attempts=2, escalations=1), temperature=0.5)
    limits = RunLimits(replans=0)
    return engine(
        models(seed, clock), agents=(BOSS, agent, WRITER), team=TEAM, limits=limits, journal=journal, clock=clock
    )


def facts(events, kind):
    return [event.fact for event in events if isinstance(event.fact, kind)]


def check(run, events, routing):
    """Check what was promised."""
    verdicts = [fact.verdict for fact in facts(events, VerdictReached) if fact.step == STEP]
    assert run.status in {"succeeded", "refused", "failed", "waiting"}
    assert sum(verdict.accepted for verdict in verdicts) <= 1
    for verdict in verdicts:
        if verdict.accepted and routing.hard:
            assert verdict.confidence.p >= routing.min_confidence
        if verdict.confidence is not None:
            assert 0.0 <= verdict.confidence.low <= verdict.confidence.p <= verdict.confidence.high <= 1.0
    for end in facts(events, AttemptFinished):
        names = [each.model for each in end.candidates if each.model is not None]
        assert len(end.candidates) in {0, routing.size}
        if end.candidates and routing.samples == 1:
            assert len(set(names)) == len(names), "each candidate has a model of its own"
    finished = [fact.effect for fact in facts(events, EffectFinished) if not fact.unknown]
    assert len(set(finished)) == len(finished), "no call is settled twice"
    assert len(facts(events, AttemptFinished)) <= 6


@settings(max_examples=80, deadline=None)
@given(EVERY, st.integers(0, 10_000), st.floats(0, 1))
def test_promises_hold_and_replays_and_resumed_runs_are_equal(routing, seed, where):
    async def prove():
        journal = MemoryJournal()
        async with desk(routing, seed, journal) as running:
            run = await (await running.start(TASK)).result()
            again = await running.replay(run.id)
        events = list(await journal.read(run.id))
        assert (again.status, again.reason, again.sequence) == (run.status, run.reason, run.sequence)
        check(run, events, routing)

        cut = 2 + int(where * (len(events) - 3))
        shorter = MemoryJournal()
        await shorter.append(events[:cut], durable=True)
        async with desk(routing, seed, shorter) as running:
            resumed = await (await running.resume(run.id)).result()
            again = await running.replay(run.id)
        record = list(await shorter.read(run.id))
        assert (again.status, again.sequence) == (resumed.status, resumed.sequence)
        check(resumed, record, routing)
        began = {fact.effect.id for fact in facts(events[:cut], EffectStarted)}
        assert began <= {fact.effect.id for fact in facts(record, EffectStarted)}

    asyncio.run(prove())
