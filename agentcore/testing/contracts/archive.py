"""What every Archive must do: inherit from ArchiveContract and give fixtures `journal` and `archive` of one store."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import pytest

from agentcore.domain.errors import RunNotFound
from agentcore.domain.event import Event, RunFinished, RunParked, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.archive import Archive, Deleted
from agentcore.ports.journal import Journal
from agentcore.testing.contracts.journal import begin, go_on


async def record(
    journal: Journal, run: str, *, ended_at: float, status: RunStatus = "succeeded", events: int = 3
) -> None:
    """Record a run that has ended."""
    finished = RunFinished(status=status, answer=None)
    last = Event(run=RunId(run), sequence=events, at=ended_at, fact=finished)
    await journal.append([begin(run), *(go_on(run, n) for n in range(2, events)), last], durable=True)


class ArchiveContract:
    """Tests of the Archive port."""

    async def test_runs_that_ended_before_are_listed_the_oldest_first(
        self, journal: Journal, archive: Archive
    ) -> None:
        """With their name, status, end and number of events; those of one moment by their ids."""
        for run, at in (("new", 30.0), ("old", 10.0), ("b", 20.0), ("a", 20.0)):
            await record(journal, run, ended_at=at)
        listed = await archive.ended(before=30.0)
        assert [(run.run, run.ended_at, run.events) for run in listed] == [
            ("old", 10.0, 3),
            ("a", 20.0, 3),
            ("b", 20.0, 3),
        ]
        assert (listed[0].name, listed[0].status) == ("contract", "succeeded")

    async def test_pages_follow_each_other(self, journal: Journal, archive: Archive) -> None:
        """Each goes on after the last run of the one before, also among those of one moment."""
        for number in range(7):
            await record(journal, f"r{number}", ended_at=float(number // 3))
        found: list[RunId] = []
        page = await archive.ended(before=9.0, limit=2)
        while page:
            found += [run.run for run in page]
            page = await archive.ended(before=9.0, after=page[-1], limit=2)
        assert found == [f"r{number}" for number in range(7)]

    async def test_a_status_and_the_newest_can_be_left_out(self, journal: Journal, archive: Archive) -> None:
        """The newest are counted among those of the status, whether they ended before the moment or not."""
        for number in range(6):
            await record(journal, f"r{number}", ended_at=float(number), status="failed" if number % 2 else "refused")
        failed = await archive.ended(before=9.0, statuses=("failed",))
        assert [run.run for run in failed] == ["r1", "r3", "r5"]
        assert [run.run for run in await archive.ended(before=9.0, keep_last=4)] == ["r0", "r1"]
        assert [run.run for run in await archive.ended(before=9.0, statuses=("failed",), keep_last=2)] == ["r1"]
        assert [run.run for run in await archive.ended(before=1.0, keep_last=4)] == ["r0"]
        assert not await archive.ended(before=9.0, keep_last=6)
        assert not await archive.ended(before=9.0, keep_last=100)

    async def test_open_runs_are_neither_listed_nor_deleted(self, journal: Journal, archive: Archive) -> None:
        """Nor can they be asked for."""
        await journal.append([begin("running"), go_on("running", 2)], durable=True)
        parked = Event(run=RunId("waiting"), sequence=2, at=1.0, fact=RunParked(waits_for=()))
        await journal.append([begin("waiting"), parked], durable=True)
        assert not await archive.ended(before=1e12)
        for status in ("running", "waiting"):
            with pytest.raises(ValueError, match=status):
                await archive.ended(before=1e12, statuses=("failed", status))
        assert await archive.delete([RunId("running"), RunId("waiting")]) == Deleted(runs=0, events=0)
        assert len(await journal.read(RunId("running"))) == 2
        assert len(await journal.read(RunId("waiting"))) == 2
        assert len(await journal.list()) == 2

    async def test_deleted_runs_are_gone_and_the_others_stay(self, journal: Journal, archive: Archive) -> None:
        """Any number at once; what is not there does not count, and an id may come again."""
        for number in range(21):
            await record(journal, f"r{number:02}", ended_at=1.0, events=4)
        going = [RunId(f"r{number:02}") for number in range(20)]
        assert await archive.size(going) > 0
        assert await archive.delete([*going, RunId("nowhere")]) == Deleted(runs=20, events=80)
        assert await archive.delete(going) == Deleted(runs=0, events=0)
        assert await archive.delete([]) == Deleted(runs=0, events=0)
        assert await archive.size(going) == 0
        assert [summary.run for summary in await journal.list()] == ["r20"]
        with pytest.raises(RunNotFound):
            await journal.read(RunId("r00"))
        await record(journal, "r00", ended_at=2.0, events=5)
        assert len(await journal.read(RunId("r00"))) == 5

    async def test_giving_space_back_harms_nothing(self, journal: Journal, archive: Archive) -> None:
        """Whether some of it or everything."""
        for run in ("a", "b"):
            await record(journal, run, ended_at=1.0, events=200)
        await archive.delete([RunId("a")])
        assert await archive.compact(everything=False) >= 0
        assert await archive.compact(everything=True) >= 0
        assert len(await journal.read(RunId("b"))) == 200
