"""`agentcore policy scan`: one JSON object a line."""

from __future__ import annotations

import json

import pytest

from agentcore.detectors.hidden_text import HiddenText
from agentcore.surfaces.scan_lines import BadText, Text, read_texts, scanned


def test_a_text_is_looked_at(agentcore):
    done = agentcore("policy", "scan", "--detector", "hidden", "in\u200bvisible")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "id": "text",
        "score": 1.0,
        "flagged": True,
        "spans": [{"type": "ZERO_WIDTH", "start": 2, "end": 3}],
    }


def test_each_line_of_a_file_has_its_own(agentcore, tmp_path):
    file = tmp_path / "texts.jsonl"
    rows = [{"id": "a", "text": "plain"}, {"text": "in\u200bvisible"}, {"id": 7, "full_text": "plain"}]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    done = agentcore("policy", "scan", "--detector", "hidden", "--jsonl", str(file))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], row["flagged"]) for row in found] == [("a", False), (2, True), (7, False)]
    assert done.exit_code == 0


def test_a_line_that_is_no_text_is_told_and_the_others_are_looked_at(agentcore, tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "a"}\nnothing\n[1]\n{"body": "b"}\n{"text": "c"}\n', encoding="utf-8")
    done = agentcore("policy", "scan", "--detector", "hidden", "--jsonl", str(file))
    assert done.exit_code == 2
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 5]
    assert f"{file}:2: this is not JSON" in done.stderr
    assert f"{file}:3: this is not an object" in done.stderr
    assert "(it has body); see --field" in done.stderr
    named = agentcore("policy", "scan", "--detector", "hidden", "--jsonl", str(file), "--field", "body")
    assert json.loads(named.stdout.splitlines()[0])["id"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--detector", "hiden", "x"), "did you mean hidden?"),
        (("--detector", "hidden"), "give a TEXT, or --jsonl FILE"),
        (("x",), "Missing option '--detector'"),
        (("--detector", "hidden", "--jsonl", "gone.jsonl"), "gone.jsonl"),
    ],
)
def test_wrong_usage_says_what_to_do(agentcore, arguments, message):
    done = agentcore("policy", "scan", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_an_empty_file_is_no_success(agentcore, tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_text("\n", encoding="utf-8")
    done = agentcore("policy", "scan", "--detector", "hidden", "--jsonl", str(file))
    assert (done.exit_code, "there are no lines" in done.stderr) == (2, True)


def test_a_detector_that_fails_counts_as_one_that_has_found_something():
    class Broken(HiddenText):
        def detect(self, text):
            raise RuntimeError(text)

    found = scanned(Broken(), Text(id=1, text="x"))
    assert (found["flagged"], found["score"], found["error"]) == (True, 1.0, "RuntimeError: x")


def test_lines_are_read_one_by_one():
    def lines():
        yield '{"text": "a"}'
        raise AssertionError("read too far")

    assert next(read_texts(lines())) == Text(id=1, text="a")
    assert next(read_texts(["{" * 100_000])) == BadText(number=1, problem=next(read_texts(["{" * 100_000])).problem)
