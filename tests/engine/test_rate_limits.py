"""`limit`: no more calls than policies allow, whoever makes them and whatever dies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import profile
from support.mortal import Mortal
from support.obliged import Case, obligation, on

from agentcore.domain.effect import EffectKind
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import EffectRefused, EffectStarted
from agentcore.domain.ids import RunId
from agentcore.domain.obligation import Limit
from agentcore.domain.rate import wait_seconds
from agentcore.domain.task import Task
from agentcore.engine.rates import Counts
from agentcore.testing.scripted import Delayed, ScriptedModel


def calls(rate, per, by="run", scope=None):
    return obligation("rare", "limit", scope or on("call_tool"), rate=rate, per=per, by=by)


@given(
    st.lists(st.floats(0, 30), max_size=30).map(sorted), st.integers(1, 5), st.floats(0.5, 20, allow_subnormal=False)
)
def test_no_window_ever_has_more_than_the_limit(arrivals, most, seconds):
    limit = Limit(policy="p", calls=most, seconds=seconds, by="run")
    begun = []
    for now in arrivals:
        wait = wait_seconds(limit, begun, now)
        within = [time for time in begun if time > now - seconds]
        assert (wait == 0.0) == (len(within) < most) or abs(wait) < 1e-9
        if wait == 0.0:
            begun.append(now)
        else:
            assert wait_seconds(limit, begun, now + wait + 1e-6) == 0.0


def test_a_clock_that_goes_back_lets_nothing_through():
    limit = Limit(policy="p", calls=1, seconds=10, by="run")
    assert wait_seconds(limit, [100.0], 50.0) == 60.0


async def test_a_tool_is_called_as_often_as_a_policy_allows_and_the_model_is_told_when_to_try_again():
    case = Case(calls(2, 60), times=3)
    run = await case.run()
    assert run.status == "succeeded"
    assert sorted(case.outside.done.values()) == ["told 0", "told 1"]
    (refused,) = await case.facts(EffectRefused)
    why = "rare asks to limit it: no more than 2 calls of post in 60 s for each run; try again in 60.0 s"
    assert refused.reason == f"not now: {why}"
    assert refused.decisions[0].unmet == (why,)
    assert f"Error: not now: {why}" in " ".join(case.sent("Find."))
    assert (await case.replay()).status == "succeeded"


@pytest.mark.parametrize(("pause", "done"), [(59.0, 1), (61.0, 2)])
async def test_the_window_slides(pause, done):
    case = Case(calls(1, 60), times=2)
    slow = ScriptedModel(lambda request: Delayed(pause, case.reply(request)), clock=case.clock)
    case._options["models"] = {"m": slow}
    await case.run()
    assert len(case.outside.done) == done


@pytest.mark.parametrize(
    ("by", "others", "done"),
    [
        ("run", {}, 2),
        ("tenant", {}, 1),
        ("tenant", {"tenant": "acme"}, 2),
        ("user", {}, 1),
        ("user", {"principal": "ann"}, 2),
        ("user", {"tenant": "acme"}, 2),
        ("agent", {"tenant": "acme", "principal": "ann"}, 1),
    ],
)
async def test_for_whom_calls_are_counted(by, others, done):
    case = Case(calls(1, 60, by))
    async with case.process() as running:
        for number, task in enumerate([{}, others]):
            await (await running.start(Task(goal="go", **task), id=RunId(f"r{number}"))).result()
    assert len(case.outside.done) == done


async def test_each_tool_has_a_count_of_its_own_and_each_policy():
    case = Case(calls(5, 60), obligation("rarer", "limit", on("call_tool"), rate=1, per=60), times=2)
    await case.run()
    (refused,) = await case.facts(EffectRefused)
    assert "1 calls of post" in refused.reason
    assert len(case.outside.done) == 1


@pytest.mark.parametrize("lives", range(6, 16))
async def test_what_a_run_has_called_is_known_after_a_crash(lives):
    case = Case(calls(2, 3600), times=4)
    case.post.looks_up = True
    store, case.store = case.store, Mortal(case.store, lives=lives)
    try:
        await case.run()
    except JournalUnavailable:
        case.store = store
        await case.resume()
    case.store = store
    assert sorted(case.outside.done.values()) == ["told 0", "told 1"]
    tools = [fact for fact in await case.facts(EffectStarted) if fact.effect.kind is EffectKind.TOOL]
    assert len({fact.effect.id for fact in tools}) == 2


async def test_a_model_that_was_called_too_often_is_no_candidate():
    def answering(case):
        models = [
            (profile("best", 0.9), ScriptedModel(case.reply)),
            (profile("other", 0.1), ScriptedModel(case.reply)),
        ]
        case._options["models"] = models
        return case

    scope = on("call_model", 'resource == Model::"best"')
    case = answering(Case(calls(2, 60, scope=scope)))
    run = await case.run()
    assert run.status == "succeeded"
    started = [fact for fact in await case.facts(EffectStarted) if fact.effect.kind is EffectKind.MODEL]
    assert [fact.effect.name for fact in started] == ["best", "best", "other", "other"]
    assert "no more than 2 calls of best in 60 s" in started[2].route.filtered["best"]
    assert started[2].decisions[1].unmet
    assert (await case.replay()).status == "succeeded"


async def test_without_another_model_the_run_is_denied():
    case = Case(calls(2, 60, scope=on("call_model")))
    run = await case.run()
    assert run.status == "denied"
    assert "rare asks to limit it: no more than 2 calls of m" in run.reason


async def test_calls_at_once_do_not_pass_together():
    case = Case(calls(1, 60, "tenant"))
    async with case.process() as running:
        handles = [await running.start(Task(goal="go"), id=RunId(f"r{number}")) for number in range(4)]
        for handle in handles:
            await handle.result()
    assert len(case.outside.done) == 1


def test_counts_that_have_run_out_are_forgotten():
    limit = Limit(policy="p", calls=1, seconds=10, by="user")
    counts = Counts()
    for number in range(5000):
        now = float(number)
        counts.times(("p", "post", "user", str(number)), limit, now).append(now)
        assert len(counts) <= 1024
    assert wait_seconds(limit, counts.times(("p", "post", "user", "4999"), limit, 5000.0), 5000.0) == 9.0


async def test_what_is_not_called_for_another_reason_is_not_told_as_too_often():
    forbid = f'@id("no") forbid {on("call_tool")};'
    case = Case(calls(1, 60), forbid, times=1)
    await case.run()
    (refused, *_) = await case.facts(EffectRefused)
    assert (refused.by, refused.decisions[0].unmet) == ("policy", ())
