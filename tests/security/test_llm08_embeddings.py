"""LLM08: one tenant's index is not searched for another, and what it returned does not serve another."""

from __future__ import annotations

import pytest
from support.obedient import obeyed, policies

from agentcore.domain.task import Task


@pytest.mark.parametrize(("tenant", "searches"), [("acme", 1), ("globex", 0), ("", 0)])
async def test_one_tenants_index_is_searched_for_that_tenant_only(tenant, searches):
    rules = policies(tenant_isolation={"tool": "read", "tenant": "acme"})
    found = await obeyed("acme's prices", rules, task=Task(goal="Read the page.", tenant=tenant))
    assert len(found.tools["read"].calls) == searches
    assert found.refused == ([] if searches else ["read-is-called-for-acme"])
