"""Rates: how often what policies limit was called, by this process or in a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

from agentcore.domain.decision import Decision
from agentcore.domain.obligation import Limit
from agentcore.domain.rate import wait_seconds
from agentcore.domain.task import Task
from agentcore.engine.history import History
from agentcore.ports.clock import Clock

_Key: TypeAlias = tuple[str, str, str, str]
"""A policy, a resource, for whom (`tenant`, `user` …), and who that is."""

_SWEPT: Final = 1024
"""How many counts there may be before those that have run out are forgotten."""


class Counts:
    """When calls began, for all runs of a process. They are gone with it, and other processes have their own."""

    def __init__(self) -> None:
        self._times: dict[_Key, tuple[Limit, deque[float]]] = {}
        self._most = _SWEPT

    def __len__(self) -> int:
        """Return how many counts there are."""
        return len(self._times)

    def times(self, key: _Key, limit: Limit, now: float) -> deque[float]:
        """Return when calls began that a limit counts; what is appended counts too."""
        if key not in self._times and len(self._times) >= self._most:
            self._times = {
                each: (one, times)
                for each, (one, times) in self._times.items()
                if times and times[-1] + one.seconds > now
            }
            self._most = max(_SWEPT, 2 * len(self._times))
        return self._times.setdefault(key, (limit, deque(maxlen=limit.calls)))[1]


class Rates:
    """The limits of one run's calls.

    counts: of the process, for tenants, users and agents.  history: what the run has called so far; a limit for each
    run is counted from it, and so survives the process.
    """

    def __init__(self, counts: Counts, history: History, task: Task, clock: Clock) -> None:
        self._counts = counts
        self._history = history
        self._task = task
        self._clock = clock
        self._own: dict[_Key, deque[float]] = {}

    def exceeded(self, decision: Decision) -> str:
        """Return why a call that is decided about must wait, and how long, for people; empty when it need not."""
        now = self._clock.now()
        waits = [(wait_seconds(limit, times, now), limit) for limit, times in self._of(decision, now)]
        seconds, limit = max(waits, key=lambda each: each[0], default=(0.0, None))
        if limit is None or seconds <= 0:
            return ""
        return (
            f"no more than {limit.calls} calls of {decision.resource} in {limit.seconds:g} s for each {limit.by}; "
            f"try again in {seconds:.1f} s"
        )

    def take(self, decision: Decision) -> None:
        """Count a call that begins now."""
        now = self._clock.now()
        for _, times in self._of(decision, now):
            times.append(now)

    def _of(self, decision: Decision, now: float) -> Iterator[tuple[Limit, deque[float]]]:
        """Yield each limit of a decision with the beginnings of the calls that it counts."""
        for limit in decision.obligations:
            if not isinstance(limit, Limit):
                continue
            match limit.by:
                case "run":
                    own = (limit.policy, decision.resource, "run", "")
                    yield limit, self._own.setdefault(own, self._known(limit, decision.resource))
                    continue
                case "tenant":
                    who = self._task.tenant
                case "user":
                    who = f"{self._task.tenant}/{self._task.principal}"
                case "agent":
                    who = decision.principal
            yield limit, self._counts.times((limit.policy, decision.resource, limit.by, who), limit, now)

    def _known(self, limit: Limit, resource: str) -> deque[float]:
        return deque(self._history.limited.get((limit.policy, resource), ()), maxlen=limit.calls)
