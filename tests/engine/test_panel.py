"""Panels in runs: independence, weights, debate, who decides when a panel does not, and the choice of a candidate."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan, profile

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Agent, Limits, Requirements, Role, Routing, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.event import ApprovalRequested, AttemptFinished, EffectRefused, EffectStarted, VerdictReached
from agentcore.domain.ids import AgentName, ModelName, RunId
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.engine.effect import Caller
from agentcore.engine.verifier import Verifier
from agentcore.engine.worker import Outcome
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ScriptedModel
from agentcore.verification.evidence import Evidence

PANEL = tuple(AgentName(name) for name in ("ann", "bob", "cid"))
CRITICS = tuple(Agent(name=name, role=Role.VERIFIER, instructions=f"Judge {name}.") for name in PANEL)
JUDGE = Agent(name=AgentName("judge"), role=Role.VERIFIER, instructions="Judge judge.")


def opinion(says):
    if says is None:
        return "hm"
    return {"checked": "all", "problems": [] if says else ["it is wrong"], "accepts": says}


def document(request):
    return json.loads(request.messages[-1].content.partition("BEGIN DATA\n")[2].partition("\nEND DATA")[0])


class Desk:
    """A finder whose output is judged. says: verifier → what it votes in each round, the last for ever."""

    def __init__(self, says, *, models=None, requirements=None, approval=None, **verification):
        self.says = {name: list(each) for name, each in says.items()}
        self.asked = []
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        self.profiles = models or [profile("m")]
        panel = tuple(name for name in PANEL if name in says)
        given = {"panel": panel, "required": 0 if "quorum" in verification else len(panel) // 2 + 1}
        self.finder = replace(
            FINDER,
            verification=Verification(**given | verification),
            limits=Limits(attempts=1, escalations=0),
            requirements=Requirements(models=(ModelName("m"),)),
            approval=approval,
        )
        self.agents = (
            BOSS,
            self.finder,
            ADDER,
            WRITER,
            *(replace(each, requirements=(requirements or {}).get(each.name, Requirements())) for each in CRITICS),
            JUDGE,
        )

    def reply(self, request):
        system = request.messages[0].content
        if system.startswith("Judge"):
            self.asked.append(request)
            left = self.says[system.split()[1].rstrip(".")]
            return opinion(left.pop(0) if len(left) > 1 else left[0])
        return plan("finder") if system.startswith("Plan.") else "the answer"

    def process(self):
        return engine(
            [(each, ScriptedModel(self.reply)) for each in self.profiles],
            agents=self.agents,
            limits=RunLimits(replans=0),
            journal=self.store,
            inbox=self.inbox,
            clock=FakeClock(auto=True),
        )

    async def run(self):
        async with self.process() as running:
            return await (await running.start(Task(goal="go"), id=RunId("r"))).result()

    async def resume(self):
        async with self.process() as running:
            return await (await running.resume(RunId("r"))).result()

    async def verdict(self):
        """Return the verdict about the finder, once a replay has come to the same."""
        async with self.process() as running:
            asked = len(self.asked)
            await running.replay(RunId("r"))
        assert len(self.asked) == asked
        return (await self.facts(VerdictReached))[0].verdict

    async def facts(self, kind):
        return [event.fact for event in await self.store.read(RunId("r")) if isinstance(event.fact, kind)]


def votes(verdict):
    return [(vote.verifier.partition(":")[2], vote.accepts, vote.round, vote.counts) for vote in verdict.votes]


# Weights


@pytest.mark.parametrize(
    ("says", "accepted"),
    [
        ({"ann": [True], "bob": [False], "cid": [False]}, False),  # 2 of 4: a tie
        ({"ann": [True], "bob": [True], "cid": [False]}, True),
        ({"ann": [True], "bob": [None], "cid": [None]}, False),
        ({"ann": [False], "bob": [True], "cid": [True]}, False),
    ],
)
async def test_weights_decide_and_a_tie_rejects(says, accepted):
    desk = Desk(says, weights={AgentName("ann"): 2.0}, quorum=0.5)
    run = await desk.run()
    assert run.status == ("succeeded" if accepted else "refused")
    verdict = await desk.verdict()
    assert verdict.accepted == accepted
    assert [vote.weight for vote in verdict.votes if vote.verifier.startswith("agent:")] == [2.0, 1.0, 1.0]
    assert (verdict.quorum, verdict.panel) == (0.5, 3)
    assert bool(verdict.reasons) != accepted


# Independence


def families(**of):
    return [replace(profile(name, quality=0.9 if name == "m" else 0.5), family=family) for name, family in of.items()]


async def test_a_verifier_is_given_a_model_of_another_family_and_the_route_says_why():
    desk = Desk({"ann": [True]}, models=families(m="qwen", m2="qwen", other="gpt"), independent="family")
    assert (await desk.run()).status == "succeeded"
    (vote,) = (await desk.verdict()).votes
    assert (vote.model, vote.family) == ("other", "gpt")
    route = next(each.route for each in await desk.facts(EffectStarted) if each.effect.agent == "ann")
    assert route.model == "other"
    assert route.filtered == snapshot(
        {
            "m": "the model of the author",
            "m2": "same family as the model of the author, m (qwen)",
        }
    )


async def test_another_model_of_the_family_will_do_when_that_is_all_that_is_asked():
    desk = Desk({"ann": [True]}, models=families(m="qwen", m2="qwen"), independent="model")
    assert (await desk.run()).status == "succeeded"
    assert [vote.model for vote in (await desk.verdict()).votes] == ["m2"]


async def test_without_a_model_of_another_family_a_verifier_abstains_and_says_what_to_add():
    desk = Desk(
        {"ann": [True], "bob": [True], "cid": [True]},
        models=families(m="qwen", other="gpt"),
        requirements={each: Requirements(models=(ModelName("m"),)) for each in ("bob", "cid")},
        independent="family",
    )
    run = await desk.run()
    assert run.status == "refused"
    verdict = await desk.verdict()
    assert votes(verdict)[:3] == [("ann", True, 1, True), ("bob", None, 1, True), ("cid", None, 1, True)]
    assert verdict.votes[1].reasons == snapshot(
        (
            "no model can take this call (m: the model of the author; other: not among the agent's models); add a model of another family than m, which wrote the output, and let bob use it",  # noqa: E501
        )
    )
    assert [each.by for each in await desk.facts(EffectRefused)] == ["router", "router"]
    assert [each.messages[0].content.split()[1] for each in desk.asked] == ["ann."]


async def test_a_replay_knows_the_family_though_the_project_has_changed():
    desk = Desk({"ann": [True]}, models=families(m="qwen", other="gpt"), independent="family")
    await desk.run()
    desk.profiles = families(m="qwen")
    assert (await desk.verdict()).votes[0].family == "gpt"


# Debate


async def test_who_disagrees_votes_again_with_the_reasons_of_the_others_and_the_last_votes_count():
    desk = Desk({"ann": [True], "bob": [False, True], "cid": [False, False, True]}, debate=3)
    assert (await desk.run()).status == "succeeded"
    verdict = await desk.verdict()
    assert votes(verdict) == snapshot(
        [
            ("ann", True, 1, False),
            ("bob", False, 1, False),
            ("cid", False, 1, False),
            ("ann", True, 2, False),
            ("bob", True, 2, False),
            ("cid", False, 2, False),
            ("ann", True, 3, True),
            ("bob", True, 3, True),
            ("cid", True, 3, True),
        ]
    )
    assert (verdict.in_favour, verdict.reasons, verdict.undecided) == (3, (), False)
    again = next(each for each in desk.asked[3:] if "Judge bob." in each.messages[0].content)
    assert "no evidence" in again.messages[-1].content
    assert document(again)["opinions"] == [
        {"verifier": "verifier 1", "checked": "all", "problems": [], "accepts": True},
        {"verifier": "verifier 2", "checked": "all", "problems": ["it is wrong"], "accepts": False},
    ]
    assert document(again)["yours"]["accepts"] is False


async def test_who_agrees_does_not_debate():
    desk = Desk({"ann": [True], "bob": [True], "cid": [None]}, debate=3)
    await desk.run()
    assert {vote.round for vote in (await desk.verdict()).votes} == {1}
    assert len(desk.asked) == 3


async def test_a_debate_that_changes_nothing_ends_with_its_rounds():
    desk = Desk({"ann": [True], "bob": [False]}, debate=2)
    assert (await desk.run()).status == "refused"
    verdict = await desk.verdict()
    assert [vote.round for vote in verdict.votes] == [1, 1, 2, 2, 3, 3]
    assert verdict.undecided
    assert verdict.reasons == ("it is wrong",)


# Who decides when the panel does not


@pytest.mark.parametrize("says", [True, False, None])
async def test_another_verifier_decides_for_a_divided_panel(says):
    desk = Desk({"ann": [True], "bob": [False], "judge": [says]}, escalate_to=JUDGE.name)
    assert (await desk.run()).status == ("succeeded" if says else "refused")
    verdict = await desk.verdict()
    assert verdict.undecided
    deciding = [vote for vote in verdict.votes if vote.deciding]
    assert [(vote.verifier, vote.accepts) for vote in deciding] == [("agent:judge", says)]
    assert verdict.accepted is (says is True)
    assert bool(verdict.reasons) != verdict.accepted
    assert [each["accepts"] for each in document(desk.asked[-1])["opinions"]] == [True, False]


async def test_nobody_is_asked_when_the_panel_has_decided():
    for says in ({"ann": [True], "bob": [True], "cid": [False]}, {"ann": [False], "bob": [False], "cid": [True]}):
        desk = Desk(says, escalate_to=JUDGE.name)
        await desk.run()
        verdict = await desk.verdict()
        assert not verdict.undecided
        assert not any(vote.deciding for vote in verdict.votes)


@pytest.mark.parametrize(
    ("verb", "fields", "status"),
    [
        ("approve", {}, "succeeded"),
        ("edit", {"value": "better"}, "succeeded"),
        ("reject", {"reason": "no"}, "refused"),
    ],
)
async def test_a_person_decides_for_a_divided_panel(verb, fields, status):
    desk = Desk({"ann": [True], "bob": [False]}, escalate_to_person=ApprovalRule(approvers=("lead",)))
    assert (await desk.run()).status == "waiting"
    (asked,) = [each.approval for each in await desk.facts(ApprovalRequested)]
    assert (asked.subject, asked.value, asked.approver) == ("output", "the answer", "lead")
    assert asked.reason == snapshot("the panel did not decide: ann accepts, bob rejects (it is wrong)")
    await desk.inbox.rule(asked.id, Ruling(verb=verb, actor="lead", **fields))
    run = await desk.resume()
    assert run.status == status
    verdict = await desk.verdict()
    assert [(vote.verifier, vote.deciding) for vote in verdict.votes][-1] == ("person:lead", True)
    assert len(desk.asked) == 2  # nobody is asked twice
    if verb == "edit":
        assert run.steps["finder"].output == "better"


@pytest.mark.parametrize("says", [True, None])
async def test_a_person_is_asked_after_a_verifier_only_if_that_has_not_decided(says):
    desk = Desk(
        {"ann": [True], "bob": [False], "judge": [says]},
        escalate_to=JUDGE.name,
        escalate_to_person=ApprovalRule(),
    )
    run = await desk.run()
    assert run.status == ("succeeded" if says else "waiting")
    if not says:
        (asked,) = [each.approval for each in await desk.inbox.approvals(status="pending")]
        await desk.inbox.rule(asked.id, Ruling(verb="approve", actor="ann"))
        assert (await desk.resume()).status == "succeeded"
    verdict = await desk.verdict()
    assert (verdict.accepted, verdict.open, verdict.reasons) == (True, False, ())


async def test_who_has_to_approve_is_asked_as_well():
    desk = Desk({"ann": [True], "bob": [False]}, escalate_to_person=ApprovalRule(), approval=ApprovalRule())
    await desk.run()
    for verb, fields in (("edit", {"value": "better"}), ("approve", {})):
        (asked,) = [each.approval for each in await desk.inbox.approvals(status="pending")]
        await desk.inbox.rule(asked.id, Ruling(verb=verb, actor="ann", **fields))
        run = await desk.resume()
    assert run.status == "succeeded"
    assert [each.approval.value for each in await desk.facts(ApprovalRequested)] == ["the answer", "better"]
    assert run.steps["finder"].output == "better"
    await desk.verdict()


# The choice of a candidate


class Asked:
    """What a Verifier needs of ModelCalls."""

    def __init__(self, prefers):
        self.prefers = prefers
        self.documents = []

    def dependent(self, author, independent):
        return {} if independent == "none" else {author: "the model of the author"}

    async def call(self, caller, request):
        self.documents.append((caller, document(request)))
        said = self.prefers(caller.agent.name, document(request))
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else json.dumps(said)
        reply = await ScriptedModel([text]).complete(request)
        from agentcore.engine.call_model import Answered

        return Answered(reply=reply, model=ModelName("n"), label=caller.label, family="gpt")


def outcome(output, model="m"):
    return Outcome(
        output=output,
        label=Task(goal="go").label,
        evidence=(Evidence(id="task", content="go", kind="task"),),
        model=ModelName(model),
    )


async def chosen(prefers, *outputs, **verification):
    panel = verification.pop("panel", PANEL[:1])
    finder = replace(FINDER, verification=Verification(panel=panel, **verification))
    calls = Asked(prefers)
    verifier = Verifier({each.name: each for each in CRITICS}, calls, {})  # type: ignore[arg-type]
    caller = Caller(step="s", attempt=1, agent=finder, label=Task(goal="go").label)  # type: ignore[arg-type]
    return await verifier.choose(finder, caller, "find", [outcome(each) for each in outputs]), calls


def by_number(_, data):
    """Prefer the greater number, wherever it stands."""
    better = "first" if data["first"] > data["second"] else "second"
    return {"compared": "the numbers", "better": better}


async def test_the_better_candidate_wins_wherever_it_stands():
    for outputs in ((1, 3, 2), (3, 1, 2), (2, 1, 3)):
        choice, calls = await chosen(by_number, *outputs)
        assert outputs[choice.winner] == 3
        assert max(choice.points) == 2.0
        assert len(calls.documents) == 6
    assert choice.comparisons[0].family == "gpt"


async def test_a_preference_that_follows_the_order_is_a_tie_and_the_first_is_taken():
    choice, _ = await chosen(lambda *_: {"compared": "", "better": "first"}, 1, 3)
    assert (choice.winner, choice.points) == (0, (0.5, 0.5))
    assert choice.comparisons[0].prefers is None
    assert choice.comparisons[0].reason == "its preference changes with the order"


async def test_who_cannot_be_heard_prefers_nothing():
    for said in (ModelUnavailable("down"), "hm", {"compared": "", "better": "neither"}):
        choice, _ = await chosen(lambda *_, said=said: said, 1, 3)
        assert (choice.winner, choice.comparisons[0].prefers) == (0, None)


async def test_weights_of_the_panel_count_in_a_comparison():
    def divided(name, data):
        return by_number(name, data) if name == "ann" else {"better": "first" if data["first"] == 1 else "second"}

    choice, _ = await chosen(divided, 1, 3, panel=PANEL)
    assert choice.winner == 0
    choice, _ = await chosen(divided, 1, 3, panel=PANEL, weights={PANEL[0]: 3.0})
    assert choice.winner == 1


async def test_equal_outputs_are_not_compared_nor_is_one_alone_nor_without_a_panel():
    for outputs, panel in (((2, 2), PANEL), ((2,), PANEL), ((1, 2), ())):
        choice, calls = await chosen(by_number, *outputs, panel=panel)
        assert (choice.winner, calls.documents) == (0, [])
    with pytest.raises(ValueError, match="no candidate"):
        await chosen(by_number)


async def test_who_compares_is_independent_of_all_authors():
    _, calls = await chosen(by_number, 1, 2, independent="family")
    assert {name for caller, _ in calls.documents for name in caller.barred} == {"m"}


class Samples(Desk):
    """A finder that answers twice, in other words each time; the panel prefers the answer `best`."""

    def __init__(self, best, **verification):
        super().__init__({"ann": [True], "bob": [True]}, **verification)
        self.best = best
        self.finder = replace(self.finder, routing=Routing(samples=2))
        self.agents = (BOSS, self.finder, *self.agents[2:])

    def reply(self, request):
        system = request.messages[0].content
        if "You compare" in system:
            self.asked.append(request)
            shown = document(request)
            return {"compared": "it", "better": "first" if shown["first"] == self.best else "second"}
        return f"answer of seed {request.seed}" if system.startswith("Find.") else super().reply(request)


@pytest.mark.parametrize("place", [0, 1])
async def test_the_panel_compares_the_candidates_of_an_attempt_and_verifies_the_winner(place):
    probe = Samples("")
    await probe.run()
    (finished, *_) = await probe.facts(AttemptFinished)
    outputs = [each.output for each in finished.candidates]
    assert len(set(outputs)) == 2
    desk = Samples(outputs[place], pairwise=True)
    run = await desk.run()
    assert (run.status, run.steps["finder"].output) == ("succeeded", outputs[place])
    (finished, *_) = await desk.facts(AttemptFinished)
    why = "the best of 2 answers that were compared in pairs: 1 of 1 points"
    assert (finished.chosen, finished.why_chosen) == (place, why)
    assert len(desk.asked) == 2 * 2 + 2  # both orders by each of two, who then verify
    assert (await desk.verdict()).accepted


# A process that dies in the middle


async def test_wherever_a_process_dies_the_panel_comes_to_the_same_and_nobody_is_asked_twice():
    def made(store=None):
        says = {"ann": [True], "bob": [False], "judge": [True]}
        desk = Desk(
            says, models=families(m="qwen", other="gpt"), independent="family", debate=2, escalate_to=JUDGE.name
        )
        desk.store = store or MemoryJournal()
        return desk

    whole = made()
    await whole.run()
    events = list(await whole.store.read(RunId("r")))
    expected = await whole.verdict()
    assert len(whole.asked) == 7
    for length in range(2, len(events)):
        store = MemoryJournal()
        await store.append(events[:length], durable=True)
        desk = made(store)
        run = await desk.resume()
        assert run.status == "succeeded"
        known = sum(each.fact.kind == "effect_finished" and "/judge/" in each.fact.effect for each in events[:length])
        assert len(desk.asked) <= 7 - known
        assert await desk.verdict() == expected
