"""Driver: takes one run to its end, or to where only people can help it on, by doing what the schedule says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from loguru import logger

from agentcore.domain.agent import Agent
from agentcore.domain.decision import Decision
from agentcore.domain.errors import (
    AgentcoreError,
    BudgetExceeded,
    JournalError,
    PolicyDenied,
    ReplayMismatch,
    RunTerminated,
)
from agentcore.domain.event import (
    AttemptStarted,
    RunEnding,
    RunFinished,
    RunParked,
    RunStatus,
    StepFailed,
)
from agentcore.domain.ids import AgentName, StepId
from agentcore.domain.message import Message
from agentcore.domain.plan import Step
from agentcore.domain.route import Route
from agentcore.domain.run import Run
from agentcore.domain.team import RunLimits
from agentcore.engine.ask_person import WaitsForPerson
from agentcore.engine.attempt import Attempts
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.drafts import Drafts
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.first_error import first_error
from agentcore.engine.output import output_schema
from agentcore.engine.release import Release
from agentcore.engine.schedule import FailStep, Finish, MakePlan, Park, StartAttempt, decide
from agentcore.engine.supervisor import Supervisor
from agentcore.engine.undo import Undo
from agentcore.ports.model import ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Drives one run, a new one or one that is recorded in part.

    Whatever happens, the run ends with a recorded status, unless the journal itself fails, or the run is left to go on
    later: it waits for people, or the engine is closing (`leaving`).

    ending: how it has to end, as the process before had begun to undo it.
    """

    agents: Mapping[AgentName, Agent]
    limits: RunLimits
    effects: Effects
    supervisor: Supervisor
    attempts: Attempts
    models: ModelCalls
    drafts: Drafts
    undo: Undo
    release: Release
    leaving: Callable[[], bool]
    ending: RunFinished | None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped_for: list[str] = field(default_factory=list[str])

    @property
    def run(self) -> Run:
        """The state now."""
        return self.effects.recorder.run

    def wake(self) -> None:
        """Look again at what is to be done: something has been recorded."""
        self._wake.set()

    def stopping(self, reason: str) -> None:
        """Learn why the run will be cancelled."""
        self._stopped_for.append(reason)

    async def drive(self) -> Run:
        """Return the run once it has ended or waits for people. Raises JournalError, and CancelledError."""
        await self._until_recorded(self._plan_only({}) if self.run.started.dry else self._steps())
        return self.run

    async def dry_run(self) -> dict[StepId, Route]:
        """Plan and choose routes, call no worker, and return the route of each step's first model call."""
        routes: dict[StepId, Route] = {}
        await self._until_recorded(self._plan_only(routes))
        return routes

    async def cancel(self, reason: str) -> Run:
        """Record the end of a run that is not being driven."""
        await self._end(Finish(status="cancelled", reason=reason))
        return self.run

    async def _until_recorded(self, work: Coroutine[Any, Any, Finish | None]) -> None:
        """Do the work and record how the run ends, also when it is cancelled or fails."""
        denied: tuple[Decision, ...] = ()
        with logger.contextualize(run=self.run.id):
            try:
                finish = await work
            except asyncio.CancelledError:
                if not self.leaving():
                    reason = self._stopped_for[-1] if self._stopped_for else "cancelled"
                    await self._ended(Finish(status="cancelled", reason=reason))
                raise
            except (JournalError, ReplayMismatch):
                raise
            except AgentcoreError as error:
                finish = Finish(status=_status(error), reason=error.message)
                denied = (error.decision,) if isinstance(error, PolicyDenied) else ()
            except Exception as error:  # noqa: BLE001  # a defect of ours must not leave a run without an end
                logger.exception("the run failed unexpectedly")
                finish = Finish(status="failed", reason=f"internal error: {type(error).__name__}: {error}")
            if finish is not None:
                await self._ended(finish, denied)

    async def _plan_only(self, routes: dict[StepId, Route]) -> Finish:
        if self.run.plan is None:
            await self.effects.recorder.record(await self.supervisor.plan(self.run))
        for step in self.run.plan.steps if self.run.plan else ():
            routes[step.id] = self._forecast(step)
        return Finish(status="planned", reason="dry run")

    def _forecast(self, step: Step) -> Route:
        agent = self.agents[step.agent]
        request = ModelRequest(
            messages=(
                Message(role="system", content=agent.instructions),
                Message(role="user", content=step.instruction),
            ),
            schema=output_schema(agent),
            max_output_tokens=agent.limits.output_tokens,
        )
        caller = Caller(step=step.id, attempt=1, agent=agent, label=self.run.label)
        return self.models.route(caller, request)[0]

    async def _steps(self) -> Finish | None:
        """Do what the schedule says until it says how the run ends, or that it waits. Raises the first error."""
        ledger = self.effects.ledger
        limit = asyncio.timeout(ledger.seconds_left)
        try:
            async with limit:
                return await self._loop()
        except TimeoutError:
            if not limit.expired():
                raise
            raise BudgetExceeded("seconds", "more time", "0") from None
        except BaseExceptionGroup as group:  # one step's error has cancelled the others
            raise first_error(group) from group

    async def _loop(self) -> Finish | None:
        if self.ending is not None:
            return Finish(status=self.ending.status, reason=self.ending.reason)
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                ruling = self.run.terminated
                if ruling is not None and self.effects.recorder.ending:  # whatever else there is to do
                    raise RunTerminated(ruling.actor, ruling.reason)
                commands = decide(self.run, self.agents, self.limits)
                for command in commands:
                    match command:
                        case MakePlan():
                            await self.effects.recorder.record(await self.supervisor.plan(self.run))
                            logger.debug("plan of {} steps", self.run.open)
                        case StartAttempt():
                            await self._start(command, group)
                        case FailStep(step=step, reasons=reasons):
                            logger.bind(step=step).info("given up: {}", "; ".join(reasons))
                            await self.effects.recorder.record(StepFailed(step=step, reasons=reasons))
                        case Park():
                            waits_for = tuple(asked.id for asked in self.run.asked)
                            await self.effects.recorder.record(RunParked(waits_for=waits_for), durable=True)
                            logger.info("waits for {}", ", ".join(waits_for))
                            return None
                        case Finish():
                            return command
                        case _ as unreachable:
                            assert_never(unreachable)
                if not commands:
                    await self._wake.wait()

    async def _start(self, command: StartAttempt, group: asyncio.TaskGroup) -> None:
        step = self.run.steps[command.step].step
        self.effects.begin(step.id, command.attempt)
        await self.effects.recorder.record(
            AttemptStarted(step=step.id, attempt=command.attempt, agent=step.agent, resort=command.resort)
        )
        with logger.contextualize(step=step.id):  # for all that the attempt logs, libraries included
            group.create_task(self._attempt(command), name=f"{self.run.id}/{step.id}/{command.attempt}")

    async def _attempt(self, command: StartAttempt) -> None:
        try:
            await self.attempts.make(command)
            self.effects.end(command.step, command.attempt)
        except WaitsForPerson:  # the attempt is driven again once somebody has decided
            logger.info("attempt {} waits for a person", command.attempt)
        except (JournalError, ReplayMismatch):
            raise
        except Exception as error:  # which ends the run
            await self.effects.recorder.until_ending(error)
            raise
        self._wake.set()

    async def _ended(self, finish: Finish, decisions: tuple[Decision, ...] = ()) -> None:
        """End the run, even if it is cancelled meanwhile: what is begun to be undone has to be undone.

        An engine that closes does not wait for that; who drives the run next goes on with it.
        """
        ending = asyncio.create_task(self._end(finish, decisions))
        cancelled = False
        while not ending.done():
            try:
                await asyncio.wait([ending])
            except asyncio.CancelledError:
                cancelled = True
                if self.leaving():
                    ending.cancel()
        if cancelled and (ending.cancelled() or not ending.exception()):
            raise asyncio.CancelledError
        await ending

    async def _end(self, finish: Finish, decisions: tuple[Decision, ...] = ()) -> None:
        """Undo what can be undone of a run that has not succeeded, and record its end.

        The process before may have begun with that: then the run ends as it said.
        """
        end = self.ending or await self.release.end(finish.status, finish.answer, finish.reason, decisions)
        if end.status != "succeeded" and self.undo.due:
            if self.ending is None:
                await self.effects.recorder.record(RunEnding(end=end), durable=True)
            await self.undo.all()
        await self.effects.recorder.end(end)
        logger.info("{} {}", end.status, end.reason)


def _status(error: AgentcoreError) -> RunStatus:
    match error:
        case PolicyDenied():
            return "denied"
        case BudgetExceeded():
            return "over_budget"
        case RunTerminated():
            return "cancelled"
        case _:
            return "failed"
