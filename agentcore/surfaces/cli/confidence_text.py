"""How likely an answer is right, and which of several was taken, as text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.text import Text

from agentcore.domain.answer_candidate import AnswerCandidate
from agentcore.domain.confidence import UNCALIBRATED, Confidence
from agentcore.domain.event import AttemptFinished
from agentcore.domain.route import Candidate

_SHOWN = 60


def confidence_text(confidence: Confidence) -> str:
    """Return P(correct) with its interval, what it is said upon, and the threshold."""
    calibration = confidence.calibration
    how = UNCALIBRATED if calibration == UNCALIBRATED else f"calibrated by {calibration}"
    said = f"{likelihood(confidence.p, confidence.low, confidence.high)} by {confidence.source}, {how}"
    if confidence.threshold is None:
        return said
    if confidence.threshold > 1.0:
        return f"{said}; no threshold holds ({confidence.threshold_version})"
    sign = "≥" if confidence.holds else "<"
    return f"{said}; {sign} {confidence.threshold:.2f} ({confidence.threshold_version})"


def likelihood(p: float, low: float, high: float) -> str:
    """Return P(correct) with its interval."""
    return f"P(correct) {p:.2f} [{low:.2f}, {high:.2f}]"


def likely_text(candidate: Candidate) -> str:
    """Return how likely a model's answer was right before there was one: as fitted, else the declared quality."""
    if candidate.p_correct is None or candidate.p_low is None or candidate.p_high is None:
        return f"quality {candidate.quality:g}"
    return likelihood(candidate.p_correct, candidate.p_low, candidate.p_high)


def candidate_lines(finished: AttemptFinished, indent: str = "  ") -> Iterator[Text]:
    """Yield the answers that an attempt's output was chosen from, and why it was that one."""
    for each in finished.candidates:
        taken = each.number == finished.chosen
        line = Text.assemble(
            indent,
            (f"candidate {each.number}: ", "dim"),
            (f"{each.model or 'no model'}  {_said(each)}", "green" if taken else ""),
        )
        yield line
        yield from (Text.assemble(indent * 2, ("against: ", "dim"), (why, "red")) for why in each.rejections)
    if finished.why_chosen:
        which = f"candidate {finished.chosen}, " if finished.candidates else ""
        yield Text.assemble(indent, ("chosen: ", "dim"), which, finished.why_chosen)


def _said(each: AnswerCandidate) -> str:
    if each.error:
        return f"failed: {each.error}"
    if each.declined:
        return f"declined: {each.declined}"
    text = each.output if isinstance(each.output, str) else json.dumps(each.output, ensure_ascii=False)
    text = " ".join(text.split())
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    sure = "" if each.confidence is None else f"; {confidence_text(each.confidence)}"
    agrees = "" if each.signals.agreement is None else f"; {each.signals.agreement:.0%} of the others agree"
    return f"{shown}{agrees}{sure}"
