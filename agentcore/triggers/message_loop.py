"""TriggerLoop: a run for each message, which is acknowledged when its run is on disk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agentcore.domain.errors import SourceUnavailable
from agentcore.domain.json import read_object
from agentcore.domain.task import Task
from agentcore.ports.message_source import Message, MessageSource
from agentcore.triggers.launch import CannotRun, Launch, whole
from agentcore.triggers.together import first_error


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerLoop:
    """Receives messages and starts runs, at most `parallel` of the trigger's at the same time.

    A message is redelivered until its run is recorded; its run's id follows from its own, so it has one run, however
    often it comes. One of which no run can be made is rejected with the reason.
    """

    source: MessageSource
    launch: Launch

    async def run(self) -> None:
        """Go on until cancelled; runs that were started go on without it.

        Raises SourceUnavailable when the server cannot be reached at the beginning, and JournalError when the journal
        is damaged or of another version: what was not acknowledged comes again.
        """
        slots = self.launch.slots
        try:
            async with asyncio.TaskGroup() as handling:
                while True:
                    await slots.acquire()
                    try:
                        message = await self.source.receive()
                    except BaseException:
                        slots.release()
                        raise
                    handling.create_task(self._handle(message), name=f"message {message.id}")
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _handle(self, message: Message) -> None:
        run = self.launch.run(message.id)
        try:
            if await self._started(message):
                await self.launch.wait(run)
        finally:
            self.launch.slots.release()

    async def _started(self, message: Message) -> bool:
        """Make of a message what can be made of it. True when it has started a run now."""
        run = self.launch.run(message.id)
        try:
            task = self._task(message)
            started = await self.launch.start(task, run, hold=lambda: self._hold(message))
        except CannotRun as error:
            self.launch.tell("WARNING", f"message {message.id} is rejected: {error.message}")
            await self._settle(message, rejected=error.message)
            return False
        self.launch.tell("INFO", f"message {message.id}: run {run} {'started' if started else 'was started before'}")
        await self._settle(message)
        return started

    def _task(self, message: Message) -> Task:
        try:
            fields = read_object(message.body)
        except ValueError as error:
            raise CannotRun(str(error)) from None
        return self.launch.task(fields)

    async def _settle(self, message: Message, *, rejected: str = "") -> None:
        """Acknowledge or reject. When the server is gone, the message comes again, and finds its run."""
        try:
            await whole(self.source.reject(message, rejected) if rejected else self.source.acknowledge(message))
        except SourceUnavailable as error:
            self.launch.tell("WARNING", f"message {message.id} will come again: {error.message}")

    async def _hold(self, message: Message) -> None:
        try:
            await self.source.extend(message)
        except SourceUnavailable as error:
            self.launch.tell("WARNING", f"message {message.id} may come again: {error.message}")
