"""Sliding window: a threshold of acceptance that follows the latest labels. Immutable; pure.

For each type of step the last `size` answers of known rightness are kept, with the confidence that they had. The
threshold is that of conformal risk control on them (`risk.py`). It has a version, so that a trace tells which one
decided. When the labels show that confidences are no longer right (`drift.py`), those from before the change are
dropped.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from agentcore.confidence.drift import Drift
from agentcore.confidence.risk import Threshold, conformal_threshold, labels_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An answer of which it is known whether it is right. confidence: P(right) as it was given, 0 to 1."""

    confidence: float
    right: bool


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

    def threshold(self) -> Threshold:
        """Return what follows of the labels; `warning` says when alpha is infeasible, and how many more it takes."""
        return conformal_threshold(
            [label.confidence for label in self.labels], [label.right for label in self.labels], self.alpha
        )

    def says(self) -> str:
        """Return where things stand, with the numbers."""
        found = self.threshold()
        if warning := found.warning():
            return f"{self.version}: {warning}; {self.drift.says()}"
        return (
            f"{self.version}: accepted from {found.value:.3f} on, {100 * found.accepts:.0f} % of {found.labels}, "
            f"of which {found.risk:.3f} wrong for alpha {self.alpha:g}; {self.drift.says()}"
        )

    @property
    def version(self) -> str:
        """Names the labels and alpha that a threshold comes of: how many were seen, and a hash."""
        text = repr((self.alpha, self.size, [(label.confidence, label.right) for label in self.labels]))
        return f"w{self.seen}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
