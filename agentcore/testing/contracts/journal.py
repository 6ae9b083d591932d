"""What every Journal must do: inherit from JournalContract and give a `journal` fixture that closes what it opens."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agentcore.domain.budget import Budget
from agentcore.domain.errors import JournalConflict, JournalUnavailable, RunNotFound
from agentcore.domain.event import Event, Fact, PlanRejected, RunFinished, RunStarted, RunStatus
from agentcore.domain.ids import RunId
from agentcore.domain.task import Task
from agentcore.ports.journal import Journal


def begin(run: str, *, at: float = 0.0, goal: str = "count", tenant: str = "acme") -> Event:
    """Return the first event of a run."""
    fact = RunStarted(
        task=Task(goal=goal, tenant=tenant), name="contract", budget=Budget(), agents={}, snapshot="", runtime="0"
    )
    return _event(run, 1, at, fact)


def go_on(run: str, sequence: int, text: str = "") -> Event:
    """Return some event."""
    return _event(run, sequence, 1.0, PlanRejected(problems=(f"{run}/{sequence}",), proposal=text))


def end(run: str, sequence: int, status: RunStatus = "succeeded") -> Event:
    """Return the last event of a run."""
    return _event(run, sequence, 2.0, RunFinished(status=status, answer={"n": 1}))


def _event(run: str, sequence: int, at: float, fact: Fact) -> Event:
    return Event(run=RunId(run), sequence=sequence, at=at, fact=fact)


def _sequences(events: Sequence[Event]) -> Sequence[int]:
    return [event.sequence for event in events]


class JournalContract:
    """Tests of the Journal port."""

    async def test_events_come_back_equal_and_in_order(self, journal: Journal) -> None:
        """What is read is what was appended, durable or not, one by one or several at once."""
        events = [begin("a"), go_on("a", 2), go_on("a", 3), go_on("a", 4, "é\x00\ud800"), end("a", 5)]
        await journal.append(events[:1], durable=True)
        await journal.append(events[1:2], durable=False)
        await journal.append(events[2:4], durable=False)
        await journal.append(events[4:], durable=True)
        assert list(await journal.read(RunId("a"))) == events

    async def test_own_writes_are_read_at_once(self, journal: Journal) -> None:
        """A read sees what was appended before it, durable or not."""
        for sequence in range(1, 20):
            event = begin("a") if sequence == 1 else go_on("a", sequence)
            await journal.append([event], durable=False)
            assert len(await journal.read(RunId("a"))) == sequence
        assert (await journal.list())[0].events == 19

    async def test_nothing_to_append_is_allowed(self, journal: Journal) -> None:
        """An empty append writes nothing."""
        await journal.append([], durable=True)
        assert not await journal.list()

    async def test_appends_of_several_runs_or_with_gaps_are_refused(self, journal: Journal) -> None:
        """An append is of one run and without gaps."""
        with pytest.raises(ValueError, match="does not continue"):
            await journal.append([begin("a"), go_on("b", 2)], durable=True)
        with pytest.raises(ValueError, match="does not continue"):
            await journal.append([begin("a"), go_on("a", 3)], durable=True)
        assert not await journal.list()

    @pytest.mark.parametrize("run", ["", "a\x00b", "a\ud800b", "a\nb"])
    async def test_an_id_that_no_store_could_hold_is_refused(self, journal: Journal, run: str) -> None:
        """A run's id is printable text; other runs are not harmed, and it is not found either."""
        results = await asyncio.gather(
            journal.append([begin(run)], durable=True),
            journal.append([begin("x")], durable=True),
            return_exceptions=True,
        )
        assert isinstance(results[0], ValueError)
        assert results[1] is None
        with pytest.raises(RunNotFound):
            await journal.read(RunId(run))
        with pytest.raises(RunNotFound):
            await journal.find(f"x{run}" if run else "y")

    @pytest.mark.parametrize("sequence", [1, 2, 4, 9])
    async def test_a_used_or_early_sequence_number_conflicts(self, journal: Journal, sequence: int) -> None:
        """A run is continued exactly where it stands, or not at all."""
        await journal.append([begin("a"), go_on("a", 2)], durable=True)
        with pytest.raises(JournalConflict, match="run a"):
            await journal.append([go_on("a", sequence, "late"), go_on("a", sequence + 1)], durable=True)
        await journal.append([go_on("a", 3)], durable=True)
        assert _sequences(await journal.read(RunId("a"))) == [1, 2, 3]

    async def test_the_fence_lets_one_of_many_through(self, journal: Journal) -> None:
        """Of several that append the same sequence number at once, one succeeds."""
        await journal.append([begin("a")], durable=True)
        results = await asyncio.gather(
            *(journal.append([go_on("a", 2, str(writer))], durable=True) for writer in range(10)),
            return_exceptions=True,
        )
        assert results.count(None) == 1
        assert all(result is None or isinstance(result, JournalConflict) for result in results)
        assert _sequences(await journal.read(RunId("a"))) == [1, 2]

    async def test_a_conflict_in_one_run_is_none_of_the_others(self, journal: Journal) -> None:
        """Runs that are written together do not share their errors."""
        await asyncio.gather(*(journal.append([begin(run)], durable=True) for run in "abc"))
        results = await asyncio.gather(
            journal.append([go_on("a", 2)], durable=True),
            journal.append([go_on("b", 5)], durable=True),
            journal.append([go_on("c", 2)], durable=True),
            return_exceptions=True,
        )
        assert results[0] is None
        assert isinstance(results[1], JournalConflict)
        assert results[2] is None

    async def test_fifty_runs_at_once(self, journal: Journal) -> None:
        """Each keeps its own order."""

        async def drive(run: str) -> None:
            await journal.append([begin(run)], durable=True)
            for sequence in range(2, 21):
                await journal.append([go_on(run, sequence)], durable=sequence % 3 == 0)
            await journal.append([end(run, 21)], durable=True)

        runs = [f"run{number:02}" for number in range(50)]
        await asyncio.gather(*(drive(run) for run in runs))
        for run in runs:
            events = await journal.read(RunId(run))
            assert _sequences(events) == list(range(1, 22))
            assert {event.run for event in events} == {run}
        assert {summary.events for summary in await journal.list()} == {21}

    async def test_a_run_that_nobody_started_is_not_found(self, journal: Journal) -> None:
        """Reading it raises RunNotFound."""
        with pytest.raises(RunNotFound, match="nowhere"):
            await journal.read(RunId("nowhere"))

    async def test_runs_are_found_by_prefix(self, journal: Journal) -> None:
        """A prefix must be unique, the whole id is never ambiguous, and `latest` is the newest."""
        for at, run in enumerate(["abc", "abcd", "abx", "b", "a%"]):
            await journal.append([begin(run, at=float(at))], durable=True)
        assert await journal.find("abx") == "abx"
        assert await journal.find("abc") == "abc"
        assert await journal.find("a%") == "a%"
        assert await journal.find("b") == "b"
        assert await journal.find("latest") == "a%"
        for wrong in ("ab", "zz", "%", ""):
            with pytest.raises(RunNotFound, match="starts with"):
                await journal.find(wrong)

    async def test_an_empty_journal_has_no_latest_run(self, journal: Journal) -> None:
        """`latest` needs a run."""
        with pytest.raises(RunNotFound, match="no run yet"):
            await journal.find("latest")
        assert not await journal.list()

    async def test_runs_are_listed_newest_first(self, journal: Journal) -> None:
        """With what they are about, where they stand and how many events they have."""
        await journal.append([begin("a", at=10.0, goal="x \ud800", tenant="t"), end("a", 2, "failed")], durable=True)
        await journal.append([begin("b", at=30.0)], durable=False)
        await journal.append([begin("c", at=20.0), go_on("c", 2), end("c", 3)], durable=True)
        listed = await journal.list()
        assert [(summary.run, summary.status, summary.events) for summary in listed] == [
            ("b", "running", 1),
            ("c", "succeeded", 3),
            ("a", "failed", 2),
        ]
        assert (listed[2].name, listed[2].tenant, listed[2].started_at) == ("contract", "t", 10.0)
        assert listed[2].goal.startswith("x ")
        assert [summary.run for summary in await journal.list(limit=2)] == ["b", "c"]
        assert [summary.run for summary in await journal.list(status="failed")] == ["a"]

    async def test_closing_twice_is_allowed_and_nothing_else_afterwards(self, journal: Journal) -> None:
        """A closed journal says so."""
        await journal.append([begin("a")], durable=False)
        await asyncio.gather(journal.aclose(), journal.aclose())
        await journal.aclose()
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.append([go_on("a", 2)], durable=False)
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.read(RunId("a"))
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.find("a")

    async def test_a_cancelled_append_leaves_the_journal_usable(self, journal: Journal) -> None:
        """Its events may or may not be there; what follows is in order."""
        await journal.append([begin("a")], durable=True)
        task = asyncio.create_task(journal.append([go_on("a", 2)], durable=True))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        recorded = len(await journal.read(RunId("a")))
        await journal.append([go_on("a", recorded + 1)], durable=True)
        assert _sequences(await journal.read(RunId("a"))) == list(range(1, recorded + 2))
