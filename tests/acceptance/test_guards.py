"""Policy, budgets, routing and verdicts as a user sets them up in files, and sees them in the trace."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agentcore.testing.loopback import Answer, refusing

WRONG = Answer(text='{"answer": "It is 999.99."}')
RIGHT = Answer(text='{"answer": "The stock is worth 768.00."}')


@pytest.fixture
def step(agentcore):
    """Return a step of the newest run, with all that is recorded of it."""

    def read(id):
        return json.loads(agentcore("trace", "latest", "--step", id, "--json").stdout)

    return read


def effects(step):
    return [effect for attempt in step["attempts"] for effect in attempt["effects"]]


def forbid(shop, policy):
    path = shop / "policies" / "own.cedar"
    path.write_text(policy, encoding="utf-8")


def test_a_forbidden_tool_is_not_called_and_the_trace_says_which_policy(shop, agentcore, step):
    forbid(
        shop, '@id("no-prices")\nforbid (principal, action == Action::"call_tool", resource == Tool::"price_list");'
    )
    assert agentcore("run", "stock_value").exit_code == 1
    refused = [effect for effect in effects(step("clerk")) if effect["kind"] == "tool"]
    assert refused
    assert {effect["state"] for effect in refused} == {"refused"}
    assert {name for effect in refused for made in effect["decisions"] for name in made["policies"]} == {"no-prices"}


def test_without_a_permit_everything_is_denied(shop, agentcore, script, step):
    for file in (shop / "policies").glob("*.cedar"):
        file.unlink()
    forbid(shop, '@id("plan-only")\npermit (principal, action == Action::"plan", resource);')
    assert agentcore("run", "stock_value").exit_code == 4
    assert script.calls == []
    assert {made["permitted"] for effect in effects(step("plan")) for made in effect["decisions"]} == {False}


@pytest.mark.parametrize(("action", "calls"), [("plan", 0), ("delegate", 1), ("release", 4)])
def test_what_is_denied_apart_from_calls_is_in_the_trace_too(shop, agentcore, script, action, calls):
    forbid(shop, f'@id("stop")\nforbid (principal, action == Action::"{action}", resource);')
    done = agentcore("run", "stock_value", "--json")
    assert (done.exit_code, len(script.calls)) == (4, calls)
    assert "stop" in json.loads(done.stdout)["reason"]
    steps = json.loads(agentcore("trace", "latest", "--json").stdout)["steps"]
    denied = [made for one in steps for made in one["decisions"] if not made["permitted"]]
    assert [(made["action"], made["policies"]) for made in denied] == [(action, ["stop"])]


def test_a_fault_in_a_policy_denies(shop, agentcore, script):
    forbid(shop, '@id("broken")\nforbid (principal, action, resource) when { context.numbers.getTag("none") > 1 };')
    validated, done = agentcore("validate"), agentcore("run", "stock_value")
    assert done.exit_code == 2
    assert "own.cedar" in validated.output or "broken" in done.output
    assert script.calls == []


def test_every_decision_of_a_good_run_is_in_its_trace(shop, agentcore):
    assert agentcore("run", "stock_value").exit_code == 0
    trace = json.loads(agentcore("trace", "latest", "--json").stdout)
    for one in trace["steps"]:
        assert effects(one)
        for effect in effects(one):
            assert [made["permitted"] for made in effect["decisions"]] == [True]
            assert effect["kind"] == "tool" or effect["route"]["model"] == "local"
    shown = agentcore("trace", "latest", "--step", "plan").stdout
    assert "supervisor-plans" in shown
    assert "supervisor-delegates-to-its-team" in shown
    assert "answers-are-released" in agentcore("trace", "latest", "--step", "answer").stdout


def test_a_rejected_answer_is_made_again_with_the_reasons(shop, agentcore, script, step):
    script.answers["writer"] = lambda received: WRONG if script.calls.count("writer") == 1 else RIGHT
    assert agentcore("run", "stock_value").exit_code == 0
    first, second = step("answer")["attempts"]
    assert (first["verdict"]["accepted"], second["verdict"]["accepted"]) == (False, True)
    assert "999.99" in json.dumps(script.received[-1].body["messages"][-1])


def test_a_rejected_answer_goes_to_a_stronger_model(shop, edit, agentcore, script, step):
    stronger = "models:\n  strong:\n    provider: openai\n    quality: 0.9\n"
    stronger += '    price: { input_usd_per_million: "90000", output_usd_per_million: "90000" }\n'
    edit("agentcore.yaml", "models:\n", stronger + '    options: { model: big, base_url: "${MODEL_URL}" }\n')
    edit("agentcore.yaml", 'usd: "0.10"', "usd: null")
    edit("agents/writer.yaml", "limits: {", "limits: { attempts: 1, escalations: 1,")
    script.answers["writer"] = lambda received: RIGHT if received.body["model"] == "big" else WRONG
    assert agentcore("run", "stock_value").exit_code == 0
    assert [effect["name"] for effect in effects(step("answer"))] == ["local", "strong"]
    assert [effect["name"] for effect in effects(step("plan"))] == ["local"]


def test_a_model_that_fails_is_replaced_and_the_route_says_so(shop, edit, agentcore, script, step):
    other = "models:\n  best:\n    provider: openai\n    quality: 0.9\n"
    edit(
        "agentcore.yaml",
        "models:\n",
        other + '    options: { model: big, base_url: "${MODEL_URL}", max_retries: 0 }\n',
    )
    good = script.answers["planner"]
    script.answers["planner"] = lambda received: refusing(503, "down") if received.body["model"] == "big" else good
    assert agentcore("run", "stock_value").exit_code == 0
    first, second = effects(step("plan"))
    assert (first["name"], second["name"]) == ("best", "local")
    assert "down" in first["error"]
    assert "best" in second["route"]["reason"] + json.dumps(second["route"]["filtered"])


@pytest.mark.parametrize(("accepting", "code"), [(("yes", "yes", "no"), 0), (("yes", "no", "no"), 3)])
def test_a_panel_of_critics_votes(shop, edit, agentcore, script, step, accepting, code):  # noqa: PLR0917
    for number, opinion in enumerate(accepting):
        (shop / "agents" / f"critic{number}.yaml").write_text(
            f"name: critic{number}\nrole: verifier\ninstructions: You judge as number {number}.\n", encoding="utf-8"
        )
        script.answers[f"critic{number}"] = opine(opinion)
    edit(
        "agents/writer.yaml",
        "checks: [schema, numbers]",
        "checks: [schema, numbers]\n  panel: [critic0, critic1, critic2]\n  required: 2",
    )
    edit("agents/writer.yaml", "limits: {", "limits: { attempts: 1, escalations: 0,")
    done = agentcore("run", "stock_value")
    assert done.exit_code == code, done.output
    votes = step("answer")["attempts"][-1]["verdict"]["votes"]
    panel = {name.rpartition(":")[2]: vote["accepts"] for vote in votes if "critic" in (name := vote["verifier"])}
    assert panel == {f"critic{number}": opinion == "yes" for number, opinion in enumerate(accepting)}


def opine(opinion):
    """Return an answer in the form that a critic is asked for, whatever its keys are."""

    def answer(received):
        schema = received.body["response_format"]["json_schema"]["schema"]
        said = {}
        for name, form in schema["properties"].items():
            if "enum" in form:
                accepts, *others = sorted(form["enum"], key=lambda each: str(each) not in {"accept", "yes", "True"})
                said[name] = accepts if opinion == "yes" else others[0]
            elif form["type"] == "boolean":
                said[name] = opinion == "yes"
            elif form["type"] == "array":
                said[name] = [] if opinion == "yes" else ["it says too little"]
            else:
                said[name] = "" if opinion == "yes" else "it says too little"
        return Answer(text=json.dumps(said))

    return answer


def test_a_check_of_the_projects_own_votes(shop, edit, agentcore, step):
    (shop / "checks.py").write_text(
        'def is_long(output, subject):\n    return len(output["answer"]) > 500 or "too short"\n', encoding="utf-8"
    )
    edit("agents/writer.yaml", "[schema, numbers]", "[schema, python: { file: checks.py, function: is_long }]")
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 3
    assert "too short" in json.loads(done.stdout)["reason"]


@pytest.mark.parametrize(
    ("budget", "told"),
    [("calls: 30", "calls: 2"), ("tokens: 40000", "tokens: 1000"), ('usd: "0.10"', 'usd: "0.001"')],
)
def test_a_budget_that_runs_out_in_the_middle_stops_and_keeps_what_is_done(edit, agentcore, script, budget, told):
    edit("agentcore.yaml", budget, told)
    script.answers["planner"] = replace(script.answers["planner"], input_tokens=950)
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 5
    run = json.loads(agentcore("runs", "show", "latest", "--json").stdout)
    limit, _, most = told.partition(": ")
    assert run["status"] == "over_budget"
    assert limit in run["reason"]
    assert run["steps"][0]["status"] == "succeeded"
    used = {**run["used"], "tokens": run["used"]["input_tokens"] + run["used"]["output_tokens"]}
    assert used[limit] <= float(most.strip('"'))
