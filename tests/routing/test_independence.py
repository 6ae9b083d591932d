from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import profile

from agentcore.domain.errors import NoRoute
from agentcore.routing.choose import Weights, choose
from agentcore.routing.independence import OF_THE_AUTHOR, dependent, never_independent
from agentcore.routing.request import RouteRequest

A = replace(profile("a"), family="qwen")
B = replace(profile("b"), family="qwen")
C = replace(profile("c"), family="gpt")
ALL = {each.name: each for each in (A, B, C)}


def test_the_family_of_the_author_or_its_model_alone_or_nothing():
    assert dependent("a", ALL, "family").keys() == {"a", "b"}
    assert dependent("a", ALL, "model").keys() == {"a"}
    assert dependent("a", ALL, "none") == {}
    assert dependent(None, ALL, "family") == {}
    assert dependent("gone", ALL, "family") == {}
    assert all(OF_THE_AUTHOR in why for why in dependent("a", ALL, "family").values())


def test_which_authors_leave_no_judge():
    assert never_independent([A, C], [B], "family") == (A,)
    assert never_independent([A, C], [B, C], "family") == ()
    assert never_independent([A], [A], "model") == (A,)
    assert never_independent([A], [], "family") == ()


@given(st.sampled_from(["a", "b", "c"]), st.sampled_from(["family", "model"]))
def test_a_barred_model_is_never_chosen_and_the_reason_is_kept(author, independent):
    barred = dependent(author, ALL, independent)
    request = RouteRequest(input_tokens=1, max_output_tokens=1, barred=barred)
    route = choose(request, list(ALL.values()), {}, {}, weights=Weights(), now=0.0)
    assert route.model not in barred
    assert route.family == ALL[route.model].family
    assert {name: route.filtered[name] for name in barred} == barred


def test_when_all_are_barred_there_is_no_route():
    request = RouteRequest(input_tokens=1, max_output_tokens=1, barred=dependent("a", ALL, "family"))
    with pytest.raises(NoRoute, match="same family as the model of the author, a"):
        choose(request, [A, B], {}, {}, weights=Weights(), now=0.0)
