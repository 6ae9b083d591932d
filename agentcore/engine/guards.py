"""Guards: detectors look at the texts that go through a run, and what they find stays with all that is made of them.

They never permit: a finding becomes a fact that policies ask for (`context.findings`), and may raise how confidential
a value counts as. A guard may also take out what it finds, or let the text go no further. A detector that fails or
takes too long denies, unless the project says otherwise.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from loguru import logger

from agentcore.domain.detection import NOTHING, Detection
from agentcore.domain.errors import GuardDenied
from agentcore.domain.guarding import COMING_IN, GUARD_PLACES, GuardAction, GuardPlace, OnGuardFailure
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.redaction import bracketed, redacted
from agentcore.domain.task import Task
from agentcore.domain.texts import as_one, spans_of_each, texts, with_texts
from agentcore.ports.detector import Detector, Replaces

_MOST_CONTROLS: Final = 0.1
"""The share of control characters from which on a text counts as binary."""

_ROUNDS: Final = 4
"""How often a text is looked at in order to sanitise it: what is taken out may lay something else bare."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HALF: Final = re.compile("[\ud800-\udfff]")

NOTHING_FOUND: Final = Label(confidentiality=Confidentiality.PUBLIC)
"""What a text's label is joined with in which nothing was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A detector in its place.

    at: where it looks.  raises: how confidential a text counts as, at the least, in which it has found something.
    action: what follows by itself from a finding.  seconds: how long it may take for one text.
    """

    detector: Detector
    at: frozenset[GuardPlace] = frozenset(COMING_IN)
    raises: Confidentiality | None = None
    action: GuardAction = "label"
    on_failure: OnGuardFailure = "deny"
    seconds: float = 5.0

    async def detection(self, text: str, what: str) -> Detection | None:
        """Return what the detector finds in a text, None when it fails and that counts as a finding.

        what: for messages. Raises GuardDenied when it fails and that denies.
        """
        name = self.detector.name
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.to_thread(self.detector.detect, text)
        except Exception as error:  # foreign code
            problem = f"it took more than {self.seconds:g} s" if isinstance(error, TimeoutError) else repr(error)
            if self.on_failure == "deny":
                raise GuardDenied(
                    f"the detector {name} failed on {what}: {problem}",
                    hint=f"mend it, or say what its failure means: `guards.{name}.on_failure`",
                ) from error
            logger.warning("the detector {} failed on {}: {}", name, what, problem)
            return None if self.on_failure == "flag" else NOTHING

    def replacement(self, kind: str, text: str) -> str:
        """Return what stands in the place of what it finds."""
        detector = self.detector
        return detector.replacement(kind, text) if isinstance(detector, Replaces) else bracketed(kind, text)

    def denial(self, found: Detection, what: str) -> GuardDenied:
        """Return the error that a finding is, by its types: its text must not get into messages."""
        kinds = ", ".join(dict.fromkeys(span.type for span in found.spans))
        return GuardDenied(
            f"the guard {self.detector.name} lets {what} go no further: it has found {kinds or 'what it looks for'}"
        )

    @property
    def sanitised(self) -> Label:
        """What it adds to the label of a text from which it has taken out what it found: that it did, and no more."""
        return replace(NOTHING_FOUND, findings=frozenset({f"{self.detector.name}:sanitised"}))

    def label(self, found: Detection | None) -> Label:
        """Return what a flagged detection, or a failure that counts as one (None), adds to a text's label."""
        name = self.detector.name
        kinds = [f"{name}:failed"] if found is None else [f"{name}:{span.type}" for span in found.spans]
        raised = Confidentiality.PUBLIC if self.raises is None else self.raises
        return Label(confidentiality=raised, findings=frozenset({name, *kinds}))


class Guards:
    """The guards of a project. largest_input: characters of a task, all its texts together."""

    def __init__(self, guards: Sequence[Guard] = (), *, largest_input: int = 1_000_000) -> None:
        self._largest_input = largest_input
        self._guards = tuple(guards)
        self._at: Mapping[GuardPlace, tuple[Guard, ...]] = {
            place: tuple(guard for guard in guards if place in guard.at) for place in GUARD_PLACES
        }

    def at(self, place: GuardPlace) -> tuple[Guard, ...]:
        """Return the guards that look there."""
        return self._at[place]

    @property
    def names(self) -> frozenset[str]:
        """The names of the detectors."""
        return frozenset(guard.detector.name for guard in self._guards)

    def named(self, detector: str) -> tuple[Guard, ...]:
        """Return the guards that have a detector of that name."""
        return tuple(guard for guard in self._guards if guard.detector.name == detector)

    async def task(self, task: Task) -> Task:
        """Return a task as it may go on, with what was found in it.

        Raises GuardDenied when it is too large, binary or malformed, or a guard says so.
        """
        given: JSON = [task.goal, task.inputs]
        said = list(texts(given))
        size = sum(map(len, said))
        if size > self._largest_input:
            raise GuardDenied(
                f"the task has {size:,} characters, more than {self._largest_input:,}",
                hint="shorten its inputs, let a tool read them, or raise `limits.input_characters`",
            )
        for text in said:
            if problem := malformed(text):
                raise GuardDenied(f"the task has {problem}", hint="give text: decode files before, or name them")
        value, found = await self.looked("input", given, "the task")
        if value is not given:
            goal, inputs = cast("tuple[str, JSONObject]", value)
            task = replace(task, goal=goal, inputs=inputs)
        return task if found is NOTHING_FOUND else replace(task, label=task.label.join(found))

    async def admitted(self, text: str, what: str) -> tuple[str, Label]:
        """Return a text that a tool takes in, as it may be taken in, and what was found in it. Raises GuardDenied."""
        if problem := malformed(text):
            raise GuardDenied(f"{what} has {problem}")
        value, found = await self.looked("knowledge", text, what)
        return cast("str", value), found

    async def looked(self, place: GuardPlace, value: JSON, what: str) -> tuple[JSON, Label]:
        """Return a value as it goes on, itself when nothing was taken out, and what to join its label with.

        what: for messages. Raises GuardDenied.
        """
        guards, found = self._at[place], NOTHING_FOUND
        if not guards:
            return value, found
        for _ in range(_ROUNDS):
            before = value
            for guard in guards:
                value, more = await _looked(guard, value, what)
                found = found if more is None else found.join(more)
            if value is before:
                return value, found
        raise GuardDenied(f"guards let {what} go no further: they find more in it whatever is taken out")


async def _looked(guard: Guard, value: JSON, what: str) -> tuple[JSON, Label | None]:
    """Return a value as one guard lets it go on, and what that adds to its label, None when it has found nothing."""
    text = as_one(value)
    found = await guard.detection(text, what) if text else NOTHING
    if found is not None and not found.flagged:
        return value, None
    if found is None or guard.action == "label":
        return value, guard.label(found)
    if guard.action == "deny" or not found.spans:  # where there is no place, nothing can be taken out
        raise guard.denial(found, what)
    parts = spans_of_each(value, found.spans)
    changed = [redacted(text, inside, guard.replacement) for text, inside in parts]
    return with_texts(value, iter(changed)), guard.sanitised


def malformed(text: str) -> str:
    """Return why something is no text; empty when it is one."""
    if _HALF.search(text):
        return "half of a character (a lone surrogate)"
    return "binary data in a text" if is_binary(text) else ""


def is_binary(text: str) -> bool:
    """Return whether a text holds what no writer writes."""
    return "\x00" in text or len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text)
