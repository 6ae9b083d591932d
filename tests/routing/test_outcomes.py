from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agentcore.routing.outcomes import Answer, Asking, OutcomeTable, Question, replay

TABLE = OutcomeTable(
    dataset="made",
    arms=("small", "large"),
    questions=(Question(id="1", text="one"), Question(id="2", text="two")),
    answers=tuple(
        (
            Answer(arm="small", text=f"s{at}", usd=0.001, seconds=1.0),
            Answer(arm="large", text=f"l{at}", usd=0.01, seconds=2.0),
        )
        for at in (1, 2)
    ),
    labels=np.array([[True, True], [False, True]]),
)


def test_a_router_sees_what_it_asks_for_and_no_label():
    seen = []

    def decide(question, asking):
        (first,) = asking.ask("small")
        seen.append((question, first))
        if first.text == "s1":
            return asking.take("small", confidence=0.9)
        asking.ask("large")
        return asking.take("large", accepted=False)

    one, two = replay(TABLE, decide)
    assert (one.rounds, one.chosen, one.accepted, one.confidence) == ((("small",),), "small", True, 0.9)
    assert (two.rounds, two.chosen, two.accepted) == ((("small",), ("large",)), "large", False)
    assert not any(hasattr(each, name) for pair in seen for each in pair for name in ("labels", "correct"))


def test_an_answer_that_was_not_asked_for_cannot_be_taken():
    asking = Asking({"small": TABLE.answers[0][0]})
    with pytest.raises(ValueError, match="small was not asked"):
        asking.take("small")
    with pytest.raises(KeyError):
        asking.ask("large")


def test_rows_are_the_questions_named_in_their_order():
    some = TABLE.rows([1])
    assert [question.id for question in some.questions] == ["2"]
    assert some.labels.tolist() == [[False, True]]
    assert TABLE.rows([0, 1]).sha256() == TABLE.sha256()


def test_the_hash_knows_every_label_and_answer():
    flipped = replace(TABLE, labels=~TABLE.labels)
    priced = replace(TABLE, answers=(TABLE.answers[0], tuple(replace(each, usd=1.0) for each in TABLE.answers[1])))
    assert len({TABLE.sha256(), flipped.sha256(), priced.sha256(), TABLE.rows([1, 0]).sha256()}) == 4


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="as many answers and labels"):
        replace(TABLE, labels=TABLE.labels[:1])
