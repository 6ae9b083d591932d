"""The audit in a store: one suite for SQLite and for PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest
from support.marked import NO_ECHO, office, run_of
from support.postgres import execute, new_database

from agentcore.adapters.audit.sql_audit import opened
from agentcore.app.audit import checkpoint_all, verify_store
from agentcore.app.store import postgres_store, sqlite_store
from agentcore.app.subjects import Subjects
from agentcore.audit.entry import read_entry
from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.errors import (
    JournalConflict,
    JournalError,
    JournalUnavailable,
    LegalHold,
    RunBusy,
    RunNotFound,
)
from agentcore.domain.event import ApprovalDecided, ApprovalRequested, EffectRefused, Event
from agentcore.domain.ids import AgentName, ApprovalId, EffectId, StepId
from agentcore.domain.store_url import StoreUrl
from agentcore.testing.contracts.journal import begin, end, go_on
from agentcore.testing.fake_clock import FakeClock

MARKER = "zq9-marker-4711"


class Place:
    """A store that can be opened several times."""

    def __init__(self, path=None, url=None):
        self._path, self._url = path, url
        self._opened = []

    def open(self):
        store = postgres_store(StoreUrl(self._url)) if self._url else sqlite_store(self._path)
        self._opened.append(store)
        return store

    async def everything(self) -> str:
        """Return all text that the store holds."""
        if not self._url:
            return "".join(
                path.read_bytes().decode("latin-1") for path in self._path.parent.rglob("*") if path.is_file()
            )
        tables = await execute(self._url, "SELECT tablename FROM pg_tables WHERE schemaname = 'agentcore'")
        rows = [
            row
            for (table,) in tables
            for row in await execute(self._url, f'SELECT t::text FROM agentcore."{table}" AS t')  # noqa: S608
        ]
        facts = await execute(self._url, "SELECT convert_from(fact, 'UTF8') FROM agentcore.events")
        return str(rows) + str(facts)

    async def close(self):
        for store in self._opened:
            await store.aclose()


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request, tmp_path):
    if request.param == "sqlite":
        place = Place(path=tmp_path / "store" / "journal.sqlite")
        yield place
        await place.close()
        return
    async with new_database() as url:
        place = Place(url=url)
        yield place
        await place.close()


@pytest.fixture
def store(place):
    return place.open()


async def entries(store, tenant="acme"):
    return [read_entry(link.entry) async for link in store.audit.links(tenant)]


async def faults(store, **options):
    return [each.fault for each in await verify_store(store.audit, **options)]


async def spoil(store, sql, *parameters):
    assert await store.journal.ask(lambda inner: inner.change(sql, parameters)) == 1


async def test_every_decision_and_outcome_of_a_run_is_in_its_tenants_chain(store):
    async with office(store, MARKER) as running:
        run = await run_of(running, "ann", MARKER)
    assert run.status == "succeeded"
    found = await entries(store)
    assert [(entry.kind, entry.principal, entry.action, entry.decision) for entry in found] == [
        ("decision", "boss", "call_model", "permit"),
        ("outcome", "", "", ""),
        ("decision", "boss", "plan", "permit"),
        ("decision", "boss", "delegate", "permit"),
        ("decision", "boss", "delegate", "permit"),
        ("decision", "finder", "call_model", "permit"),
        ("outcome", "", "", ""),
        ("decision", "finder", "call_tool", "permit"),
        ("outcome", "", "", ""),
        ("decision", "finder", "call_model", "permit"),
        ("outcome", "", "", ""),
        ("decision", "writer", "call_model", "permit"),
        ("outcome", "", "", ""),
        ("decision", "writer", "release", "permit"),
    ]
    tool = found[7]
    assert (tool.run, tool.resource, tool.policies, len(tool.bundle)) == (run.id, "echo", ["all"], 64)
    assert (len(tool.input), len(tool.sealed), tool.effect) == (64, 64, "1/finder/1/finder/tool.1")
    assert "tool:echo" in found[8].sources
    assert {entry.subject for entry in found} == {tool.subject}
    assert await store.audit.names("acme") == {tool.subject: "ann"}
    assert MARKER not in str(found), "an entry says what the user said"
    assert await faults(store) == [None]


async def test_a_denied_call_is_there_with_its_policy_and_the_refusal(store):
    async with office(store, MARKER, policies=NO_ECHO) as running:
        await run_of(running, "ann", MARKER)
    found = await entries(store)
    denied = [entry for entry in found if entry.decision == "deny"]
    assert denied
    assert {(entry.resource, tuple(entry.policies)) for entry in denied} == {("echo", ("no-echo",))}
    refused = [entry for entry in found if entry.kind == "refusal"]
    assert {(entry.by, entry.action, entry.resource) for entry in refused} == {("policy", "call_tool", "echo")}


async def test_tenants_have_chains_of_their_own(store):
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER, tenant="acme")
        await run_of(running, "ann", MARKER, tenant="other")
    heads = await store.audit.heads()
    assert {tenant: head.size for tenant, head in heads.items()} == {"acme": 14, "other": 14}
    assert await faults(store) == [None, None]


async def test_several_connections_extend_one_chain(place):
    stores = [place.open() for _ in range(3)]
    runs = [f"run{number}" for number in range(9)]

    async def one(number):
        async with office(stores[number % 3], MARKER) as running:
            return await run_of(running, f"user{number % 2}", MARKER, id=runs[number])

    ended = await asyncio.gather(*map(one, range(9)))
    assert {run.status for run in ended} == {"succeeded"}
    found = await entries(stores[0])
    assert [entry.sequence for entry in found] == list(range(1, 9 * 14 + 1))
    assert await faults(stores[1]) == [None]


async def test_an_append_that_fails_leaves_no_entry(place):
    store = place.open()
    async with office(store, MARKER) as running:
        run = await run_of(running, "ann", MARKER)
    before = await store.audit.heads()
    events = await store.journal.read(run.id)
    started = next(event for event in events if event.fact.kind == "effect_started")
    with pytest.raises(JournalConflict):
        await store.journal.append([started], durable=True)
    other = place.open()
    with pytest.raises(JournalConflict):
        await other.journal.append([started], durable=True)
    assert await store.audit.heads() == before
    assert await faults(store) == [None]


async def test_what_the_chain_does_not_take_is_not_recorded_either(place):
    store = place.open()
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
    await spoil(store, "UPDATE audit_heads SET size = 3")
    other = place.open()
    started = begin("late", tenant="acme")
    refused = EffectRefused(effect=EFFECT, by="tool", reason="no")
    await other.journal.append([started], durable=True)
    with pytest.raises(JournalError):
        await other.journal.append([Event(run=started.run, sequence=2, at=1.0, fact=refused)], durable=True)
    third = place.open()
    assert len(await third.journal.read(started.run)) == 1


EFFECT = Effect(
    id=EffectId("1/a/1/a/tool.1"),
    kind=EffectKind.TOOL,
    name="echo",
    step=StepId("a"),
    attempt=1,
    agent=AgentName("a"),
    safety=Safety.READ,
    key="k",
)


async def test_an_imported_run_is_one_entry(store):
    await store.journal.append([begin("a"), go_on("a", 2), end("a", 3)], durable=True)
    (entry,) = await entries(store)
    assert (entry.kind, entry.run, entry.count) == ("import", "a", 3)


async def test_what_a_person_decided_is_there(store):
    approval = Approval(
        id=ApprovalId("a.1"), subject="call", step=StepId("s"), attempt=1, agent=AgentName("clerk"), name="refund",
        value={"to": MARKER}, reason=f"because {MARKER}", rule=ApprovalRule(), asked_at=1.0,
    )  # fmt: skip
    ruling = Ruling(verb="reject", actor="lead", reason=f"no {MARKER}", at=2.0)
    facts = [
        ApprovalRequested(approval=approval),
        ApprovalDecided(approval=approval.id, step=approval.step, ruling=ruling),
    ]
    first = begin("r", tenant="acme")
    await store.journal.append([first], durable=True)
    for number, fact in enumerate(facts, start=2):
        await store.journal.append([Event(run=first.run, sequence=number, at=3.0, fact=fact)], durable=True)
    asked, ruled = await entries(store)
    assert (asked.kind, asked.action, asked.resource, asked.approval) == ("question", "approve_call", "refund", "a.1")
    assert (ruled.kind, ruled.verb, ruled.actor, ruled.approval) == ("ruling", "reject", "lead", "a.1")
    assert MARKER not in str([asked, ruled])
    key = (await store.audit.keys("acme"))[ruled.subject]
    links = [link async for link in store.audit.links("acme")]
    assert json.loads(opened(ruled, links[1].sealed, key)) == {"reason": f"no {MARKER}"}
    assert json.loads(opened(asked, links[0].sealed, key))["value"] == {"to": MARKER}
    assert asked.input == key.commit({"to": MARKER})


@pytest.mark.parametrize(
    ("sql", "problem", "sequence"),
    [
        ("UPDATE audit SET entry = replace(entry, 'finder', 'writer') WHERE sequence = 6", "edited", 6),
        ("UPDATE audit SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE sequence = 6", "edited", 6),
        ("UPDATE audit SET sealed = 'AAAA' WHERE sequence = 8", "payload", 8),
        ("UPDATE audit SET sealed = NULL WHERE sequence = 8", "payload", 8),
        ("DELETE FROM audit WHERE sequence = 5", "missing", 5),
        ("DELETE FROM audit WHERE sequence = 14", "truncated", 14),
        ("UPDATE audit_heads SET size = 13", "edited", 14),
        ("UPDATE audit_heads SET hash = 'x'", "edited", 14),
        ("UPDATE audit_heads SET erased_at = 3", None, 0),
        ("UPDATE audit_checkpoints SET body = replace(body, ':14,', ':13,')", "checkpoint", 13),
        ("UPDATE audit_checkpoints SET signature = '00'", "checkpoint", 14),
        ("UPDATE audit_checkpoints SET peaks = '[]'", "checkpoint", 0),
        ("DELETE FROM audit_heads", "edited", 14),
        ("DELETE FROM audit_subjects WHERE name = 'ann'", "key", 8),
        ("UPDATE audit_subjects SET name = 'bob' WHERE name = 'ann'", "key", 0),
        ("UPDATE audit_subjects SET wrapped = 'AAAA' WHERE name = 'ann'", "key", 0),
    ],
)
async def test_what_is_changed_in_a_table_is_found(store, sql, problem, sequence):
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
    await checkpoint_all(store.audit, FakeClock())
    assert await faults(store) == [None]
    await spoil(store, sql)
    (fault,) = await faults(store)
    assert (
        (problem, sequence) == (None, 0) if fault is None else (fault.problem, fault.sequence) == (problem, sequence)
    )


async def test_a_checkpoint_kept_outside_shows_that_all_was_cut_off(store):
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
    (kept,) = await checkpoint_all(store.audit, FakeClock())
    for table in ("audit", "audit_heads", "audit_checkpoints"):
        await store.journal.ask(lambda inner, table=table: inner.change(f"DELETE FROM {table}"))  # noqa: S608
    assert await faults(store) == []
    (fault,) = await faults(store, anchors=[kept])
    assert fault is not None
    assert fault.problem == "truncated"


async def test_a_checkpoint_follows_upon_the_one_before(store):
    clock = FakeClock()
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
        await checkpoint_all(store.audit, clock)
        assert len(await store.audit.checkpoints("acme")) == 1
        await checkpoint_all(store.audit, clock)
        assert len(await store.audit.checkpoints("acme")) == 1, "nothing was new"
        await run_of(running, "ann", MARKER)
    await checkpoint_all(store.audit, clock)
    assert [each.read().size for each in await store.audit.checkpoints("acme")] == [14, 28]
    assert await faults(store) == [None]


async def test_a_chain_that_was_edited_is_not_signed(store):
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
    await spoil(store, "UPDATE audit SET entry = replace(entry, 'finder', 'writer') WHERE sequence = 6")
    with pytest.raises(Exception, match="broken"):
        await checkpoint_all(store.audit, FakeClock())


async def test_an_erased_user_is_nowhere_and_the_chain_is_right(place):
    store = place.open()
    async with office(store, MARKER) as running, office(store, "other") as others:
        await run_of(running, "ann", MARKER)
        await run_of(others, "bob", "other", id="b")
    assert MARKER in await place.everything()
    assert [each.entries for each in await store.responses.stats(0.0)] == [8]
    await checkpoint_all(store.audit, FakeClock())
    erased = await Subjects(store, actor="dpo", reason="asked for it").erase("ann")
    assert [each.entries for each in await store.responses.stats(0.0)] == [4]
    assert (erased.runs, erased.left) == (1, "")
    everything = await place.everything()
    assert MARKER not in everything
    assert '"ann"' not in everything
    assert await faults(store) == [None]
    assert [summary.goal for summary in await store.journal.list()] == ["goal other"]
    last = (await entries(store))[-1]
    assert (last.kind, last.actor, last.count, len(last.erased)) == ("erasure", "dpo", 1, 1)
    with pytest.raises(RunNotFound):
        await Subjects(store, actor="dpo", reason="").erase("ann")


async def test_who_comes_back_after_an_erasure_is_somebody_else_to_the_chain(place):
    store, second = place.open(), place.open()
    async with office(store, MARKER) as running, office(second, MARKER) as elsewhere:
        await run_of(running, "ann", MARKER, id="a")
        await run_of(elsewhere, "ann", MARKER, id="b")
        await Subjects(store, actor="dpo", reason="").erase("ann")
        await run_of(elsewhere, "ann", MARKER, id="c")
        await run_of(running, "ann", MARKER, id="d")
    found = await entries(store)
    before = {entry.subject for entry in found[:28]}
    after = {entry.subject for entry in found[29:]}
    assert (len(before), len(after)) == (1, 1)
    assert before != after
    assert await faults(store) == [None]
    exported = [line async for line in Subjects(store, actor="dpo", reason="").export("ann")]
    assert sum(line["kind"] == "run" for line in exported) == 2
    assert MARKER in json.dumps([line["payload"] for line in exported if line["kind"] == "audit"])


async def test_a_user_with_an_open_run_or_under_a_hold_is_not_erased(store):
    task = begin("open", tenant="acme")
    await store.journal.append([task], durable=True)
    subjects = Subjects(store, actor="dpo", reason="trial 12")
    with pytest.raises(RunBusy, match="open"):
        await subjects.erase("local")
    await store.journal.append([end("open", 2)], durable=True)
    await subjects.hold("local", "acme", 1.0)
    with pytest.raises(LegalHold, match="trial 12"):
        await subjects.erase("local")
    assert (await store.archive.delete(["open"])).runs == 0
    assert not await store.archive.ended(before=1e12)
    await subjects.release("local", "acme")
    assert [run.run for run in await store.archive.ended(before=1e12)] == ["open"]
    assert (await subjects.erase("local")).runs == 1
    assert [entry.kind for entry in await entries(store)] == ["hold", "release", "erasure"]


async def test_a_held_run_stays(store):
    await store.journal.append([begin("a"), end("a", 2)], durable=True)
    await store.journal.append([begin("b"), end("b", 2)], durable=True)
    subjects = Subjects(store, actor="dpo", reason="r")
    await subjects.hold("a", "", 1.0)
    assert (await store.archive.delete(["a", "b"])).runs == 1
    with pytest.raises(LegalHold, match="run a must be kept"):
        await subjects.erase("local")


async def test_old_entries_go_up_to_a_checkpoint(store):
    clock = FakeClock()
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
        await checkpoint_all(store.audit, clock)
        await run_of(running, "ann", MARKER)
    assert await store.audit.expire("acme", clock.now()) == 0, "the checkpoint is not older"
    assert await store.audit.expire("acme", clock.now() + 1) == 14
    found = await entries(store)
    assert (found[0].sequence, found[-1].kind, found[-1].count) == (15, "expiry", 14)
    assert await faults(store) == [None]
    await checkpoint_all(store.audit, clock)
    assert await faults(store) == [None]
    assert await store.audit.expire("acme", clock.now() - 1) == 0


async def test_a_sealed_archive_can_be_read_until_its_user_is_erased(place, tmp_path):
    store = place.open()
    async with office(store, MARKER) as running:
        run = await run_of(running, "ann", MARKER)
    path = tmp_path / "elsewhere" / "run.jsonl.gz.sealed"
    await store.files.export(run.id, path, sealed=True)
    await store.files.export(run.id, path, sealed=True)
    assert await store.files.import_(path) == (run.id, "present")
    assert (await store.archive.delete([run.id])).runs == 1
    assert await store.files.import_(path) == (run.id, "imported")
    await Subjects(store, actor="dpo", reason="").erase("ann")
    with pytest.raises(JournalUnavailable, match="no key that opens it"):
        await store.files.import_(path)


async def test_an_erasure_takes_archives_along(store, tmp_path):
    folder = tmp_path / "archives"
    async with office(store, MARKER) as running:
        for user in ("ann", "bob"):
            for form in ("jsonl.gz.sealed", "jsonl.gz", "jsonl"):
                run = await run_of(running, user, MARKER)
                await store.files.export(run.id, folder / f"{user}.{form}", sealed=form.endswith("sealed"))
                await store.archive.delete([run.id])
    (folder / "notes.txt").write_text("not a run")
    erased = await Subjects(store, actor="dpo", reason="").erase("ann", archives=folder)
    assert sorted(path.name for path in erased.files) == ["ann.jsonl", "ann.jsonl.gz", "ann.jsonl.gz.sealed"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "bob.jsonl", "bob.jsonl.gz", "bob.jsonl.gz.sealed", "notes.txt",
    ]  # fmt: skip


async def test_an_erasure_beside_a_reader_says_what_is_left(tmp_path):
    place = Place(path=tmp_path / "store" / "journal.sqlite")
    store = place.open()
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
    reader = sqlite3.connect(tmp_path / "store" / "journal.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM runs").fetchall()
    erased = await Subjects(store, actor="dpo", reason="").erase("ann")
    assert (erased.runs, "another process uses the store" in erased.left) == (1, True)
    reader.close()
    await store.archive.compact(everything=True)
    assert MARKER not in await place.everything()
    await place.close()


async def test_a_chain_that_grows_meanwhile_is_right(place):
    store, other = place.open(), place.open()
    async with office(store, MARKER) as running:
        await run_of(running, "ann", MARKER)
        writing = asyncio.gather(*(run_of(running, "ann", MARKER) for _ in range(20)))
        while not writing.done():
            assert await faults(other) == [None]
        await writing
    assert await faults(other) == [None]
