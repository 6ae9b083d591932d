"""AbstractRequest: a question to the policies of which not every fact is known, and what each policy makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from agentcore.domain.decision import Action
from agentcore.policy.abstract import ANYTHING, EITHER, FALSE, TRUE, Outcome, SomeSet
from agentcore.policy.facts import Uid

ParsedPolicies: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Id → the policy in Cedar's JSON format."""

Verdict: TypeAlias = Literal["always", "never", "depends"]
"""always, never: permitted whatever the facts are that are not known.  depends: on those."""


Effect: TypeAlias = Literal["permit", "forbid", "ask"]
"""What a policy does. ask: it asks for something to be done first, and can deny only by failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractRequest:
    """May `principal` do `action` to `resource`?

    entities: who and what there is → the attributes.  context: attribute → what it can be; one that is not named is
    not there.  optional: of these, such as may be absent.  tags: entities whose tags are all known → tag → value; of
    others, nothing is known.
    """

    principal: Uid
    action: Action
    resource: Uid
    entities: Mapping[Uid, Mapping[str, Outcome]]
    context: Mapping[str, Outcome]
    optional: frozenset[str] = frozenset()
    tags: Mapping[Uid, Mapping[str, Outcome]] = field(default_factory=dict[Uid, Mapping[str, Outcome]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a set of policies makes of a request.

    permits, forbids: ids of those that apply whatever is not known.  undecided: of those that apply for some of it.
    faults: of those whose evaluation may fail, which denies.
    """

    verdict: Verdict
    permits: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The ids of the policies that make the verdict what it is; none where no policy permits."""
        match self.verdict:
            case "always":
                return self.permits
            case "never":
                return self.forbids or self.faults
            case "depends":
                return tuple(dict.fromkeys((*self.forbids, *self.undecided, *self.faults)))


def unknown_flow(action: Action) -> dict[str, Outcome]:
    """Return what is said of a call's flow of data where nothing is known of it."""
    some = Outcome.known(SomeSet())
    match action:
        case "call_tool":
            sets = {"untrusted": some, "delegated": some, "foreign_links": some}
            return {**sets, "approved_by": some, "in_scope": Outcome(EITHER), "calls": ANYTHING}
        case "release":
            return {"foreign_links": some}
        case _:
            return {}


def judged(outcomes: Sequence[tuple[str, Effect, Outcome]]) -> Judgement:
    """Return the judgement over policies: id, effect, and whether it applies.

    Default deny; a forbid wins over every permit; any error denies.
    """
    permits = tuple(id for id, effect, outcome in outcomes if effect == "permit" and _surely(outcome))
    forbids = tuple(id for id, effect, outcome in outcomes if effect == "forbid" and _surely(outcome))
    undecided = tuple(id for id, effect, outcome in outcomes if effect != "ask" and outcome.truths == EITHER)
    faults = tuple(id for id, _, outcome in outcomes if outcome.fails)
    denies = any(
        not outcome.truths or (effect == "forbid" and outcome.truths == TRUE) for _, effect, outcome in outcomes
    )
    may_permit = any(effect == "permit" and True in outcome.truths for _, effect, outcome in outcomes)
    may_forbid = any(effect == "forbid" and outcome.truths != FALSE for _, effect, outcome in outcomes)
    verdict: Verdict = "depends"
    if denies or not may_permit:
        verdict = "never"
    elif permits and not may_forbid and not faults:
        verdict = "always"
    return Judgement(verdict=verdict, permits=permits, forbids=forbids, undecided=undecided, faults=faults)


def _surely(outcome: Outcome) -> bool:
    return outcome.truths == TRUE and not outcome.fails
