from __future__ import annotations

import asyncio
import contextvars
import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, Field

from agentcore.adapters.tools.function import THREADS, FunctionTool
from agentcore.define import tool
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolInputInvalid, ToolOutcomeUnknown
from agentcore.domain.ids import ToolName
from agentcore.domain.label import Label
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult
from agentcore.testing.contracts.tool import ToolContract

CONTEXT = ToolContext(key="run/1", tenant="acme", principal="ann", facts={"a": 1})


class Colour(Enum):
    RED = "red"


class Address(BaseModel):
    street: str
    title: str = "Ms"


@dataclass
class Price:
    amount: Decimal
    day: date


@tool(safety="read")
def add(a: int, b: int = 2) -> int:
    """Add two numbers.

    It is quick.

    Args:
        a: the first number
        b (int): the second number,
            which has a default

    Returns:
        the sum
    """
    return a + b


@tool(name="send-mail", safety="unsafe", seconds=5, max_calls=3)
async def send(
    to: Annotated[str, Field(pattern=r".+@.+")],
    address: Address,
    schema: Literal["a", "b"] = "a",
    *,
    context: ToolContext,
    urgent: bool = False,
) -> dict[str, Any]:
    """Send a mail."""
    return {"to": to, "street": address.street, "schema": schema, "key": context.key, "urgent": urgent}


class TestSyncFunction(ToolContract):
    arguments = {"a": 1}
    wrong = ({}, {"a": "1"}, {"a": 1.5}, {"a": True}, {"a": None}, {"a": 1, "b": []})

    @pytest.fixture
    async def tool(self):
        yield add
        await add.aclose()


class TestAsyncFunction(ToolContract):
    arguments = {"to": "a@b", "address": {"street": "Elm"}}
    wrong = (
        {"to": "a@b"},
        {"to": "a", "address": {"street": "x"}},
        {"to": "a@b", "address": {"street": "x"}, "urgent": "false"},
    )

    @pytest.fixture
    async def tool(self):
        yield send
        await send.aclose()


class TestFailingFunction(ToolContract):
    arguments = {"n": 1}
    failing = {"n": 0}

    @pytest.fixture
    async def tool(self):
        @tool
        def divide(n: int) -> float:
            """Divide."""
            return 1 / n

        yield divide
        await divide.aclose()


def test_the_signature_becomes_a_small_schema() -> None:
    assert add.definition.description == "Add two numbers."
    assert add.definition.parameters == snapshot(
        {
            "additionalProperties": False,
            "properties": {
                "a": {"description": "the first number", "type": "integer"},
                "b": {"default": 2, "description": "the second number, which has a default", "type": "integer"},
            },
            "required": ["a"],
            "type": "object",
        }
    )
    assert send.definition.parameters == snapshot(
        {
            "$defs": {
                "Address": {
                    "properties": {"street": {"type": "string"}, "title": {"default": "Ms", "type": "string"}},
                    "required": ["street"],
                    "type": "object",
                }
            },
            "additionalProperties": False,
            "properties": {
                "to": {"pattern": ".+@.+", "type": "string"},
                "address": {"$ref": "#/$defs/Address"},
                "schema": {"default": "a", "enum": ["a", "b"], "type": "string"},
                "urgent": {"default": False, "type": "boolean"},
            },
            "required": ["to", "address"],
            "type": "object",
        }
    )


def test_what_is_declared() -> None:
    assert (add.definition.name, add.definition.safety) == ("add", Safety.READ)
    assert (send.definition.name, send.definition.safety) == ("send-mail", Safety.UNSAFE)
    assert (send.definition.seconds, send.definition.max_calls) == (5, 3)


def test_what_declares_nothing_counts_as_unsafe() -> None:
    def look(product: str) -> str:
        """Look."""
        return product

    bare = ToolDefinition(name=ToolName("look"), description="Look.", parameters={"type": "object"})
    made = (tool(look).definition, tool(seconds=5)(look).definition, FunctionTool(look).definition, bare)
    assert [each.safety for each in made] == [Safety.UNSAFE] * 4


def test_it_is_still_a_function() -> None:
    assert add(2, b=3) == 5
    assert add.__name__ == "add"
    assert "quick" in (add.__doc__ or "")


async def test_types_arrive_and_the_context_is_given() -> None:
    result = await send.call({"to": "a@b", "address": {"street": "Elm"}, "urgent": True}, CONTEXT)
    assert result.value == {"to": "a@b", "street": "Elm", "schema": "a", "key": "run/1", "urgent": True}
    assert result.label.sources == {"tool:send-mail"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "a@b", "address": {"street": "x"}, "urgent": "false"}, "urgent: Input should be a valid boolean"),
        ({"to": "a@b", "address": {"street": 1}}, "address.street: Input should be a valid string"),
        ({"to": "a@b", "address": {"street": "x"}, "context": {}}, "context: Extra inputs"),
        ({"address": {"street": "x"}}, "to: Field required"),
        ({"to": "a@b", "address": {"street": "x"}, "schema": "c"}, "schema: Input should be 'a' or 'b'"),
    ],
)
async def test_arguments_are_checked_strictly(arguments, message: str) -> None:
    with pytest.raises(ToolInputInvalid, match=message):
        await send.call(arguments, CONTEXT)


async def test_json_has_no_dates_but_functions_do() -> None:
    @tool
    def quote(day: date, colour: Colour, limit: Decimal, tags: list[str] | None = None) -> Price:
        """Quote."""
        assert isinstance(day, date)
        assert colour is Colour.RED
        return Price(amount=limit, day=day)

    arguments = {"day": "2026-08-03", "colour": "red", "limit": "1.50"}
    assert (await quote.call(arguments, CONTEXT)).value == {"amount": "1.50", "day": "2026-08-03"}
    with pytest.raises(ToolInputInvalid, match="day"):
        await quote.call({**arguments, "day": 3}, CONTEXT)


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (None, None),
        ({"a": {3}}, {"a": [3]}),
        ((1, 2), [1, 2]),
        (b"text", "text"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
        (Colour.RED, "red"),
        (Address(street="Elm"), {"street": "Elm", "title": "Ms"}),
    ],
)
async def test_results_become_json(value, json) -> None:
    @tool
    def give() -> Any:
        """Give."""
        return value

    assert (await give.call({}, CONTEXT)).value == json


@pytest.mark.parametrize("value", [object(), b"\xff", threading.Lock()])
async def test_results_that_are_no_json_are_an_error(value) -> None:
    @tool
    def give() -> Any:
        """Give."""
        return value

    with pytest.raises(ToolError, match="cannot be written as JSON"):
        await give.call({}, CONTEXT)


async def test_a_result_that_holds_itself_is_an_error() -> None:
    @tool
    def give() -> Any:
        """Give."""
        loop: list[Any] = []
        loop.append(loop)
        return loop

    with pytest.raises(ToolError, match="cannot be written as JSON"):
        await give.call({}, CONTEXT)


async def test_exceptions_are_told_without_a_traceback() -> None:
    @tool
    async def fail(kind: str) -> None:
        """Fail."""
        if kind == "own":
            raise ToolError("try tomorrow")
        raise RuntimeError("no paper")

    with pytest.raises(ToolError) as raised:
        await fail.call({"kind": "other"}, CONTEXT)
    assert raised.value.message == "RuntimeError: no paper"
    with pytest.raises(ToolError, match=r"^try tomorrow$"):
        await fail.call({"kind": "own"}, CONTEXT)


async def test_synchronous_functions_run_in_their_own_bounded_threads() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    gate = threading.Event()
    full = asyncio.Event()
    loop = asyncio.get_running_loop()
    names: set[str] = set()
    seen: set[str] = set()

    @tool
    def wait() -> None:
        """Wait."""
        names.add(threading.current_thread().name)
        seen.add(variable.get())
        if len(names) == THREADS:
            loop.call_soon_threadsafe(full.set)
        assert gate.wait(5)

    variable.set("here")
    calls = [asyncio.create_task(wait.call({}, CONTEXT)) for _ in range(THREADS + 3)]
    await asyncio.wait_for(full.wait(), 5)
    assert (await asyncio.wait_for(add.call({"a": 1}, CONTEXT), 1)).value == 3  # another tool is not held up
    gate.set()
    await asyncio.gather(*calls)
    assert len(names) == THREADS
    assert all(name.startswith("tool-wait") for name in names)
    assert seen == {"here"}
    await wait.aclose()
    await add.aclose()


async def test_cancelling_reaches_an_async_function() -> None:
    ended = asyncio.Event()

    @tool
    async def wait() -> None:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = asyncio.create_task(wait.call({}, CONTEXT))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


def no_hint(a):
    """Do."""


def no_docstring(a: int) -> int:
    return a


def many(*values: int) -> int:
    """Sum."""
    return sum(values)


def positional(a: int, /) -> int:
    """Do."""
    return a


def foreign(a: threading.Event) -> int:
    """Do."""
    return 1


def unknown_type(a: Missing) -> int:  # noqa: F821
    """Do."""
    return 1


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_hint, "no_hint: a has no type hint"),
        (no_docstring, "no_docstring: a tool needs a docstring"),
        (many, "many: values: only parameters that can be given by name"),
        (positional, "positional: a: only parameters"),
        (foreign, "foreign: no JSON Schema can be made of its types"),
        (unknown_type, "unknown_type: the type hints cannot be read: name 'Missing' is not defined"),
    ],
)
def test_functions_that_cannot_be_tools_are_named_with_their_place(function, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"test_function\.py:\d+: {message}"):
        tool(function)


def test_a_bad_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="'a b' is not a tool's name"):
        FunctionTool(add, name="a b")


class TestUnknownOutcomes:
    async def test_only_a_tool_error_says_that_nothing_has_happened(self) -> None:
        @tool(safety="unsafe")
        def pay(amount: int) -> object:
            """Pay."""
            if amount == 1:
                raise ToolError("no account")
            if amount == 2:
                raise ValueError("the line went dead")
            return object()

        for amount, kind in ((1, ToolError), (2, ToolOutcomeUnknown), (3, ToolOutcomeUnknown)):
            with pytest.raises(ToolError) as caught:
                await pay.call({"amount": amount}, CONTEXT)
            assert type(caught.value) is kind, amount
        await pay.aclose()

    async def test_a_call_is_looked_up_and_undone_off_the_event_loop(self) -> None:
        threads: list[str] = []
        paid = {"run/1": Price(amount=Decimal("1.50"), day=date(2026, 11, 1))}

        def find(arguments: dict[str, Any], context: ToolContext) -> Price | None:
            threads.append(threading.current_thread().name)
            assert arguments == {"amount": 1}
            return paid.get(context.key)

        async def undo(arguments: dict[str, Any], result: Any, context: ToolContext) -> None:
            assert (arguments, result) == ({"amount": 1}, {"amount": "1.50", "day": "2026-11-01"})
            del paid[context.key]

        @tool(safety="compensable", look_up=find, compensate=undo, approval=True)
        def pay(amount: int) -> None:
            """Pay."""

        renamed = pay.renamed("transfer")
        for each in (pay.definition, renamed.definition):
            assert (each.looks_up, each.compensates, each.approval) == (True, True, ApprovalRule())
        found = await renamed.look_up({"amount": 1}, CONTEXT)
        assert found is not None
        assert (found.value, found.label.sources) == ({"amount": "1.50", "day": "2026-11-01"}, {"tool:transfer"})
        await renamed.compensate({"amount": 1}, found.value, CONTEXT)
        assert await renamed.look_up({"amount": 1}, CONTEXT) is None
        assert all(name.startswith("tool-transfer") for name in threads)
        with pytest.raises(ToolError, match="KeyError"):
            await renamed.compensate({"amount": 1}, found.value, CONTEXT)
        await renamed.aclose()

    async def test_a_call_whose_result_is_nothing_can_be_found(self) -> None:
        done = ToolResult(value=None, label=Label())

        @tool(safety="unsafe", look_up=lambda arguments, context: done)
        def mail() -> None:
            """Mail."""

        assert await mail.look_up({}, CONTEXT) is done
        await mail.aclose()

    def test_what_is_compensable_says_how(self) -> None:
        with pytest.raises(ConfigError, match=r"test_function\.py:\d+.*: book is compensable, and nothing says how"):

            @tool(safety="compensable")
            def book() -> None:
                """Book."""

    async def test_what_a_tool_cannot_do_it_says(self) -> None:
        with pytest.raises(ToolError, match="add cannot be asked"):
            await add.look_up({}, CONTEXT)
        with pytest.raises(ToolError, match="calls of add cannot be undone"):
            await add.compensate({}, None, CONTEXT)
