"""Which candidate has which model, and how their effects are told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import profile

from agentcore.domain.answer_candidate import attempt_part, candidate_of
from agentcore.domain.ids import EffectId, ModelName
from agentcore.engine.picks import Picks
from agentcore.routing.request import RouteRequest

A, B, C = (ModelName(name) for name in "abc")
PROFILES = {
    A: replace(profile("a"), family="gpt"),
    B: replace(profile("b"), family="gpt"),
    C: replace(profile("c"), family="claude"),
}
ASK = RouteRequest(input_tokens=1, max_output_tokens=1)


@pytest.mark.parametrize(("attempt", "candidate", "part"), [(1, 0, "1"), (2, 3, "2+3"), (12, 11, "12+11")])
def test_the_first_candidate_has_the_ids_of_before(attempt, candidate, part):
    assert attempt_part(attempt, candidate) == part
    assert candidate_of(EffectId(f"1/s0/{part}/finder/model.1")) == candidate


def test_each_has_a_model_of_its_own():
    picks = Picks(same=False, independent=False, taken={0: A})
    assert picks.narrow(1, ASK, PROFILES).barred == {A: "another candidate of this attempt has it"}
    assert picks.narrow(0, ASK, PROFILES).barred == {}, "one's own may be asked again"
    picks.take(1, B)
    assert set(picks.narrow(2, ASK, PROFILES).barred) == {A, B}


def test_families_are_apart_when_they_have_to_be():
    picks = Picks(same=False, independent=True, taken={0: A})
    barred = picks.narrow(1, ASK, PROFILES).barred
    assert barred[B] == "of the family gpt, as a, which another candidate has"
    assert C not in barred


def test_samples_stay_with_the_first_choice_until_it_fails():
    picks = Picks(same=True, independent=False, taken={})
    assert picks.narrow(0, ASK, PROFILES).only == frozenset()
    picks.take(0, A)
    assert picks.narrow(1, ASK, PROFILES).only == {A}
    failed = replace(ASK, exclude=frozenset({A}))
    assert picks.narrow(1, failed, PROFILES).only == frozenset()
