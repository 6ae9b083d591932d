"""Outcome tables: what each arm (a model in one configuration) answered to each question, and whether it was right.

Whether an answer is right stands apart from it. What decides is given a `Question` and an `Asking`, which hands out
the answers that it asks for and notes that they were paid; neither knows a label.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, as it is known before any arm has answered.

    id: unique in its table.  text: as the arms are given it.  kind: the type of step, "" when it is not known in
    advance.  tools: the declarations of functions that may be called, as JSON Schemas.
    """

    id: str
    text: str
    kind: str = ""
    tools: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one arm answered, and what that took. usd and seconds are None when nobody measured them."""

    arm: str
    text: str
    usd: float | None = None
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeTable:
    """What each arm answered to each question.

    answers: of each question, one of each arm, in the order of `arms`.  labels: bool, shape (questions, arms): whether
    the answer is right; for fitting and for scoring, never for a decision.  columns: what was read, file → columns.
    """

    dataset: str
    arms: tuple[str, ...]
    questions: tuple[Question, ...]
    answers: tuple[tuple[Answer, ...], ...]
    labels: NDArray[np.bool_] = field(repr=False)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __post_init__(self) -> None:
        """Check the shapes. Raises ValueError."""
        shape = (len(self.questions), len(self.arms))
        if self.labels.shape != shape or [len(row) for row in self.answers] != [shape[1]] * shape[0]:
            msg = f"{shape[0]} questions and {shape[1]} arms need as many answers and labels, not {self.labels.shape}"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Return the number of questions."""
        return len(self.questions)

    def rows(self, indices: Sequence[int] | NDArray[np.integer]) -> OutcomeTable:
        """Return the table of these questions, in this order."""
        chosen = [int(index) for index in indices]
        return OutcomeTable(
            dataset=self.dataset,
            arms=self.arms,
            questions=tuple(self.questions[index] for index in chosen),
            answers=tuple(self.answers[index] for index in chosen),
            labels=self.labels[chosen],
            columns=self.columns,
        )

    def sha256(self) -> str:
        """Return a hash of the questions, the answers and the labels, in hexadecimal: it names a training set."""
        digest = hashlib.sha256(repr((self.dataset, self.arms)).encode())
        for question, answers, right in zip(self.questions, self.answers, self.labels.tolist(), strict=True):
            said = [(answer.text, answer.usd, answer.seconds) for answer in answers]
            digest.update(repr((question.id, question.text, said, right)).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What was done about one question.

    rounds: the arms asked, those of one round at the same time.  chosen: whose answer was taken.  accepted: False when
    the answer was only the best there was.  confidence: P(correct) of the chosen answer, None when it was not judged.
    """

    rounds: tuple[tuple[str, ...], ...]
    chosen: str
    accepted: bool = True
    confidence: float | None = None


class Asking:
    """Hands out the answers to one question, and notes in which rounds they were asked for."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self.rounds: list[tuple[str, ...]] = []

    def ask(self, *arms: str) -> tuple[Answer, ...]:
        """Return the arms' answers, asked for at the same time. Raises KeyError when there is no such arm."""
        found = tuple(self._answers[arm] for arm in arms)
        self.rounds.append(arms)
        return found

    def take(self, arm: str, *, accepted: bool = True, confidence: float | None = None) -> Routed:
        """Return the decision for this arm's answer, which must have been asked for. Raises ValueError."""
        if not any(arm in asked for asked in self.rounds):
            msg = f"{arm} was not asked"
            raise ValueError(msg)
        return Routed(rounds=tuple(self.rounds), chosen=arm, accepted=accepted, confidence=confidence)


Decide: TypeAlias = Callable[[Question, Asking], Routed]
"""A router, as replay drives it: it sees the question, and those answers that it asks (and so pays) for."""


def replay(table: OutcomeTable, decide: Decide) -> tuple[Routed, ...]:
    """Return what a router does about each question of a table. It is given no label."""
    return tuple(
        decide(question, Asking({answer.arm: answer for answer in answers}))
        for question, answers in zip(table.questions, table.answers, strict=True)
    )
