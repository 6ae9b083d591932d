"""Drafts: what the facts of runs say to the audit chain. Pure.

One entry for each decision of policy, for each refusal by anybody else, for each outcome of a call, for each word of
guards, for each question to a person and each answer. Free text that people or models wrote never stands in an entry:
it is sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from agentcore.audit.entry import Draft
from agentcore.domain.budget import Usage
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect, EffectKind
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    Event,
    PlanAccepted,
    RunEnding,
    RunFinished,
    RunStarted,
    TextGuarded,
)
from agentcore.domain.ids import ANSWER, PLAN
from agentcore.domain.json import JSON
from agentcore.domain.label import Label


def drafts(event: Event) -> Sequence[Draft]:
    """Return the entries that an event makes, in order; mostly none."""
    draft = _DRAFTS.get(type(event.fact))
    return () if draft is None else tuple(draft(event, event.fact))


def imported(event: Event, count: int) -> Draft:
    """Return the entry of a run that was put into the store as a whole; its decisions were made elsewhere."""
    return Draft(event.run, {**_place(event), "kind": "import", "count": count})


def moment(seconds: float) -> int:
    """Return seconds since the Unix epoch as microseconds."""
    return round(seconds * 1_000_000)


def _place(event: Event) -> dict[str, JSON]:
    return {"at": moment(event.at), "run": event.run, "event": event.sequence}


def _of_decision(decision: Decision) -> dict[str, JSON]:
    facts: dict[str, JSON] = {
        "kind": "decision",
        "principal": decision.principal,
        "action": decision.action,
        "resource": decision.resource,
        "decision": "permit" if decision.permitted else "deny",
    }
    if decision.policies:
        facts["policies"] = decision.policies
    if decision.errors:
        facts["errors"] = len(decision.errors)
    if decision.bundle:
        facts["bundle"] = decision.bundle
    if decision.obligations:
        facts["obligations"] = [f"{each.policy}: {each.kind}" for each in decision.obligations]
    if decision.unmet:
        facts["unmet"] = len(decision.unmet)
    return facts


def _of_effect(effect: Effect) -> dict[str, JSON]:
    facts: dict[str, JSON] = {"step": effect.step, "effect": effect.id, "principal": effect.agent}
    if effect.attempt:
        facts["attempt"] = effect.attempt
    return facts


def _of_label(label: Label | None) -> dict[str, JSON]:
    if label is None:
        return {}
    facts: dict[str, JSON] = {"confidentiality": label.confidentiality.name.lower()}
    if label.sources:
        facts["sources"] = sorted(label.sources)
    if label.findings:
        facts["findings"] = sorted(label.findings)
    return facts


def _of_usage(usage: Usage) -> dict[str, JSON]:
    used: dict[str, JSON] = {}
    if usage.calls:
        used["calls"] = usage.calls
    if usage.input_tokens:
        used["input_tokens"] = usage.input_tokens
    if usage.output_tokens:
        used["output_tokens"] = usage.output_tokens
    if usage.usd:
        used["usd"] = str(usage.usd)
    return used


def _without_nothing(facts: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in facts.items() if value or name == "at"}


def _reasons(decision: Decision) -> JSON:
    """Return what is said in words about a decision."""
    if not decision.errors and not decision.unmet:
        return None
    return _payload(errors=decision.errors, unmet=decision.unmet)


def _payload(**texts: JSON) -> JSON:
    said = {name: value for name, value in texts.items() if value not in (None, "", (), [])}
    return said or None


def _planned(event: Event, fact: PlanAccepted) -> Iterator[Draft]:
    for each in fact.decisions:
        facts = {**_place(event), **_of_decision(each), "step": PLAN, **_of_label(fact.label)}
        yield Draft(event.run, facts, _reasons(each))


def _started(event: Event, fact: EffectStarted) -> Iterator[Draft]:
    effect = fact.effect
    is_tool = effect.kind == EffectKind.TOOL
    common = {**_place(event), **_of_effect(effect)}
    if fact.route is not None:
        common["model"] = fact.route.model
    if reserved := _of_usage(fact.reserved):
        common["reserved"] = reserved
    request = fact.request
    for each in fact.decisions:
        # What is sent is the same for all of them; a prompt is sealed nowhere: it stands in the journal.
        payload = _payload(errors=each.errors, unmet=each.unmet, arguments=request) if is_tool else _reasons(each)
        yield Draft(event.run, {**common, **_of_decision(each)}, payload, request)
        request = None


def _refused(event: Event, fact: EffectRefused) -> Iterator[Draft]:
    effect = fact.effect
    common = {**_place(event), **_of_effect(effect)}
    for each in fact.decisions:
        yield Draft(event.run, {**common, **_of_decision(each)}, _reasons(each))
    action = f"call_{effect.kind.value}"
    facts: dict[str, JSON] = {**common, "kind": "refusal", "by": fact.by, "action": action, "resource": effect.name}
    arguments = fact.request if effect.kind == EffectKind.TOOL else None
    yield Draft(event.run, facts, _payload(reason=fact.reason, arguments=arguments), fact.request)


def _finished(event: Event, fact: EffectFinished) -> Iterator[Draft]:
    facts = {**_place(event), **_of_label(fact.label), "kind": "outcome", "effect": fact.effect}
    facts["result"] = "unknown" if fact.unknown else "error" if fact.error else "ok"
    if micros := moment(fact.seconds):
        facts["micros"] = micros
    if used := _of_usage(fact.used):
        facts["used"] = used
    yield Draft(event.run, facts, {"error": fact.error} if fact.error else None)


def _guarded(event: Event, fact: TextGuarded) -> Iterator[Draft]:
    facts = {**_place(event), **_of_label(fact.found), "kind": "guard", "step": fact.step, "effect": fact.id}
    if fact.attempt:
        facts["attempt"] = fact.attempt
    facts |= {"action": "guard", "resource": fact.place}
    facts["result"] = "denied" if fact.denied else "found" if fact.value is None else "changed"
    yield Draft(event.run, facts, _payload(reason=fact.denied))


def _asked(event: Event, fact: ApprovalRequested) -> Iterator[Draft]:
    asked = fact.approval
    facts = {
        **_place(event),
        "kind": "question",
        "step": asked.step,
        "attempt": asked.attempt,
        "effect": asked.effect or "",
        "principal": asked.agent,
        "action": f"approve_{asked.subject}",
        "resource": asked.name,
        "approval": asked.id,
    }
    yield Draft(event.run, _without_nothing(facts), _payload(reason=asked.reason, value=asked.value), asked.value)


def _ruled(event: Event, fact: ApprovalDecided) -> Iterator[Draft]:
    ruling = fact.ruling
    facts = {
        **_place(event),
        "kind": "ruling",
        "step": fact.step,
        "approval": fact.approval,
        "verb": ruling.verb,
        "actor": ruling.actor,
    }
    yield Draft(event.run, _without_nothing(facts), _payload(reason=ruling.reason, value=ruling.value), ruling.value)


def _ended(event: Event, fact: RunFinished) -> Iterator[Draft]:
    for each in fact.decisions:
        step = ANSWER if each.action == "release" else PLAN
        facts = {**_place(event), **_of_decision(each), "step": step}
        yield Draft(event.run, facts, _reasons(each))


def _ending(event: Event, fact: RunEnding) -> Iterator[Draft]:
    return _ended(event, fact.end)


_DRAFTS: Final[Mapping[type[Any], Callable[[Event, Any], Iterator[Draft]]]] = MappingProxyType(
    {
        PlanAccepted: _planned,
        EffectStarted: _started,
        EffectRefused: _refused,
        EffectFinished: _finished,
        TextGuarded: _guarded,
        ApprovalRequested: _asked,
        ApprovalDecided: _ruled,
        RunEnding: _ending,
        RunFinished: _ended,
    }
)


def drafts_of(events: Sequence[Event]) -> Sequence[Draft]:
    """Return the entries that one append makes. A run that comes with all its events was imported."""
    first = events[0]
    if len(events) > 1 and isinstance(first.fact, RunStarted):
        return (imported(first, len(events)),)
    return [draft for event in events for draft in drafts(event)]
