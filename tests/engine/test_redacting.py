"""`redact`: nothing of what detectors find is sent, the record has what was, and a fault denies."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.desk import TEXT, WRITER
from support.mortal import Mortal
from support.obliged import AGENTS, Case, Mails, obligation, on

from agentcore.domain.approval import Ruling
from agentcore.domain.effect import EffectKind
from agentcore.domain.errors import JournalUnavailable, ModelRequestRejected, ReplayMismatch
from agentcore.domain.event import EffectRefused, EffectStarted, RunFinished
from agentcore.domain.ids import RunId
from agentcore.domain.trace import trace
from agentcore.surfaces.citations import citations

LOWER = {**TEXT, "properties": {"text": {"type": "string", "pattern": "^[^A-Z]*$"}}}
GOAL = "write to ann@example about 123456789"
PROMPTS = obligation("prompts", "redact", on("call_model"), types="mails")
CALLS = obligation("calls", "redact", on("call_tool"), types="mails")
ANSWERS = obligation("answers", "redact", on("release"), types="mails")


async def started(case, kind=EffectKind.MODEL):
    return [fact for fact in await case.facts(EffectStarted) if fact.effect.kind is kind]


async def test_a_model_gets_placeholders_and_the_record_has_what_it_got():
    case = Case(PROMPTS, detector=Mails(), posts="to bob@example")
    run = await case.run(GOAL)
    assert run.status == "succeeded"
    sent = " ".join(message.content for request in case.asked for message in request.messages)
    assert "Goal: write to [EMAIL_ADDRESS] about [ACCOUNT]" in sent
    assert "@" not in sent
    assert "123456789" not in sent
    recorded = [fact.request["messages"] for fact in await started(case)]
    assert [[m["content"] for m in messages] for messages in recorded] == [
        [message.content for message in request.messages] for request in case.asked
    ]
    assert case.outside.done.popitem()[1] == "to bob@example", "only prompts are redacted"


async def test_the_calls_in_a_conversation_are_redacted_too():
    case = Case(PROMPTS, detector=Mails(), posts="to bob@example")
    await case.run(GOAL)
    (call,) = [call for request in case.asked for message in request.messages for call in message.tool_calls]
    assert json.loads(call.arguments) == {"text": "to [EMAIL_ADDRESS]"}


async def test_only_the_types_that_are_named_and_of_several_policies_all():
    mails = obligation("mails", "redact", on("call_model"), types="mails:EMAIL_ADDRESS")
    case = Case(mails, detector=Mails())
    await case.run(GOAL)
    assert "Goal: write to [EMAIL_ADDRESS] about 123456789" in case.sent("Plan.")
    both = Case(mails, obligation("more", "redact", on("call_model"), types="mails:ACCOUNT"), detector=Mails())
    await both.run(GOAL)
    assert "Goal: write to [EMAIL_ADDRESS] about [ACCOUNT]" in both.sent("Plan.")


async def test_a_text_that_is_flagged_as_a_whole_is_taken_out_as_a_whole():
    case = Case(PROMPTS, detector=Mails(whole=True))
    await case.run(GOAL)
    assert "[MAILS]" in case.sent("Plan.")


async def test_a_tool_gets_placeholders_and_so_does_who_approves_the_call():
    approve = obligation("ask", "approve", on("call_tool"))
    case = Case(CALLS, approve, detector=Mails(), posts="to bob@example")
    assert (await case.run(GOAL)).status == "waiting"
    (record,) = await case.inbox.approvals(status="pending")
    assert record.approval.value == {"text": "to [EMAIL_ADDRESS]"}
    await case.inbox.rule(record.approval.id, Ruling(verb="approve", actor="ann", version=record.approval.version))
    assert (await case.resume()).status == "succeeded"
    assert list(case.outside.done.values()) == ["to [EMAIL_ADDRESS]"]
    (call,) = await started(case, EffectKind.TOOL)
    assert call.request == {"text": "to [EMAIL_ADDRESS]"}
    assert "write to ann@example about 123456789" in " ".join(case.sent("Plan.")), "only calls are redacted"
    assert (await case.replay()).status == "succeeded"


async def test_arguments_that_do_not_fit_any_more_are_not_called_with():
    case = Case(CALLS, detector=Mails(), posts="to bob@example")
    case.post.parameters = LOWER
    run = await case.run()
    assert case.outside.done == {}
    (refused,) = await case.facts(EffectRefused)
    assert "redacted, as calls asks, they do not fit" in refused.reason
    assert run.status == "succeeded", "the model is told"


async def test_an_answer_leaves_with_placeholders():
    case = Case(ANSWERS, detector=Mails(), answer="Write to ann@example.")
    run = await case.run()
    assert (run.status, run.answer) == ("succeeded", "Write to [EMAIL_ADDRESS].")
    assert run.steps["answer"].output == "Write to ann@example."
    assert (await case.replay()).answer == run.answer


async def test_the_reason_why_there_is_none_does_too():
    case = Case(ANSWERS, detector=Mails(), answer=ModelRequestRejected("nobody is bob@example"))
    run = await case.run()
    assert run.status in {"failed", "refused"}
    assert "bob@example" not in run.reason
    assert "[EMAIL_ADDRESS]" in run.reason
    assert (await case.replay()).reason == run.reason


@pytest.mark.parametrize("broken", [Mails(error=RuntimeError("broken")), None], ids=["fails", "is missing"])
@pytest.mark.parametrize(("policy", "name"), [(PROMPTS, "prompts"), (CALLS, "calls"), (ANSWERS, "answers")])
async def test_a_fault_denies(policy, name, broken):
    case = Case(policy, posts="to bob@example", answer="ann@example")
    if broken is not None:
        case.detectors = [_Later(broken)]
    run = await case.run()
    why = "unknown detector `mails`" if broken is None else "the detector mails failed"
    if policy is CALLS:
        assert run.status == "succeeded", "the model is told"
        assert case.outside.done == {}
        (refused,) = await case.facts(EffectRefused)
        assert refused.by == "policy"
        assert why in refused.reason
        decision = refused.decisions[0]
    else:
        assert (run.status, run.answer) == ("denied", None)
        decision = run_end(await case.facts(RunFinished)).decisions[-1]
    assert case.asked == [] or policy is not PROMPTS
    assert not decision.permitted
    assert decision.allowed
    assert decision.unmet[0].startswith(f"{name} asks to redact it: {why}")
    assert (await case.replay()).status == run.status


def run_end(facts):
    (end,) = facts
    return end


class _Later(Mails):
    """A detector that works on the task, and fails on all else: else the run would not begin."""

    def __init__(self, broken):
        super().__init__(error=broken.error)

    def detect(self, text):
        if text == "go":
            self.error, error = None, self.error
            try:
                return super().detect(text)
            finally:
                self.error = error
        return super().detect(text)


async def test_a_replay_needs_no_detector_and_sees_a_different_prompt():
    case = Case(PROMPTS, CALLS, ANSWERS, detector=Mails(), posts="to bob@example", answer="ann@example")
    run = await case.run(GOAL)
    case.detectors = []
    assert (await case.replay()).answer == run.answer == "[EMAIL_ADDRESS]"
    events = list(await case.store.read(RunId("r")))
    for event in events:
        if isinstance(event.fact, EffectStarted) and event.fact.effect.kind is EffectKind.MODEL:
            event.fact.request["messages"][-1]["content"] += "!"
            break
    with pytest.raises(ReplayMismatch):
        await case.replay()


@pytest.mark.parametrize("lives", range(2, 16))
async def test_wherever_the_process_dies_nothing_is_sent_twice_or_otherwise(lives):
    whole = Case(PROMPTS, CALLS, ANSWERS, detector=Mails(), posts="to bob@example", answer="ann@example")
    expected = await whole.run(GOAL)
    case = Case(PROMPTS, CALLS, ANSWERS, detector=Mails(), posts="to bob@example", answer="ann@example")
    case.post.looks_up = True
    try:
        run = await _dies(case, lives)
    except JournalUnavailable:
        run = await case.resume()
        assert len(case.asked) <= len(whole.asked) + 1, "one call at the most was under way"
    assert run.answer == expected.answer == "[EMAIL_ADDRESS]"
    assert list(case.outside.done.values()) == ["to [EMAIL_ADDRESS]"]
    assert set(case.outside.received.values()) == {1}
    assert (await case.replay()).answer == run.answer


async def _dies(case, lives):
    store = case.store
    case.store = Mortal(store, lives=lives)
    try:
        return await case.run(GOAL)
    finally:
        case.store = store


async def test_a_redacted_answer_has_no_citations_which_would_quote():
    answer = {"answer": "it is done", "sources": ["finder"]}
    for policies, cited in (((), 1), ((ANSWERS,), 0)):
        case = Case(*policies, detector=Mails(), answer=answer, posts="to bob@example", agents=_writing_json())
        assert (await case.run()).answer == answer
        found = citations(trace(await case.store.read(RunId("r"))))
        assert len(found) == cited


def _writing_json():
    schema = {"type": "object", "properties": {"answer": {"type": "string"}, "sources": {"type": "array"}}}
    return (*AGENTS[:-1], replace(WRITER, output=schema))
