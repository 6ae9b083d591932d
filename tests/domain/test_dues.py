"""Dues: whoever obeys them obeys every obligation, in whatever order these come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.dues import Dues, asking
from agentcore.domain.obligation import Approve, Downgrade, Limit, Mask, Notify, Redact, Verify

IDS = st.sampled_from("pqrs")
NAMES = st.lists(st.sampled_from("abc"), unique=True, min_size=1, max_size=3).map(tuple)
SOME = st.just(()) | NAMES
RULES = st.builds(
    ApprovalRule,
    approvers=SOME,
    due_seconds=st.none() | st.floats(1, 100),
    on_due=st.sampled_from(["reject", "escalate"]),
)
OBLIGATIONS = st.lists(
    st.one_of(
        st.builds(Approve, policy=IDS, rule=RULES),
        st.builds(Redact, policy=IDS, types=NAMES),
        st.builds(Verify, policy=IDS, verifiers=st.integers(1, 5)),
        st.builds(Downgrade, policy=IDS, to=NAMES),
        st.builds(
            Limit, policy=IDS, calls=st.integers(1, 5), seconds=st.floats(1, 9), by=st.sampled_from(["run", "tenant"])
        ),
        st.builds(Mask, policy=IDS, parts=SOME),
        st.builds(Notify, policy=IDS, to=SOME),
    ),
    max_size=8,
)


@given(OBLIGATIONS, st.randoms())
def test_neither_order_nor_repetition_matters(obligations, random):
    shuffled = [*obligations, *obligations]
    random.shuffle(shuffled)
    assert Dues.of(shuffled) == Dues.of(obligations)


@given(OBLIGATIONS, OBLIGATIONS)
def test_more_obligations_never_ask_for_less(some, more):
    dues, all_ = Dues.of(some), Dues.of([*some, *more])
    assert (dues.approval is None) or all_.approval is not None
    assert set(dues.redact) <= set(all_.redact)
    assert dues.verifiers <= all_.verifiers
    assert dues.models is None or (all_.models is not None and all_.models <= dues.models)
    assert set(dues.limits) <= set(all_.limits)
    assert dues.mask is None or all_.mask == () or set(all_.mask or ()) >= set(dues.mask) != set()
    assert dues.notify is None or set(all_.notify or ()) >= set(dues.notify)


@given(OBLIGATIONS)
def test_every_obligation_is_obeyed(obligations):
    dues = Dues.of(obligations)
    for each in obligations:
        match each:
            case Approve(rule=rule):
                assert dues.approval is not None
                assert set(rule.approvers) <= set(dues.approval.approvers)
            case Redact(types=types):
                assert set(types) <= set(dues.redact)
            case Verify(verifiers=verifiers):
                assert verifiers <= dues.verifiers
            case Downgrade(to=to):
                assert dues.models is not None
                assert dues.models <= set(to)
            case Limit():
                assert each in dues.limits
            case Mask(parts=parts):
                assert dues.mask == () or (parts and dues.mask is not None and set(parts) <= set(dues.mask))
            case Notify(to=to):
                assert dues.notify is not None
                assert set(to) <= set(dues.notify)


def test_of_nothing_nothing_is_due():
    assert Dues.of(()) == Dues()


def test_who_asks_is_said():
    obligations = [Mask(policy="b"), Redact(policy="c", types=("x",)), Mask(policy="a"), Mask(policy="a")]
    assert asking(obligations, "mask") == "a, b"
