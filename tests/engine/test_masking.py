"""`mask`: what traces show of a call is masked, and the journal keeps it, since the run goes on from it."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from support.mortal import Mortal
from support.obliged import Case, obligation, on

from agentcore.domain.effect_ledger import effect_ledger
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import EffectStarted
from agentcore.domain.ids import RunId
from agentcore.domain.masking import MASK, masked
from agentcore.domain.trace import trace
from agentcore.surfaces.cli.step_detail import step_detail
from agentcore.surfaces.run_json import trace_json

RECEIPT = object()
SECRET = "DE8937040044"


async def shown(case):
    """Return the trace as JSON and as text, and the ledger as text."""
    events = list(await case.store.read(RunId("r")))
    found = trace(events)
    console = Console(width=200, record=True, file=io.StringIO())
    for step in found.steps:
        console.print(step_detail(found, step))
    return trace_json(found), console.export_text(), repr(effect_ledger(events))


def calls_of(as_json, kind):
    return [
        call
        for step in as_json["steps"]
        for tried in step["attempts"]
        for call in tried["effects"]
        if call["kind"] == kind
    ]


async def test_a_call_is_masked_wherever_it_shows():
    case = Case(obligation("hide", "mask", on("call_tool")), posts=SECRET)
    run = await case.run()
    as_json, text, ledger = await shown(case)
    (call,) = calls_of(as_json, "tool")
    assert (call["request"], call["output"]) == ({"text": MASK}, MASK)
    for view in (json.dumps(as_json), text, ledger):
        assert SECRET not in view, "neither in what the model wanted, nor in what it was told"
    assert "arguments: " in text
    assert list(case.outside.done.values()) == [SECRET]
    assert any(fact.request == {"text": SECRET} for fact in await case.facts(EffectStarted)), "the journal keeps it"
    assert (await case.replay()).answer == run.answer


@pytest.mark.parametrize(
    ("fields", "sent", "output"),
    [
        ("arguments.text", {"text": MASK}, RECEIPT),
        ("arguments", {"text": MASK}, RECEIPT),
        ("result", {"text": "told"}, MASK),
        ("result.receipt", {"text": "told"}, {"receipt": MASK}),
        ("arguments.text, result.receipt", {"text": MASK}, {"receipt": MASK}),
        ("arguments.other", {"text": "told"}, RECEIPT),
    ],
)
async def test_only_the_fields_that_are_named(fields, sent, output):
    case = Case(obligation("hide", "mask", on("call_tool"), fields=fields))
    await case.run()
    (call,) = calls_of((await shown(case))[0], "tool")
    assert call["request"] == sent
    assert call["output"] == ({"receipt": call["key"].rpartition("/")[2]} if output is RECEIPT else output)


async def test_of_several_policies_all_fields():
    one, other = (obligation(f, "mask", on("call_tool"), fields=f) for f in ("arguments", "result"))
    case = Case(one, other)
    await case.run()
    (call,) = calls_of((await shown(case))[0], "tool")
    assert (call["request"], call["output"]) == ({"text": MASK}, MASK)


@pytest.mark.parametrize(
    ("fields", "hidden", "told"), [("prompt", "Goal: go", "Done."), ("reply", "Done.", "Goal: go")]
)
async def test_prompts_and_replies(fields, hidden, told):
    case = Case(obligation("hide", "mask", on("call_model"), fields=fields))
    await case.run()
    as_json, _, _ = await shown(case)
    calls = json.dumps(calls_of(as_json, "model"))
    assert hidden not in calls
    assert told in calls


async def test_without_such_a_policy_nothing_is_changed():
    case = Case()
    await case.run()
    events = list(await case.store.read(RunId("r")))
    assert masked(events) == events


async def test_a_run_that_was_masked_goes_on_after_a_crash():
    case = Case(obligation("hide", "mask", on("call_tool")), posts=SECRET)
    store, case.store = case.store, Mortal(case.store, lives=9)
    with pytest.raises(JournalUnavailable):
        await case.run()
    case.store = store
    assert (await case.resume()).status == "succeeded"
    assert list(case.outside.done.values()) == [SECRET]
