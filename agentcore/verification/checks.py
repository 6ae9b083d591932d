"""The deterministic checks by name, and running them: a check that fails to run rejects."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agentcore.domain.agent import Check
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification import equations, non_empty, numbers, query, quotes, regex, rows, schema, sources
from agentcore.verification.options import Option, option_problems
from agentcore.verification.subject import Subject

CheckFunction = Callable[[Subject, JSONObject], Vote]


def _no_problems(options: JSONObject) -> tuple[str, ...]:
    del options
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition:
    """A check that a project may name.

    meaning: for people.  leaves: what it does not look at even when it passes, as the rest of "nobody checked …";
    empty when its name says it all.  problems: of the options' values, beyond their form.
    """

    check: CheckFunction
    meaning: str
    leaves: str = ""
    options: tuple[Option, ...] = ()
    problems: Callable[[JSONObject], tuple[str, ...]] = _no_problems

    def options_schema(self) -> JSONObject:
        """Return the JSON Schema of its options, for editors."""
        required: list[JSON] = [option.name for option in self.options if option.required]
        return {
            "type": "object",
            "description": self.meaning,
            "properties": {option.name: option.schema() for option in self.options},
            "required": required,
            "additionalProperties": False,
        }


CHECKS: Mapping[str, CheckDefinition] = MappingProxyType(
    {
        "arithmetic": CheckDefinition(
            check=equations.check,
            meaning="calculations that the output shows are computed again",
            leaves="whether the calculation is the right one for the question",
            options=equations.OPTIONS,
        ),
        "non_empty": CheckDefinition(
            check=non_empty.check,
            meaning="the output, or a field of it, holds something",
            options=non_empty.OPTIONS,
        ),
        "numbers": CheckDefinition(
            check=numbers.check,
            meaning="every number in the output stands in the evidence",
            leaves="whether each number is used for what it means in the evidence, and its sign in a text",
            options=numbers.OPTIONS,
            problems=numbers.problems,
        ),
        "query": CheckDefinition(
            check=query.check,
            meaning="the conditions of an SQL query are those of the question",
            leaves="whether the query reads the right columns, and its dates",
            options=query.OPTIONS,
        ),
        "quotes": CheckDefinition(
            check=quotes.check,
            meaning="quotations stand in the evidence, word for word",
            leaves="whether the quotations support what the output concludes",
            options=quotes.OPTIONS,
        ),
        "regex": CheckDefinition(
            check=regex.check,
            meaning="a pattern matches, or must not",
            options=regex.OPTIONS,
            problems=regex.problems,
        ),
        "rows": CheckDefinition(
            check=rows.check,
            meaning="a query found something",
            leaves="whether the query asked for the right thing",
            options=rows.OPTIONS,
        ),
        "schema": CheckDefinition(check=schema.check, meaning="the output satisfies its JSON Schema"),
        "sources": CheckDefinition(
            check=sources.check,
            meaning="what the output cites exists",
            leaves="whether the cited sources say what the output says",
            options=sources.OPTIONS,
        ),
    }
)


def check_problems(check: Check) -> tuple[str, ...]:
    """Return what is wrong with a check as a project names it; empty when it can run."""
    definition = CHECKS.get(check.name)
    if definition is None:
        near = difflib.get_close_matches(check.name, CHECKS, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(CHECKS)}"
        return (f"there is no check {check.name}; {meant}",)
    found = option_problems(check.options, definition.options)
    return tuple(f"check {check.name}: {problem}" for problem in found or definition.problems(check.options))


def run_checks(checks: Sequence[Check], subject: Subject) -> tuple[Vote, ...]:
    """Return one vote for each check, in order. A check that is unknown or fails to run rejects: a fault denies."""
    return tuple(_run(check, subject) for check in checks)


def _run(check: Check, subject: Subject) -> Vote:
    problems = check_problems(check)
    if problems:
        return Vote(verifier=f"check:{check.name}", accepts=False, reasons=problems)
    try:
        return CHECKS[check.name].check(subject, check.options)
    except Exception as fault:  # noqa: BLE001  # whatever it was, what was not checked is not accepted
        reason = f"the check {check.name} failed to run ({type(fault).__name__}: {fault}), and a fault rejects"
        return Vote(verifier=f"check:{check.name}", accepts=False, reasons=(reason,))
