"""All that is recorded of one step, as text for people: what it was given, each attempt, each call and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from agentcore.domain.answer_candidate import candidate_of
from agentcore.domain.cache_hit import CacheHit, Trimmed
from agentcore.domain.decision import Decision
from agentcore.domain.event import EffectRefused, EffectReused, EffectStarted, TextGuarded
from agentcore.domain.ids import PLAN
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.plan import FromStep, FromTask, Literal, Source
from agentcore.domain.route import Route
from agentcore.domain.trace import AttemptTrace, EffectTrace, QuestionTrace, StepTrace, Trace
from agentcore.domain.verdict import Verdict, Vote
from agentcore.surfaces.cli.confidence_text import candidate_lines, confidence_text, likely_text
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.tree import money

_INDENT = "  "

_RESORTS = {
    "model": "  nothing was sure enough: the model that is named for that",
    "person": "  nothing was sure enough: a person is asked",
    "best": "  nothing was sure enough: the best so far",
}


def step_detail(trace: Trace, step: StepTrace) -> RenderableType:
    """Return everything about a step of a run, from its inputs to the votes on each attempt."""
    return Group(*_step(trace, step))


def _step(trace: Trace, step: StepTrace) -> Iterator[Text]:
    used = step.used
    yield Text.assemble(
        (step.id, "bold"),
        f" · {step.agent} · {step.status} · {counted(len(step.attempts), 'attempts')} · {step.seconds:.1f} s",
        f" · {used.input_tokens:,} + {used.output_tokens:,} tokens · {money(used.usd)}",
    )
    if step.step is not None:
        yield _field("task", step.step.instruction, 0)
        for name, source in step.step.inputs.items():
            yield _field(f"input {name}", f"{_value(trace, source)}   ({_origin(source)})", 0)
        if step.step.uses:
            yield _field("uses", ", ".join(step.step.uses), 0)
    elif step.id == PLAN:
        yield _field("task", trace.run.started.task.goal, 0)
    yield from (_decision(decision, 0) for decision in step.decisions)
    for attempt in step.attempts:
        yield Text()
        yield from _attempt(attempt, step.agent)
    for rejected in step.rejected_plans:
        yield Text()
        yield Text("plan rejected", style="red")
        yield from (_field("problem", problem, 1) for problem in rejected.problems)


def _attempt(attempt: AttemptTrace, agent: str) -> Iterator[Text]:
    took = "" if attempt.ended_at is None else f"  {attempt.ended_at - attempt.started_at:.1f} s"
    how = _RESORTS.get(attempt.resort, "")
    yield Text.assemble((f"attempt {attempt.number}", "bold"), took, how)
    for effect in attempt.effects:
        yield from _effect(effect, agent)
    finished = attempt.finished
    if finished is not None:
        yield from candidate_lines(finished)
        if finished.error:
            yield _field("error", finished.error, 1, "red")
        elif finished.declined:
            yield _field("declined", finished.declined, 1, "yellow")
        else:
            yield _field("output", _json(finished.output), 1)
    for question in attempt.questions:
        yield from _question(question)
    yield from (_guarded(said) for said in attempt.guarded)
    if attempt.verdict is not None:
        yield from verdict_lines(attempt.verdict)


def _effect(effect: EffectTrace, agent: str) -> Iterator[Text]:
    started, finished = effect.started, effect.finished
    what = started.effect
    head = Text.assemble(_INDENT, (f"{what.kind} {what.name}", "cyan"))
    if what.agent != agent:  # a verifier's
        head.append(f"  for {what.agent}")
    if number := candidate_of(what.id):
        head.append(f"  candidate {number}")
    if isinstance(started, EffectReused):
        yield head.append(f"  not called again: {started.receipt} had done it", "yellow")
        return
    if effect.tries > 1:
        head.append(f"  {effect.tries} tries", "yellow")
    if isinstance(started, EffectRefused):
        yield head.append(f"  refused by {started.by}", "red")
        yield _field("reason", started.reason, 2, "red")
    elif finished is None:
        yield head.append("  has not ended", "yellow")
    else:
        used = finished.used
        tokens = f"  {used.input_tokens:,} + {used.output_tokens:,} tokens  {money(used.usd)}" if used.tokens else ""
        yield head.append(f"  {finished.seconds:.2f} s{tokens}")
    if finished is not None and finished.cached is not None:
        yield _cached(finished.cached)
    if isinstance(started, EffectStarted):
        if started.route is not None:
            yield from _route(started.route)
        if started.trimmed is not None:
            yield from _trimmed(started.trimmed)
    yield from (_decision(decision, 2) for decision in started.decisions)
    yield from _request(started.request)
    if finished is not None:
        if finished.error:
            yield _field("failed", finished.error, 2, "red")
        else:
            yield from _response(finished.output)


def _cached(hit: CacheHit) -> Text:
    alike = "the same call" if hit.match == "exact" else f"another wording (similarity {hit.similarity:.3f})"
    saved = f"saved {hit.saved.tokens:,} tokens, {money(hit.saved.usd)}"
    return _field("cached", f"the reply to {alike}, {hit.effect} of run {hit.run}; {saved}", 2, "green")


def _trimmed(trimmed: Trimmed) -> Iterator[Text]:
    yield _field("left out", f"{trimmed.tokens:,} tokens, to fit {trimmed.limit:,}", 2, "yellow")
    for cut in trimmed.cuts:
        yield _field("cut", f"message {cut.message + 1}: {cut.what}, {cut.tokens:,} tokens", 3)


def _guarded(said: TextGuarded) -> Text:
    if said.denied:
        return _field("guard", said.denied, 1, "red")
    found = ", ".join(sorted(said.found.findings))
    return _field("guard", f"found in the {said.place.replace('_', ' ')}: {found}", 1, "yellow")


def _question(question: QuestionTrace) -> Iterator[Text]:
    asked = question.approval
    yield _field("asked", f"{asked.id} to {asked.approver or 'anybody'}: {asked.reason}", 1, "magenta")
    for ruling in question.rulings:
        said = f": {ruling.reason}" if ruling.reason else ""
        yield _field("ruling", f"{ruling.actor} chose to {ruling.verb}{said}", 2)


def _route(route: Route) -> Iterator[Text]:
    yield _field("route", f"{route.model}: {route.reason}", 2)
    for candidate in route.candidates:
        yield _field(
            "candidate",
            f"{candidate.model}  {likely_text(candidate)}, {money(candidate.usd)}, {candidate.seconds:.1f} s,"
            f" utility {candidate.utility:.3f}",
            3,
        )
    for model, reason in route.filtered.items():
        yield _field("not", f"{model}: {reason}", 3)


def _decision(decision: Decision, depth: int) -> Text:
    return _field(
        "permitted" if decision.permitted else "denied", decision.explain(), depth, "" if decision.permitted else "red"
    )


def _request(request: JSON) -> Iterator[Text]:
    """Yield a prompt message by message, or a tool's arguments."""
    match request:
        case {"messages": list() | tuple() as messages}:
            for message in messages:
                if isinstance(message, Mapping):
                    yield from _message(message)
            rest = {key: value for key, value in request.items() if key != "messages"}
            yield _field("asked with", _json(rest), 2)
        case None:
            return
        case _:
            yield _field("arguments", _json(request), 2)


def _message(message: JSONObject) -> Iterator[Text]:
    content = str(message.get("content") or "")
    if content:
        yield _field(str(message.get("role", "")), content, 2)
    calls = message.get("tool_calls")
    if isinstance(calls, list | tuple):
        yield from _calls(calls)


def _response(output: JSON) -> Iterator[Text]:
    """Yield what a model said and the tools that it called, or a tool's result."""
    match output:
        case {"text": str(text), "finish": finish}:
            if text:
                yield _field("response", text, 2)
            calls = output.get("tool_calls")
            if isinstance(calls, list | tuple):
                yield from _calls(calls)
            if finish not in {"stop", "tool_calls"}:
                yield _field("finish", str(finish), 2)
        case _:
            yield _field("result", _json(output), 2)


def _calls(calls: list[JSON] | tuple[JSON, ...]) -> Iterator[Text]:
    for call in calls:
        if isinstance(call, Mapping):
            yield _field("calls", f"{call.get('name')} {call.get('arguments')}", 2)


def verdict_lines(verdict: Verdict) -> Iterator[Text]:
    """Yield what was concluded about an attempt, each vote, and what nobody looked at."""
    what = "accepted" if verdict.accepted else "rejected"
    if verdict.panel:
        what += f" ({_needed(verdict)} of the panel must accept)"
    yield _field("verdict", what, 1, "green" if verdict.accepted else "red")
    if verdict.confidence is not None:
        yield _field("confidence", confidence_text(verdict.confidence), 2, "" if verdict.confidence.holds else "red")
    for vote in verdict.votes:
        yield _vote(vote)
    yield from (_field("not checked", what, 2, "yellow") for what in verdict.unchecked)


def _needed(verdict: Verdict) -> str:
    """Return how much of a panel must accept."""
    if not verdict.quorum:
        return f"{verdict.required} of {verdict.panel}"
    share = "more than half" if verdict.quorum <= 1 / 2 else f"{100 * verdict.quorum:g} %"
    return f"{share} of the weight" + (f" and {verdict.required} of {verdict.panel}" if verdict.required else "")


def _vote(vote: Vote) -> Text:
    said = "abstains" if vote.accepts is None else "accepts" if vote.accepts else "rejects"
    reasons = f": {'; '.join(vote.reasons)}" if vote.reasons else ""
    checked = f" (checked {vote.checked})" if vote.checked else ""
    facts = [f"round {vote.round}"] if vote.round > 1 or not vote.counts else []
    facts += [] if vote.counts else ["replaced by a later vote"]
    facts += ["in the panel's place"] if vote.deciding else []
    facts += [f"weight {vote.weight:g}"] if vote.weight != 1 else []
    facts += [f"by {vote.model}"] if vote.model is not None else []
    by = f" [{', '.join(facts)}]" if facts else ""
    style = "red" if vote.accepts is False and vote.counts else "" if vote.counts else "dim"
    return _field("vote", f"{vote.verifier} {said}{by}{reasons}{checked}", 2, style)


def _value(trace: Trace, source: Source) -> str:
    match source:
        case Literal(value=value):
            return _json(value)
        case FromTask(name=name):
            task = trace.run.started.task
            return _json(task.goal if name == "goal" else task.inputs.get(name))
        case FromStep(step=step, path=path):
            state = trace.run.steps.get(step)
            value = state.output if state else None
            for key in path:
                value = value.get(key) if isinstance(value, Mapping) else None
            return _json(value)


def _origin(source: Source) -> str:
    match source:
        case Literal():
            return "written by the supervisor"
        case FromTask(name=name):
            return f"the task's {name}"
        case FromStep(step=step, path=path):
            return "from " + ".".join((step, *path))


def _field(name: str, text: str, depth: int, style: str = "") -> Text:
    """Return `name: text`; lines after the first stand beneath the first."""
    before = _INDENT * depth
    gap = "\n" + before + " " * (len(name) + 2)
    return Text.assemble(before, (f"{name}: ", "dim"), (gap.join(text.splitlines()), style))


def _json(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
