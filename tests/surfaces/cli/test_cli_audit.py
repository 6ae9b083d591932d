"""`agentcore audit` and `agentcore data`: what people see of the chain, and do with what is recorded of users."""

from __future__ import annotations

import asyncio
import getpass
import json
import sqlite3

import pytest
from support.marked import NO_ECHO, office, run_of

from agentcore.app.store import sqlite_store
from agentcore.testing.fake_clock import FakeClock

MARKER = "zq9-marker-4711"
FILE = "# yaml-language-server: $schema=schemas/project.schema.json\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project of which a store is all that is right, with a run of ann's and one of bob's."""
    (tmp_path / "agentcore.yaml").write_text(f"{FILE}store: store/journal.sqlite\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    record("ann", "a")
    record("bob", "b")
    return tmp_path


def record(user, id, policies=None):
    async def go():
        store = sqlite_store(path())
        clock = FakeClock(auto=True, start=1_700_000_000.0)
        async with office(store, MARKER, policies=policies, clock=clock) as running:
            await run_of(running, user, MARKER, id=id)
        await store.aclose()

    asyncio.run(go())


def path():
    from pathlib import Path

    return Path("store/journal.sqlite")


def spoil(sql):
    connection = sqlite3.connect(path())
    with connection:
        assert connection.execute(sql).rowcount == 1
    connection.close()


def listed(agentcore, *options):
    return [
        json.loads(line)
        for line in agentcore("audit", "list", "--json", "--limit", "999", *options).stdout.splitlines()
    ]


def test_a_chain_is_verified(folder, agentcore):
    done = agentcore("audit", "verify")
    assert (done.exit_code, done.stdout) == (0, "valid: tenant acme: 28 entries, no signed checkpoints\n")
    spoil("UPDATE audit SET entry = replace(entry, 'permit', 'deny') WHERE sequence = 8")
    done = agentcore("audit", "verify")
    assert (done.exit_code, done.stdout) == (
        1, "broken: tenant acme: entry 8 was edited: its hash is not that of its text\n",
    )  # fmt: skip
    found = json.loads(agentcore("audit", "verify", "--json").stdout)
    assert found["valid"] is False
    assert found["chains"][0]["fault"]["sequence"] == 8
    assert agentcore("audit", "verify", "--tenant", "nobody").exit_code == 0
    assert agentcore("audit", "verify", "--key", "x").exit_code == 2


def test_a_checkpoint_that_is_kept_elsewhere_shows_truncation(folder, agentcore):
    assert (
        agentcore("audit", "checkpoint", "--out", "kept/point.json").stdout == "signed 28 entries: kept/point.json\n"
    )
    assert agentcore("audit", "verify", "--checkpoint", "kept/point.json").exit_code == 0
    spoil("DELETE FROM audit WHERE sequence = 28")
    spoil("DELETE FROM audit_checkpoints")
    spoil("UPDATE audit_heads SET size = 27, hash = (SELECT hash FROM audit WHERE sequence = 27)")
    assert agentcore("audit", "verify").exit_code == 0
    done = agentcore("audit", "verify", "--checkpoint", "kept/point.json")
    assert done.exit_code == 1
    assert "the chain is truncated: it ends at entry 27" in done.stdout


def test_an_exported_chain_is_verified_anywhere(folder, agentcore):
    agentcore("audit", "checkpoint")
    lines = agentcore("audit", "export").stdout
    assert MARKER not in lines
    assert "ann" not in lines
    (folder / "audit.jsonl").write_text(lines, encoding="utf-8")
    path().rename("store/gone")
    assert "28 entries, 1 signed checkpoint" in agentcore("audit", "verify", "--file", "audit.jsonl").stdout
    key = json.loads(lines.splitlines()[0])["public_key"]
    assert agentcore("audit", "verify", "--file", "audit.jsonl", "--key", key).exit_code == 0
    other = agentcore("audit", "verify", "--file", "audit.jsonl", "--key", "0" * 64)
    assert (other.exit_code, "unknown key" in other.stdout) == (1, True)
    (folder / "audit.jsonl").write_text(lines.replace("permit", "forbid", 1), encoding="utf-8")
    assert agentcore("audit", "verify", "--file", "audit.jsonl").exit_code == 1
    (folder / "audit.jsonl").write_text("[]\n", encoding="utf-8")
    assert "no line of an exported audit" in agentcore("audit", "verify", "--file", "audit.jsonl").stderr


def test_entries_are_listed_by_what_is_asked_for(folder, agentcore):
    record("ann", "c", policies=NO_ECHO)
    assert len(listed(agentcore)) == len(listed(agentcore, "--since", "999w")) > 28
    denied = listed(agentcore, "--denied")
    assert {entry["run"] for entry in denied} == {"c"}
    assert {entry["kind"] for entry in denied} == {"decision", "refusal"}
    assert {entry["user"] for entry in listed(agentcore, "--user", "bob")} == {"bob"}
    assert {entry["principal"] for entry in listed(agentcore, "--principal", "finder")} == {"finder"}
    (call,) = [e for e in listed(agentcore, "--run", "a", "--payload") if e.get("action") == "call_tool"]
    assert call["payload"] == {"arguments": {"text": f"argument {MARKER}"}}
    shown = agentcore("audit", "list", "--limit", "1").stdout
    assert "release" in shown
    assert "for ann" in shown
    assert agentcore("audit", "list", "--since", "soon").exit_code == 2
    assert agentcore("audit", "list", "--payload").exit_code == 2


def test_a_user_s_data_is_handed_out(folder, agentcore):
    lines = [json.loads(line) for line in agentcore("data", "export", "ann").stdout.splitlines()]
    assert [line["run"] for line in lines if line["kind"] == "run"] == ["a"]
    assert [event["fact"]["kind"] for event in lines[0]["events"]][:1] == ["run_started"]
    assert {line["entry"]["run"] for line in lines if line["kind"] == "audit" and "run" in line["entry"]} == {"a"}
    assert listed(agentcore)[-1]["kind"] == "export"
    assert agentcore("data", "export", "carl").exit_code == 2


def test_a_user_is_erased(folder, agentcore):
    (folder / "agentcore.yaml").write_text(
        f"{FILE}store: store/journal.sqlite\nretention: {{ keep: 30d, export: old }}\n", encoding="utf-8"
    )
    assert agentcore("runs", "export", "a", "--out", "old").exit_code == 0
    assert agentcore("data", "erase", "ann").exit_code == 2, "a reason is needed"
    asked = agentcore("data", "erase", "ann", "--reason", "asked for it")
    assert asked.exit_code != 0
    done = agentcore("data", "erase", "ann", "--reason", "asked for it", "--yes", "--actor", "dpo")
    assert (done.exit_code, done.stdout) == (0, "erased 1 run of ann, 1 archive\n")
    assert list((folder / "old").iterdir()) == []
    assert "28" not in agentcore("audit", "verify").stdout
    assert "29 entries" in agentcore("audit", "verify").stdout
    (entry,) = listed(agentcore, "--kind", "erasure", "--payload")
    assert (entry["actor"], entry["payload"]) == ("dpo", {"reason": "asked for it"})
    assert agentcore("data", "erase", "bob", "--reason", "r", "--yes").exit_code == 0
    files = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    assert [each for each, content in files.items() if MARKER.encode() in content] == []


def test_what_is_held_stays(folder, agentcore):
    assert agentcore("audit", "hold", "list").stdout == "nothing is held\n"
    assert agentcore("audit", "hold", "add", "a", "--reason", "trial").stdout == "held: run a\n"
    added = agentcore("audit", "hold", "add", "bob", "--tenant", "acme", "--reason", "trial", "--actor", "ann")
    assert added.stdout == "held: all of bob in acme\n"
    held = json.loads(agentcore("audit", "hold", "list", "--json").stdout)
    assert [(each["run"], each["user"]) for each in held] == [("a", "ann"), ("", "bob")]
    assert "bob in acme  by ann: trial" in agentcore("audit", "hold", "list").stdout
    for user in ("ann", "bob"):
        refused = agentcore("data", "erase", user, "--reason", "r", "--yes")
        assert (refused.exit_code, "must be kept" in refused.stderr) == (1, True)
    assert json.loads(agentcore("runs", "prune", "--keep-last", "0", "--json").stdout)["runs"] == 0
    assert agentcore("audit", "hold", "remove", "a", "--reason", "over").stdout == "no longer held: run a\n"
    assert agentcore("audit", "hold", "remove", "a", "--reason", "over").exit_code == 2
    assert json.loads(agentcore("runs", "prune", "--keep-last", "0", "--json").stdout)["runs"] == 1
    assert agentcore("audit", "verify").exit_code == 0


def test_who_looks_is_noted_where_that_is_wanted(folder, agentcore):
    agentcore("runs", "show", "a")
    assert listed(agentcore, "--kind", "access") == []
    (folder / "agentcore.yaml").write_text(
        f"{FILE}store: store/journal.sqlite\naudit: {{ access_log: true }}\n", encoding="utf-8"
    )
    agentcore("runs", "show", "a", "--actor", "carol", "--reason", "emergency")
    agentcore("trace", "b")
    agentcore("audit", "export")
    found = listed(agentcore, "--kind", "access", "--payload")
    said = [(each["actor"], each["resource"], each.get("run"), each.get("user")) for each in found]
    me = getpass.getuser()
    assert said == [("carol", "run", "a", "ann"), (me, "run", "b", "bob"), (me, "audit", None, None)]
    assert found[0]["payload"] == {"reason": "emergency"}
    assert agentcore("audit", "verify").exit_code == 0
