"""No decision is left out of the audit, whatever fact carries it, and nothing that people wrote is put into it."""

from __future__ import annotations

import typing
from dataclasses import fields

import pytest

from agentcore.audit.drafts import drafts, drafts_of
from agentcore.audit.entry import FIELDS
from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import NO_USE, Usage
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    RunEnding,
    RunFinished,
    TextGuarded,
)
from agentcore.domain.ids import AgentName, ApprovalId, EffectId, RunId, StepId
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.obligation import Approve
from agentcore.domain.plan import Plan
from agentcore.testing.contracts.journal import begin, end, go_on

SECRET = "what-ann-said"
LABEL = Label(sources=frozenset({"user"}), confidentiality=Confidentiality.PERSONAL, findings=frozenset({"pii"}))
DENIAL = Decision(
    permitted=False, action="call_tool", resource="pay", principal="clerk", policies=("no",),
    errors=(f"cannot read {SECRET}",), obligations=(Approve(policy="ask"),), bundle="b" * 64, unmet=(SECRET,),
)  # fmt: skip
EFFECT = Effect(
    id=EffectId("1/s/1/clerk/tool.1"), kind=EffectKind.TOOL, name="pay", step=StepId("s"), attempt=1,
    agent=AgentName("clerk"), safety=Safety.UNSAFE, key=SECRET,
)  # fmt: skip
ASKED = Approval(
    id=ApprovalId("a"), subject="call", step=StepId("s"), attempt=1, agent=AgentName("clerk"), name="pay",
    value={"to": SECRET}, reason=SECRET, rule=ApprovalRule(), asked_at=1.0,
)  # fmt: skip
END = RunFinished(status="denied", answer=None, reason=SECRET, decisions=(DENIAL,))
FACTS = (
    PlanAccepted(plan=Plan(steps=()), revision=0, label=LABEL, decisions=(DENIAL,)),
    EffectStarted(effect=EFFECT, request={"to": SECRET}, decisions=(DENIAL,), reserved=Usage(calls=1)),
    EffectRefused(effect=EFFECT, by="policy", reason=SECRET, request={"to": SECRET}, decisions=(DENIAL,)),
    EffectFinished(effect=EFFECT.id, output=SECRET, used=NO_USE, seconds=0.5, label=LABEL, error=SECRET),
    TextGuarded(id=EffectId("1/s/1/clerk/prompt.1"), step=StepId("s"), attempt=1, found=LABEL, value=SECRET),
    TextGuarded(id=EffectId("1/s/1/clerk/prompt.1"), step=StepId("s"), attempt=1, found=LABEL, denied=SECRET),
    ApprovalRequested(approval=ASKED),
    ApprovalDecided(
        approval=ASKED.id, step=ASKED.step, ruling=Ruling(verb="edit", actor="lead", reason=SECRET, value=SECRET)
    ),
    RunEnding(end=END),
    END,
)


def told(fact):
    return drafts(Event(run=RunId("r"), sequence=3, at=1.5, fact=fact))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.kind)
def test_a_fact_is_told_in_fields_that_there_are_and_free_text_is_sealed(fact):
    made = told(fact)
    assert made
    for draft in made:
        assert draft.facts.keys() <= FIELDS
        assert all(value or name == "at" for name, value in draft.facts.items()), "nothing is not said"
        assert SECRET not in str(draft.facts)
    assert SECRET in str([draft.payload for draft in made]) or isinstance(fact, TextGuarded)


def test_every_fact_that_carries_a_decision_makes_an_entry_of_it():
    carriers = {
        kind.__name__
        for kind in typing.get_args(Fact)
        if any("Decision" in str(each.type) for each in fields(kind))
        or kind in {RunEnding, EffectRefused, TextGuarded}
    }
    assert carriers == {type(fact).__name__ for fact in FACTS} - {
        "EffectFinished",
        "ApprovalRequested",
        "ApprovalDecided",
    }
    for fact in FACTS:
        if hasattr(fact, "decisions"):
            assert [draft.facts["decision"] for draft in told(fact) if draft.facts["kind"] == "decision"] == ["deny"]


def test_what_decides_nothing_makes_none():
    assert drafts_of([begin("r")]) == []
    assert drafts_of([go_on("r", 2)]) == []
    assert drafts_of([end("r", 3)]) == []


def test_a_guard_that_lets_a_text_go_no_further_says_so():
    results = [told(fact)[0].facts["result"] for fact in FACTS if isinstance(fact, TextGuarded)]
    assert results == ["changed", "denied"]
