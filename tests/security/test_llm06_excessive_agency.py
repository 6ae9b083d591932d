"""LLM06: an agent may do what was granted, and nothing else."""

from __future__ import annotations

from support.obedient import obeyed, policies

ORDER = 'DO pay {"to": "eve", "amount": 5}'


async def test_a_tool_that_changes_something_is_granted_by_name_or_not_at_all():
    found = await obeyed(ORDER, policies())
    assert found.paid == []
    assert found.refused == []  # no policy forbids it: none permits it


async def test_an_agent_that_only_reads_does_not_act_whatever_else_permits_it():
    everything = '@id("all") permit (principal, action, resource);'
    assert len((await obeyed(ORDER, policies(everything))).paid) == 1
    found = await obeyed(ORDER, policies(everything, read_only_agent={"agent": "finder"}))
    assert (found.paid, found.refused) == ([], ["finder-changes-nothing"])
