"""What a run was spared, by its events."""

from __future__ import annotations

from decimal import Decimal

from agentcore.domain.budget import Budget, Usage
from agentcore.domain.cache_hit import CacheHit, Cut, Trimmed
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import EffectFinished, EffectStarted, Event, Lineage, RunStarted
from agentcore.domain.ids import AgentName, EffectId, RunId, StepId
from agentcore.domain.label import Label
from agentcore.domain.savings import LeftOut, PromptCache, Savings, ServedAgain
from agentcore.domain.task import Task

SAVED = Usage(input_tokens=10, output_tokens=5, calls=1, usd=Decimal("0.01"))


def hit(match="exact"):
    return CacheHit(match=match, similarity=1.0, saved=SAVED, run=RunId("o"), effect=EffectId("e"), at=1.0, key="k")


def started(id, *cuts):
    effect = Effect(
        id=EffectId(id),
        kind=EffectKind.MODEL,
        name="m",
        step=StepId("s"),
        attempt=1,
        agent=AgentName("a"),
        safety=Safety.READ,
        key=id,
    )
    trimmed = Trimmed(limit=10, whole="w", cuts=cuts) if cuts else None
    return EffectStarted(effect=effect, request=None, decisions=(), reserved=Usage(), trimmed=trimmed)


def finished(id, **fields):
    given = {"output": None, "used": Usage(), "seconds": 0.0, "label": Label()} | fields
    return EffectFinished(effect=EffectId(id), **given)


def savings(*facts, lineage=None):
    begin = RunStarted(
        task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot="s", runtime="0", lineage=lineage
    )
    return Savings.of(
        Event(run=RunId("r"), sequence=number, at=1.0, fact=fact) for number, fact in enumerate([begin, *facts], 1)
    )


def test_nothing_is_saved_by_calls_as_they_come():
    assert savings(started("a"), finished("a", used=SAVED)) == Savings()
    assert not Savings.of([]).any


def test_each_kind_is_counted_by_itself_and_the_dollars_together():
    found = savings(
        started("a"),
        finished("a", cached=hit()),
        finished("b", cached=hit()),
        finished("c", cached=hit("semantic")),
        finished("d", used=Usage(input_tokens=90, cached_tokens=60), spared=Decimal("0.002")),
        started("e", Cut(message=1, tokens=30, what="x"), Cut(message=2, tokens=12, what="y")),
    )
    assert found.exact == ServedAgain(replies=2, used=SAVED + SAVED)
    assert found.semantic == ServedAgain(replies=1, used=SAVED)
    assert found.prompt_cache == PromptCache(tokens=60, usd=Decimal("0.002"))
    assert found.trimmed == LeftOut(requests=1, tokens=42)
    assert found.usd == Decimal("0.032")


def test_what_broke_off_or_was_withheld_saved_nothing_and_what_began_again_counts_once():
    cut = Cut(message=1, tokens=30, what="x")
    found = savings(
        started("a", cut),
        finished("a", unknown=True, error="cancelled"),
        started("a", cut),
        finished("a"),
        finished("b", cached=hit(), unknown=True),
        finished("b", cached=hit()),
        finished("c", cached=hit(), error="withheld"),
    )
    assert (found.exact.replies, found.trimmed.requests) == (1, 1)


def test_a_fork_has_no_part_in_what_it_shares():
    lineage = Lineage(run=RunId("o"), step=StepId("s"), events=1)
    assert savings(finished("a", cached=hit()), finished("b", cached=hit()), lineage=lineage).exact.replies == 1
