"""Replies that are served again: to whom, for how long, and never across a tenant or a label."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import ADDER, BOSS, FINDER, PERMIT_ALL, WRITER, Echo, engine, plan, profile
from support.mortal import Mortal

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_responses import MemoryResponses
from agentcore.domain.agent import Agent, Check, Limits, Role, Verification
from agentcore.domain.budget import Budget, Usage
from agentcore.domain.decision import Decision
from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import EffectFinished, EffectStarted, RunFinished
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId, ToolName
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.message import Message
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.engine.cache_key import cache_key
from agentcore.engine.effect import Caller
from agentcore.engine.guards import Guard, Guards
from agentcore.engine.response_caching import Caching
from agentcore.ports.model import ModelReply, ModelRequest
from agentcore.testing.contracts.response_cache import cached_reply
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.instance import instance
from agentcore.testing.scripted import Call, ScriptedModel
from agentcore.verification.critic import CRITIC_SCHEMA

GOOD = Verification(checks=(Check(name="regex", options={"pattern": "good"}),))


class Letters:
    """An embedder by the letters that a text has, so that texts of like letters resemble each other."""

    def embed(self, texts):
        counts = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


class Desk:
    """A store of runs and one of replies, a clock, and a model that counts its calls."""

    def __init__(self, *, mode="exact", agents=(BOSS, FINDER, ADDER, WRITER), reply=None, **caching):
        self.clock = FakeClock(auto=True)
        self.journal = MemoryJournal()
        self.replies = MemoryResponses()
        self.agents = agents
        self.reply = reply or (lambda request: "good")
        self.model = ScriptedModel(self._answer)
        self.caching = Caching(replies=self.replies, mode=mode, **caching)
        self.guards = None
        self.policies = PERMIT_ALL
        self.tools = ()

    def _answer(self, request):
        if request.messages[0].content.startswith("Plan."):
            return plan("finder")
        return self.reply(request)

    def engine(self, **options):
        given = {"agents": self.agents, "journal": self.journal, "clock": self.clock, "caching": self.caching}
        given |= {"guards": self.guards, "policies": self.policies, "tools": self.tools}
        priced = [(profile("m", usd_per_million=1_000_000), self.model)]
        return engine(priced, **(given | {"limits": RunLimits(replans=0)} | options))

    async def run(self, id, goal="go", **task):
        async with self.engine() as running:
            return await (await running.start(Task(goal=goal, **task), id=RunId(id))).result()

    async def calls(self, id, goal="go", **task):
        """Return how often the model was called in a run that succeeds."""
        before = len(self.model.requests)
        run = await self.run(id, goal, **task)
        assert run.status == "succeeded"
        return len(self.model.requests) - before

    async def hits(self, id):
        return [
            event.fact.cached
            for event in await self.journal.read(RunId(id))
            if isinstance(event.fact, EffectFinished) and event.fact.cached is not None
        ]


async def test_the_same_task_is_answered_again_without_a_call_and_for_nothing():
    desk = Desk()
    assert await desk.calls("a") == 3
    first, second = await desk.run("b"), await desk.run("c")
    assert (first.answer, first.used) == ("good", Usage())
    assert second.answer == "good"
    hits = await desk.hits("b")
    assert [(hit.match, hit.similarity, hit.run) for hit in hits] == [("exact", 1.0, "a")] * 3
    assert sum((hit.saved for hit in hits), Usage()) == (await desk.run("d")).used + sum(
        (hit.saved for hit in await desk.hits("d")), Usage()
    )
    assert all(hit.saved.usd > 0 and hit.saved.calls == 1 for hit in hits)


async def test_a_hit_needs_nothing_of_the_budget_but_policy_and_a_route():
    desk = Desk()
    await desk.run("a")
    async with desk.engine(budget=Budget(calls=0, usd=Decimal(0))) as running:
        run = await (await running.start(Task(goal="go"), id=RunId("b"))).result()
    assert run.status == "succeeded"
    started = [e.fact for e in await desk.journal.read(RunId("b")) if isinstance(e.fact, EffectStarted)]
    assert all(fact.decisions and fact.route and fact.reserved == Usage() for fact in started)
    forbidden = '@id("no") forbid(principal, action == Action::"call_model", resource);'
    desk.policies = {"p.cedar": PERMIT_ALL["all.cedar"] + forbidden}
    assert (await desk.run("c")).status == "denied"


async def test_without_anybody_asking_for_it_nothing_is_served_again():
    desk = Desk(mode="off")
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 3]
    assert list(await desk.replies.stats(0.0)) == []


async def test_an_agent_may_say_otherwise_than_the_project():
    desk = Desk(mode="off", agents=(BOSS, replace(FINDER, cache="exact"), ADDER, WRITER))
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 2]
    desk = Desk(mode="exact", agents=(BOSS, replace(FINDER, cache="off"), ADDER, WRITER))
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 1]


OTHERS = [
    ({"tenant": "other"}, []),
    ({"purpose": "research"}, []),
    ({"label": Label(sources=frozenset({"user"}), confidentiality=Confidentiality.PUBLIC)}, []),
    ({"label": Label(sources=frozenset({"user", "document:a"}))}, []),
    ({"label": Label(sources=frozenset({"user"}), findings=frozenset({"pii"}))}, []),
    ({"goal": "another"}, ["finder"]),  # which is told the same
    ({"inputs": {"x": 1}}, ["finder", "answer"]),  # whom the inputs are not told
]


@pytest.mark.parametrize(("other", "served"), OTHERS, ids=lambda value: "-".join(value) or "none")
async def test_whoever_differs_gets_no_reply_of_another(other, served):
    desk = Desk()
    await desk.run("a")
    run = await desk.run("b", **({"goal": "go"} | other))
    assert run.status == "succeeded"
    assert [hit.effect.split("/")[1] for hit in await desk.hits("b")] == served


async def test_another_user_of_the_tenant_gets_it_unless_the_project_or_the_data_say_no():
    desk = Desk()
    await desk.run("a", principal="ann")
    assert await desk.calls("b", principal="bob") == 0
    desk = Desk(scope="user")
    await desk.run("a", principal="ann")
    assert [await desk.calls("b", principal="bob"), await desk.calls("c", principal="ann")] == [3, 0]
    desk = Desk()
    personal = Label(sources=frozenset({"user"}), confidentiality=Confidentiality.PERSONAL)
    await desk.run("a", principal="ann", label=personal)
    assert await desk.calls("b", principal="bob", label=personal) == 3
    assert await desk.calls("c", principal="ann", label=personal) == 0


async def test_secrets_are_never_kept():
    desk = Desk()
    secret = Label(sources=frozenset({"user"}), confidentiality=Confidentiality.SECRET)
    assert [await desk.calls("a", label=secret), await desk.calls("b", label=secret)] == [3, 3]
    assert list(await desk.replies.stats(0.0)) == []


async def test_a_reply_is_served_until_it_expires():
    desk = Desk(seconds=60.0)
    await desk.run("a")
    await desk.clock.sleep(50.0)
    assert await desk.calls("b") == 0
    await desk.clock.sleep(20.0)  # what was served is not kept anew
    assert await desk.calls("c") == 3


async def test_what_was_rejected_is_not_kept_and_another_attempt_asks_the_model():
    replies = iter(["bad", "good", "answer"])
    finder = replace(FINDER, verification=GOOD, limits=Limits(attempts=2, escalations=0))
    desk = Desk(agents=(BOSS, finder, ADDER, WRITER), reply=lambda request: next(replies))
    assert await desk.calls("a") == 4
    replies = iter(["bad", "good"])
    assert await desk.calls("b") == 2
    assert [hit.effect.split("/")[1] for hit in await desk.hits("b")] == ["plan", "answer"]


async def test_a_reply_that_is_rejected_after_it_was_served_is_thrown_away():
    desk = Desk()
    await desk.run("a")
    strict = Verification(checks=(Check(name="regex", options={"pattern": "better"}),))
    # The version of these agents is empty, so that the check alone is another one.
    desk.agents = (BOSS, replace(FINDER, verification=strict, limits=Limits(attempts=2, escalations=0)), ADDER, WRITER)
    desk.reply = lambda request: "better"
    assert await desk.calls("b") == 2
    assert [hit.effect.split("/")[1] for hit in await desk.hits("b")][:2] == ["plan", "finder"]
    assert await desk.calls("c") == 1  # a new reply is looked for, and kept
    assert await desk.calls("d") == 0


async def test_a_plan_is_kept_only_when_the_run_that_it_led_succeeded():
    finder = replace(FINDER, verification=GOOD, limits=Limits(attempts=1, escalations=0))
    desk = Desk(agents=(BOSS, finder, ADDER, WRITER), reply=lambda request: "bad")
    assert (await desk.run("a")).status == "refused"
    assert list(await desk.replies.stats(0.0)) == []
    desk.reply = lambda request: "good"
    await desk.run("b")
    assert await desk.calls("c") == 0
    desk.agents = (BOSS, replace(finder, instructions="Find otherwise."), ADDER, WRITER)
    desk.reply = lambda request: "bad"
    assert (await desk.run("d")).status == "refused"
    assert [hit.effect.split("/")[1] for hit in await desk.hits("d")] == ["plan"]
    desk.reply = lambda request: "good"
    assert await desk.calls("e") == 2  # the plan, too


async def test_random_words_are_served_again_only_with_their_seed():
    finder = replace(FINDER, temperature=0.7)
    desk = Desk(agents=(BOSS, finder, ADDER, WRITER))
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 0]  # workers' calls have the attempt's number
    boss = replace(BOSS, temperature=0.7)
    desk = Desk(agents=(boss, FINDER, ADDER, WRITER))
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 1]  # and planning has none


async def test_another_wording_is_answered_alike_and_says_how_alike():
    desk = Desk(mode="semantic", embedder=Letters(), threshold=0.8)
    desk.reply = lambda request: request.messages[-1].content
    await desk.run("a", "How many orders are open?")
    run = await desk.run("b", "What is the number of open orders?")
    assert "How many orders are open?" in run.answer
    planned, found, answered = await desk.hits("b")
    assert (planned.match, found.match, answered.match) == ("semantic", "exact", "semantic")
    assert 0.8 <= answered.similarity < 1.0
    assert answered.run == "a"


@pytest.mark.parametrize(
    "other", ["How many orders are not open?", "How many orders of 2024 are open?", "How many orders are closed?"]
)
async def test_a_question_with_another_value_or_a_negation_is_another_one(other):
    desk = Desk(mode="semantic", embedder=Letters(), threshold=-1.0)
    await desk.run("a", "How many orders are open?")
    await desk.run("b", other)
    assert [hit.match for hit in await desk.hits("b")] == ["exact"]  # the finder is told the same


async def test_too_little_resemblance_is_none():
    desk = Desk(mode="semantic", embedder=Letters(), threshold=0.999)
    await desk.run("a", "How many orders are open?")
    await desk.run("b", "What is the number of open orders?")
    assert [hit.match for hit in await desk.hits("b")] == ["exact"]


@pytest.mark.parametrize("other", [{"tenant": "other"}, {"label": Label(sources=frozenset({"x"}))}])
async def test_another_wording_crosses_no_tenant_and_no_label(other):
    desk = Desk(mode="semantic", embedder=Letters(), threshold=-1.0)
    await desk.run("a", "How many orders are open?")
    await desk.run("b", "What is the number of open orders?", **other)
    assert await desk.hits("b") == []


async def test_the_wish_to_call_a_tool_is_repeated_for_the_very_same_prompt_only():
    def reply(request):
        if request.tools and request.messages[-1].role == "user":
            return Call("echo", {"text": request.messages[-1].content})
        return "good"

    seeker = replace(WRITER, tools=(ToolName("echo"),))
    desk = Desk(mode="semantic", embedder=Letters(), threshold=-1.0, agents=(BOSS, FINDER, ADDER, seeker), reply=reply)
    desk.tools = [Echo()]
    await desk.run("a", "How many orders are open?")
    await desk.run("b", "How many orders are open?")
    assert len(await desk.hits("b")) == 4
    assert len(desk.tools[0].calls) == 2  # which is called each time
    await desk.run("c", "What is the number of open orders?")
    assert [hit.match for hit in await desk.hits("c")] == ["semantic", "exact"]


async def test_a_replay_takes_the_hit_from_its_record_and_touches_no_reply():
    desk = Desk()
    await desk.run("a")
    await desk.run("b")
    await desk.replies.clear()
    before = len(desk.model.requests)
    async with desk.engine() as running:
        for id in ("a", "b"):
            assert (await running.replay(RunId(id))).answer == "good"
    assert len(desk.model.requests) == before
    assert list(await desk.replies.stats(0.0)) == []


@pytest.mark.parametrize("kind", [EffectStarted, EffectFinished])
@pytest.mark.parametrize("place", ["plan", "finder", "answer"])
async def test_a_run_that_dies_around_a_hit_goes_on(kind, place):
    desk = Desk()
    await desk.run("a")
    dead = []

    def here(event):
        if isinstance(event.fact, EffectStarted) and event.fact.effect.step == place:
            dead.append(event.fact.effect.id)
        return isinstance(event.fact, kind) and bool(dead)

    async with desk.engine(journal=Mortal(desk.journal, after=here)) as running:
        with pytest.raises(JournalUnavailable):
            await (await running.start(Task(goal="go"), id=RunId("b"))).result()
    async with desk.engine() as running:
        run = await (await running.resume(RunId("b"))).result()
        assert (run.status, run.answer, run.used) == ("succeeded", "good", Usage())
        assert (await running.replay(RunId("b"))).status == "succeeded"
    assert len(await desk.hits("b")) == 3


class Broken(MemoryResponses):
    async def find(self, *, key, group="", now):
        raise JournalUnavailable("no")

    async def put(self, reply, *, most_entries):
        raise JournalUnavailable("no")


async def test_a_store_of_replies_that_fails_costs_calls_and_no_run():
    desk = Desk()
    desk.caching = replace(desk.caching, replies=Broken())
    assert [await desk.calls("a"), await desk.calls("b")] == [3, 3]


class Liar(MemoryResponses):
    """Returns all that it has, whatever was asked for."""

    async def find(self, *, key, group="", now):
        return [replace(each, key=key, expires_at=1e12) for each in self._kept.values()]


@pytest.mark.parametrize("other", [{"tenant": "other"}, {"label": Label(sources=frozenset({"x"}))}])
async def test_what_a_store_returns_is_looked_at_again(other):
    desk = Desk()
    desk.caching = replace(desk.caching, replies=Liar())
    await desk.run("a")
    await desk.run("b", **other)
    assert await desk.hits("b") == []


class Finds:
    """A detector of a word."""

    name, version = "finds", "1"

    def __init__(self, word):
        self.word = word

    def detect(self, text):
        at = text.find(self.word)
        if at < 0:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=(Span(type="WORD", start=at, end=at + len(self.word)),))


async def test_guards_look_at_a_cached_reply_and_one_that_they_withhold_is_thrown_away():
    desk = Desk()
    await desk.run("a")
    guard = Guard(detector=Finds("good"), at=frozenset({"model_output"}), action="deny")
    desk.guards = Guards([guard])
    assert (await desk.run("b")).status != "succeeded"
    last = [
        e.fact for e in await desk.journal.read(RunId("b")) if isinstance(e.fact, EffectFinished) and e.fact.cached
    ]
    assert "withheld" in last[-1].error
    assert [each.entries for each in await desk.replies.stats(0.0)] == [1]  # the answer's, which was not asked for


async def test_a_verifiers_vote_is_kept_with_the_attempt_that_it_was_for():
    judge = Agent(name=AgentName("judge"), role=Role.VERIFIER, instructions="Judge.")
    finder = replace(FINDER, verification=Verification(panel=(judge.name,), required=1))

    def reply(request):
        return instance(CRITIC_SCHEMA) if request.schema == CRITIC_SCHEMA else "good"

    desk = Desk(agents=(BOSS, finder, ADDER, WRITER, judge), reply=reply)
    assert [await desk.calls("a"), await desk.calls("b")] == [4, 0]


# --- laws

LABELS = st.builds(
    Label,
    sources=st.frozensets(st.sampled_from(["user", "tool:sql", "document:a"])),
    confidentiality=st.sampled_from([Confidentiality.PUBLIC, Confidentiality.INTERNAL, Confidentiality.PERSONAL]),
    findings=st.frozensets(st.sampled_from(["pii", "secret"])),
)
ASKS = st.fixed_dictionaries(
    {
        "tenant": st.sampled_from(["a", "b"]),
        "principal": st.sampled_from(["ann", "bob"]),
        "purpose": st.sampled_from(["", "p"]),
        "label": LABELS,
        "agent": st.sampled_from(["x", "y"]),
        "version": st.sampled_from(["1", "2"]),
        "model": st.sampled_from(["m", "n"]),
        "provider": st.sampled_from(["", "other"]),
        "bundle": st.sampled_from(["1", "2"]),
        "temperature": st.sampled_from([0.0, 0.5]),
        "seed": st.sampled_from([1, 2]),
        "tokens": st.sampled_from([100, 200]),
        "schema": st.sampled_from([None, {"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        "scope": st.sampled_from(["tenant", "user"]),
    }
)


def key_of(ask, question="How many?"):
    agent = Agent(name=AgentName(ask["agent"]), version=ask["version"])
    request = ModelRequest(
        messages=(Message(role="system", content="s"), Message(role="user", content=f"a = 1\nTask: {question}")),
        temperature=ask["temperature"],
        seed=ask["seed"],
        max_output_tokens=ask["tokens"],
        schema=ask["schema"],
    )
    return cache_key(
        Caller(step=StepId("s"), attempt=1, agent=agent, label=ask["label"]),
        request,
        Task(goal="g", tenant=ask["tenant"], principal=ask["principal"], purpose=ask["purpose"]),
        Decision(permitted=True, action="call_model", resource="m", principal="x", bundle=ask["bundle"]),
        model=ModelName(ask["model"]),
        provider=ask["provider"],
        scope=ask["scope"],
    )


def told_apart(ask):
    """Return what two calls must agree in for one to get the other's reply."""
    personal = ask["scope"] == "user" or ask["label"].confidentiality >= Confidentiality.PERSONAL
    same = {name: ask[name] for name in ask.keys() - {"principal", "seed", "scope", "schema"}}
    same["only_for"] = ask["principal"] if personal else ""
    same["seed"] = ask["seed"] if ask["temperature"] else None
    same["schema"] = str(ask["schema"])
    return same


@given(ASKS, ASKS)
def test_keys_are_the_same_exactly_when_everything_is(one, other):
    first, second = key_of(one), key_of(other)
    same = told_apart(one) == told_apart(other)
    assert (first.key == second.key) == same
    assert (first.group == second.group) == same
    assert key_of(one, "How much?").group == first.group
    assert key_of(one, "How much?").key != first.key


@given(ASKS, ASKS, st.booleans())
def test_no_reply_is_admitted_across_tenants_labels_or_users(one, other, lies):
    """Even if a store returns a reply under a key that is not its own."""
    first, second = key_of(one), key_of(other)
    reply = cached_reply(
        second.key if lies else first.key,
        group=first.group,
        tenant=first.tenant,
        user=first.user,
        only_for=first.only_for,
        label=first.label,
    )
    if second.admits(reply):
        assert one["tenant"] == other["tenant"]
        assert one["label"] == other["label"]
        if first.only_for or second.only_for:
            assert one["principal"] == other["principal"]
    assert first.admits(replace(reply, key=first.key))


async def test_what_a_run_keeps_after_its_end_is_nothing():
    desk = Desk()
    desk.reply = lambda request: ModelReply(text="good", finish="stop")
    run = await desk.run("a")
    assert [e.fact.status for e in await desk.journal.read(run.id) if isinstance(e.fact, RunFinished)] == ["succeeded"]
    assert [each.entries for each in await desk.replies.stats(0.0)] == [3]
