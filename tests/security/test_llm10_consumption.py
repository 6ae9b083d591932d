"""LLM10: a model that never stops is stopped, and a run without a limit spends nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.desk import profile
from support.obedient import CLERK, obey, obeyed, policies

from agentcore.domain.budget import Budget
from agentcore.domain.team import RunLimits
from agentcore.testing.scripted import ScriptedModel


@pytest.mark.parametrize(
    ("usd", "status", "calls"), [("1", "succeeded", 4), ("1.01", "denied", 0), (None, "denied", 0)]
)
async def test_a_run_without_a_limit_or_with_too_large_a_one_spends_nothing(usd, status, calls):
    model = ScriptedModel(obey)
    budget = Budget(usd=None if usd is None else Decimal(usd))
    found = await obeyed(
        "hello", policies(spending_limit={}), models=[(profile("m", usd_per_million=1), model)], budget=budget
    )
    assert (found.run.status, len(model.requests)) == (status, calls)


async def test_a_page_that_asks_for_itself_again_and_again_is_read_a_few_times():
    limits = RunLimits(replans=0)
    found = await obeyed('DO read {"text": "the page"}', policies(), limits=limits)
    assert found.run.status in {"failed", "refused"}
    assert len(found.tools["read"].calls) == CLERK.limits.tool_calls
