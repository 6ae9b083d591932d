from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.hedge_share import MOST, SHARE, HedgeShare


@given(st.lists(st.booleans(), max_size=400))
def test_of_twenty_calls_one_may_be_asked_twice(late):
    share, asked = HedgeShare(), 0
    for each in late:
        share = share.called()
        if each and share.allows:
            share, asked = share.asked(), asked + 1
    assert asked <= 1 + SHARE * len(late) + 1e-6
    assert 0 <= share.credit + 1e-6 <= MOST + 1e-5
