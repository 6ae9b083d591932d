"""`agentcore approvals`: questions of runs, decided while no process drives them."""

from __future__ import annotations

import getpass
import json
import re

import pytest
from inline_snapshot import snapshot
from support.bank import BankScript, sink

ASKED = re.compile(r"\.[0-9a-f]{10}\b")


@pytest.fixture
def lines(steady):
    """Return output with ids, times and figures held still."""

    def hold(text):
        return re.sub(r"\b\d\d-\d\d \d\d:\d\d\b", "11-01 12:00", ASKED.sub(".0000000000", steady(text)))

    return hold


@pytest.fixture
def asked(bank, agentcore):
    """Start a run that waits for a decision about a payment; return a function that lists what is asked."""
    bank(BankScript(), approval="{approvers: [lead, cfo], due_seconds: 86400, on_due: escalate}")
    assert agentcore("run", "pay").exit_code == 6

    def listed(*options):
        return json.loads(agentcore("approvals", "list", "--json", *options).stdout)

    return listed


def test_a_run_that_waits_says_for_what_and_how_to_go_on(asked, agentcore, lines):
    assert lines(agentcore("runs", "show", "latest").stdout).splitlines()[:6] == snapshot(
        [
            "waits for 1 decision",
            "  ? 1run000000000000.0000000000 of lead: every call of pay needs approval",
            "",
            "agentcore approvals show 1run000000000000.0000000000",
            "agentcore approvals approve 1run000000000000.0000000000",
            "agentcore runs resume 1run000000000000",
        ]
    )
    assert [
        run["status"] for run in json.loads(agentcore("runs", "list", "--status", "waiting", "--json").stdout)
    ] == ["waiting"]


def test_questions_are_listed(asked, agentcore, lines):
    assert lines(agentcore("approvals", "list").stdout) == snapshot("""\
approval                     asked        due          of    what                 status
1run000000000000.0000000000  11-01 12:00  11-01 12:00  lead  to call pay (payer)  pending
""")
    (question,) = asked()
    assert asked("--run", "latest") == asked("--status", "all") == [question]
    assert (question["subject"], question["name"], question["value"]) == ("call", "pay", {"to": "Ann", "amount": 40})
    assert (question["approver"], question["version"]) == ("lead", 1)
    assert question["due_at"] == question["asked_at"] + 86400
    assert agentcore("approvals", "list", "--status", "closed").stdout == "no closed approvals\n"


def test_a_question_is_shown_with_what_each_decision_would_do(asked, agentcore, lines):
    (question,) = asked()
    shown = agentcore("approvals", "show", question["approval"][:19])
    assert lines(shown.stdout) == snapshot("""\
1run000000000000.0000000000 · pending · version 1
every call of pay needs approval

run:    pay 1run000000000000 · waiting
goal:   Pay what is due.
step:   payer · attempt 1 · payer
asks:   lead (of lead, cfo)
asked:  2026-11-01 12:00:00
due:    2026-11-01 12:00:00, then: escalate
key:    1run000000000000/payer/pay/6446f950a2ab18ba.1
pay:
  {
    "to": "Ann",
    "amount": 40
  }

approve    pay is called with these arguments
edit       pay is called with the arguments of --value
reject     pay is not called; payer is told --reason
respond    pay is not called; --value is its result
escalate   cfo is asked instead
terminate  the run ends; what can be undone is undone

agentcore approvals approve 1run000000000000.0000000000 --version 1
agentcore approvals edit 1run000000000000.0000000000 --version 1 --value @file
agentcore approvals reject 1run000000000000.0000000000 --version 1 --reason '…'
""")
    assert json.loads(agentcore("approvals", "show", question["approval"], "--json").stdout) == question


def test_an_approved_call_is_made_when_the_run_is_resumed(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    first = agentcore("approvals", "approve", id, "--reason", "it is due")
    assert first.exit_code == 0
    run = id.partition(".")[0]
    assert first.stdout.splitlines() == [
        f"{id}, to call pay: ann chose to approve: it is due",
        f"nobody drives run {run} now; go on with `agentcore runs resume {run}`, or leave it to `agentcore worker`",
    ]
    again = agentcore("approvals", "approve", id)
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert sink(tmp_path) == []
    resumed = agentcore("runs", "resume", run)
    assert (resumed.exit_code, resumed.stdout.splitlines()[0]) == (0, "All is paid.")
    assert sink(tmp_path) == ["Ann 40"]
    assert agentcore("approvals", "approve", id).stdout.splitlines()[1] == f"run {run} has ended: succeeded"
    assert asked() == []
    (decided,) = asked("--status", "decided")
    assert decided["ruling"]["actor"] == "ann"


def test_a_call_is_made_with_edited_arguments(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    wrong = agentcore("approvals", "edit", id, "--value", '{"to": "Ann", "amount": "much"}')
    assert wrong.exit_code == 2
    assert wrong.stderr.splitlines()[0] == (
        'error: these arguments do not fit pay: at $.amount: "much" is not of type "integer"'
    )
    (tmp_path / "less.json").write_text('{"to": "Ann", "amount": 4}', encoding="utf-8")
    assert agentcore("approvals", "edit", id, "--value", "@less.json").exit_code == 0
    assert agentcore("runs", "resume", "latest").exit_code == 0
    assert sink(tmp_path) == ["Ann 4"]


def test_arguments_are_taken_unchecked_while_the_project_is_broken(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    (tmp_path / "agents" / "payer.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    done = agentcore("approvals", "edit", id, "--value", '{"to": "Ann", "amount": 4}')
    assert done.exit_code == 0
    assert done.stderr.startswith(
        "warning: the value is not checked, as the project cannot be read: agents/payer.yaml"
    )


def test_a_response_stands_in_place_of_the_call(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    assert agentcore("approvals", "respond", id, "--value", '"paid by hand"').exit_code == 0
    assert agentcore("runs", "resume", "latest").exit_code == 0
    assert sink(tmp_path) == []
    steps = json.loads(agentcore("trace", "latest", "--json").stdout)["steps"]
    assert steps[1]["attempts"][0]["output"] == "paid by hand"


def test_a_rejected_call_is_not_made_and_the_agent_is_told_why(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    agentcore("approvals", "reject", id, "--reason", "not this month")
    assert agentcore("runs", "resume", "latest").exit_code == 6  # the model insists, and so it is asked again
    refused, again = json.loads(agentcore("runs", "ledger", "latest", "--json").stdout)
    assert (refused["state"], refused["error"]) == ("refused", "ann rejected the call of pay: not this month")
    assert (refused["decided_by"], again["state"]) == (["ann"], "waiting")
    assert again["waits_for"] == asked()[0]["approval"] != id
    assert sink(tmp_path) == []


def test_the_next_one_is_asked_after_an_escalation(asked, agentcore):
    id = asked()[0]["approval"]
    assert agentcore("approvals", "escalate", id, "--version", "1").exit_code == 0
    assert agentcore("runs", "resume", "latest").exit_code == 6
    (question,) = asked()
    assert (question["approval"], question["approver"], question["version"]) == (id, "cfo", 2)
    assert "escalate" not in question["choices"]
    late = agentcore("approvals", "approve", id, "--version", "1")
    assert late.exit_code == 2
    assert "has changed since you looked at it: it is at version 2, not 1" in late.stderr
    assert "there is nobody else to ask" in agentcore("approvals", "escalate", id).stderr
    assert agentcore("approvals", "approve", id, "--version", "2").exit_code == 0


def test_a_run_is_terminated(asked, agentcore, tmp_path):
    id = asked()[0]["approval"]
    assert agentcore("approvals", "terminate", id, "--reason", "fraud").exit_code == 0
    done = agentcore("runs", "resume", "latest")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (130, "cancelled: terminated by ann: fraud")
    assert sink(tmp_path) == []


def test_a_question_of_a_run_that_has_ended_is_closed(asked, agentcore):
    id = asked()[0]["approval"]
    assert agentcore("runs", "cancel", "latest").exit_code == 0
    assert [each["approval"] for each in asked("--status", "closed")] == [id]
    done = agentcore("approvals", "approve", id)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        2,
        f"error: {id} is closed: its run ended before anybody decided",
    )


def test_another_decision_is_refused(asked, agentcore):
    id = asked()[0]["approval"]
    agentcore("approvals", "reject", id)
    for words in (["approve", id], ["reject", id, "--actor", "bob"], ["respond", id, "--value", "1"]):
        done = agentcore("approvals", *words)
        assert done.exit_code == 2
        assert done.stderr.splitlines() == [
            f"error: {id} is decided: ann chose to reject it",
            f"hint: look at it with `agentcore approvals show {id}`",
        ]
        assert done.stdout == ""


def test_several_questions_are_decided_each_on_its_own(bank, agentcore, tmp_path):
    bank(BankScript(("Ann", 40), ("Bob", 7), ("Cid", 9)), approval="true")
    assert agentcore("run", "pay").exit_code == 6
    listed = json.loads(agentcore("approvals", "list", "--json").stdout)
    by_name = {each["value"]["to"]: each["approval"] for each in listed}
    assert len(by_name) == 3
    agentcore("approvals", "approve", by_name["Bob"])
    assert agentcore("runs", "resume", "latest").exit_code == 6
    assert sink(tmp_path) == ["Bob 7"]
    agentcore("approvals", "respond", by_name["Ann"], "--value", "null")
    agentcore("approvals", "approve", by_name["Cid"])
    assert agentcore("runs", "resume", "latest").exit_code == 0
    assert sink(tmp_path) == ["Bob 7", "Cid 9"]


def test_an_output_is_edited(bank, agentcore, tmp_path):
    bank(BankScript())
    (tmp_path / "agents" / "writer.yaml").write_text(
        "instructions: You write.\nuses: earlier\napproval: {approvers: [editor]}\n", encoding="utf-8"
    )
    assert agentcore("run", "pay").exit_code == 6
    (question,) = json.loads(agentcore("approvals", "list", "--json").stdout)
    assert (question["subject"], question["name"], question["value"]) == ("output", "writer", "All is paid.")
    assert question["choices"] == ["approve", "edit", "reject", "terminate"]
    assert "the output of --value is accepted instead" in agentcore("approvals", "show", question["approval"]).stdout
    assert agentcore("approvals", "edit", question["approval"], "--value", '"Paid."').exit_code == 0
    assert agentcore("runs", "resume", "latest").stdout.splitlines()[0] == "Paid."


def test_who_decides(asked, agentcore, monkeypatch):
    id = asked()[0]["approval"]
    refused = agentcore("approvals", "approve", id, "--actor", "agentcore")
    assert (refused.exit_code, asked()[0]["status"]) == (2, "pending")
    assert "say who you are with --actor" in refused.stderr
    monkeypatch.delenv("AGENTCORE_ACTOR")
    done = json.loads(agentcore("approvals", "approve", id, "--json").stdout)
    assert done["ruling"]["actor"] == getpass.getuser()
    assert done["next"].startswith("nobody drives run")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nothing"], "error: there is no approval 'nothing'"),
        (["edit", "x"], "Missing option '--value'"),
        (["respond", "x", "--value", "text"], "--value is not JSON"),
        (["respond", "x", "--value", "NaN"], "NaN is no number"),
        (["respond", "x", "--value", "@none.json"], "none.json cannot be read"),
        (["approve", "x", "--version", "0"], "--version"),
        (["list", "--run", "nothing"], "no run has an id that starts with 'nothing'"),
        (["list", "--status", "open"], "'open' is not one of"),
    ],
)
def test_wrong_usage_is_one_error(asked, agentcore, arguments, says):
    done = agentcore("approvals", *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_edited_arguments_must_be_an_object(asked, agentcore):
    done = agentcore("approvals", "edit", asked()[0]["approval"], "--value", "[1]")
    assert done.exit_code == 2
    assert len(asked()) == 1
