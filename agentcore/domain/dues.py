"""Dues: what all obligations on one decision come to. Whoever obeys them obeys each of them."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.frozen import frozen
from agentcore.domain.obligation import (
    Approve,
    Downgrade,
    Limit,
    Mask,
    Notify,
    Obligation,
    ObligationKind,
    Redact,
    Verify,
)


@frozen
class Dues:
    """What is to be done. The same for the same obligations, in whatever order and however often they are given.

    approval: of all rules, None when nobody is to be asked.  redact: all types, sorted.  verifiers: the most that
    any asks for.  models: those that all allow, None when any will do.  limits: each holds.  mask: all parts, sorted;
    empty is everything, None is nothing.  notify: all who are to be told, sorted; None when nobody is.
    """

    approval: ApprovalRule | None = None
    redact: tuple[str, ...] = ()
    verifiers: int = 0
    models: frozenset[str] | None = None
    limits: tuple[Limit, ...] = ()
    mask: tuple[str, ...] | None = None
    notify: tuple[str, ...] | None = None

    @staticmethod
    def of(obligations: Iterable[Obligation]) -> Dues:
        """Return what obligations come to."""
        every = sorted(dict.fromkeys(obligations), key=lambda each: (each.policy, each.kind, repr(each)))
        rules = [each.rule for each in every if isinstance(each, Approve)]
        allowed = [frozenset(each.to) for each in every if isinstance(each, Downgrade)]
        masks = [each.parts for each in every if isinstance(each, Mask)]
        told = [each.to for each in every if isinstance(each, Notify)]
        return Dues(
            approval=rules[0].join(*rules[1:]) if rules else None,
            redact=_union(each.types for each in every if isinstance(each, Redact)),
            verifiers=max((each.verifiers for each in every if isinstance(each, Verify)), default=0),
            models=allowed[0].intersection(*allowed[1:]) if allowed else None,
            limits=tuple(each for each in every if isinstance(each, Limit)),
            mask=(_union(masks) if all(masks) else ()) if masks else None,
            notify=_union(told) if told else None,
        )


def asking(obligations: Iterable[Obligation], kind: ObligationKind) -> str:
    """Return the ids of the policies that ask for something, for people."""
    return ", ".join(sorted({each.policy for each in obligations if each.kind == kind}))


def approval_asked(obligations: Iterable[Obligation], own: ApprovalRule | None) -> ApprovalRule | None:
    """Return whom to ask, None when nobody has to be. own: the rule of the thing itself, whatever policies say."""
    asked = Dues.of(obligations).approval
    rules = [rule for rule in (own, asked) if rule is not None]
    return rules[0].join(*rules[1:]) if rules else None


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({each for part in parts for each in part}))
