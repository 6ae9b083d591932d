"""`downgrade`: a call goes to no other model than policies allow, and the route says why."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.desk import profile
from support.obliged import Case, Mails, obligation, on

from agentcore.domain.budget import Budget
from agentcore.domain.event import EffectRefused, EffectStarted
from agentcore.testing.scripted import ScriptedModel

MODELS = (("best", 0.9), ("small", 0.5), ("local", 0.1))


def case(*policies, **options):
    made = Case(*policies, **options)
    made._options["models"] = [(profile(name, quality), ScriptedModel(made.reply)) for name, quality in MODELS]
    return made


async def called(made):
    return [fact for fact in await made.facts(EffectStarted) if fact.route is not None]


def found(id, to, resource="resource"):
    when = 'context.findings.contains("mails")'
    return obligation(id, "downgrade", on("call_model", resource), to=to, when=when)


async def test_what_a_policy_leaves_is_called_and_the_rest_is_told():
    made = case(found("near", "local, small"), detector=Mails())
    assert (await made.run("write to ann@example")).status == "succeeded"
    starts = await called(made)
    assert {fact.effect.name for fact in starts} == {"small"}
    why = "near asks to downgrade it: only local, small may be called"
    assert why in starts[0].route.filtered["best"]
    assert starts[0].decisions[1].unmet == (why,)
    assert (await made.replay()).status == "succeeded"
    assert {fact.effect.name for fact in await _calls("go")} == {"best"}, "it is asked of what was found only"


async def _calls(goal):
    made = case(found("near", "local"), detector=Mails())
    await made.run(goal)
    return await called(made)


async def test_of_several_policies_what_all_leave():
    made = case(found("a", "local, small"), found("b", "local, best"), detector=Mails())
    await made.run("ann@example")
    assert {fact.effect.name for fact in await called(made)} == {"local"}


async def test_a_policy_about_one_model_is_about_the_call():
    made = case(found("near", "local", 'resource == Model::"best"'), detector=Mails())
    await made.run("ann@example")
    starts = await called(made)
    assert {fact.effect.name for fact in starts} == {"local"}
    assert "near asks to downgrade it" in starts[0].route.filtered["small"]


@pytest.mark.parametrize(
    ("policies", "why"),
    [
        ((found("a", "local"), found("b", "small")), "a, b asks to downgrade it: no model is left by all of them"),
        ((found("a", "gone"),), "a asks to downgrade it: only gone may be called"),
    ],
)
async def test_when_none_is_left_the_call_is_denied(policies, why):
    made = case(*policies, detector=Mails())
    run = await made.run("ann@example")
    assert run.status == "denied"
    assert why in run.reason
    (refused,) = await made.facts(EffectRefused)
    assert refused.decisions[0].allowed
    assert made.asked == []
    assert (await made.replay()).status == "denied"


async def test_a_forbidden_model_has_no_say():
    forbid = '@id("no") forbid (principal, action, resource == Model::"best");\n'
    made = case(forbid, found("near", "best", 'resource == Model::"best"'), detector=Mails())
    await made.run("ann@example")
    assert {fact.effect.name for fact in await called(made)} == {"small"}


async def test_it_can_be_asked_of_what_is_left_of_the_budget():
    poor = "context has budget_micro_usd && context.budget_micro_usd < 5000000"
    policy = obligation("poor", "downgrade", on("call_model"), to="local", when=poor)
    for usd, name in ((Decimal(9), "best"), (Decimal(4), "local")):
        made = case(policy, budget=Budget(usd=usd))
        assert (await made.run()).status == "succeeded"
        assert {fact.effect.name for fact in await called(made)} == {name}
