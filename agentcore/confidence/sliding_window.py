"""Sliding window: a threshold of acceptance that follows the latest labels. Immutable; pure.

For each type of step the last `size` answers of known rightness are kept, with the confidence that they had. The
threshold is the lowest one at which P(accepted and wrong) is bounded by alpha: conformal risk control (Angelopoulos et
al. 2022) of the loss "accepted and wrong", which falls as the threshold rises:

    (wrong answers at or above the threshold + 1) / (n + 1)  <=  alpha

With n labels no alpha below 1 / (n + 1) can be promised; that is said, with how many more are needed. Each threshold
has a version, so that a trace tells which one decided.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentcore.confidence.drift import Drift

NOTHING_ACCEPTED = math.inf
"""The threshold that accepts no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An answer of which it is known whether it is right. confidence: P(right) as it was given, 0 to 1."""

    confidence: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowThreshold:
    """From which confidence on answers are accepted.

    version: of the window, its hash and alpha.  value: 0 to 1, or infinity: nothing is accepted.  labels: in the
    window. bound: on P(accepted and wrong).  accepts: the share of the window's answers.  more_labels: how many are
    missing until alpha can be promised at all, 0 when it can.
    """

    version: str
    alpha: float
    value: float
    labels: int
    bound: float
    accepts: float
    more_labels: int = 0

    @property
    def feasible(self) -> bool:
        """Whether alpha can be promised, and some answer be accepted."""
        return self.value < NOTHING_ACCEPTED

    def says(self) -> str:
        """Return it as people read it."""
        if self.more_labels:
            return (
                f"{self.labels} labels cannot promise alpha {self.alpha:g}: {self.more_labels} more are needed "
                f"({self.version})"
            )
        if not self.feasible:
            return f"alpha {self.alpha:g} is infeasible: the surest answers are wrong too often ({self.version})"
        return (
            f"accepted from {self.value:.3f} on: {100 * self.accepts:.0f} % of {self.labels}, "
            f"P(accepted and wrong) at most {self.bound:.3f} for alpha {self.alpha:g} ({self.version})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingWindow:
    """The last labels of one type of step. size: how many at the most.  seen: how many there have been in all."""

    alpha: float
    size: int = 500
    labels: tuple[Labelled, ...] = ()
    seen: int = 0
    drift: Drift = field(default_factory=Drift)

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha is {self.alpha}; it is a probability between 0 and 1")
        if self.size < labels_needed(self.alpha):
            raise ValueError(
                f"a window of {self.size} labels can never promise alpha {self.alpha:g}: "
                f"it takes at least {labels_needed(self.alpha)}"
            )

    def observe(self, label: Labelled) -> SlidingWindow:
        """Return the window after one more label.

        When the labels show that confidences are no longer right, those from before the change are dropped: a
        threshold that was fitted on them promises nothing.
        """
        drift = self.drift.observe(float(label.right), label.confidence)
        labels = (*self.labels, label)[-self.size :]
        if drift.last is not None:
            labels = labels[-drift.run :]
        return replace(self, labels=labels, seen=self.seen + 1, drift=drift)

    def threshold(self) -> WindowThreshold:
        """Return what follows of the labels."""
        labels = self.labels
        needed = labels_needed(self.alpha)
        value = risk_threshold(labels, self.alpha)
        wrong = sum(label.confidence >= value and not label.right for label in labels)
        accepted = sum(label.confidence >= value for label in labels)
        return WindowThreshold(
            version=self.version,
            alpha=self.alpha,
            value=value,
            labels=len(labels),
            bound=(wrong + 1) / (len(labels) + 1),
            accepts=accepted / len(labels) if labels else 0.0,
            more_labels=max(0, needed - len(labels)),
        )

    @property
    def version(self) -> str:
        """Names the labels and alpha that a threshold comes of: how many were seen, and a hash."""
        text = repr((self.alpha, self.size, [(label.confidence, label.right) for label in self.labels]))
        return f"w{self.seen}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def labels_needed(alpha: float) -> int:
    """Return with how many labels alpha can be promised, if none of those accepted is wrong."""
    return math.ceil(1.0 / alpha - 1e-9) - 1


def risk_threshold(labels: Sequence[Labelled], alpha: float) -> float:
    """Return the lowest confidence from which on answers can be accepted, infinity when there is none."""
    allowed = math.floor(alpha * (len(labels) + 1) + 1e-9) - 1
    if allowed < 0:
        return NOTHING_ACCEPTED
    value, wrong = NOTHING_ACCEPTED, 0
    ordered = sorted(labels, key=lambda label: -label.confidence)
    for place, label in enumerate(ordered):
        wrong += not label.right
        if wrong > allowed:
            break
        is_last_of_equals = place + 1 == len(ordered) or ordered[place + 1].confidence < label.confidence
        if is_last_of_equals:
            value = label.confidence
    return value
