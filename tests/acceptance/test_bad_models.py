"""Models and endpoints that fail: each ends in a recorded failure with its reason, and the journal stays readable."""

from __future__ import annotations

import json
import socket
import time

import pytest

from agentcore.testing.loopback import Answer, half_tool_call, not_json, prose, refusing

GOOD = {"steps": [{"agent": "clerk", "task": "price"}, {"agent": "calculator", "task": "worth"}]}


def in_turn(*answers):
    """Give these answers one after the other, and the last one again and again."""
    left = list(answers)
    return lambda received: left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def result(agentcore, latest):
    """Run the scenario; return its exit code and the run as the command line has recorded it."""

    def run(*more):
        done = agentcore("run", "stock_value", "--json", *more)
        said = json.loads(done.stdout)
        recorded = latest()
        assert recorded == said
        return done.exit_code, recorded

    return run


def test_a_planner_that_returns_prose_is_shown_its_error_once_and_then_the_run_fails(shop, script, result):
    script.answers["planner"] = prose()
    code, run = result()
    assert (code, run["status"], script.calls) == (1, "failed", ["planner", "planner"])
    assert "JSON" in run["reason"]
    repair = script.received[1].body["messages"][-1]["content"]
    assert "JSON" in repair


def test_a_planner_that_mends_its_prose_succeeds(shop, script, result):
    script.answers["planner"] = in_turn(prose(), script.answers["planner"])
    assert result()[0] == 0


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"steps": []}', '{"steps": "clerk"}', '{"steps": [{}]}'])
def test_a_plan_that_is_none_is_a_recorded_failure(shop, script, result, text):
    script.answers["planner"] = Answer(text=text)
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert run["reason"]


def test_a_plan_that_goes_in_a_circle_is_shown_and_refused(shop, edit, script, result):
    edit("agents/calculator.yaml", "uses: earlier\n", "uses: chosen\n")
    steps = [
        {"id": "a", "agent": "calculator", "task": "x", "uses": ["b"]},
        {"id": "b", "agent": "calculator", "task": "y", "uses": ["a"]},
    ]
    script.answers["planner"] = Answer(text=json.dumps({"steps": steps}))
    code, run = result()
    assert (code, run["status"], script.calls) == (1, "failed", ["planner", "planner"])
    assert "a" in run["reason"]
    assert "b" in run["reason"]
    assert "cycle" in run["reason"] or "circle" in run["reason"]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{"agent": "cleaner", "task": "x"}], "cleaner"),
        ([{"agent": "writer", "task": "x"}], "writer"),
        ([{"agent": "clerk", "task": ""}], "empty"),
        ([{"agent": "clerk", "task": "x"}] * 9, "6"),
    ],
)
def test_a_plan_that_cannot_be_run_says_why(shop, script, result, steps, told):
    script.answers["planner"] = Answer(text=json.dumps({"steps": steps}))
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert told in run["reason"]


def test_a_worker_that_answers_in_prose_is_asked_again_and_then_given_up(shop, script, result):
    script.answers["writer"] = prose()
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert script.calls.count("writer") > 1
    assert "JSON" in run["reason"]
    assert run["answer"] is None


def test_half_a_tool_call_is_not_called(shop, script, result):
    script.answers["clerk"] = half_tool_call("price_list")
    code, run = result()
    assert code == 1
    assert "price_list" in run["reason"] or "tool" in run["reason"]
    assert run["answer"] is None


def test_half_a_tool_call_and_then_a_whole_one_succeeds(shop, script, result):
    script.answers["clerk"] = in_turn(half_tool_call("price_list"), script.answers["clerk"])
    assert result()[0] == 0


@pytest.mark.parametrize(
    "calls",
    [
        (("price_lisst", '{"product": "assam"}'),),
        (("price_list", '{"product": "gold"}'),),
        (("price_list", '{"produkt": "assam"}'),),
        (("price_list", "[]"),),
        (("price_list", '{"product": "assam"'),),
        (("calculator", '{"expression": "1"}'),),
    ],
)
def test_a_tool_call_that_is_wrong_again_and_again_is_given_up(shop, script, result, calls):
    script.answers["clerk"] = Answer(tool_calls=calls)
    code, run = result()
    assert code == 1
    assert run["reason"]
    assert run["used"]["calls"] <= 30


def test_an_endpoint_that_is_down_fails_the_run_with_its_address(shop, result, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("MODEL_URL", f"http://127.0.0.1:{port}/v1")
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert f"127.0.0.1:{port}" in run["reason"]
    assert run["used"]["usd"] == 0


def test_an_endpoint_that_goes_down_in_the_middle_fails_the_run(shop, edit, script, result):
    edit("agentcore.yaml", "model: tiny", "model: tiny, max_retries: 0")
    script.answers["calculator"] = refusing(503, "overloaded")
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert "overloaded" in run["reason"]
    assert {step["id"]: step["status"] for step in run["steps"]}["clerk"] == "succeeded"


def test_an_endpoint_that_is_too_slow_is_not_waited_for(shop, edit, script, result):
    edit("agents/planner.yaml", "limits: {", "limits: { seconds: 0.3,")
    script.answers["planner"] = Answer(text=json.dumps(GOOD), delay_seconds=20)
    started = time.monotonic()
    code, run = result()
    assert time.monotonic() - started < 10
    assert (code, run["status"]) == (1, "failed")
    assert "0.3 s" in run["reason"]


def test_a_run_that_is_too_slow_ends_over_budget(shop, edit, script, result):
    edit("agentcore.yaml", "seconds: 300", "seconds: 3")
    edit("agentcore.yaml", "provider: openai", "provider: openai\n    latency_seconds: 0.01")
    script.answers["calculator"] = Answer(text="late", delay_seconds=20)
    code, run = result()
    assert (code, run["status"]) == (5, "over_budget")
    assert "seconds" in run["reason"]


def test_a_rate_limit_is_waited_for_as_long_as_the_server_asks(shop, script, result):
    script.answers["planner"] = in_turn(refusing(429, "slow down", retry_after="1"), script.answers["planner"])
    started = time.monotonic()
    assert result()[0] == 0
    assert time.monotonic() - started >= 1


def test_a_rate_limit_of_an_hour_is_not_waited_for(shop, script, result):
    script.answers["planner"] = refusing(429, "come back tomorrow", retry_after="3600")
    started = time.monotonic()
    code, run = result()
    assert time.monotonic() - started < 10
    assert (code, run["status"], script.calls) == (1, "failed", ["planner"])
    assert "come back tomorrow" in run["reason"]


def test_an_answer_that_is_cut_off_once_is_fetched_again(shop, script, result):
    good = script.answers["planner"]
    script.answers["planner"] = in_turn(Answer(text=good.text, cut_after=40), good)
    assert result()[0] == 0


def test_an_answer_that_is_always_cut_off_fails_the_run(shop, edit, script, result):
    edit("agentcore.yaml", "model: tiny", "model: tiny, max_retries: 1")
    script.answers["planner"] = Answer(text=json.dumps(GOOD), cut_after=40)
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert len(script.calls) == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (not_json(), "JSON"),
        (refusing(401, "Incorrect API key"), "Incorrect API key"),
        (refusing(404, "no model tiny"), "no model tiny"),
        (refusing(400, "context length exceeded", code="context_length_exceeded"), "context length"),
        (Answer(body=b""), ""),
        (Answer(body=b'{"choices": []}'), ""),
        (Answer(body=b'{"choices": [{"message": {"content": 7}}]}'), ""),
        (Answer(body=b'{"error": {"message": "nobody home"}}'), "nobody home"),
    ],
)
def test_a_server_that_answers_wrongly_fails_the_run(shop, edit, script, result, answer, told):  # noqa: PLR0917
    edit("agentcore.yaml", "model: tiny", "model: tiny, max_retries: 0")
    script.answers["planner"] = answer
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert run["reason"]
    assert told in run["reason"]
    assert "internal error" not in run["reason"]


def test_another_model_takes_over_when_one_is_down(shop, edit, script, result):
    down = """\
models:
  broken:
    provider: openai
    quality: 0.9
    options: { model: big, base_url: "http://127.0.0.1:9/v1", max_retries: 0 }
"""
    edit("agentcore.yaml", "models:\n", down)
    code, run = result()
    assert code == 0
    assert "local" in {name for step in run["steps"] for name in step["models"]}


def test_an_answer_with_a_number_that_nothing_states_is_refused_and_not_shown(shop, agentcore, script):
    script.answers["writer"] = Answer(text='{"answer": "It is worth 999.99."}')
    done = agentcore("run", "stock_value")
    assert done.exit_code == 3
    assert done.stdout.startswith("refused: ")
    assert "999.99" in done.stdout.splitlines()[0]
    run = json.loads(agentcore("runs", "show", "latest", "--json").stdout)
    assert (run["status"], run["answer"]) == ("refused", None)


def test_hostile_text_of_a_model_is_kept_as_text(shop, script, result):
    words = "\u0000 \U0001f600 \u202e ]]> ' -- ; DROP TABLE events"
    script.answers["writer"] = Answer(text=json.dumps({"answer": words}))
    code, run = result()
    assert code == 0
    assert run["answer"]["answer"] == words


def test_half_a_surrogate_pair_is_no_end_of_the_journal(shop, script, result):
    script.answers["writer"] = Answer(body=json.dumps(
        {"choices": [{"message": {"content": '{"answer": "x \\ud83d"}'}, "finish_reason": "stop"}]}
    ).encode())  # fmt: skip
    code, run = result()
    assert (code, run["status"]) == (1, "failed")
    assert "internal error" not in run["reason"]
