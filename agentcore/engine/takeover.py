"""Takeover: how a process comes to drive a run that is recorded already, and learns what people have decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agentcore.domain.approval import ApprovalRecord, escalated
from agentcore.domain.errors import ConfigError, RunBusy
from agentcore.domain.event import OPEN, ApprovalDecided, RunResumed
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.engine.definition import Rules
from agentcore.engine.history import History
from agentcore.engine.recorder import Recorder
from agentcore.ports.clock import Clock
from agentcore.ports.inbox import Inbox
from agentcore.ports.journal import Journal
from agentcore.ports.presence import Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Takes runs over. rules: the definition that a run was started on; it raises what forbids to drive it here."""

    journal: Journal
    clock: Clock
    inbox: Inbox | None
    presence: Presence | None
    rules: Callable[[Run], Awaitable[Rules]]

    @property
    def owner(self) -> str:
        """The name of this process; empty when nobody else can know of its runs."""
        return "" if self.presence is None else self.presence.owner

    async def claim(self, id: RunId, *, to_end: Rules | None = None) -> tuple[Recorder, Rules]:
        """Claim a run that nobody drives, by recording so.

        to_end: claim it whatever it waits for, to end it; these rules do when its own are gone.

        Raises RunNotFound, RunBusy when it has ended, is driven, or waits; JournalConflict when another was quicker.
        """
        events = await self.journal.read(id)
        run, history = Run.fold(events), History.of(events)
        if run.status not in OPEN:
            raise RunBusy(f"run {id} has ended: {run.status}", hint=f"look at it with `agentcore runs show {id}`")
        if run.status == "running" and await self._is_driven(run):
            raise RunBusy(
                f"run {id} is being driven by another process",
                hint="leave it to that one; should it die, any other may resume the run",
            )
        if run.status == "waiting" and run.asked and to_end is None and not await self._rulings(run):
            asked = ", ".join(question.id for question in run.asked)
            raise RunBusy(
                f"run {id} waits for people: {asked}",
                hint=f"decide with `agentcore approvals approve {run.asked[0].id}`",
            )
        recorder = Recorder(id, self.journal, self.clock, run=run, history=history)
        try:
            rules = await self.rules(run)
        except (RunBusy, ConfigError):
            if to_end is None:
                raise
            rules = to_end
        await recorder.record(RunResumed(owner=self.owner, epoch=run.epoch + 1), durable=True)
        await self.record_rulings(recorder)
        return recorder, rules

    async def record_rulings(self, recorder: Recorder) -> bool:
        """Put what was decided about a run into its journal; return whether there was anything."""
        rulings = await self._rulings(recorder.run)
        for record in rulings:
            ruling, asked = record.ruling, record.approval
            if recorder.run.status != "running":  # it has just been parked, and has to be resumed to hear of it
                return False
            still = {question.id: question.version for question in recorder.run.asked}
            if ruling is None or still.get(asked.id) != ruling.version:  # it was told at the same time
                continue
            again = escalated(asked, self.clock.now()) if ruling.verb == "escalate" else None
            decided = ApprovalDecided(approval=asked.id, step=asked.step, ruling=ruling, escalated=again)
            await recorder.record(decided, durable=True)
        return bool(rulings)

    async def _is_driven(self, run: Run) -> bool:
        if run.owner in {"", self.owner}:  # what this process does not drive any more, it has dropped
            return False
        return self.presence is not None and await self.presence.alive(run.owner)

    async def _rulings(self, run: Run) -> list[ApprovalRecord]:
        """Return what was decided about a run's open questions, and is not in its journal."""
        if self.inbox is None or not run.asked:
            return []
        versions = {asked.id: asked.version for asked in run.asked}
        return [
            record
            for record in await self.inbox.approvals(run=run.id, limit=10_000)
            if record.ruling is not None and versions.get(record.approval.id) == record.ruling.version
        ]
