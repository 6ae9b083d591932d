"""Candidates: what several models answered to one question, with equal answers as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentcore.confidence.short_answer import answer_evidence, canonical_short_answer, task_evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer. length: in tokens."""

    by: str
    text: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A distinct answer.

    by: who gave it, in the order asked.  evidence: by name, all finite; the same names whoever agrees with whom.
    """

    by: tuple[str, ...]
    evidence: Mapping[str, float]


def candidates_of(kind: str, question: str, given: Sequence[Given]) -> tuple[Candidate, ...]:
    """Return the distinct answers to one question, in the order in which they first came.

    The evidence: how the question and the answer look, who gave it, who disagrees, and how long each answer is.
    """
    forms = [canonical_short_answer(kind, each.text) for each in given]
    groups: dict[str, list[int]] = {}
    for at, form in enumerate(forms):
        groups.setdefault(form, []).append(at)
    asked = task_evidence(kind, question)
    lengths = {f"length:{each.by}": math.log1p(each.length) for each in given}
    found: list[Candidate] = []
    for form, members in groups.items():
        rivals = [len(others) for other, others in groups.items() if other not in {form, ""}]
        evidence = {
            **asked,
            **answer_evidence(kind, question, given[members[0]].text, form),
            **lengths,
            **{f"by:{each.by}": float(at in members) for at, each in enumerate(given)},
            "support": float(len(members)) if form else 0.0,
            "rivals": float(len(rivals)),
            "rival_support": float(max(rivals, default=0)),
        }
        found.append(Candidate(by=tuple(given[at].by for at in members), evidence=evidence))
    return tuple(found)
