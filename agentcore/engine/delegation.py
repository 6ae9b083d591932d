"""Delegation: what an agent is given for a step, looked at before the agent has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from agentcore.domain.errors import GuardDenied
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.run import StepState
from agentcore.engine.effect import Caller
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.worker import Failure, Given


async def delegated(
    guards: RunGuards, caller: Caller, state: StepState, given: Given
) -> tuple[StepState, Given] | Failure:
    """Return a step and what its agent is given as guards let them go on; a failed attempt when they do not.

    They see the instruction, the inputs and the facts, whoever they come from.
    """
    step = state.step
    said: JSON = [step.instruction, dict(given.inputs), [fact.value for fact in given.facts]]
    asking = replace(caller, label=given.label)
    try:
        changed, label = await guards.looked("delegation", said, asking, f"what {caller.agent.name} is given")
    except GuardDenied as denied:
        return Failure(error=denied, label=given.label)
    if changed is not said:
        instruction, inputs, values = cast("tuple[str, JSONObject, Sequence[JSON]]", changed)
        facts = [replace(fact, value=value) for fact, value in zip(given.facts, values, strict=True)]
        state = replace(state, step=replace(step, instruction=instruction))
        given = replace(given, inputs=dict(zip(given.inputs, inputs.values(), strict=True)), facts=tuple(facts))
    return state, given if label is given.label else replace(given, label=label)
