"""The calculator: exact decimal arithmetic over the facts of a step, in which no number comes from nowhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.tools.facts import Facts, read_facts
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult
from agentcore.verification.arithmetic import (
    MAX_LENGTH,
    Expression,
    evaluate,
    names_in,
    numbers_in,
    parse,
    plain,
    rounded,
    substitute,
)

ALWAYS_ALLOWED = frozenset(map(Decimal, (0, 1, 2, 10, 100)))
"""Numbers that need no source: they count, halve, round and convert."""

_DESCRIPTION = "Exact arithmetic: + - * / ** and parentheses, min, max, sum, abs, round(value, decimals). 12% is 0.12."

_SHOWN = 40
"""Names and numbers that are listed to a model; beyond that, it may use them but no pattern enforces it."""


class CalculatorOptions(BaseModel):
    """Keys of the provider `calculator`.

    decimals: to which results are rounded, half to even.  free_numbers: numbers that no fact states are allowed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    decimals: int = Field(default=6, ge=0, le=12)
    free_numbers: bool = False


class Calculator:
    """A Tool. `value` in its result is text: as a JSON number it would pass through binary floating point."""

    def __init__(self, name: str, options: CalculatorOptions) -> None:
        self._options = options
        self._definition = ToolDefinition(
            name=ToolName(name),
            description=_DESCRIPTION,
            parameters=_parameters({"minLength": 1, "maxLength": MAX_LENGTH}),
            safety=Safety.READ,
            seconds=5.0,
        )

    @property
    def definition(self) -> ToolDefinition:
        """What it is."""
        return self._definition

    def describe(self, facts: JSONObject) -> ToolSpec:
        """Return it with the names and numbers of the facts in its note, and a pattern that admits no others."""
        known = read_facts(facts)
        lines: list[str] = []
        if known.names:
            shown = list(known.names.items())[:_SHOWN]
            lines.append("Names: " + ", ".join(f"{name} = {plain(value)}" for name, value in shown))
        if known.percentages:
            lines.append("Percentages: " + ", ".join(f"{number}%" for number in known.percentages[:_SHOWN]))
        if known.literals:
            lines.append("Numbers: " + ", ".join(known.literals[:_SHOWN]))
        pattern = _pattern(known, free_numbers=self._options.free_numbers)
        return ToolSpec(
            name=self._definition.name,
            description=_DESCRIPTION,
            parameters=self._definition.parameters if pattern is None else _parameters({"pattern": pattern}),
            note="\n".join(lines),
        )

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        """Return `expression`, `value` (decimal text) and `terms`: the expression with values for names."""
        text = str(arguments["expression"]).strip()
        known = read_facts(context.facts)
        try:
            expression = parse(text)
            _check_names(expression, known)
            if not self._options.free_numbers:
                _check_numbers(expression, known)
            exact = evaluate(expression, known.aliases)
            terms = substitute(text, known.aliases)
        except ValueError as problem:
            raise ToolError(f"cannot calculate {text[:80]!r}: {problem}") from problem
        value = rounded(exact, decimals=self._options.decimals, written=_decimals(expression, known))
        result: dict[str, JSON] = {"expression": text, "terms": terms, "value": plain(value)}
        return ToolResult(value=result, label=Label(sources=frozenset({f"tool:{self._definition.name}"})))

    async def aclose(self) -> None:
        """Nothing is held."""


def build(name: str, options: CalculatorOptions, context: BuildContext) -> Sequence[Tool]:  # noqa: ARG001  # a port
    """Return the calculator."""
    return (Calculator(name, options),)


PLUGIN = ToolPlugin(options=CalculatorOptions, build=build)


def _parameters(bounds: JSONObject) -> JSONObject:
    return {
        "type": "object",
        "properties": {"expression": {"type": "string", **bounds}},
        "required": ["expression"],
        "additionalProperties": False,
    }


def _pattern(known: Facts, *, free_numbers: bool) -> str | None:
    """Return a regular expression of sums and products over what is known, one level of parentheses deep.

    None when nothing is known, or more than can be listed. It is narrower than what `call` accepts: a small model that
    writes along this grammar hardly goes wrong.
    """
    operands = [re.escape(name) for name in known.names]
    operands += [re.escape(f"{number}%") for number in known.percentages]
    operands += [re.escape(number) for number in known.literals]
    if not operands or len(operands) > _SHOWN:
        return None
    if free_numbers:
        operands.append(r"[0-9]{1,12}(?:\.[0-9]{1,6})?%?")
    operand = f"(?:{'|'.join(operands)})"
    group = rf"\((?:1 [-+] )?{operand}(?: [-+*/] {operand}){{0,5}}\)"
    term = f"(?:{operand}|{group})"
    return f"^{term}(?: [-+*/] {term}){{0,5}}$"


def _check_names(expression: Expression, known: Facts) -> None:
    for name in sorted(names_in(expression) - known.aliases.keys()):
        near = difflib.get_close_matches(name, known.names, n=2)
        stated = (
            f"did you mean {', '.join(near)}?" if near else f"names: {', '.join(list(known.names)[:_SHOWN]) or 'none'}"
        )
        raise ValueError(f"no fact is named {name}; {stated}")


def _check_numbers(expression: Expression, known: Facts) -> None:
    percentages = frozenset(Decimal(number) / 100 for number in known.percentages)
    for number in numbers_in(expression):
        if number.value in percentages or (not number.percent and number.value in known.numbers | ALWAYS_ALLOWED):
            continue
        if number.percent and (number.value * 100 in known.numbers or number.value in {0, 1}):
            continue
        written = f"{plain((number.value * 100).normalize())}%" if number.percent else plain(number.value)
        stated = [*known.names, *(f"{each}%" for each in known.percentages), *known.literals][:_SHOWN]
        raise ValueError(f"no fact states the number {written}; use {', '.join(stated) or 'other facts'}")


def _decimals(expression: Expression, known: Facts) -> int:
    """Return the most decimals that an amount is written with, so that prices give prices: 6652.80."""
    rates = {Decimal(number) / 100 for number in known.percentages}
    values = [known.aliases[name] for name in names_in(expression)]
    values += [number.value for number in numbers_in(expression) if not number.percent and number.value not in rates]
    exponents = [value.as_tuple().exponent for value in values]
    return max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
