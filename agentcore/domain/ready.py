"""ReadyQueue: steps waiting for a free slot, first come, first served. Immutable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rpds import HashTrieMap

from agentcore.domain.ids import StepId


@dataclass(frozen=True, slots=True)
class ReadyQueue:
    """A persistent queue.

    tickets: ticket number → step; numbers from `head` up to, not including, `tail`, some of them removed.
    """

    tickets: HashTrieMap[int, StepId] = HashTrieMap()
    head: int = 0
    tail: int = 0

    @staticmethod
    def of(steps: Iterable[StepId]) -> ReadyQueue:
        """Return a queue of the steps in their order."""
        tickets = dict(enumerate(steps))
        return ReadyQueue(HashTrieMap(tickets), 0, len(tickets))

    def enqueue(self, step: StepId) -> ReadyQueue:
        """Return the queue with a step at its end."""
        return ReadyQueue(self.tickets.insert(self.tail, step), self.head, self.tail + 1)

    def remove(self, step: StepId) -> ReadyQueue:
        """Return the queue without a step; constant time when it stands near the front. Unchanged when absent."""
        head = self.head
        for ticket in range(self.head, self.tail):
            held = self.tickets.get(ticket)
            if held is None and ticket == head:  # gaps left by steps that overtook the first one
                head += 1
            elif held == step:
                return ReadyQueue(self.tickets.remove(ticket), ticket + 1 if ticket == head else head, self.tail)
        return self

    def __iter__(self) -> Iterator[StepId]:
        for ticket in range(self.head, self.tail):
            step = self.tickets.get(ticket)
            if step is not None:
                yield step

    def __len__(self) -> int:
        return len(self.tickets)
