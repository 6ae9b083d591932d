"""One attempt at a step: the loop between a model and its tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

import orjson

from agentcore.domain.agent import Agent, ToolUse
from agentcore.domain.endorsement import endorsed
from agentcore.domain.errors import (
    BudgetExceeded,
    GuardDenied,
    ModelError,
    ModelOutputInvalid,
    NoRoute,
    PolicyDenied,
    RejectedByPerson,
    ToolError,
    ToolInputInvalid,
)
from agentcore.domain.ids import ANSWER, ModelName, StepId, ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.domain.plan import FromStep, FromTask, Literal, Step
from agentcore.domain.run import Run, StepState
from agentcore.engine.call_model import Answered, ModelCalls
from agentcore.engine.call_tool import ToolCalls
from agentcore.engine.effect import Caller
from agentcore.engine.output import json_text, output_schema, parse_output
from agentcore.ports.model import ModelRequest
from agentcore.prompts.sections import Fact, fact, facts_section, one_line
from agentcore.prompts.template import render
from agentcore.verification.evidence import Evidence
from agentcore.verification.schema import schema_errors

_SAME_REFUSALS: Final = 3
"""How often the same call may be refused before its attempt ends: an injected text may ask for it several times in a
task that is to go on all the same. A call that fails otherwise is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an attempt is given.

    inputs: the agent's declared inputs.  facts: outputs of other steps, by id.  label: of all of it and the task.
    """

    inputs: Mapping[str, JSON]
    facts: tuple[Fact, ...]
    label: Label

    @property
    def values(self) -> dict[str, JSON]:
        """Inputs and facts by name, as tools see them."""
        return {**self.inputs, **{used.name: used.value for used in self.facts}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to.

    evidence: all that the output may rest on.  model: who wrote the output.  answered: the reply that it was made of,
    None when it is a tool's result.
    """

    output: JSON
    label: Label
    evidence: tuple[Evidence, ...]
    declined: str = ""
    model: ModelName | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt came to nothing. label: of all that it was given and was told, which the message may quote."""

    error: ModelError | ToolError | NoRoute | BudgetExceeded | GuardDenied
    label: Label


@dataclass(slots=True)
class _Conversation:
    """What grows in the course of an attempt."""

    messages: list[Message]
    label: Label
    evidence: list[Evidence]
    calls: int = 0
    results: list[JSON] = field(default_factory=list[JSON])
    failed: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])


def gather(run: Run, step: Step) -> Given:
    """Return what a step is given: wired inputs, the outputs that it uses, and what was wrong with earlier attempts.

    Raises ToolInputInvalid when an output lacks the field that an input is wired to.
    """
    label = run.label
    if (tried := run.steps[step.id]).reasons:
        label = label.join(tried.rejected_label)
    inputs: dict[str, JSON] = {}
    for name, source in step.inputs.items():
        match source:
            case FromTask(name=wanted):
                inputs[name] = run.started.task.goal if wanted == "goal" else run.started.task.inputs[wanted]
            case Literal(value=value):
                inputs[name] = value
            case FromStep(step=id, path=path):
                label = label.join(run.steps[id].label)
                inputs[name] = _at(run.steps[id].output, path, id)
    facts: list[Fact] = []
    for id in step.uses:
        state = run.steps[id]
        label = label.join(state.label)
        facts.append(fact(id, state.output, about=state.step.instruction))
    return Given(inputs=inputs, facts=tuple(facts), label=label)


class Worker:
    """Makes attempts for one run."""

    def __init__(self, models: ModelCalls, tools: ToolCalls) -> None:
        self._models = models
        self._tools = tools

    async def attempt(
        self, run: Run, state: StepState, agent: Agent, caller: Caller, given: Given
    ) -> Outcome | Failure:
        """Return the output of one attempt, or the error that ended it. Raises PolicyDenied or JournalError."""
        talk = _Conversation(messages=[], label=given.label, evidence=_evidence(run, given))
        try:
            return await self._work(run, state, agent, caller, given, talk=talk)
        except (ModelError, ToolError, NoRoute, BudgetExceeded) as error:
            return Failure(error=error, label=talk.label)

    async def _work(
        self, run: Run, state: StepState, agent: Agent, caller: Caller, given: Given, *, talk: _Conversation
    ) -> Outcome:
        values: JSONObject = {"goal": run.started.task.goal, "task": state.step.instruction, **given.values}
        names = () if agent.tool_use is ToolUse.FIRST else agent.tools
        specs = tuple(self._tools.describe(name, values) for name in names)
        if agent.tool_use is ToolUse.FIRST:
            await self._call_first(agent, caller, state.step.instruction, values, talk)
        notes = [spec.note for spec in specs if spec.note]
        talk.messages += _opening(state, agent, given, talk.results, notes)
        answered = await self._converse(agent, caller, specs, values, talk)
        if answered is None:  # the tool's result is the output
            return Outcome(output=talk.results[-1], label=talk.label, evidence=tuple(talk.evidence), model=None)
        output, declined = parse_output(answered.reply.text, agent)
        own = agent.endorses and not declined and agent.output is not None and not schema_errors(agent.output, output)
        return Outcome(
            output=output,
            label=endorsed(answered.label, agent.name) if own else answered.label,
            evidence=tuple(talk.evidence),
            declined=declined,
            model=answered.model,
            answered=answered,
        )

    async def _call_first(
        self, agent: Agent, caller: Caller, instruction: str, values: JSONObject, talk: _Conversation
    ) -> None:
        name = agent.tools[0]
        parameter = self._tools.definition(name).instruction_parameter
        if parameter is None:
            raise ToolInputInvalid(f"{name} cannot be called first: it has no parameter for an instruction")
        await self._call_tool(name, {parameter: instruction}, caller, values, talk)

    async def _converse(
        self, agent: Agent, caller: Caller, specs: tuple[ToolSpec, ...], values: JSONObject, talk: _Conversation
    ) -> Answered | None:
        """Ask the model, call the tools that it wants, until it has an output (or a tool's result is it)."""
        schema = output_schema(agent)
        while True:
            left = agent.limits.tool_calls - talk.calls
            must = agent.tool_use in {ToolUse.REQUIRED, ToolUse.OUTPUT} and not talk.results
            if must and left <= 0:
                raise ToolError(f"no tool call succeeded within {agent.limits.tool_calls} calls")
            request = ModelRequest(
                messages=tuple(talk.messages),
                tools=specs if left > 0 else (),
                tool_required=must and bool(specs),
                schema=None if agent.tool_use is ToolUse.OUTPUT else schema,
                max_output_tokens=agent.limits.output_tokens,
                temperature=agent.temperature,
                seed=caller.seed,
                seconds=agent.limits.seconds,
                slot=agent.name,
                shared_messages=0 if agent.inputs else 1 + 2 * len(agent.examples),
            )
            answered = await self._models.call(_labelled(caller, talk.label), request)
            talk.label = answered.label
            if not answered.reply.tool_calls:
                if must:
                    raise ModelOutputInvalid("a tool had to be called, but the model answered without one")
                return answered
            if left <= 0:  # none was offered: without this, a model that only ever calls would never end
                raise ModelOutputInvalid("the model calls a tool, but no call is left to it")
            talk.messages.append(
                Message(role="assistant", content=answered.reply.text, tool_calls=answered.reply.tool_calls)
            )
            for call in answered.reply.tool_calls:
                await self._answer(call, agent, caller, values, talk)
            if agent.tool_use is ToolUse.OUTPUT and talk.results:
                return None

    async def _answer(
        self, call: ToolCall, agent: Agent, caller: Caller, values: JSONObject, talk: _Conversation
    ) -> None:
        """Call a tool and tell the model the result, or what was wrong: a failed call must not end the attempt."""
        try:
            if talk.calls >= agent.limits.tool_calls:
                raise ToolError(f"no more than {agent.limits.tool_calls} tool calls are allowed")  # noqa: TRY301
            if call.name not in agent.tools:
                raise ToolInputInvalid(f"there is no tool {call.name!r}; there is {', '.join(agent.tools)}")
            content = await self._call_tool(ToolName(call.name), _arguments(call), caller, values, talk)
        except (ToolError, PolicyDenied) as error:
            talk.calls += 1
            content = f"Error: {error.message}"
            talk.failed[call.name, call.arguments] += 1
            refused = isinstance(error, PolicyDenied | RejectedByPerson)
            if talk.failed[call.name, call.arguments] > (_SAME_REFUSALS if refused else 1):
                raise ToolError(f"the model repeats a call that fails: {error.message}") from error
        talk.messages.append(Message(role="tool", content=content, tool_call_id=call.id))

    async def _call_tool(
        self, name: ToolName, arguments: JSONObject, caller: Caller, values: JSONObject, talk: _Conversation
    ) -> str:
        result = await self._tools.call(_labelled(caller, talk.label), name, arguments, values)
        talk.calls += 1
        talk.label = talk.label.join(result.label)
        talk.results.append(result.value)
        talk.evidence.append(Evidence(id=f"{name}.{len(talk.results)}", content=result.value, kind="tool"))
        return json_text(result.value)


def _labelled(caller: Caller, label: Label) -> Caller:
    return replace(caller, label=label)


def _arguments(call: ToolCall) -> JSONObject:
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError as error:
        raise ToolInputInvalid(f"{call.name}: the arguments are not JSON ({error})") from None
    if not isinstance(arguments, dict):
        raise ToolInputInvalid(f"{call.name}: the arguments must be an object")
    return cast("JSONObject", arguments)


def _opening(
    state: StepState, agent: Agent, given: Given, results: Sequence[JSON], notes: Sequence[str]
) -> list[Message]:
    """Return the messages before the model's first turn: instructions, examples, and the step with its data.

    The agent is told its own task only, not the run's goal: it can do no more than it is asked to, and the supervisor
    has to say what it wants. An agent that needs the goal declares an input of that name.
    """
    facts = [*(fact(name, value) for name, value in given.inputs.items()), *given.facts]
    facts += [fact(agent.tools[0], result) for result in results]
    lines = [facts_section(facts)] if facts else []
    lines += notes
    lines.append(f"{'Question' if state.step.id == ANSWER else 'Task'}: {state.step.instruction}")
    lines += _rejected(state)
    messages = [Message(role="system", content=render(agent.instructions, agent.inputs, given.inputs))]
    for example in agent.examples:
        messages.append(Message(role="user", content=example.user))
        messages.append(Message(role="assistant", content=example.assistant))
    messages.append(Message(role="user", content="\n".join(lines)))
    return messages


def _rejected(state: StepState) -> list[str]:
    """Return the last output and why it was rejected, so that the next attempt can mend it.

    It stands in the same message: as a turn of the conversation, small models copy the rejection into their answer.
    """
    if not state.reasons or state.was_unsure:  # nothing is wrong with that one for all that is known
        return []
    output = [] if state.rejected is None else [f"Not accepted: {json_text(state.rejected)}"]
    return [*output, *(f"Reason: {one_line(reason)}" for reason in state.reasons[-1]), "Do it again, and better."]


def _evidence(run: Run, given: Given) -> list[Evidence]:
    task = run.started.task
    return [
        Evidence(id="task", content={"goal": task.goal, **task.inputs}, kind="task"),
        *(Evidence(id=name, content=value, kind="input") for name, value in given.inputs.items()),
        *(Evidence(id=used.name, content=used.value, kind="step") for used in given.facts),
    ]


def _at(output: JSON, path: tuple[str, ...], step: StepId) -> JSON:
    value = output
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            raise ToolInputInvalid(f"the output of step {step} has no {'.'.join(path)}")
        value = value[key]
    return value
