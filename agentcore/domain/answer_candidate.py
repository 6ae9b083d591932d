"""AnswerCandidate: one of several answers that an attempt has made, with the evidence for and against it."""

from __future__ import annotations

from dataclasses import field

from agentcore.domain.confidence import Confidence
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import EffectId, ModelName
from agentcore.domain.json import JSON


@frozen
class Signals:
    """What is known of an answer before anybody is asked about it.

    passed: every check held; None when there was none.  sound: a check that looks at what is said held (see
    `SUBSTANTIVE`), not only its form.  agreement: the share of the other answers that say the same; None without
    others.  voices: how many answers that is among, this one included.  grounded: the share of its figures that stand
    in the evidence; None when it has none.  log_probability: the mean of its tokens', None when the model gives none.
    in_favour: the share of the panel that accepts; None when it was not asked.  unused_figures: how many figures of
    the task the answer leaves out, each of which might have been meant instead of one that it states; None when it
    states none, and in records of before.
    """

    passed: bool | None = None
    sound: bool = False
    agreement: float | None = None
    voices: int = 1
    grounded: float | None = None
    log_probability: float | None = None
    output_tokens: int = 0
    finish: str = ""
    in_favour: float | None = None
    unused_figures: int | None = None


@frozen
class AnswerCandidate:
    """One answer.

    number: 0 is the first.  error: why there is none.  rejections: what checks have against it.
    confidence: before the panel is asked.
    """

    number: int
    model: ModelName | None = None
    output: JSON = None
    error: str = ""
    declined: str = ""
    rejections: tuple[str, ...] = ()
    signals: Signals = field(default_factory=Signals)
    confidence: Confidence | None = None


def attempt_part(attempt: int, candidate: int) -> str:
    """Return how an attempt's candidate is named in the ids of its effects; the first one like the attempt."""
    return f"{attempt}+{candidate}" if candidate else str(attempt)


def candidate_of(id: EffectId) -> int:
    """Return which candidate of its attempt an effect belongs to."""
    parts = id.split("/")
    number = parts[2].partition("+")[2] if len(parts) > 2 else ""  # PLANS/STEP/ATTEMPT/…
    return int(number) if number.isdigit() else 0
