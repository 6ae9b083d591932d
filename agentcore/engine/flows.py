"""Flows: where the data of a run's calls has come from, and what its task needs, as far as policies ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from agentcore.domain.effect import Safety
from agentcore.domain.flow import ToolFlow
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import USER
from agentcore.domain.steering import STRAIGHT, Steering, foreign_links, steering
from agentcore.domain.task import Task
from agentcore.domain.task_scope import TaskScope
from agentcore.engine.history import History
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.tool import Tool

_OF_ARGUMENTS: Final = ("untrusted", "delegated", "foreign_links")


class Flows:
    """The flows of one run."""

    def __init__(self, history: History, task: Task, policy: PolicyEngine, tools: Mapping[ToolName, Tool]) -> None:
        self._history = history
        self._task = task
        self._tools = tools
        self._asks_origins = policy.reads("call_tool", "origins")
        self._asks_steering = any(policy.reads("call_tool", name) for name in _OF_ARGUMENTS)
        self._asks_scope = policy.reads("call_tool", "in_scope")
        self._asks_answer = policy.reads("release", "foreign_links")
        if not (self._asks_origins or self._asks_steering or self._asks_answer or self._asks_scope):
            history.origins = None  # nothing that the run is told need be kept for it

    def origins(self, arguments: JSONObject) -> Mapping[str, frozenset[str]]:
        """Return who has said each argument's values, as in `domain.origins`."""
        told = self._history.origins
        return told.of(arguments) if told is not None and self._asks_origins else {}

    def steering(self, name: str, arguments: JSONObject, safety: Safety) -> Steering:
        """Return what in a call's arguments nobody vouches for."""
        told = self._history.origins
        if told is None or not self._asks_steering:
            return STRAIGHT
        return steering(arguments, self._flow(name), safety, told, self._flow)

    def in_answer(self, answer: JSON) -> Steering:
        """Return the links in an answer that nobody vouches for."""
        told = self._history.origins
        if told is None or not self._asks_answer:
            return STRAIGHT
        return Steering(foreign_links=foreign_links(answer, told, self._flow))

    def in_scope(self, name: str, safety: Safety) -> bool:
        """Return whether a tool only reads, or the task asks for it, or a person has approved a call of it.

        Where the user asks to do what is written elsewhere, what the user has chosen to be read asks, too; and who has
        approved one call of those has seen what that comes to.
        """
        if not self._asks_scope or safety is Safety.READ or ToolName(name) in self._history.approved_tools:
            return True
        about = self._tools[ToolName(name)].definition.description
        if self._scope.needs(name, about) or (self._scope.follows and self._history.approved_tools):
            return True
        told = self._history.origins
        if not self._scope.follows or told is None:
            return False
        return TaskScope.of(told.chosen_texts()).needs(name, about)

    @cached_property
    def _scope(self) -> TaskScope:
        """What the user has asked for, and the plan that was made of it before any tool was called.

        A task that a message brought is in nobody's words whom a run may believe, and so is its plan.
        """
        if self._task.label.sources != USER.sources:
            return TaskScope(frozenset())
        plan = self._history.first_plan
        return TaskScope.of([self._task.goal, *(step.instruction for step in (plan.steps if plan else ()))])

    def _flow(self, name: str) -> ToolFlow:
        tool = self._tools.get(ToolName(name))
        return ToolFlow() if tool is None else tool.definition.flow
