"""The supervisor: from a task to a plan, and from a failed plan to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import cast

from agentcore.domain.agent import Agent, Uses
from agentcore.domain.decision import Decision
from agentcore.domain.errors import GuardDenied, ModelOutputInvalid, PlanError
from agentcore.domain.event import PlanAccepted, PlanRejected
from agentcore.domain.ids import ANSWER, PLAN, AgentName, StepId
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import Message
from agentcore.domain.plan import Literal, Plan, Source, Step
from agentcore.domain.run import Run, StepState
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.compile_plan import compile_plan, plan_of_one, proposal_schema
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.output import parse_json
from agentcore.engine.run_guards import RunGuards
from agentcore.ports.model import ModelRequest
from agentcore.prompts.sections import fact, facts_section, one_line
from agentcore.prompts.template import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Plans for one run. A proposal that is not valid gets one repair round, in which the model sees its errors."""

    team: Team
    agents: Mapping[AgentName, Agent]
    limits: RunLimits
    effects: Effects
    models: ModelCalls
    guards: RunGuards

    async def plan(self, run: Run) -> PlanAccepted:
        """Return the first plan, or one that replaces a plan whose steps have failed.

        Raises PlanError after the repair round, PolicyDenied, NoRoute, BudgetExceeded, ModelError or JournalError.
        """
        agent = self.agents[self.team.supervisor]
        task = run.started.task
        if self.team.alone:  # nobody plans and nobody delegates, so there is nothing to ask policies
            return PlanAccepted(plan=plan_of_one(task, self.team), revision=run.revision + 1, label=run.label)
        # The reasons why steps failed may quote what those steps were given.
        label = run.label.join(*(state.label for state in self._states(run) if state.status == "failed"))
        decision = self.effects.permit(self.effects.ask("plan", run.started.name, agent, label))
        await self.effects.announce(decision, PLAN, f"{run.revision + 1}/plan")
        done = [state for state in self._states(run) if state.status == "succeeded"]
        messages = self._messages(agent, run, done)
        schema = proposal_schema(self.team, self.agents, self.limits)
        revision = run.revision + 1
        caller = Caller(step=PLAN, attempt=revision + 1, agent=agent, label=label)
        self.effects.begin(caller.step, caller.attempt)
        known = len(run.plan_problems)  # recorded before a crash; the proposals are repeated, not recorded again
        for number, last in enumerate((False, True), start=1):
            request = ModelRequest(
                messages=messages,
                schema=schema,
                max_output_tokens=agent.limits.output_tokens,
                temperature=agent.temperature,
                seconds=agent.limits.seconds,
                slot=agent.name,
                shared_messages=1 + 2 * len(agent.examples),
            )
            text = (await self.models.call(caller, request)).reply.text
            try:
                plan = compile_plan(
                    parse_json(text),
                    task=task,
                    team=self.team,
                    agents=self.agents,
                    limits=self.limits,
                    done=[state.step for state in done],
                )
                plan, seen = await self._looked(plan, caller, {state.step.id for state in done})
                return await self._accepted(plan, revision, decision, seen)
            except (PlanError, ModelOutputInvalid, GuardDenied) as error:
                problems = error.problems if isinstance(error, PlanError) else (error.message,)
                if number > known:
                    await self.effects.recorder.record(PlanRejected(problems=problems, proposal=text))
                if last:
                    raise PlanError(problems) from error
                messages = (*messages, Message(role="assistant", content=text), _repair(problems))
        raise AssertionError  # the loop returns or raises

    async def _looked(self, plan: Plan, caller: Caller, done: AbstractSet[StepId]) -> tuple[Plan, Label]:
        """Return a plan as guards let it go on, and its label. Raises GuardDenied.

        They see the words that are new in it: the steps' instructions, and the values that the supervisor gives.
        """
        new = [step for step in plan.steps if step.id not in done and step.id != ANSWER]
        said: JSON = [
            [step.instruction, {name: each.value for name, each in step.inputs.items() if isinstance(each, Literal)}]
            for step in new
        ]
        changed, label = await self.guards.looked("plan", said, caller, "the plan")
        if changed is said:
            return plan, label
        words = dict(zip((step.id for step in new), cast("Sequence[tuple[str, JSONObject]]", changed), strict=True))
        return Plan(steps=tuple(_reworded(step, words.get(step.id)) for step in plan.steps)), label

    async def _accepted(self, plan: Plan, revision: int, decision: Decision, label: Label) -> PlanAccepted:
        """Return the event; the policy engine must permit every delegation before the first step starts."""
        agent = self.agents[self.team.supervisor]
        workers = dict.fromkeys(step.agent for step in plan.steps)
        delegations = [self.effects.delegation(agent, self.agents[name], label) for name in workers]
        for each in delegations:
            await self.effects.announce(each, PLAN, f"{revision}/delegate/{each.resource}")
        return PlanAccepted(plan=plan, revision=revision, label=label, decisions=(decision, *delegations))

    def _messages(self, agent: Agent, run: Run, done: Sequence[StepState]) -> tuple[Message, ...]:
        task = run.started.task
        system = render(agent.instructions, agent.inputs, {})
        members = "\n".join(_member(self.agents[name]) for name in self.team.workers)
        lines: list[str] = []
        unsaid = {name: value for name, value in task.inputs.items() if str(value) not in task.goal}
        if unsaid:
            lines.append(facts_section([fact(name, value) for name, value in unsaid.items()]))
        if done:
            lines.append("Done already (use their ids, do not repeat them):")
            lines += [f"{state.step.id} {state.step.agent}: {one_line(state.step.instruction)}" for state in done]
        failed = [state for state in self._states(run) if state.status == "failed"]
        if failed:
            lines.append("Failed (find another way):")
            for state in failed:
                lines.append(f"{state.step.agent}: {one_line(state.step.instruction)}")
                lines += [f"- {one_line(reason)}" for reason in _last(state.reasons)]
        lines.append(f"Goal: {task.goal}")
        return (
            Message(role="system", content=f"{system}\nTeam:\n{members}"),
            *(
                message
                for example in agent.examples
                for message in (
                    Message(role="user", content=example.user),
                    Message(role="assistant", content=example.assistant),
                )
            ),
            Message(role="user", content="\n".join(lines)),
        )

    @staticmethod
    def _states(run: Run) -> list[StepState]:
        steps = run.plan.steps if run.plan else ()
        return [run.steps[step.id] for step in steps if step.id != ANSWER]


def _reworded(step: Step, words: tuple[str, JSONObject] | None) -> Step:
    """Return a step with other words: its instruction, and the values that the supervisor gives it, in their order."""
    if words is None:
        return step
    instruction, given = words
    values = iter(given.values())
    inputs: dict[str, Source] = {
        name: Literal(value=next(values)) if isinstance(each, Literal) else each for name, each in step.inputs.items()
    }
    return replace(step, instruction=instruction, inputs=inputs)


def _member(agent: Agent) -> str:
    takes = f" (inputs: {', '.join(agent.inputs)})" if agent.inputs and agent.uses is Uses.CHOSEN else ""
    return f"{agent.name}: {agent.description}{takes}"


def _last(reasons: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return reasons[-1] if reasons else ("no reason given",)


def _repair(problems: Sequence[str]) -> Message:
    return Message(
        role="user", content="That plan cannot be run:\n" + "\n".join(f"- {p}" for p in problems) + "\nWrite it again."
    )
