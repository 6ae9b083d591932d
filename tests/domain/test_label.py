from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.label import Confidentiality, Label

labels = st.builds(
    Label,
    sources=st.frozensets(st.sampled_from(["user", "tool:sql", "model:local", "document:a.md"])),
    confidentiality=st.sampled_from(Confidentiality),
)
BOTTOM = Label(confidentiality=Confidentiality.PUBLIC)


def below(lower: Label, upper: Label) -> bool:
    return lower.sources <= upper.sources and lower.confidentiality <= upper.confidentiality


@given(labels, labels, labels)
def test_join_is_a_semilattice(first, second, third):
    assert first.join(first) == first
    assert first.join(second) == second.join(first)
    assert first.join(second).join(third) == first.join(second.join(third)) == first.join(second, third)
    assert first.join(BOTTOM) == first
    assert first.join() == first


@given(labels, labels, labels)
def test_join_is_the_least_upper_bound(first, second, other):
    joined = first.join(second)
    assert below(first, joined)
    assert below(second, joined)
    if below(first, other) and below(second, other):
        assert below(joined, other)
