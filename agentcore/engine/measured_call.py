"""A measured call: a model is asked in time, and the pool is told how it went."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agentcore.domain.errors import AgentcoreError, ModelError, ModelTimeout, ModelUnavailable
from agentcore.domain.ids import ModelName
from agentcore.engine.effect import is_cancelled
from agentcore.engine.pool import ModelPool
from agentcore.ports.clock import Clock
from agentcore.ports.model import ModelReply, ModelRequest, OnText


async def measured_call(
    pool: ModelPool,
    clock: Clock,
    name: ModelName,
    request: ModelRequest,
    on_text: OnText | None,
    *,
    step: str,
    seconds_left: float | None,
) -> ModelReply:
    """Return a model's reply, and tell the pool of it, or of the failure.

    step: the step type.  seconds_left: of the run; None when it has no limit. Raises ModelError, whatever the model
    raised, except for another AgentcoreError, and for the cancelling of the task that waits.
    """
    if seconds_left is not None and seconds_left < request.seconds:
        request = replace(request, seconds=seconds_left)
    seconds = request.seconds
    started = clock.monotonic()
    pool.calling(name)
    try:
        async with asyncio.timeout(seconds):
            reply = await pool.entries[name].model.complete(request, on_text)
    except TimeoutError:
        pool.failed(name, step=step)
        raise ModelTimeout(f"{name} did not answer within {seconds:g} s") from None
    except ModelError as error:
        if error.retryable:
            wait = error.retry_after_seconds if isinstance(error, ModelUnavailable) else None
            pool.failed(name, step=step, retry_after_seconds=wait)
        else:
            pool.abandoned(name)
        raise
    except AgentcoreError:
        pool.abandoned(name)
        raise
    except asyncio.CancelledError:
        if is_cancelled():
            pool.abandoned(name)
            raise
        pool.failed(name, step=step)
        raise ModelUnavailable(f"{name} broke off its own call") from None
    except Exception as error:  # a model is foreign code: whatever it raises is its failure, not the runtime's
        pool.failed(name, step=step)
        raise ModelUnavailable(f"{name} failed: {type(error).__name__}: {error}") from error
    pool.succeeded(name, reply, clock.monotonic() - started, step=step)
    return reply
