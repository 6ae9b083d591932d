"""What a provider that fails, slows down, gets dearer or worse costs, until the router has followed.

`python -m benchmarks.outage [--json]`: one agent does task after task on four models of three providers, through the
real engine, on a clock that moves by itself. After a while something happens to the provider that the router prefers.
Each event is lived through twice: with live statistics, and by what is declared alone. Shown is after how many
decisions cost, latency and quality are within a tenth of the best that is possible then, on average over the next
twenty; what they are on average from there on, probes of the failing provider included; and how many steps were lost.
Exit code 1 when it takes more than twenty decisions, does not stay so, or loses a step.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Agent, Capability, Check, Limits, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ModelTimeout, ModelUnavailable
from agentcore.domain.event import VerdictReached
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.message import Message
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.definition import Definition
from agentcore.engine.live_board import LiveBoard
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.engine.runtime import Engine
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.model import ModelReply, ModelRequest, OnText
from agentcore.routing.choose import Weights
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.fake_clock import FakeClock

BEFORE, AFTER, WINDOW = 60, 60, 20
WITHIN = 0.10
INPUT_TOKENS, OUTPUT_TOKENS = 1_000, 200
PAUSE_SECONDS = 2.0
GOAL = "Is the order complete? " * 125


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How a model really is. state: up, down (refuses at once) or hangs.  price: of what is declared."""

    provider: str
    quality: float
    usd: tuple[str, str]
    seconds: float
    right: float = 1.0
    price: float = 1.0
    state: str = "up"

    @property
    def cost(self) -> float:
        """What a call costs, in US dollars."""
        return self.price * (float(self.usd[0]) * INPUT_TOKENS + float(self.usd[1]) * OUTPUT_TOKENS) / 1e6

    def utility(self, weights: Weights) -> float:
        """What the router would make of it, if it knew everything."""
        if self.state != "up":
            return -1.0
        quality = min(self.quality, self.right)
        return weights.quality * quality - weights.cost * 100 * self.cost - weights.latency * self.seconds


START: Mapping[str, World] = {
    "alpha": World(provider="north", quality=0.90, usd=("3", "15"), seconds=1.0),
    "alpine": World(provider="north", quality=0.88, usd=("3", "15"), seconds=1.0),
    "beta": World(provider="south", quality=0.86, usd=("2.5", "12.5"), seconds=1.4),
    "gamma": World(provider="west", quality=0.60, usd=("0.2", "0.8"), seconds=0.5),
}

Change = Callable[[World], World]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happens to the models whose name, or whose provider, it is."""

    name: str
    whose: str
    change: Change

    def after(self, worlds: Mapping[str, World]) -> dict[str, World]:
        """Return the models as they are from then on."""
        return {
            name: self.change(world) if self.whose in {name, world.provider} else world
            for name, world in worlds.items()
        }


EVENTS = (
    Happening(name="outage: refuses", whose="north", change=lambda world: replace(world, state="down")),
    Happening(name="outage: hangs", whose="north", change=lambda world: replace(world, state="hangs")),
    Happening(name="10x latency", whose="north", change=lambda world: replace(world, seconds=10 * world.seconds)),
    Happening(name="5x price", whose="north", change=lambda world: replace(world, price=5.0)),
    Happening(name="silent quality drop", whose="alpha", change=lambda world: replace(world, right=0.3)),
)


class Simulated:
    """A Model that is as its world says at the moment."""

    def __init__(self, name: str, worlds: dict[str, World], clock: FakeClock, chance: Random) -> None:
        self._name, self._worlds, self._clock, self._chance = name, worlds, clock, chance

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return an answer that is right as often as it should be. Raises ModelUnavailable or ModelTimeout."""
        del on_text
        world = self._worlds[self._name]
        if world.state == "down":
            await self._clock.sleep(0.05)
            raise ModelUnavailable(f"{self._name} is down")
        seconds = world.seconds * self._chance.lognormvariate(0.0, 0.1)
        if world.state == "hangs" or seconds > request.seconds:
            await self._clock.sleep(request.seconds)
            raise ModelTimeout(f"{self._name} did not answer within {request.seconds:g} s")
        await self._clock.sleep(seconds)
        return ModelReply(
            text="yes, it is" if self._chance.random() < world.right else "maybe",
            input_tokens=INPUT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
            usd=Decimal(str(round(world.cost, 8))),
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return what every request is taken to have."""
        del messages
        return INPUT_TOKENS

    async def aclose(self) -> None:
        """Do nothing."""


class Declared(LiveBoard):
    """Statistics that nothing is noted in: the router goes by what is declared."""

    def _note(self, name: ModelName, step: str, change: object) -> None:
        del name, step, change


CLERK = Agent(
    name=AgentName("clerk"),
    instructions="Answer.",
    verification=Verification(checks=(Check(name="regex", options={"pattern": "yes"}),)),
    limits=Limits(seconds=30.0, attempts=1, escalations=3),
)
"""Each further attempt is a stronger model's, if there is one, and another one's in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One decision and what came of it. right: the share of its attempts that were accepted."""

    usd: float
    seconds: float
    right: float
    lost: bool


async def lived(happening: Happening, *, live: bool, before: int, after: int, seed: int) -> list[Done]:
    """Return the decisions from the moment on when it happens."""
    clock, chance, worlds = FakeClock(auto=True), Random(seed), dict(START)
    journal = MemoryJournal()
    pool = ModelPool(
        {
            ModelName(name): ModelEntry(
                profile=_profile(name, world), model=Simulated(name, worlds, clock, chance), service=world.provider
            )
            for name, world in worlds.items()
        },
        clock,
    )
    if not live:
        pool.board = Declared(pool.profiles, clock)
    definition = Definition(
        name="outage",
        version="0",
        snapshot="s",
        agents={CLERK.name: CLERK},
        team=Team(supervisor=CLERK.name, workers=(), answer=CLERK.name),
        limits=RunLimits(replans=0),
        budget=Budget(),
        weights=Weights(),
        checks={},
    )
    policy = PolicyEngine.load({"all.cedar": '@id("all") permit (principal, action, resource);'})
    done: list[Done] = []
    async with Engine(definition, journal=journal, clock=clock, policy=policy, pool=pool, tools={}) as engine:
        for number in range(before + after):
            if number == before:
                worlds.update(happening.after(worlds))
            began = clock.monotonic()
            run = await (await engine.start(Task(goal=GOAL))).result()
            taken = clock.monotonic() - began
            events = await journal.read(run.id)
            verdicts = [event.fact.verdict.accepted for event in events if isinstance(event.fact, VerdictReached)]
            right = sum(verdicts) / max(1, len(verdicts))
            done.append(Done(usd=float(run.used.usd), seconds=taken, right=right, lost=run.status != "succeeded"))
            await clock.sleep(PAUSE_SECONDS)
    return done[before:]


def recovered(done: Sequence[Done], best: World) -> int | None:
    """Return after how many decisions the next twenty are on average as good as the best, None when never."""
    starts = range(len(done) - WINDOW + 1)
    return next((first for first in starts if _is_good(done[first : first + WINDOW], best)), None)


def _is_good(some: Sequence[Done], best: World) -> bool:
    most, least = 1.0 + WITHIN, 1.0 - WITHIN
    return (
        statistics.mean(each.usd for each in some) <= most * best.cost
        and statistics.mean(each.seconds for each in some) <= most * best.seconds
        and statistics.mean(each.right for each in some) >= least * best.right
    )


def row(happening: Happening, *, before: int, after: int, seed: int) -> dict[str, Any]:
    """Return what an event came to, with live statistics and without."""
    worlds = happening.after(START)
    name, best = max(worlds.items(), key=lambda each: each[1].utility(Weights()))
    found: dict[str, Any] = {"event": happening.name, "best": name}
    for arm, live in (("live", True), ("declared", False)):
        done = asyncio.run(lived(happening, live=live, before=before, after=after, seed=seed))
        first = recovered(done, best)
        late = done[WINDOW if first is None else first :]
        found[arm] = {
            "decisions": first,
            "stays": _is_good(late, best),
            "lost": sum(each.lost for each in done),
            "worst_seconds": round(max(each.seconds for each in done), 1),
            "usd_of_best": round(statistics.mean(each.usd for each in late) / best.cost, 2),
            "seconds_of_best": round(statistics.mean(each.seconds for each in late) / best.seconds, 2),
            "right": round(statistics.mean(each.right for each in late), 2),
        }
    return found


def _profile(name: str, world: World) -> ModelProfile:
    return ModelProfile(
        name=ModelName(name),
        family=name,
        quality=world.quality,
        context_tokens=32_000,
        capabilities=frozenset(Capability),
        price=Price(input=Decimal(world.usd[0]), output=Decimal(world.usd[1])),
        latency_seconds=world.seconds,
    )


def main() -> int:
    """Live through all events and print what they came to; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [row(each, before=BEFORE, after=AFTER, seed=given.seed) for each in EVENTS]
    missed = [
        f"{each['event']}: {each['live']['decisions']} decisions, {each['live']['lost']} steps lost"
        for each in rows
        if each["live"]["lost"] or not each["live"]["stays"] or (each["live"]["decisions"] or 0) > WINDOW
    ]
    if given.json:
        print(json.dumps({"rows": rows, "missed": missed}, indent=2))
        return bool(missed)
    heads = ("best", 7), ("", 9), ("recovered after", 16), ("lost", 5), ("cost", 6), ("time", 6), ("right", 6)
    print(f"{'':20} " + " ".join(f"{head:>{width}}" for head, width in (*heads, ("slowest", 8))))
    for each in rows:
        for arm in ("live", "declared"):
            found = each[arm]
            after = "never" if found["decisions"] is None else f"{found['decisions']} decisions"
            first = (each["event"], each["best"]) if arm == "live" else ("", "")
            print(
                f"{first[0]:20} {first[1]:>7} {arm:>9} {after:>16} {found['lost']:>5} {found['usd_of_best']:>5.2f}x "
                f"{found['seconds_of_best']:>5.2f}x {found['right']:>6.2f} {found['worst_seconds']:>6.1f} s"
            )
    print("cost and time: of those of the best model, from there on (or after twenty); right: attempts accepted")
    for each in missed:
        print(f"missed: {each}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
