from __future__ import annotations

import pytest

from agentcore.domain.json import read_object


def test_an_object_is_read():
    assert read_object('\ufeff {"a": [1, 2.5, null], "é": {"b": true}}\n'.encode()) == {
        "a": [1, 2.5, None],
        "é": {"b": True},
    }
    assert read_object(b'{"n": 123456789012345678901234567890}') == {"n": 123456789012345678901234567890}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "not JSON: expecting value at character 1"),
        (b"{'a': 1}", "not JSON: expecting property name enclosed in double quotes at character 2"),
        (b'{"a": 1} x', "not JSON: extra data at character 10"),
        (b'{"a": NaN}', "not JSON: NaN is not a number there"),
        (b'{"a": "\xff"}', "not UTF-8: byte 8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8: byte 1"),
        (b"[1]", "must be a JSON object, not a list"),
        (b"null", "must be a JSON object, not null"),
        (b"7", "must be a JSON object, not a number"),
        (b'"a"', "must be a JSON object, not text"),
        (b"true", "must be a JSON object, not true or false"),
        (b"[" * 200_000, "not JSON that can be read: too many lists and objects inside one another"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "Exceeds the limit"),
    ],
)
def test_what_is_none_says_why(text, problem):
    with pytest.raises(ValueError, match=problem.replace("{", r"\{")):
        read_object(text)
