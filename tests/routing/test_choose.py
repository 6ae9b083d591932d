from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.domain.agent import Capability, Requirements
from agentcore.domain.errors import NoRoute
from agentcore.domain.ids import ModelName
from agentcore.domain.route import Route
from agentcore.routing.breaker import Breaker
from agentcore.routing.choose import Weights, choose
from agentcore.routing.live import LiveStats
from agentcore.routing.profile import ModelProfile, Price
from agentcore.routing.request import RouteRequest
from agentcore.routing.tally import Tally

TOOLS = frozenset({Capability.TOOLS})


def model(name: str, quality: float, dollars: str = "0", **more) -> ModelProfile:
    price = Price(input=Decimal(dollars), output=Decimal(dollars) * 4)
    return ModelProfile(
        name=ModelName(name),
        family=name,
        quality=quality,
        price=price,
        **{"context_tokens": 8_000, "capabilities": TOOLS} | more,
    )


SMALL = model("small", 0.5, "0.1", latency_seconds=1.0)
MIDDLE = model("middle", 0.7, "1", latency_seconds=2.0)
LARGE = model("large", 0.9, "10", latency_seconds=8.0)
CALL = RouteRequest(input_tokens=1_000, max_output_tokens=500)


def route(request: RouteRequest, *profiles: ModelProfile, weights: Weights | None = None, **more) -> Route:
    options = {"live": {}, "breakers": {}, "now": 0.0} | more
    return choose(request, profiles or (SMALL, MIDDLE, LARGE), weights=weights or Weights(), **options)


def open_breaker() -> Breaker:
    return Breaker().failed(0.0, retry_after_seconds=1_000.0)


def test_the_weights_trade_quality_against_cost_and_latency():
    assert route(CALL, weights=Weights(quality=1, cost=0, latency=0)).model == "large"
    assert route(CALL, weights=Weights(quality=1, cost=0.2, latency=0)).model == "middle"
    assert route(CALL, weights=Weights(quality=0, cost=0, latency=1)).model == "small"
    assert route(replace(CALL, cheapest=True), weights=Weights(quality=1, cost=0, latency=0)).model == "small"


def test_a_candidate_shows_the_terms_of_its_utility():
    best = route(CALL, MIDDLE).candidates[0]
    assert best.usd == Decimal("0.003")
    assert best.utility == pytest.approx(0.7 - 0.1 * 0.3 - 0.01 * 2.0)


@pytest.mark.parametrize(
    ("request_", "context", "reason"),
    [
        (replace(CALL, requirements=Requirements(models=(ModelName("small"),))), {}, "not among the agent's models"),
        (replace(CALL, exclude=frozenset({ModelName("large")})), {}, "already tried for this call"),
        (replace(CALL, needs=frozenset({Capability.VISION})), {}, "lacks vision"),
        (replace(CALL, input_tokens=7_501), {}, "8001 tokens do not fit its context of 8000"),
        (replace(CALL, requirements=Requirements(min_quality=0.95)), {}, "quality 0.9 is below the required 0.95"),
        (CALL, {"breakers": {"large": open_breaker()}}, "its circuit is open after repeated failures"),
        (replace(CALL, budget_tokens=1_499), {}, "1500 tokens exceed the 1499 left in the budget"),
        (replace(CALL, budget_usd=Decimal("0.02")), {}, "up to $0.03 exceeds the $0.02 left in the budget"),
        (replace(CALL, seconds_left=3.0), {}, "may take 8.0 s with 3.0 s left"),
        (
            replace(CALL, requirements=Requirements(max_usd=Decimal("0.01"))),
            {},
            "a forecast of $0.03 exceeds the agent's $0.01 for one call",
        ),
        (
            replace(CALL, requirements=Requirements(max_latency_seconds=5.0)),
            {},
            "a forecast of 8.0 s exceeds the agent's 5.0 s",
        ),
    ],
)
def test_every_obstacle_has_its_reason(request_, context, reason):
    with pytest.raises(NoRoute) as caught:
        route(request_, LARGE, **context)
    assert caught.value.filtered == {"large": reason}


def test_an_exhausted_router_reads_well():
    with pytest.raises(NoRoute) as caught:
        route(replace(CALL, needs=frozenset({Capability.VISION}), exclude=frozenset({ModelName("middle")})))
    assert str(caught.value) == snapshot(
        "no model can take this call (small: lacks vision; middle: already tried for this call; large: lacks vision)"
    )


def test_no_models_at_all_is_no_route():
    with pytest.raises(NoRoute, match="none is configured"):
        choose(CALL, (), {}, {}, weights=Weights(), now=0.0)


def test_live_latency_beats_the_declared_one():
    calls = Tally()
    for second in range(50):
        calls = calls.answered(now=float(second), seconds=60.0, output_tokens=5)
    slow = LiveStats.of(calls)
    chosen = route(replace(CALL, seconds_left=30.0), live={"middle": slow, "small": LiveStats()}, now=50.0)
    assert "middle" in chosen.filtered
    assert chosen.model == "large"


def test_the_forecast_cost_uses_the_measured_length_but_the_budget_the_worst_case():
    terse = LiveStats.of(Tally().answered(now=0.0, seconds=1.0, output_tokens=10))
    candidate = route(CALL, LARGE, live={"large": terse}).candidates[0]
    assert candidate.usd == Decimal("0.0104")
    with pytest.raises(NoRoute):
        route(replace(CALL, budget_usd=Decimal("0.0299")), LARGE, live={"large": terse})


def test_after_a_rejection_a_stronger_model_comes_first():
    rejected = replace(CALL, stronger_than=0.5, cause="escalation")
    cheap = Weights(quality=0, cost=1, latency=0)
    chosen = route(rejected, weights=cheap)
    assert [candidate.model for candidate in chosen.candidates] == ["middle", "large", "small"]
    assert chosen.reason == snapshot(
        "escalated to a stronger model after a rejected attempt: highest utility of 3 models"
    )


def test_without_a_stronger_model_the_best_is_used_again_and_it_says_so():
    rejected = replace(CALL, stronger_than=0.9, cause="escalation")
    chosen = route(rejected)
    assert chosen.model == route(CALL).model
    assert chosen.reason == snapshot(
        "no stronger model is available after a rejected attempt: highest utility of 3 models"
    )


def test_a_fallback_names_what_failed():
    chosen = route(replace(CALL, cause="fallback", exclude=frozenset({ModelName("middle"), ModelName("large")})))
    assert chosen.reason == snapshot("fallback after large, middle failed: the only model that can take the call")


def test_the_order_of_the_agents_models_decides_between_equals():
    twins = [replace(MIDDLE, name=ModelName(name)) for name in ("a", "b", "c")]
    assert route(CALL, *twins).model == "a"
    preferring = replace(CALL, requirements=Requirements(models=(ModelName("c"), ModelName("a"))))
    assert route(preferring, *twins).model == "c"


def test_between_equally_cheap_models_a_downgrade_takes_the_better_one():
    worse, better = replace(SMALL, name=ModelName("a"), quality=0.4), replace(SMALL, name=ModelName("b"))
    assert route(replace(CALL, cheapest=True), worse, better).model == "b"


names = st.sampled_from(["a", "b", "c", "d", "e"]).map(ModelName)
profiles_of_any_kind = st.lists(
    st.builds(
        ModelProfile,
        name=names,
        family=st.just("f"),
        quality=st.sampled_from([0.1, 0.5, 0.7, 0.9]),
        context_tokens=st.sampled_from([1_000, 4_000, 100_000]),
        capabilities=st.frozensets(st.sampled_from(list(Capability))),
        price=st.builds(
            Price,
            input=st.decimals(0, 100, places=2),
            output=st.decimals(0, 100, places=2),
        ),
        latency_seconds=st.sampled_from([0.5, 5.0, 60.0]),
    ),
    max_size=5,
    unique_by=lambda profile: profile.name,
)
requests = st.builds(
    RouteRequest,
    requirements=st.builds(
        Requirements,
        models=st.lists(names, unique=True, max_size=4).map(tuple),
        capabilities=st.frozensets(st.sampled_from(list(Capability)), max_size=1),
        min_quality=st.sampled_from([0.0, 0.5, 0.8]),
        max_latency_seconds=st.none() | st.just(10.0),
        max_usd=st.none() | st.just(Decimal("0.05")),
    ),
    needs=st.frozensets(st.sampled_from(list(Capability)), max_size=1),
    input_tokens=st.sampled_from([10, 900, 3_000]),
    max_output_tokens=st.sampled_from([16, 512]),
    budget_usd=st.none() | st.just(Decimal("0.02")),
    budget_tokens=st.none() | st.just(2_000),
    seconds_left=st.none() | st.just(30.0),
    exclude=st.frozensets(names, max_size=2),
    stronger_than=st.none() | st.just(0.5),
    cause=st.sampled_from(["first", "escalation", "fallback"]),
    cheapest=st.booleans(),
)
weightings = st.builds(Weights, quality=st.floats(0, 2), cost=st.floats(0, 1), latency=st.floats(0, 0.1))
opened = st.frozensets(names, max_size=2).map(lambda models: {name: open_breaker() for name in models})


def may_take(request: RouteRequest, profile: ModelProfile, breakers: dict[str, Breaker]) -> bool:
    requirements = request.requirements
    tokens = request.input_tokens + request.max_output_tokens
    usd = profile.price.cost(input_tokens=request.input_tokens, output_tokens=request.max_output_tokens)
    return (
        (not requirements.models or profile.name in requirements.models)
        and profile.name not in request.exclude
        and profile.name not in breakers
        and requirements.capabilities | request.needs <= profile.capabilities
        and tokens <= min(profile.context_tokens, request.budget_tokens or tokens)
        and profile.quality >= requirements.min_quality
        and (request.budget_usd is None or usd <= request.budget_usd)
        and (requirements.max_usd is None or usd <= requirements.max_usd)
        and (request.seconds_left is None or profile.latency_seconds <= request.seconds_left)
        and (requirements.max_latency_seconds is None or profile.latency_seconds <= requirements.max_latency_seconds)
    )


@given(requests, profiles_of_any_kind, weightings, opened)
def test_every_model_is_a_candidate_or_filtered_and_the_chosen_one_may_take_the_call(
    request, profiles, weights, breakers
):
    able = {profile.name for profile in profiles if may_take(request, profile, breakers)}
    if not able:
        with pytest.raises(NoRoute) as caught:
            choose(request, profiles, {}, breakers, weights=weights, now=1.0)
        assert set(caught.value.filtered) == {profile.name for profile in profiles}
        return
    chosen = choose(request, profiles, {}, breakers, weights=weights, now=1.0)
    assert chosen.candidates[0].model == chosen.model
    assert {candidate.model for candidate in chosen.candidates} == able
    assert len(chosen.candidates) == len(able)
    assert set(chosen.filtered) == {profile.name for profile in profiles} - able


@given(requests, profiles_of_any_kind.filter(bool), weightings, st.data())
def test_a_dominated_newcomer_changes_nothing(request, profiles, weights, data):
    request = replace(request, requirements=replace(request.requirements, models=()), exclude=frozenset())
    better = data.draw(st.sampled_from(profiles))
    worse = replace(
        better,
        name=ModelName("zz"),
        quality=better.quality * data.draw(st.sampled_from([0.5, 1.0])),
        latency_seconds=better.latency_seconds * data.draw(st.sampled_from([1.0, 3.0])),
        price=Price(input=better.price.input + data.draw(st.sampled_from([0, 1])), output=better.price.output),
    )
    try:
        before = choose(request, profiles, {}, {}, weights=weights, now=1.0)
    except NoRoute:
        return
    assert choose(request, [*profiles, worse], {}, {}, weights=weights, now=1.0).model == before.model


@given(requests, profiles_of_any_kind.filter(bool), weightings, st.data())
def test_a_higher_price_never_makes_a_model_more_preferred(request, profiles, weights, data):
    dearer = data.draw(st.sampled_from(profiles))
    raised = replace(
        dearer,
        price=Price(input=dearer.price.input + data.draw(st.integers(0, 50)), output=dearer.price.output + 1),
    )
    changed = [raised if profile is dearer else profile for profile in profiles]

    def ahead(candidates: list[ModelProfile]) -> set[str] | None:
        try:
            ranking = choose(request, candidates, {}, {}, weights=weights, now=1.0).candidates
        except NoRoute:
            return None
        order = [candidate.model for candidate in ranking]
        return set(order[: order.index(dearer.name)]) if dearer.name in order else None

    before, after = ahead(profiles), ahead(changed)
    if after is not None:  # still a candidate: it was one before, and those ahead of it still are
        assert before is not None
        assert before <= after


@given(requests, profiles_of_any_kind, weightings, st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_profiles(request, profiles, weights, random):
    shuffled = list(profiles)
    random.shuffle(shuffled)
    try:
        first = choose(request, profiles, {}, {}, weights=weights, now=1.0)
    except NoRoute:
        return
    assert choose(request, shuffled, {}, {}, weights=weights, now=1.0).candidates == first.candidates


def test_each_objective_ranks_by_its_own_figure():
    quick = replace(MIDDLE, latency_seconds=0.5)
    chosen = {
        objective: route(replace(CALL, objective=objective), SMALL, quick, LARGE)
        for objective in ("cheapest", "fastest", "best")
    }
    assert {objective: found.model for objective, found in chosen.items()} == {
        "cheapest": "small",
        "fastest": "middle",
        "best": "large",
    }
    assert [found.reason for found in chosen.values()] == [
        "the cheapest of 3 models",
        "the fastest of 3 models",
        "the likeliest right of 3 models",
    ]
    assert [found.objective for found in chosen.values()] == ["cheapest", "fastest", "best"]


def test_the_cheapest_is_one_of_those_that_are_likely_enough_right():
    fitted = {"small": (0.6, 0.5, 0.7), "middle": (0.85, 0.8, 0.9)}
    ask = replace(CALL, objective="cheapest", p_correct=fitted, threshold=0.8, threshold_version="v")
    found = route(ask)
    assert found.model == "middle", "of the large one nothing is known: its answer will tell"
    assert found.reason == "the cheapest of those of 3 models that are likely enough right"
    assert [(each.model, each.p_correct) for each in found.candidates] == [
        ("middle", 0.85),
        ("large", None),
        ("small", 0.6),
    ]
    assert (found.threshold, found.threshold_version) == (0.8, "v")


def test_what_was_fitted_goes_before_what_is_declared():
    fitted = {"small": (0.95, 0.9, 0.97), "large": (0.5, 0.4, 0.6)}
    assert route(replace(CALL, objective="best", p_correct=fitted)).model == "small"
    balanced = route(replace(CALL, p_correct=fitted), weights=Weights(quality=1, cost=0, latency=0))
    assert balanced.model == "small"
    assert balanced.candidates[0].utility == pytest.approx(0.95)


def test_the_longest_forecast_filters():
    found = route(replace(CALL, max_latency_seconds=2.5))
    assert found.filtered == {"large": "a forecast of 8.0 s exceeds max_latency_s, which is 2.5"}
    calls = Tally()
    for second in range(20):
        calls = calls.answered(now=float(second), seconds=60.0, output_tokens=5)
    live = {ModelName("middle"): LiveStats.of(calls)}
    found = route(replace(CALL, max_latency_seconds=2.5), live=live, now=20.0)
    assert "middle" in found.filtered, "what is measured outweighs what is declared"


def test_barred_only_and_stronger_are_told_as_reasons():
    ask = replace(CALL, barred={ModelName("small"): "another candidate has it"})
    assert route(ask).filtered == {"small": "another candidate has it"}
    assert route(replace(CALL, only=frozenset({ModelName("large")}))).filtered["small"] == (
        "this answer is asked of large"
    )
    ask = replace(CALL, rejected=frozenset({ModelName("middle")}), stronger_than=0.7, stronger=True)
    found = route(ask)
    assert found.model == "large"
    assert found.filtered == {
        "middle": "its answer was not sure enough",
        "small": "quality 0.5 is below the 0.7 of a model that was not sure enough",
    }


def test_models_of_a_provider_that_has_failed_come_last():
    call = replace(CALL, exclude=frozenset({"large"}), shun=frozenset({"large", "middle"}), cause="fallback")
    chosen = route(call, weights=Weights(quality=1, cost=0, latency=0))
    assert [each.model for each in chosen.candidates] == ["small", "middle"]


def test_what_was_really_paid_counts():
    calls = Tally()
    for second in range(10):
        calls = calls.answered(now=float(second), seconds=2.0, output_tokens=500, price=5.0)
    candidate = route(CALL, MIDDLE, live={"middle": LiveStats.of(calls)}, now=10.0).candidates[0]
    assert float(candidate.usd) == pytest.approx(5 * 0.003, rel=0.05)


def test_quality_that_verifiers_do_not_find_counts_less():
    calls = Tally()
    for second in range(40):
        calls = calls.judged(second % 3 == 0, now=float(second))
    live = {"large": LiveStats.of(calls)}
    chosen = route(CALL, weights=Weights(quality=1, cost=0, latency=0), live=live, now=40.0)
    assert chosen.model == "middle"
    assert {each.model: each.lately for each in chosen.candidates} == {
        "small": None,
        "middle": None,
        "large": pytest.approx(0.41, abs=0.03),
    }
    assert route(replace(CALL, objective="best"), live=live, now=40.0).model == "middle"
