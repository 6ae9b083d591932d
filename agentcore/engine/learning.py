"""Learning: what verdicts teach a process about its models while runs go on; shared by all of its runs."""

from __future__ import annotations

from typing import Final

from agentcore.domain.agent import Role
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId
from agentcore.domain.route import Route
from agentcore.domain.verdict import Verdict
from agentcore.engine.effect import Caller
from agentcore.routing.choose import Weights
from agentcore.routing.learned import Learned
from agentcore.routing.past_answers import judged_right

MOST_WAITING: Final = 10_000
"""Attempts whose verdict is waited for; of more, the oldest are forgotten."""


class Learning:
    """Corrects first choices of workers' models, and learns from what becomes of them.

    Escalations, fallbacks, and the candidates of one attempt are chosen for what came before, and stay as they are.
    """

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        self._waiting: dict[tuple[RunId, StepId, int, AgentName], tuple[Route, int]] = {}

    def route(self, run: RunId, caller: Caller, route: Route, *, input_tokens: int, weights: Weights) -> Route:
        """Return the route of an attempt's call as it is corrected; all calls of an attempt are drawn alike."""
        agent = caller.agent
        if agent.role is not Role.WORKER or caller.rejected or caller.only or caller.picks is not None:
            return route
        key = (run, caller.step, caller.attempt, agent.name)
        found = self.learned.choose(
            route, agent.name, input_tokens=input_tokens, weights=weights, call="/".join(map(str, key))
        )
        self._waiting.setdefault(key, (found, input_tokens))
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        return found

    def concluded(self, run: RunId, caller: Caller, model: ModelName | None, verdict: Verdict) -> None:
        """Learn from an attempt's verdict, when it says whether the answer is right."""
        waited = self._waiting.pop((run, caller.step, caller.attempt, caller.agent.name), None)
        right = judged_right(verdict)
        if waited is None or model is None or right is None:
            return
        route, input_tokens = waited
        self.learned = self.learned.observe(caller.agent.name, route, model, input_tokens, right)
