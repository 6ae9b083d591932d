"""How long it takes to choose a model, with live statistics, and to note what a call has shown.

`python -m benchmarks.decisions [--json]`: CPU time of `choose` with 4 and 8 models, of which each has been measured
for the step type and in all, and of noting an answer. Exit code 1 when a decision takes a millisecond or more at p99.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from agentcore.adapters.journal.live_codec import encode
from agentcore.domain.agent import Capability, Requirements
from agentcore.domain.ids import ModelName
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.ports.model import ModelReply
from agentcore.routing.choose import Weights, choose
from agentcore.routing.live_state import LiveState
from agentcore.routing.profile import ModelProfile, Price
from agentcore.routing.request import RouteRequest
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ScriptedModel

TARGET_MS = 1.0
SIZES = (4, 8)
STEPS = ("clerk", "writer", "reader", "judge")


def profile(number: int) -> ModelProfile:
    """Return a model that is declared a little better and dearer than the one before."""
    return ModelProfile(
        name=ModelName(f"model{number}"),
        family=f"family{number % 3}",
        quality=0.5 + number / 20,
        context_tokens=128_000,
        capabilities=frozenset({Capability.TOOLS, Capability.JSON_SCHEMA}),
        price=Price(input=Decimal(number + 1) / 4, output=Decimal(number + 1), cached_input=Decimal(number + 1) / 40),
        latency_seconds=1.0 + number / 4,
    )


def measured(count: int, clock: FakeClock, chance: Random) -> ModelPool:
    """Return models of which hundreds of calls, of several step types, have been noted."""
    entries = {each.name: ModelEntry(profile=each, model=ScriptedModel([])) for each in map(profile, range(count))}
    pool = ModelPool(entries, clock)
    for name in entries:
        for _ in range(400):
            note(pool, name, chance)
    return pool


def note(pool: ModelPool, name: ModelName, chance: Random) -> None:
    """Note an answer, and a verdict about it."""
    tokens = chance.randrange(200, 2_000)
    reply = ModelReply(text="", input_tokens=tokens, output_tokens=tokens // 4, cached_tokens=tokens // 2)
    step = chance.choice(STEPS)
    pool.succeeded(name, reply, chance.lognormvariate(0.0, 0.5), step=step)
    pool.board.judged(name, step, accepted=chance.random() < 0.9)


def milliseconds(work: Callable[[], object], times: int) -> dict[str, float]:
    """Return the CPU time of something in milliseconds: median, 99th percentile."""
    taken: list[int] = []
    for _ in range(times):
        began = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - began)
    taken.sort()
    return {name: round(taken[int(share * len(taken))] / 1e6, 4) for name, share in (("p50", 0.5), ("p99", 0.99))}


def row(count: int, times: int) -> dict[str, Any]:
    """Return what is measured with so many models."""
    clock, chance = FakeClock(), Random(count)
    pool = measured(count, clock, chance)
    profiles = list(pool.profiles.values())
    request = RouteRequest(
        requirements=Requirements(min_quality=0.5, max_latency_seconds=60.0),
        needs=frozenset({Capability.TOOLS}),
        input_tokens=1_200,
        max_output_tokens=512,
        seconds_left=300.0,
    )
    weights, now = Weights(), clock.now() + 60.0
    names = list(pool.profiles)
    state = LiveState(tallies=pool.board.own)
    return {
        "models": count,
        "choose_ms": milliseconds(
            lambda: choose(request, profiles, pool.board.of("clerk"), pool.breakers, weights=weights, now=now), times
        ),
        "note_ms": milliseconds(lambda: note(pool, chance.choice(names), chance), times // 10),
        "tell_ms": milliseconds(lambda: encode(state), times // 50),
        "told_bytes": len(encode(state)),
    }


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [row(count, given.times) for count in SIZES]
    missed = [
        f"a choice of {each['models']} models takes {each['choose_ms']['p99']} ms at p99, below {TARGET_MS} is wanted"
        for each in rows
        if each["choose_ms"]["p99"] >= TARGET_MS
    ]
    if given.json:
        print(json.dumps({"rows": rows, "missed": missed}, indent=2))
        return bool(missed)
    heads = ("choose p50, p99 (ms)", 22), ("note p50, p99 (ms)", 20), ("tell, beside (ms)", 18), ("told (kB)", 10)
    print(f"{'models':>6} " + " ".join(f"{head:>{width}}" for head, width in heads))
    for each in rows:
        shown = [f"{each[name]['p50']:.3f}, {each[name]['p99']:.3f}" for name in ("choose_ms", "note_ms", "tell_ms")]
        print(f"{each['models']:>6} {shown[0]:>22} {shown[1]:>20} {shown[2]:>18} {each['told_bytes'] / 1000:>10.1f}")
    for each in missed:
        print(f"missed: {each}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
