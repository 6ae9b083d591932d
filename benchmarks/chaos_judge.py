"""What the chaos benchmark promises, judged by the journal and by the logs of workers and sink. Only reads files.

lost: a run without its end or one of its steps, an acknowledged event that is not in the journal, a call that the
outside has seen and the journal has not.  twice: a step, an outcome or an end that is recorded twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from agentcore.domain.event import (
    AttemptFinished,
    EffectFinished,
    EffectStarted,
    Event,
    PlanAccepted,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
)
from benchmarks.chaos_desk import STEPS, answer


@dataclass(slots=True, kw_only=True)
class Death:
    """A worker that was killed. at: seconds since the epoch.  log: what it had noted."""

    at: float
    log: Path
    owner: str = ""


class TakeOver(NamedTuple):
    """From a kill to the first event of the next owner of a run that the dead one was driving."""

    died_at: float
    seconds: float


@dataclass(slots=True, kw_only=True)
class Findings:
    """What has been found; the lists are for people who look for the cause."""

    runs: int = 0
    steps: int = 0
    events: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    take_overs: list[TakeOver] = field(default_factory=list)


class Judge:
    """Takes the events of run after run."""

    def __init__(self, deaths: Sequence[Death], logs: Sequence[Path]) -> None:
        self.findings = Findings()
        self._deaths = {death.owner: death for death in deaths if _owner(death)}
        self._acknowledged = _acknowledged(logs)
        self._keys = set[str]()

    def run(self, number: int, events: Sequence[Event]) -> None:
        """Judge one run."""
        found = self.findings
        run = events[0].run
        found.runs += 1
        found.events += len(events)
        finished = Counter[str]()
        outcomes = Counter[str]()
        ends: list[RunFinished] = []
        for event in events:
            match event.fact:
                case PlanAccepted():
                    finished["plan"] += 1
                case AttemptFinished(step=step, attempt=attempt):
                    finished[step] += 1
                    if attempt != 1:
                        found.lost.append(f"{run}: attempt {attempt} of {step}")
                case EffectFinished(effect=id, unknown=False):
                    outcomes[id] += 1
                case EffectStarted(effect=effect):
                    self._keys.add(effect.key)
                case RunFinished():
                    ends.append(event.fact)
                case _:
                    pass
        found.steps += len(finished)
        found.lost += [f"{run}: no step {step}" for step in ("plan", *STEPS) if not finished[step]]
        if not ends:
            found.lost.append(f"{run}: no end")
        elif ends[0].status != "succeeded" or ends[0].answer != answer(number):
            found.lost.append(f"{run}: {ends[0].status}: {ends[0].reason or ends[0].answer}")
        found.twice += [f"{run}: {what} {count} times" for what, count in (finished + outcomes).items() if count > 1]
        if len(ends) > 1:
            found.twice.append(f"{run}: {len(ends)} ends")
        by_sequence = {event.sequence: event.at for event in events}
        for sequence, at in self._acknowledged.pop(run, {}).items():
            if by_sequence.get(sequence) != at:
                found.lost.append(f"{run}: event {sequence}, which was acknowledged")
        self._take_overs(events)

    def rest(self, received: Sequence[Mapping[str, object]]) -> None:
        """Judge what is left once all runs have been seen. received: the calls that the sink has seen."""
        self.findings.lost += [f"{run}: acknowledged, and not there" for run in self._acknowledged]
        unknown = {str(call["key"]) for call in received} - self._keys
        self.findings.lost += [f"the sink was called with {key}, and no journal knows" for key in unknown]

    def _take_overs(self, events: Sequence[Event]) -> None:
        """Note from a kill to the first event of the next owner, for a run that the dead one was driving."""
        owner, last = "", 0.0
        driven = False
        for event in events:
            fact = event.fact
            if isinstance(fact, RunResumed | RunStarted):
                death = self._deaths.get(owner)
                if driven and death is not None and last <= death.at:
                    self.findings.take_overs.append(TakeOver(death.at, event.at - death.at))
                owner, driven = fact.owner, bool(fact.owner)
            elif isinstance(fact, RunParked | RunFinished):
                driven = False
            last = event.at


def in_flight(deaths: Sequence[Death]) -> int:
    """Return how many effects were under way at the kills: started, and their outcome not acknowledged as recorded."""
    count = 0
    for death in deaths:
        started = Counter[str]()
        waiting = list[str]()  # outcomes handed over, not covered by a durable append so far
        covered: dict[str, int] = {}
        for line in death.log.read_text(encoding="utf-8").splitlines():
            kind, _, rest = line.partition(" ")
            match kind:
                case "s":
                    started[rest] += 1
                case "f":
                    waiting.append(rest)
                case "d":
                    covered[rest] = len(waiting)
                case "a":
                    upto = covered.pop(rest.partition(" ")[0], 0)
                    started.subtract(waiting[:upto])
                    del waiting[:upto]
                    covered = {number: max(0, each - upto) for number, each in covered.items()}
                case _:
                    pass
        count += sum(each for each in started.values() if each > 0)
    return count


def sink_log(path: Path) -> list[dict[str, object]]:
    """Return the calls that the sink has seen."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def duplicates(received: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """Return how often something was done twice, for an order or by a key, and how many calls were repeated."""
    mails = Counter(call["key"] for call in received if call["do"] == "mail")
    pays = Counter(call["key"] for call in received if call["do"] == "pay")
    applied = Counter((call["do"], call["order"]) for call in received if call["applied"])
    return {
        "applied_twice": sum(count - 1 for count in applied.values()),
        "unsafe_twice": sum(count - 1 for count in mails.values()),
        "idempotent_repeated": sum(count - 1 for count in pays.values()),
    }


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, 0 of nothing."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def bodies(logs: Sequence[Path]) -> Counter[str]:
    """Return how often each effect was executed, by what the workers noted before they did."""
    started = Counter[str]()
    for log in logs:
        if log.exists():
            started.update(line[2:] for line in log.read_text(encoding="utf-8").splitlines() if line[:2] == "s ")
    return started


def _owner(death: Death) -> str:
    """Read who died. Empty when it died before it had begun."""
    if death.log.exists():
        first = death.log.read_text(encoding="utf-8").partition("\n")[0]
        death.owner = first.partition(" ")[2]
    return death.owner


def _acknowledged(logs: Sequence[Path]) -> dict[str, dict[int, float]]:
    """Return run → sequence → time of the events that were said to be recorded."""
    known: dict[str, dict[int, float]] = {}
    for log in logs:
        if log.exists():
            for line in log.read_text(encoding="utf-8").splitlines():
                if line[:2] == "a ":
                    _, _, run, sequence, at = line.split(" ")
                    known.setdefault(run, {})[int(sequence)] = float(at)
    return known


def down_between(start: float, end: float, outages: Sequence[tuple[float, float]]) -> float:
    """Return how long the server was down between two moments."""
    return sum(max(0.0, min(end, up) - max(start, down)) for down, up in outages)


def near(take: TakeOver, outages: Sequence[tuple[float, float]], lease: float) -> bool:
    """Return whether the server was down from a lease before the death, when hearts beat no more, to the take-over."""
    return down_between(take.died_at - lease, take.died_at + take.seconds, outages) > 0
