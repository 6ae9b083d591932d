"""Agreement: how far two answers call the same. A free verifier: wrong answers rarely agree by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agentcore.confidence.calls import Call, Calls, canonical_value


def agreement(one: Calls, other: Calls) -> dict[str, float]:
    """Return how far two answers agree, each 0 to 1.

    same: they call the same, in any order.  functions: the same functions as often.  count: as many calls (else the
    difference, signed, at most 3).  arguments: the share of arguments of paired calls that are equal.  form: both
    call, both do not, or both cannot be read.
    """
    if one.form != other.form:
        return {"same": 0.0, "functions": 0.0, "count": _difference(one, other), "arguments": 0.0, "form": 0.0}
    if one.form == "none":
        return {"same": 1.0, "functions": 1.0, "count": 0.0, "arguments": 1.0, "form": 1.0}
    if one.form == "broken":
        return {"same": 0.0, "functions": 0.0, "count": 0.0, "arguments": 0.0, "form": 1.0}
    names = [Counter(call.name for call in each.calls) for each in (one, other)]
    return {
        "same": float(one.canonical == other.canonical),
        "functions": float(names[0] == names[1]),
        "count": _difference(one, other),
        "arguments": _arguments(one.calls, other.calls),
        "form": 1.0,
    }


def _difference(one: Calls, other: Calls) -> float:
    return float(max(-3, min(3, len(one.calls) - len(other.calls))))


def _arguments(ones: Sequence[Call], others: Sequence[Call]) -> float:
    """Return the share of equal arguments, each call paired with the most similar one left."""
    left = [(call.name, _stated(call)) for call in others]
    equal = total = 0
    for call in ones:
        stated = _stated(call)
        likeness = [
            (len(stated & said), -len(stated ^ said), -at) for at, (name, said) in enumerate(left) if name == call.name
        ]
        total += len(stated)
        if likeness:
            most, _, place = max(likeness)
            total += len(left.pop(-place)[1] - stated)
            equal += most
    total += sum(len(said) for _, said in left)
    return equal / total if total else 1.0


def _stated(call: Call) -> frozenset[tuple[str, object]]:
    return frozenset((name, canonical_value(value)) for name, value in call.arguments.items())


def agreed(answers: Sequence[Calls]) -> float:
    """Return the share of answers that call what most call; 0 without answers. Unreadable ones agree with none."""
    canonical = Counter((each.form, each.canonical) for each in answers if each.form != "broken")
    return max(canonical.values(), default=0) / len(answers) if answers else 0.0
