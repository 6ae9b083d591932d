from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.agreement import agreed, agreement
from agentcore.confidence.calls import read_calls


def between(one: str, other: str) -> dict[str, float]:
    return agreement(read_calls(one, ["f", "g"]), read_calls(other, ["f", "g"]))


def test_the_same_calls_agree_wholly():
    assert between("[f(x=1), g(y='A')]", "[g(y='a'), f(x=1.0)]") == {
        "same": 1.0,
        "functions": 1.0,
        "count": 0.0,
        "arguments": 1.0,
        "form": 1.0,
    }


def test_other_arguments_agree_in_part():
    found = between("[f(x=1, y=2)]", "[f(x=1, y=3)]")
    assert (found["same"], found["functions"], found["arguments"]) == (0.0, 1.0, 1 / 3)


def test_missing_calls_show_in_the_count():
    found = between("[f(x=1), f(x=2), f(x=3)]", "[f(x=1)]")
    assert (found["same"], found["functions"], found["count"]) == (0.0, 0.0, 2.0)


def test_two_refusals_agree_and_two_broken_answers_do_not():
    assert between("no function fits", "[]")["same"] == 1.0
    assert between("[f(x=", "[f(x=")["same"] == 0.0
    assert between("no function fits", "[f(x=1)]")["form"] == 0.0


def test_the_share_that_agrees_with_most():
    answers = [read_calls(text, ["f"]) for text in ("f(x=1)", "f(x=1)", "f(x=2)", "f(x=")]
    assert agreed(answers) == 0.5
    assert agreed([]) == 0.0
    assert agreed([read_calls("f(x=", ["f"])]) == 0.0


_CALLS = st.lists(
    st.tuples(st.sampled_from("fg"), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3), max_size=3)),
    max_size=4,
).map(lambda calls: "[" + ", ".join(f"{n}({', '.join(f'{k}={v}' for k, v in a.items())})" for n, a in calls) + "]")


@given(_CALLS, _CALLS)
def test_agreement_is_mutual(one, other):
    there, back = between(one, other), between(other, one)
    assert [there[key] for key in ("same", "functions", "form")] == [
        back[key] for key in ("same", "functions", "form")
    ]
    assert there["count"] == -back["count"]
    assert 0.0 <= there["arguments"] <= 1.0


@given(_CALLS)
def test_an_answer_agrees_with_itself(text):
    assert between(text, text)["same"] == 1.0
    assert between(text, text)["arguments"] == 1.0
