from __future__ import annotations

import pytest

from agentcore.verification.non_empty import check
from agentcore.verification.subject import Subject


@pytest.mark.parametrize("output", [None, "", " \n", [], {}, {"a": None, "b": [""]}])
def test_nothing_is_rejected(output):
    assert check(Subject(output=output), {}).reasons == ("the output is empty",)


@pytest.mark.parametrize("output", [0, False, "x", [0], {"a": None, "b": 1}])
def test_something_is_accepted(output):
    assert check(Subject(output=output), {}).accepts is True


def test_fields():
    output = {"a": "x", "items": [{"b": 1}, {"b": ""}]}
    assert check(Subject(output=output), {"field": "a"}).accepts is True
    assert check(Subject(output=output), {"field": ["a", "items.b", "c"]}).reasons == (
        "$.items[1].b is empty",
        "the field c is missing",
    )
