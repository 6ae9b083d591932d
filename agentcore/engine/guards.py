"""Guards: detectors look at what comes into a run, and what they find stays with all that is made of it.

They label and never permit: a finding becomes a fact that policies ask for (`context.findings`), and may raise how
confidential a value counts as. A detector that fails or takes too long denies, unless the project says otherwise.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from loguru import logger

from agentcore.domain.errors import GuardDenied
from agentcore.domain.guarding import GUARD_PLACES, GuardPlace, OnGuardFailure
from agentcore.domain.json import JSON
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.task import Task
from agentcore.ports.detector import Detector

_MOST_CONTROLS: Final = 0.1
"""The share of control characters from which on a text counts as binary."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HALF: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A detector in its place.

    at: where it looks.  raises: how confidential a text counts as, at the least, in which it has found something.
    seconds: how long it may take for one text.
    """

    detector: Detector
    at: frozenset[GuardPlace] = frozenset(GUARD_PLACES)
    raises: Confidentiality | None = None
    on_failure: OnGuardFailure = "deny"
    seconds: float = 5.0


class Guards:
    """The guards of a project. largest_input: characters of a task, all its texts together."""

    def __init__(self, guards: Sequence[Guard] = (), *, largest_input: int = 1_000_000) -> None:
        self._largest_input = largest_input
        self._guards = tuple(guards)
        self._at: Mapping[GuardPlace, tuple[Guard, ...]] = {
            place: tuple(guard for guard in guards if place in guard.at) for place in GUARD_PLACES
        }

    @property
    def names(self) -> frozenset[str]:
        """The names of the detectors."""
        return frozenset(guard.detector.name for guard in self._guards)

    def named(self, detector: str) -> tuple[Guard, ...]:
        """Return the guards that have a detector of that name."""
        return tuple(guard for guard in self._guards if guard.detector.name == detector)

    async def task(self, task: Task) -> Task:
        """Return a task with what was found in it. Raises GuardDenied when it is too large, binary or malformed."""
        texts = list(_texts([task.goal, task.inputs]))
        size = sum(map(len, texts))
        if size > self._largest_input:
            raise GuardDenied(
                f"the task has {size:,} characters, more than {self._largest_input:,}",
                hint="shorten its inputs, let a tool read them, or raise `limits.input_characters`",
            )
        for text in texts:
            if problem := _malformed(text):
                raise GuardDenied(f"the task has {problem}", hint="give text: decode files before, or name them")
        label = await self._looked("input", texts, task.label, "the task")
        return task if label is task.label else replace(task, label=label)

    async def labelled(self, place: GuardPlace, value: JSON, label: Label, what: str) -> Label:
        """Return the label of a value with what was found in it. what: for messages. Raises GuardDenied."""
        if not self._at[place]:
            return label
        return await self._looked(place, list(_texts(value)), label, what)

    async def _looked(self, place: GuardPlace, texts: Iterable[str], label: Label, what: str) -> Label:
        text = "\n".join(texts)
        if not text:
            return label
        for guard in self._at[place]:
            findings = await _findings(guard, text, what)
            if findings:
                raised = label.confidentiality if guard.raises is None else max(guard.raises, label.confidentiality)
                label = replace(label, findings=label.findings | findings, confidentiality=raised)
        return label


async def _findings(guard: Guard, text: str, what: str) -> frozenset[str]:
    """Return the detector's name, and with it each type that it has found; nothing when it flags nothing."""
    name = guard.detector.name
    try:
        async with asyncio.timeout(guard.seconds):
            found = await asyncio.to_thread(guard.detector.detect, text)
    except Exception as error:  # foreign code
        problem = f"it took more than {guard.seconds:g} s" if isinstance(error, TimeoutError) else repr(error)
        if guard.on_failure == "deny":
            raise GuardDenied(
                f"the detector {name} failed on {what}: {problem}",
                hint=f"mend it, or say what its failure means: `guards.{name}.on_failure`",
            ) from error
        logger.warning("the detector {} failed on {}: {}", name, what, problem)
        return frozenset({name, f"{name}:failed"}) if guard.on_failure == "flag" else frozenset()
    if not found.flagged:
        return frozenset()
    return frozenset({name, *(f"{name}:{span.type}" for span in found.spans)})


def _texts(value: JSON) -> Iterator[str]:
    """Yield all texts in a value, the keys of objects included."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, inner in value.items():
                yield key
                yield from _texts(inner)
        case bool() | int() | float() | None:
            return
        case _:
            for inner in value:
                yield from _texts(inner)


def _malformed(text: str) -> str:
    """Return why something is no text; empty when it is one."""
    if _HALF.search(text):
        return "half of a character (a lone surrogate)"
    if "\x00" in text or len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        return "binary data in a text"
    return ""
