"""Confidence: how likely an accepted output is right, what that is said upon, and how likely it had to be."""

from __future__ import annotations

from typing import Final, Literal

from agentcore.domain.frozen import frozen

ConfidenceSource = Literal[
    "prior", "log_probability", "self_consistency", "verifier", "deterministic", "estimator", "person"
]
"""What a confidence is said upon.

prior: what is known of the model, of this answer nothing.  log_probability: of its tokens, by length.
self_consistency: how many candidates agree.  verifier: the panel's votes.  deterministic: checks that look at what is
said, not at its form.  estimator: a fitted model over all of these.  person: somebody has decided.
"""

UNCALIBRATED: Final = "uncalibrated"
"""Instead of a calibration's version, where nothing was fitted and a declared mapping stands in."""


@frozen
class Confidence:
    """P(correct) of an output.

    p: 0 to 1, with the interval low to high.  calibration: the version of what turned evidence into it.
    threshold: the least that is accepted, None when nobody asks for any.  threshold_version: where that is from.
    hard: an output below it is never accepted without a person; else the best of several may be.
    """

    p: float
    low: float
    high: float
    source: ConfidenceSource
    calibration: str = UNCALIBRATED
    threshold: float | None = None
    threshold_version: str = ""
    hard: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is as high as it has to be."""
        return self.threshold is None or self.p >= self.threshold

    @property
    def shortfall(self) -> str:
        """Why it is not enough, in words with numbers; empty when it holds."""
        if self.threshold is None or self.holds:
            return ""
        if self.threshold > 1.0:
            return f"not confident enough: no confidence reaches the threshold ({self.threshold_version})"
        digits = next((d for d in (2, 3, 4) if round(self.p, d) < round(self.threshold, d)), 6)
        return f"not confident enough: {self.p:.{digits}f} < {self.threshold:.{digits}f}"
