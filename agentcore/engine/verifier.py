"""From an attempt to a verdict: deterministic checks first, then the panel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agentcore.domain.agent import Agent, Check
from agentcore.domain.choice import Choice
from agentcore.domain.ids import AgentName
from agentcore.domain.json import canonical
from agentcore.domain.verdict import Verdict, Vote
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.effect import Caller
from agentcore.engine.panel import Judged, Panel
from agentcore.engine.worker import Outcome
from agentcore.verification.checks import run_checks
from agentcore.verification.evidence import Evidence
from agentcore.verification.pairwise import answers, pairs, tally
from agentcore.verification.quorum import conclude, needs_panel, settle
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
        self._panel = Panel(agents, models)
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
        said of it already. A verdict that is undecided, and for which a person decides (`escalate_to_person`), is left
        to the caller.

        Raises PolicyDenied and JournalError, of several verifiers in an exception group. One whose model fails or
        whose call does not fit the budget abstains, which accepts nothing.
        """
        if outcome.declined:
            vote = Vote(verifier=f"agent:{agent.name}", accepts=False, reasons=(outcome.declined,), final=True)
            return Verdict(accepted=False, votes=(vote,), unchecked=("there is no output to check",))
        subject = _subject(agent, instruction, outcome)
        verification = agent.verification
        panel = verification.panel
        least, by = wanted
        if least > len(panel):
            return _too_few(agent, least, by)
        checks = await self._checks(agent, subject) if checks is None else checks
        judged = Judged(
            caller=caller,
            verification=verification,
            authors=() if outcome.model is None else (outcome.model,),
            label=outcome.label,
        )
        votes: list[Vote] = []
        if needs_panel(checks, len(panel)):
            votes, label = await self._panel.votes(judged, subject)
            judged = replace(judged, label=label)
        verdict = conclude(
            checks,
            votes,
            required=max(least, verification.required),
            panel=len(panel),
            share=verification.quorum,
            weight=sum(verification.weights.get(name, 1.0) for name in panel),
        )
        if not verdict.undecided or verification.escalate_to is None:
            return verdict
        return settle(
            verdict,
            await self._panel.decides(verification.escalate_to, judged, subject, votes),
            least=least,
        )

    async def check(self, agent: Agent, instruction: str, outcome: Outcome) -> tuple[Vote, ...]:
        """Return what the deterministic checks say, which cost nothing. No panel is asked."""
        return await self._checks(agent, _subject(agent, instruction, outcome))

    async def choose(self, agent: Agent, caller: Caller, instruction: str, candidates: Sequence[Outcome]) -> Choice:
        """Return which of several outcomes of one attempt the agent's panel prefers, each pair seen in both orders.

        candidates: at least one; equal points go to the one that stands first, so put the likeliest there. Without a
        panel, or when nobody can be heard, that is the first. Each verifier is called twice for each pair of answers
        that differ in more than how they are written. Raises PolicyDenied and JournalError, of several verifiers in
        an exception group.
        """
        if not candidates:
            raise ValueError("there is no candidate to choose")
        outputs = [candidate.output for candidate in candidates]
        said, verification = answers(outputs), agent.verification
        if not verification.panel:
            return tally(said, ())
        label = candidates[0].label
        for candidate in candidates[1:]:
            label = label.join(candidate.label)
        judged = Judged(
            caller=caller,
            verification=verification,
            authors=tuple(dict.fromkeys(each.model for each in candidates if each.model is not None)),
            label=label,
        )
        evidence = _shared(candidates)
        found = await self._panel.comparisons(judged, instruction, evidence, outputs, pairs(said))
        return tally(said, found)

    async def _checks(self, agent: Agent, subject: Subject) -> tuple[Vote, ...]:
        checks = agent.verification.checks
        if agent.output is not None and _SCHEMA.name not in {check.name for check in checks}:
            checks = (_SCHEMA, *checks)  # a declared output is enforced, whether or not the project asks for it
        votes: list[Vote] = []
        for check in checks:
            custom = self._custom.get(canonical(check.options)) if check.name == "python" else None
            votes += [await _run(custom, subject, agent)] if custom else run_checks((check,), subject)
        return tuple(votes)


def _subject(agent: Agent, instruction: str, outcome: Outcome) -> Subject:
    return Subject(
        output=outcome.output, instruction=instruction, output_schema=agent.output, evidence=outcome.evidence
    )


def _shared(candidates: Sequence[Outcome]) -> tuple[Evidence, ...]:
    """Return what the candidates rest on, each piece once: some may have called tools that others have not."""
    known: dict[str, Evidence] = {}
    for candidate in candidates:
        for piece in candidate.evidence:
            known.setdefault(canonical([piece.kind, piece.id, piece.content]), piece)
    return tuple(known.values())


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
