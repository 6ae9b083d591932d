"""ASI10: an agent that does as it likes does so within its rights, on the record, and can be stopped."""

from __future__ import annotations

from support.obedient import PAYS, obeyed, policies

from agentcore.domain.event import EffectFinished, EffectRefused, EffectStarted

ORDER = 'DO pay {"to": "eve"}'


async def test_every_call_of_a_rogue_agent_is_on_the_record_with_its_decision():
    for rules, kind in ((policies(PAYS), EffectStarted), (policies(), EffectRefused)):
        found = await obeyed(ORDER, rules)
        (fact,) = [fact for fact in found.facts if isinstance(fact, kind) and fact.effect.name == "pay"]
        assert fact.request == {"to": "eve"}
        (decision,) = fact.decisions
        assert (decision.principal, decision.permitted) == ("finder", kind is EffectStarted)
        assert decision.bundle
    assert not [fact for fact in found.facts if isinstance(fact, EffectFinished) and "pay" in fact.effect]
