from __future__ import annotations

import pytest

from agentcore.confidence.calls import Call, read_calls
from agentcore.confidence.fitting import Misfit, declared, misfit

TOOL = {
    "name": "shop.order",
    "description": "Order goods.",
    "parameters": {
        "type": "dict",
        "properties": {
            "item": {"type": "string", "description": "What to order."},
            "count": {"type": "integer"},
            "price": {"type": "float"},
            "size": {"type": "string", "enum": ["S", "M"]},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["new", "old"]}},
            "to": {"type": "dict", "properties": {"zip": {"type": "integer"}}},
            "extra": {"type": "any"},
        },
        "required": ["item", "count"],
    },
}


def fault(text: str) -> Misfit:
    (call,) = read_calls(text).calls
    return misfit(call, declared([TOOL]))


def test_a_call_that_fits_has_no_faults():
    found = fault("[shop.order(item='tea', count=2, price=3, size='M', tags=['new'], to={'zip': 1}, extra=4)]")
    assert found.total() == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[shop.buy(item='tea', count=2)]", Misfit(unknown_function=1)),
        ("[shop.order(item='tea')]", Misfit(missing=1)),
        ("[shop.order(item='tea', count=2, colour='red')]", Misfit(unknown=1)),
        ("[shop.order('tea', count=2)]", Misfit(missing=1, unknown=1)),
        ("[shop.order(item='tea', count='2')]", Misfit(wrong_type=1)),
        ("[shop.order(item='tea', count=True)]", Misfit(wrong_type=1)),
        ("[shop.order(item='tea', count=2, to={'zip': 'x'})]", Misfit(wrong_type=1)),
        ("[shop.order(item='tea', count=2, size='L')]", Misfit(not_allowed=1)),
        ("[shop.order(item='tea', count=2, tags=['odd'])]", Misfit(not_allowed=1)),
    ],
)
def test_each_fault_is_counted(text, expected):
    assert fault(text) == expected


def test_openai_declarations_and_nonsense():
    found = declared([{"type": "function", "function": TOOL}, {"no": "name"}, {"name": "bare"}])
    assert list(found) == ["shop_order", "bare"]
    assert misfit(Call(name="bare", arguments={}), found).total() == 0


def test_types_that_are_not_known_fit():
    found = declared([{"name": "f", "parameters": {"properties": {"x": {"type": "HashMap"}, "y": {}}}}])
    assert misfit(Call(name="f", arguments={"x": 1, "y": []}), found).total() == 0
