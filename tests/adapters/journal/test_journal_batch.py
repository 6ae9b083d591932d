"""Which appends continue their runs, and what they change beside the events."""

from __future__ import annotations

import re

from agentcore.adapters.journal.batch import Batch, judge
from agentcore.adapters.journal.postgres_store import _together
from agentcore.adapters.journal.projection import statements
from agentcore.domain.errors import JournalConflict
from agentcore.testing.contracts.journal import begin, end, go_on


def batch(run, first, count=1):
    return Batch(run, [(run, sequence, 0.0, 1, "{}") for sequence in range(first, first + count)])


def test_batches_continue_their_runs_one_after_the_other():
    judged = judge([batch("a", 3, 2), batch("b", 1), batch("a", 5)], {"a": 2})
    assert judged.errors == [None, None, None]
    assert judged.ends == {"a": 5, "b": 1}


def test_what_follows_a_refused_batch_is_refused_too_even_if_it_fits():
    wrong, fitting, other = batch("a", 2), batch("a", 3), batch("b", 1)
    judged = judge([wrong, fitting, other], {"a": 2})
    assert judged.accepted == [other]
    assert judged.errors[0] is judged.errors[1]
    assert "event 2 is already recorded (the last one is 2)" in judged.errors[0].message
    assert judged.ends == {"b": 1}


def test_a_gap_is_refused():
    (error,) = judge([batch("a", 4)], {"a": 2}).errors
    assert isinstance(error, JournalConflict)
    assert "event 4 does not follow the last one recorded, 2" in error.message


def test_a_run_may_be_refused_beforehand():
    reason = JournalConflict("late")
    assert judge([batch("a", 3)], {"a": 2}, {"a": reason}).errors == [reason]


def test_statements_have_numbered_parameters_as_many_as_they_are_given():
    for event in (begin("a"), end("a", 2)):
        for sql, parameters in statements(event):
            numbers = {int(number) for number in re.findall(r"\?(\d*)", sql)}
            assert numbers == set(range(1, len(parameters) + 1))
    assert statements(go_on("a", 2)) == ()


def test_text_that_no_store_could_hold_is_replaced():
    ((_, parameters),) = statements(begin("a", goal="x\0y\ud800z", tenant="é"))
    assert parameters[:5] == ("a", "contract", "x?y?z", "é", 0.0)


def test_equal_statements_of_several_runs_are_one_and_keep_each_run_s_order():
    lists = [[("S", (1,)), ("F", (1,))], [], [("F", (2,))], [("S", (3,)), ("S", (4,))]]
    assert list(_together(lists)) == [("S", [(1,), (3,)]), ("F", [(2,)]), ("F", [(1,)]), ("S", [(4,)])]
