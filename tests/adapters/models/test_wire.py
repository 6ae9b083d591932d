"""What a completion says of its cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agentcore.adapters.models.wire import decode


@pytest.mark.parametrize(
    ("cost", "usd"),
    [
        (0.00123, Decimal("0.00123")),
        (0, Decimal(0)),
        (None, None),
        (True, None),
        ("0.1", None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ({"total_cost": 0.1}, None),
    ],
)
def test_what_the_server_charged_is_read_where_it_is_a_number(cost, usd):
    completion = {
        "choices": [{"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "cost": cost},
    }
    assert decode(completion, "here").usd == usd
