"""A verified cascade over function calls: ask cheap arms, verify their answers for free, escalate when unsure.

The arms of a stage are asked at the same time. Each answer so far gets P(correct) from the evidence of free verifiers
(it can be read, fits the declaration, its arguments occur in the question, others call the same). The best one is
accepted when it is sure enough; else the next stage is asked, and the best of all answers so far is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from agentcore.confidence.agreement import agreement
from agentcore.confidence.calibration import Isotonic
from agentcore.confidence.estimator import Estimator
from agentcore.confidence.evidence import Asked, Said, beside, read_answer, read_question
from agentcore.routing.outcomes import Answer, Asking, Question, Routed

NEVER: Final = 2.0
"""A confidence that no answer has: always escalate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How answers are judged once the arms of a stage, and of those before, have answered.

    arms: asked in this stage.  estimators: P(correct) of each arm's answer so far, in the order of preference between
    equals.  calibration: of the best answer's P(correct).
    """

    arms: tuple[str, ...]
    estimators: Mapping[str, Estimator]
    calibration: Isotonic

    def as_json(self) -> dict[str, object]:
        """Return the stage as what JSON can hold."""
        return {
            "arms": list(self.arms),
            "estimators": [[arm, each.as_json()] for arm, each in self.estimators.items()],
            "calibration": self.calibration.as_json(),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Stage:
        """Return the stage of `as_json`. Raises ValueError or KeyError when it is none."""
        estimators = cast("list[tuple[str, Mapping[str, Any]]]", found["estimators"])
        return cls(
            arms=tuple(map(str, found["arms"])),
            estimators={str(arm): Estimator.from_json(each) for arm, each in estimators},
            calibration=Isotonic.from_json(found["calibration"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enough:
    """When a cascade stops.

    confidence: of each stage but the last, not calibrated: at it or above, stop.  elapsed_seconds: after so long it
    does not escalate any more, however unsure; None: however long it took.  accept: the least calibrated confidence of
    an accepted answer; one below is the best there was.  usd_per_query: what queries may cost on average, None: any;
    usd_credit: how far above that all of them together may be.
    """

    confidence: tuple[float, ...]
    elapsed_seconds: float | None = None
    accept: float = 0.0
    usd_per_query: float | None = None
    usd_credit: float = 0.0

    def as_json(self) -> dict[str, object]:
        """Return it as what JSON can hold."""
        return {
            "confidence": list(self.confidence),
            "elapsed_seconds": self.elapsed_seconds,
            "accept": self.accept,
            "usd_per_query": self.usd_per_query,
            "usd_credit": self.usd_credit,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Enough:
        """Return that of `as_json`."""
        return cls(
            confidence=tuple(map(float, found["confidence"])),
            elapsed_seconds=_optional(found["elapsed_seconds"]),
            accept=float(found["accept"]),
            usd_per_query=_optional(found["usd_per_query"]),
            usd_credit=float(found["usd_credit"]),
        )


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)


class Purse:
    """What one setting has spent so far: while it is over its pace, nothing escalates.

    Thresholds fix a cost only on average over queries like those they were fitted on; this fixes it for these.
    """

    def __init__(self, enough: Enough) -> None:
        self._per_query = enough.usd_per_query
        self._left = enough.usd_credit

    def affords(self) -> bool:
        """Return whether more may be spent now."""
        return self._per_query is None or self._left >= 0.0

    def pay(self, usd: float) -> None:
        """Take what was spent from the purse."""
        self._left -= usd

    def next_query(self) -> None:
        """Put into the purse what the next query may cost."""
        self._left += self._per_query or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The best answer so far. score: its P(correct) before calibration, which orders finer."""

    arm: str
    score: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCascade:
    """The stages in their order. `decide` with what is enough makes it a router."""

    stages: tuple[Stage, ...]

    def decide(self, question: Question, asking: Asking, enough: Enough, purse: Purse | None = None) -> Routed:
        """Return what is done about a question: it asks no more arms than it needs.

        purse: of the setting, from which each answer asked for is paid; by default one of its own.
        """
        purse = purse or Purse(enough)
        purse.next_query()
        asked = read_question(question.text, question.tools)
        said: dict[str, Said] = {}
        elapsed: float | None = 0.0
        for at, stage in enumerate(self.stages):
            answers = asking.ask(*stage.arms)
            said |= {answer.arm: read_answer(answer.text, asked) for answer in answers}
            purse.pay(sum(answer.usd or 0.0 for answer in answers))
            best = judge(stage, asked, said)
            elapsed = _later(elapsed, answers)
            late = enough.elapsed_seconds is not None and (elapsed is None or elapsed > enough.elapsed_seconds)
            stop = late or not purse.affords()
            if stop or at == len(self.stages) - 1 or best.score >= enough.confidence[at]:
                return asking.take(best.arm, accepted=best.confidence >= enough.accept, confidence=best.confidence)
        msg = "a cascade has at least one stage"
        raise ValueError(msg)


def _later(elapsed: float | None, answers: Sequence[Answer]) -> float | None:
    took = [answer.seconds for answer in answers if answer.seconds is not None]
    return elapsed + max(took) if elapsed is not None and len(took) == len(answers) else None


def judge(stage: Stage, asked: Asked, said: Mapping[str, Said]) -> Judged:
    """Return the best of the answers so far. said: of every arm that the stage has an estimator for."""
    scores = {arm: estimator.probability(evidence_of(arm, asked, said)) for arm, estimator in stage.estimators.items()}
    best = max(scores, key=scores.__getitem__)  # of equals the first
    return Judged(arm=best, score=scores[best], confidence=stage.calibration.probability(scores[best]))


def evidence_of(arm: str, asked: Asked, said: Mapping[str, Said]) -> dict[str, float]:
    """Return all evidence about an arm's answer: of the question, the answer, the others', and how far they agree."""
    one = said[arm]
    found = {f"question.{key}": value for key, value in asked.evidence.items()}
    found |= {f"answer.{key}": value for key, value in one.evidence.items()}
    others = [(name, other) for name, other in said.items() if name != arm]
    for at, (name, other) in enumerate(others):
        found |= {f"{name}.{key}": value for key, value in other.evidence.items()} if at == 0 else {}
        found |= {f"{name}.{key}": value for key, value in beside(one, other).items()}
    for at, (_, first) in enumerate(others):
        for second_name, second in others[at + 1 :]:
            agreed = agreement(first.calls, second.calls)
            found |= {f"{second_name}.others.{key}": value for key, value in agreed.items()}
    return found
