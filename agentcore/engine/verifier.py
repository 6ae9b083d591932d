"""From an attempt to a verdict: deterministic checks first, then the panel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from agentcore.domain.agent import Agent, Check
from agentcore.domain.errors import BudgetExceeded, ModelError, NoRoute
from agentcore.domain.ids import AgentName
from agentcore.domain.json import canonical
from agentcore.domain.verdict import Verdict, Vote
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.effect import Caller
from agentcore.engine.worker import Outcome
from agentcore.ports.model import ModelRequest
from agentcore.verification.checks import run_checks
from agentcore.verification.critic import CRITIC_SCHEMA, critic_messages, critic_vote
from agentcore.verification.quorum import conclude, needs_panel
from agentcore.verification.subject import Subject

CustomCheck = Callable[[Subject], Vote]
"""A project's own check, with its options bound."""

_SCHEMA = Check(name="schema")


class Verifier:
    """Verifies attempts for one run.

    custom: the options of a `python` check, as canonical JSON → the function that runs it.
    """

    def __init__(
        self, agents: Mapping[AgentName, Agent], models: ModelCalls, custom: Mapping[str, CustomCheck]
    ) -> None:
        self._agents = agents
        self._models = models
        self._custom = custom

    async def verify(
        self,
        agent: Agent,
        caller: Caller,
        instruction: str,
        outcome: Outcome,
        wanted: tuple[int, str] = (0, ""),
        *,
        checks: tuple[Vote, ...] | None = None,
    ) -> Verdict:
        """Return what checks and panel conclude. An agent that declined is rejected with its reason.

        wanted: how many verifiers policies want in favour at least, and which policies.  checks: what the checks have
        said of it already.

        Raises PolicyDenied and JournalError, of several verifiers in an exception group. One whose model fails or
        whose call does not fit the budget abstains, which accepts nothing.
        """
        if outcome.declined:
            vote = Vote(verifier=f"agent:{agent.name}", accepts=False, reasons=(outcome.declined,), final=True)
            return Verdict(accepted=False, votes=(vote,), unchecked=("there is no output to check",))
        subject = _subject(agent, instruction, outcome)
        panel = agent.verification.panel
        least, by = wanted
        if least > len(panel):
            return _too_few(agent, least, by)
        checks = await self._checks(agent, subject) if checks is None else checks
        votes: list[Vote] = []
        if needs_panel(checks, len(panel)):
            votes = await self._ask(panel, caller, subject, outcome)
        return conclude(checks, votes, required=max(least, agent.verification.required), panel=len(panel))

    async def check(self, agent: Agent, instruction: str, outcome: Outcome) -> tuple[Vote, ...]:
        """Return what the deterministic checks say, which cost nothing. No panel is asked."""
        return await self._checks(agent, _subject(agent, instruction, outcome))

    async def _ask(self, panel: Sequence[AgentName], caller: Caller, subject: Subject, outcome: Outcome) -> list[Vote]:
        """Return the votes of the panel, all asked at once. The first error cancels what is still under way."""
        if len(panel) == 1:
            return [await self._vote(self._agents[panel[0]], caller, subject, outcome)]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._vote(self._agents[name], caller, subject, outcome)) for name in panel]
        return [task.result() for task in asked]

    async def _checks(self, agent: Agent, subject: Subject) -> tuple[Vote, ...]:
        checks = agent.verification.checks
        if agent.output is not None and _SCHEMA.name not in {check.name for check in checks}:
            checks = (_SCHEMA, *checks)  # a declared output is enforced, whether or not the project asks for it
        votes: list[Vote] = []
        for check in checks:
            custom = self._custom.get(canonical(check.options)) if check.name == "python" else None
            votes += [await _run(custom, subject, agent)] if custom else run_checks((check,), subject)
        return tuple(votes)

    async def _vote(self, critic: Agent, caller: Caller, subject: Subject, outcome: Outcome) -> Vote:
        request = ModelRequest(
            messages=critic_messages(critic, subject),
            schema=CRITIC_SCHEMA,
            max_output_tokens=critic.limits.output_tokens,
            temperature=critic.temperature,
            seed=caller.attempt,
            seconds=critic.limits.seconds,
            slot=critic.name,
            shared_messages=1 + 2 * len(critic.examples),
        )
        asking = Caller(step=caller.step, attempt=caller.attempt, agent=critic, label=outcome.label)
        try:
            answered = await self._models.call(asking, request)
        except (ModelError, NoRoute, BudgetExceeded) as error:
            return Vote(verifier=f"agent:{critic.name}", accepts=None, reasons=(error.message,))
        return critic_vote(critic.name, answered.reply.text)


def _subject(agent: Agent, instruction: str, outcome: Outcome) -> Subject:
    return Subject(
        output=outcome.output, instruction=instruction, output_schema=agent.output, evidence=outcome.evidence
    )


def _too_few(agent: Agent, least: int, by: str) -> Verdict:
    """Return the rejection of an output that no attempt can get enough verifiers for."""
    panel = len(agent.verification.panel)
    why = f"{by} asks for {least} verifiers in favour, and {agent.name} has {panel}; see `verify.panel`"
    vote = Vote(
        verifier="policy", accepts=False, reasons=(why,), checked="that there are enough verifiers", final=True
    )
    return Verdict(accepted=False, votes=(vote,), required=least, panel=panel)


async def _run(check: CustomCheck, subject: Subject, agent: Agent) -> Vote:
    """Run a project's own check in a thread; whatever it raises, what was not checked is not accepted."""
    seconds = agent.limits.seconds
    try:
        return await asyncio.wait_for(asyncio.to_thread(check, subject), seconds)
    except TimeoutError:
        reason = f"the check did not finish within {seconds:g} s, and a fault rejects"
    except Exception as fault:  # noqa: BLE001  # a project's code: a fault inside a guard denies
        reason = f"the check failed to run ({type(fault).__name__}: {fault}), and a fault rejects"
    return Vote(verifier="check:python", accepts=False, reasons=(reason,), checked="nothing")
