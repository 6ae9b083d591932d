from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.clock import SystemClock
from agentcore.domain.run_id import run_id_for

TEXTS = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def test_it_is_the_same_in_every_version_and_on_every_machine():
    assert run_id_for("orders", "42") == "f250057111k0hjc3"


@given(TEXTS, TEXTS)
def test_it_looks_like_the_id_of_a_clock(source, message):
    form = re.compile("[0-9a-hjkmnp-tv-z]{16}")
    assert form.fullmatch(run_id_for(source, message))
    assert form.fullmatch(SystemClock().new_id())


@given(st.tuples(TEXTS, TEXTS), st.tuples(TEXTS, TEXTS))
def test_one_cause_one_run(one, other):
    assert (run_id_for(*one) == run_id_for(*other)) is (one == other)


def test_nothing_runs_from_source_into_message():
    assert run_id_for("a", "bc") != run_id_for("ab", "c")
    assert run_id_for('a","b', "c") != run_id_for("a", 'b","c')
