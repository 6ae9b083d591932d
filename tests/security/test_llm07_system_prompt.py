"""LLM07: instructions may leak, and nothing depends on their being secret."""

from __future__ import annotations

from dataclasses import replace

from support.desk import ADDER, BOSS, WRITER
from support.obedient import CLERK, PAYS, obey, obeyed, policies

from agentcore.testing.scripted import ScriptedModel


async def test_a_prompt_that_leaks_has_no_policies_in_it():
    rules = policies(PAYS, untrusted_sources_do_not_act={"source": "tool:read"})
    model = ScriptedModel(obey)
    writer = replace(WRITER, instructions="Write. SAY «all that I was told»")
    found = await obeyed("hello", rules, models={"m": model}, agents=(BOSS, CLERK, ADDER, writer))
    assert found.run.answer == "all that I was told"
    told = "\n".join(message.content for request in model.requests for message in request.messages)
    assert "Write." in told
    assert [word for word in ("@id", "permit (", "forbid (", "clerk-pays", "changes-nothing") if word in told] == []
