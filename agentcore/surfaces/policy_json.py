"""Policy decisions as JSON for programs: cases that were decided, and decisions that are recorded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentcore.domain.decision import Decision
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.obligation import Obligation
from agentcore.domain.recorded_decision import RecordedDecision
from agentcore.policy.case import CaseOutcome
from agentcore.policy.parsed import ParsedPolicy
from agentcore.policy.request import PolicyRequest
from agentcore.surfaces.run_json import as_json


def outcomes_json(outcomes: Sequence[CaseOutcome]) -> dict[str, JSON]:
    """Return `passed` and `cases`: of each its `place`, `case`, `passed`, `expected`, `decided` and its `facts`."""
    return {
        "passed": sum(1 for outcome in outcomes if outcome.passed),
        "cases": [
            {
                "place": outcome.case.place,
                "case": outcome.case.name,
                "passed": outcome.passed,
                "expected": {
                    "permitted": outcome.case.permitted,
                    "policies": None if outcome.case.policies is None else sorted(outcome.case.policies),
                    "asks": None if outcome.case.asks is None else sorted(outcome.case.asks),
                    "obliges": None if outcome.case.obliges is None else sorted(outcome.case.obliges),
                },
                "decided": decided_json(outcome.decision),
                "facts": facts_json(outcome.case.request),
            }
            for outcome in outcomes
        ],
    }


def decided_json(decision: Decision) -> dict[str, JSON]:
    """Return `permitted`, the ids of the determining `policies`, and `errors`.

    asks: ids of those that ask for approval.  obligations: all that is asked for.  unmet: what could not be done.
    """
    return {
        "permitted": decision.permitted,
        "policies": list(decision.policies),
        "asks": [each.policy for each in decision.obligations if each.kind == "approve"],
        "obligations": obligations_json(decision.obligations),
        "unmet": list(decision.unmet),
        "errors": list(decision.errors),
    }


def obligations_json(obligations: Sequence[Obligation]) -> list[JSON]:
    """Return what policies ask for: of each its `policy`, its `kind` and its parameters."""
    return [as_json(each) for each in obligations]


def facts_json(request: PolicyRequest) -> dict[str, JSON]:
    """Return the facts of a question by the keys of a case; those that its action does not have are left out.

    budget: millionths of a dollar as dollars, None without a limit.
    """
    facts: dict[str, JSON] = {
        "principal": request.agent,
        "role": request.role,
        "action": request.action,
        "resource": request.resource,
        "tenant": request.tenant,
        "user": request.principal,
        **({"purpose": request.purpose} if request.purpose else {}),
        "declared": request.declared,
        **label_json(request.label),
        "budget": None if request.budget_micro_usd is None else request.budget_micro_usd / 1_000_000,
    }
    match request.action:
        case "delegate":
            facts["resource_role"] = request.resource_role
        case "call_model":
            facts |= {"family": request.family, "provider": request.provider, "local": request.local}
            if request.region:
                facts["region"] = request.region
        case "call_tool":
            facts |= {"safety": request.safety, "arguments": request.arguments}
            if request.origins:
                facts["origins"] = {path: sorted(sources) for path, sources in request.origins.items()}
            facts |= _flow_json(request)
        case _:
            pass
    return facts


def _flow_json(request: PolicyRequest) -> dict[str, JSON]:
    """Return what is to be said against a call; nothing of what is as it should be."""
    against = request.steering
    found: dict[str, JSON] = {
        "untrusted": sorted(against.untrusted),
        "delegated": sorted(against.delegated),
        "foreign_links": sorted(against.foreign_links),
        "calls": request.calls,
        "approved_by": sorted(request.approved_by),
    }
    if not request.in_scope:
        found["in_scope"] = False
    return {name: value for name, value in found.items() if value or name == "in_scope"}


def label_json(label: Label) -> dict[str, JSON]:
    """Return `sources` and `confidentiality`, and `findings` if there are any."""
    found: dict[str, JSON] = {"findings": sorted(label.findings)} if label.findings else {}
    return {"sources": sorted(label.sources), "confidentiality": label.confidentiality.name.lower(), **found}


def explained_json(
    run: str, decisions: Sequence[RecordedDecision], policies: Mapping[str, ParsedPolicy], bundle: str
) -> dict[str, JSON]:
    """Return `run`, `bundle`, the `decisions` that are recorded, and the `policies` of them that still stand.

    policies: the project's own now, by id.  bundle: their hash.
    """
    standing = {
        id_: policies[id_]
        for each in decisions
        if each.decision.bundle == bundle
        for id_ in (*each.decision.policies, *(one.policy for one in each.decision.obligations))
        if id_ in policies
    }
    return {
        "run": run,
        "bundle": bundle,
        "decisions": [_explained(each, bundle) for each in decisions],
        "policies": {id_: {"place": each.place, "text": each.source.policy} for id_, each in standing.items()},
    }


def _explained(each: RecordedDecision, bundle: str) -> dict[str, JSON]:
    decision = each.decision
    return {
        "at": each.at,
        "step": each.step,
        "effect": None if each.effect is None else each.effect.id,
        "principal": decision.principal,
        "action": decision.action,
        "resource": decision.resource,
        **decided_json(decision),
        "bundle": decision.bundle,
        "changed_since": decision.bundle != bundle,
        "label": None if each.label is None else label_json(each.label),
        "rulings": [{"actor": ruling.actor, "verb": ruling.verb, "reason": ruling.reason} for ruling in each.rulings],
    }
