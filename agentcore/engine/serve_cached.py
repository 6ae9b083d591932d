"""Serves a cached reply: recorded like a call's outcome, and looked at by guards as a new reply would be."""

from __future__ import annotations

from agentcore.domain.budget import NO_USE
from agentcore.domain.effect import Effect
from agentcore.domain.errors import ModelError
from agentcore.domain.event import EffectFinished
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.guards import Guards
from agentcore.engine.model_guards import replied
from agentcore.engine.model_json import reply_json, reply_of
from agentcore.engine.response_caching import CachedCalls, Lookup
from agentcore.ports.model import ModelReply


async def serve(
    effects: Effects, guards: Guards, cached: CachedCalls, *, caller: Caller, effect: Effect, looked: Lookup
) -> tuple[ModelReply, Label]:
    """Return the reply that was found, once guards have let it go on, and its label: of the call and of the reply.

    It uses nothing. Raises ModelOutputInvalid when it goes no further; nobody gets it then any more.
    """
    hit, known = looked.hit, looked.reply
    if hit is None or known is None:
        raise AssertionError("only what was found is served")
    cached.served(caller, hit)
    label = caller.label.also_from(f"model:{effect.name}").join(known.reply_label)
    error, began = "cancelled", effects.clock.monotonic()
    output: JSON = None
    try:
        reply = reply_of(known.output, NO_USE)
        reply, label = await replied(guards, reply, label, f"the cached reply of {effect.name}")
        error, output = "", reply_json(reply)
    except ModelError as problem:
        error = problem.message
        await cached.forget(hit.key)
        raise
    else:
        return reply, label
    finally:
        await effects.recorder.record(
            EffectFinished(
                effect=effect.id,
                output=output,
                used=NO_USE,
                seconds=effects.clock.monotonic() - began,
                label=label,
                error=error,
                unknown=error == "cancelled",
                cached=hit,
            )
        )
