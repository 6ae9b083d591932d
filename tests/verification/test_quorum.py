from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.domain.verdict import Vote
from agentcore.verification.quorum import conclude, needs_panel

PASSED = Vote(verifier="check:numbers", accepts=True, checked="3 figures")
FAILED = Vote(verifier="check:schema", accepts=False, reasons=("at $: wrong",), checked="the form")
SILENT = Vote(verifier="check:quotes", accepts=None, reasons=("the output quotes nothing",))
YES = Vote(verifier="agent:critic", accepts=True, checked="the sums")
NO = Vote(verifier="agent:judge", accepts=False, reasons=("the customer is missing",), checked="the names")
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
