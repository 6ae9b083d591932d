"""Evidence about answers that call functions: what is known of the question, of one answer, and of another beside it.

Evidence is a mapping of names to finite numbers. An estimator makes P(correct) of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from agentcore.confidence.agreement import agreement
from agentcore.confidence.calls import Calls, read_calls
from agentcore.confidence.fitting import Declared, Misfit, declared, misfit
from agentcore.confidence.grounding import Source, covered, grounded, leaves, overlap, source, stems

_PLACEHOLDER: Final = re.compile(
    r"your|example|placeholder|unknown|<|>|\bn/?a\b|xxx|todo|param|variable", re.IGNORECASE
)
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FREE_DATE: Final = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)\b.*\d"
    r"|\d\d?(?:st|nd|rd|th)?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d\d?/\d\d?/\d\d",
    re.IGNORECASE,
)
_STEPS: Final = re.compile(
    r"\b(?:and|also|then|both|each|respectively|as well as|another|finally|second(?:ly)?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, made ready to be compared with answers.

    relations: of each function, how many of the question's words its declaration has, 0 to 1.  named: how many of its
    name's words the question has.
    """

    functions: Mapping[str, Declared]
    text: Source
    evidence: Mapping[str, float]
    relations: Mapping[str, float]
    named: Mapping[str, float]


def read_question(text: str, tools: Sequence[Mapping[str, Any]]) -> Asked:
    """Return a question and the functions that may be called, with what they tell in advance."""
    functions = declared(tools)
    there = source(text)
    words = text.split()
    parameters = [schema for each in functions.values() for schema in each.parameters.values()]
    words_asked = {stem for stem in there.stems if len(stem) > 3}
    named = {name: overlap(name, there) for name in functions}
    relations = {name: _relation(each, words_asked) for name, each in functions.items()}
    kinds = [str(schema.get("type", "")) for schema in parameters]
    return Asked(
        functions=functions,
        text=there,
        evidence={
            "functions": float(len(functions)),
            "parameters": float(len(parameters)),
            "required": float(sum(len(each.required) for each in functions.values())),
            "choices": float(sum("enum" in schema for schema in parameters)),
            "odd_types": float(sum(kind == "any" or kind[:1].isupper() for kind in kinds)),
            "nested": float(sum(kind in {"array", "dict", "object", "tuple"} for kind in kinds)),
            "numeric": float(sum(kind in {"integer", "float", "number"} for kind in kinds)),
            "words": float(len(words)),
            "numbers": float(len(there.stated)),
            "names": float(len(there.names)),
            "steps": float(len(_STEPS.findall(text))),
            "commas": float(text.count(",")),
            "questions": float(text.count("?")),
            "quotes": float(text.count("'") + text.count('"')),
            "asks": float(
                text.lstrip('"').casefold().startswith(("what", "who", "which", "how", "when", "where", "why"))
            ),
            "best_name": max(named.values(), default=0.0),
            "best_relation": max(relations.values(), default=0.0),
            "mean_relation": sum(relations.values()) / len(relations) if relations else 0.0,
        },
        relations=relations,
        named=named,
    )


def _relation(function: Declared, asked: AbstractSet[str]) -> float:
    """Return the share of the question's words that a function's declaration has."""
    return len(asked & stems(f"{function.name} {function.words}")) / len(asked) if asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as calls, with the evidence about it alone."""

    calls: Calls
    evidence: Mapping[str, float]


def read_answer(text: str, asked: Asked) -> Said:
    """Return what an answer calls, and the free verifiers' evidence about it."""
    names = [name for each in asked.functions.values() for name in (each.name, each.name.replace(".", "_"))]
    calls = read_calls(text, names)
    faults = [misfit(call, asked.functions) for call in calls.calls]
    return Said(calls=calls, evidence=_form(text, calls, asked) | _faults(faults) | _grounding(calls, asked))


def _form(text: str, calls: Calls, asked: Asked) -> dict[str, float]:
    called = {call.name for call in calls.calls}
    relations = [asked.relations[name] for name in called if name in asked.relations]
    named = [asked.named[name] for name in called if name in asked.named]
    return {
        "calls": float(len(calls.calls)),
        "none": float(calls.form == "none"),
        "broken": float(calls.form == "broken"),
        "unused": float(len(asked.functions.keys() - called)),
        "distinct": float(len(called)),
        "repeated": float(len(calls.canonical) - len({repr(each) for each in calls.canonical})),
        "length": float(len(text)),
        "relation": min(relations, default=0.0),
        "name": min(named, default=0.0),
    }


def _faults(faults: Sequence[Misfit]) -> dict[str, float]:
    return {
        "unknown_function": float(sum(each.unknown_function for each in faults)),
        "missing": float(sum(each.missing for each in faults)),
        "unknown": float(sum(each.unknown for each in faults)),
        "wrong_type": float(sum(each.wrong_type for each in faults)),
        "not_allowed": float(sum(each.not_allowed for each in faults)),
        "faults": float(sum(each.total() for each in faults)),
        "hopeless": float(sum(each.unknown_function + each.missing + each.unknown for each in faults)),
    }


def _grounding(calls: Calls, asked: Asked) -> dict[str, float]:
    shares: list[float] = []
    optional = stated_optional = required_ungrounded = placeholders = empty = formulas = 0
    values: list[object] = []
    for call in calls.calls:
        function = asked.functions.get(call.name)
        for name, value in call.arguments.items():
            inner = list(leaves(value))
            values += inner
            share = min((grounded(each, asked.text) for each in inner), default=1.0)
            shares.append(share)
            needed = function is None or name in function.required
            optional += not needed
            stated_optional += not needed and share >= 1.0
            required_ungrounded += needed and share < 0.5
            for each in inner:
                if isinstance(each, str):
                    placeholders += bool(_PLACEHOLDER.search(each))
                    formulas += any(mark in each for mark in "*/+^(){}")
                empty += each is None or each == ""
    numbers, names = covered(values, asked.text) if calls.calls else (0.0, 0.0)
    stated = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    return {
        "grounded_least": min(shares, default=1.0),
        "grounded_mean": sum(shares) / len(shares) if shares else 1.0,
        "ungrounded": float(sum(share < 0.5 for share in shares)),
        "required_ungrounded": float(required_ungrounded),
        "arguments": float(len(shares)),
        "optional": float(optional),
        "optional_ungrounded": float(optional - stated_optional),
        "placeholders": float(placeholders),
        "formulas": float(formulas),
        "empty": float(empty),
        "percent_whole": float(sum(value in asked.text.percents for value in stated)),
        "percent_fraction": float(sum(round(value * 100.0, 7) in asked.text.percents for value in stated)),
        "iso_dates": float(sum(bool(_ISO_DATE.search(text)) for text in texts)),
        "free_dates": float(sum(bool(_FREE_DATE.search(text)) for text in texts)),
        "numbers_covered": numbers,
        "names_covered": names,
    }


_COMPARED: Final = (
    *("calls", "faults", "hopeless", "relation", "name", "grounded_least", "grounded_mean", "ungrounded"),
    *("arguments", "optional", "optional_ungrounded", "placeholders", "empty", "percent_whole", "percent_fraction"),
    *("iso_dates", "free_dates", "numbers_covered", "names_covered"),
)
"""The evidence about an answer that is compared with another's."""


def beside(one: Said, other: Said) -> dict[str, float]:
    """Return the evidence of another answer beside one: how far they agree, and which has more of what."""
    more = {f"more_{key}": one.evidence[key] - other.evidence[key] for key in _COMPARED}
    return agreement(one.calls, other.calls) | more
