from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.domain.verdict import Vote
from agentcore.verification.quorum import Quorum, conclude, disagrees, needs_panel, settle, undecided

PASSED = Vote(verifier="check:numbers", accepts=True, checked="3 figures")
FAILED = Vote(verifier="check:schema", accepts=False, reasons=("at $: wrong",), checked="the form")
SILENT = Vote(verifier="check:quotes", accepts=None, reasons=("the output quotes nothing",))
YES = Vote(verifier="agent:critic", accepts=True, checked="the sums")
NO = Vote(verifier="agent:judge", accepts=False, reasons=("the customer is missing",), checked="the names")
SHY = Vote(verifier="agent:shy", accepts=None, reasons=("down",))
LOST = Vote(verifier="agent:third", accepts=None, reasons=("its reply could not be read as an opinion",))


def test_a_failing_check_spares_the_panel():
    assert needs_panel((PASSED, SILENT), 2)
    assert not needs_panel((PASSED, FAILED), 2)
    assert not needs_panel((PASSED,), 0)
    verdict = conclude((PASSED, FAILED), (), required=1, panel=2)
    assert not verdict.accepted
    assert verdict.reasons == ("at $: wrong",)
    assert verdict.unchecked == snapshot(
        (
            "the panel of 2 was not asked, as a check had already failed",
            "nobody checked whether the wording answers the question",
            "nobody checked whether the evidence supports what is said",
            "nobody checked whether each number is used for what it means in the evidence, and its sign in a text",
        )
    )


def test_checks_alone_claim_no_more_than_they_did():
    verdict = conclude((PASSED, SILENT), (), required=0, panel=0)
    assert verdict.accepted
    assert verdict.reasons == ()
    assert verdict.unchecked == snapshot(
        (
            "check:quotes abstained: the output quotes nothing",
            "nobody checked whether the wording answers the question",
            "nobody checked whether the evidence supports what is said",
            "nobody checked whether each number is used for what it means in the evidence, and its sign in a text",
        )
    )


def test_no_verifier_at_all_accepts_and_says_that_nothing_was_checked():
    verdict = conclude((), (), required=0, panel=0)
    assert verdict.accepted
    assert verdict.unchecked == snapshot(
        (
            "nobody checked whether the wording answers the question",
            "nobody checked whether the numbers are those of the evidence",
            "nobody checked whether the evidence supports what is said",
        )
    )


def test_k_of_n():
    assert conclude((PASSED,), (YES, NO), required=1, panel=2).accepted
    rejected = conclude((PASSED,), (YES, NO), required=2, panel=2)
    assert not rejected.accepted
    assert rejected.reasons == ("the customer is missing",)
    assert rejected.unchecked == snapshot(
        (
            "whether the wording answers the question was judged by agent:critic, agent:judge, and is not proved",
            "no check looked at whether the evidence supports what is said",
        )
    )


def test_an_abstaining_verifier_does_not_count_and_the_rejection_says_why():
    verdict = conclude((PASSED,), (YES, LOST), required=2, panel=2)
    assert not verdict.accepted
    assert verdict.reasons == snapshot(
        ("1 of 2 required verifiers accepted; agent:third abstained (its reply could not be read as an opinion)",)
    )
    silent = conclude((PASSED,), (), required=1, panel=2)
    assert not silent.accepted
    assert silent.reasons == snapshot(("0 of 1 required verifiers accepted; 0 of 2 verifiers were heard",))


votes = st.lists(
    st.builds(
        Vote,
        verifier=st.sampled_from(["check:numbers", "check:schema", "agent:a", "agent:b"]),
        accepts=st.sampled_from([True, False, None]),
        reasons=st.just(("because",)),
        checked=st.just("something"),
    ),
    max_size=5,
)


@given(votes, votes, st.integers(0, 4))
def test_the_law_of_the_quorum(checks, panel, required):
    verdict = conclude(checks, panel, required=required, panel=len(panel))
    holds = not any(vote.accepts is False for vote in checks)
    assert verdict.accepted == (holds and sum(vote.accepts is True for vote in panel) >= required)
    assert bool(verdict.reasons) != verdict.accepted
    assert set(checks) | set(panel) <= set(verdict.votes)
    abstained = [vote for vote in (*checks, *panel) if vote.accepts is None]
    assert sum("abstained" in sentence for sentence in verdict.unchecked) == len(abstained)


@given(votes, votes, st.integers(0, 4), st.data())
def test_one_more_rejection_or_abstention_never_helps(checks, panel, required, data):
    before = conclude(checks, panel, required=required, panel=len(panel)).accepted
    worse = data.draw(st.sampled_from([NO, LOST]))
    assert before or not conclude(checks, [*panel, worse], required=required, panel=len(panel) + 1).accepted
    assert before or not conclude([*checks, FAILED], panel, required=required, panel=len(panel)).accepted


# Weights

ANSWERS = st.sampled_from([True, False, None])
WEIGHTS = st.integers(1, 40).map(lambda tenths: tenths / 10)
SHARES = st.integers(50, 100).map(lambda percent: percent / 100)
PANELS = st.lists(st.tuples(st.one_of(st.just(True), ANSWERS), WEIGHTS), min_size=1, max_size=7)


def panel_of(said):
    return [
        Vote(verifier=f"agent:{number}", accepts=accepts, weight=weight, reasons=("because",))
        for number, (accepts, weight) in enumerate(said)
    ]


def standing(said, share):
    return Quorum(required=0, panel=len(said), share=share).standing(panel_of(said))


@given(PANELS, SHARES)
def test_more_acceptance_never_turns_an_acceptance_into_anything_else(said, share):
    before = standing(said, share) == "accepts"
    for place, (_, weight) in enumerate(said):
        assert not before or standing([*said[:place], (True, weight), *said[place + 1 :]], share) == "accepts"
    assert not before or standing([*said, (True, 3.7)], share) == "accepts"


@given(PANELS, SHARES, st.sampled_from([False, None]), WEIGHTS)
def test_one_more_that_does_not_accept_never_helps(said, share, answer, weight):
    before = standing(said, share) == "accepts"
    assert before or standing([*said, (answer, weight)], share) != "accepts"


@given(PANELS, SHARES, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(said, share, random):
    other = [*said]
    random.shuffle(other)
    assert standing(other, share) == standing(said, share)


@given(PANELS, SHARES, st.sampled_from([0.1, 0.5, 2.0, 3.0, 10.0]))
def test_only_the_proportions_of_the_weights_matter(said, share, scale):
    assert standing([(accepts, weight * scale) for accepts, weight in said], share) == standing(said, share)


@given(PANELS, SHARES)
def test_for_and_against_are_never_both_the_majority(said, share):
    turned = [(None if accepts is None else not accepts, weight) for accepts, weight in said]
    assert "accepts" not in {standing(said, share)} & {standing(turned, share)}
    if standing(said, share) == "rejects":
        assert standing(turned, 0.5) == "accepts"


@given(st.lists(WEIGHTS, min_size=1, max_size=7), SHARES)
def test_abstentions_alone_accept_and_reject_nothing(weights, share):
    assert standing([(None, weight) for weight in weights], share) == "open"


@given(st.lists(WEIGHTS, min_size=1, max_size=4))
def test_a_tie_is_no_acceptance(weights):
    tie = [(True, weight) for weight in weights] + [(False, weight) for weight in weights]
    assert standing(tie, 0.5) == "open"


@given(PANELS)
def test_equal_weights_are_a_majority_of_votes(said):
    equal = [(accepts, 0.3) for accepts, _ in said]
    counted = Quorum(required=len(said) // 2 + 1, panel=len(said)).standing(panel_of(said))
    assert standing(equal, 0.5) == counted


def test_tenths_are_added_as_people_add_them():
    assert standing([(True, 0.1), (True, 0.2), (False, 0.3)], 0.5) == "open"
    assert standing([(True, 0.1), (True, 0.2), (True, 0.3), (None, 0.4)], 0.6) == "accepts"


def test_a_verifier_that_was_not_asked_weighs_in_the_whole():
    assert Quorum(required=0, panel=3, share=0.5, weight=4.0).standing([replace(YES, weight=2.0)]) == "open"
    assert Quorum(required=0, panel=3, share=0.5, weight=3.9).standing([replace(YES, weight=2.0)]) == "accepts"


def test_too_little_weight_is_said_in_numbers():
    verdict = conclude(
        (), (replace(YES, weight=2.0), replace(SHY, weight=2.0)), required=0, panel=2, share=0.6, weight=4.0
    )
    assert verdict.undecided
    assert verdict.reasons == snapshot(
        ("2 of the panel's weight of 4 accepted, and 0.6 of it is required; agent:shy abstained (down)",)
    )
    half = conclude((), (YES, SHY), required=0, panel=2, share=0.5, weight=2.0)
    assert half.reasons == snapshot(
        ("1 of the panel's weight of 2 accepted, and more than half of it is required; agent:shy abstained (down)",)
    )


# Rounds, and who decides in the panel's place


def test_votes_that_were_replaced_do_not_count():
    before = replace(NO, counts=False)
    verdict = conclude((), (before, replace(NO, accepts=True, reasons=(), round=2)), required=1, panel=1)
    assert verdict.accepted
    assert (verdict.in_favour, len(verdict.votes)) == (1, 2)
    assert not disagrees((YES, before))
    assert disagrees((YES, NO))
    assert not disagrees((YES, SHY))


DIVIDED = conclude((PASSED,), (YES, NO, SHY), required=2, panel=3)
JUDGE = Vote(verifier="agent:chief", accepts=True, checked="all")


def test_what_the_panel_leaves_open_somebody_else_decides():
    assert (DIVIDED.undecided, DIVIDED.accepted) == (True, False)
    settled = settle(DIVIDED, JUDGE)
    assert (settled.accepted, settled.reasons, settled.undecided) == (True, (), True)
    assert settled.votes[-1].deciding
    assert settled.unchecked[-1] == "the panel did not decide; agent:chief did in its place"
    assert settle(DIVIDED, replace(NO, verifier="person:ann")).accepted is False
    silent = settle(conclude((), (SHY,), required=1, panel=1), replace(SHY, verifier="agent:chief"))
    assert silent.reasons[-1] == snapshot("0 of 1 required verifiers accepted; agent:shy abstained (down)")


def test_who_decides_does_not_replace_the_verifiers_that_policies_want():
    assert settle(DIVIDED, JUDGE, least=2).accepted
    assert not settle(DIVIDED, JUDGE, least=3).accepted
    alone = settle(conclude((), (SHY, SHY), required=1, panel=2), JUDGE, least=2)
    assert alone.reasons[-1] == snapshot(
        "0 of 1 required verifiers accepted; agent:shy abstained (down); agent:shy abstained (down)"
    )


def test_a_person_is_told_how_the_panel_is_divided():
    assert undecided(DIVIDED) == snapshot(
        "the panel did not decide: critic accepts, judge rejects (the customer is missing), shy abstains (down)"
    )


@pytest.mark.parametrize("checks", [(), (FAILED,)])
def test_a_panel_that_was_not_asked_has_left_nothing_open(checks):
    assert not conclude(checks, (), required=1, panel=1).undecided


@given(PANELS, SHARES, ANSWERS, st.integers(0, 3))
def test_the_law_of_who_decides(said, share, accepts, least):
    verdict = conclude((), panel_of(said), required=0, panel=len(said), share=share)
    settled = settle(verdict, replace(JUDGE, accepts=accepts, reasons=() if accepts else ("no",)), least=least)
    assert settled.accepted == (accepts is True and settled.in_favour >= least)
    assert bool(settled.reasons) != settled.accepted
