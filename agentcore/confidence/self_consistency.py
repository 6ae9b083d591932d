"""Self-consistency: what most samples of an answer say, and how many of them (Wang et al., 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentcore.confidence.canonical_json import canonical_answer
from agentcore.confidence.proportion import wilson
from agentcore.domain.json import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """How far samples agree.

    winner: the place of the first sample of the largest class; of classes of the same size, the one that came first.
    share: of all samples that are in it, those without an answer included: they agree with nothing.
    margin: by how much of all samples it is ahead of the next class; 0 is a tie.
    interval: where the share lies with 95 % confidence, were there more samples.
    classes: the places of the samples that say the same, the largest class first.  silent: without an answer.
    """

    winner: int
    share: float
    margin: float
    interval: tuple[float, float]
    classes: tuple[tuple[int, ...], ...]
    silent: tuple[int, ...] = ()


def self_consistency(
    answers: Sequence[JSON], *, silent: Sequence[int] = (), canonical: Callable[[JSON], str] = canonical_answer
) -> Consistency | None:
    """Return how far answers agree, None when there is none.

    silent: the places of samples that failed or declined; what stands there is not looked at.
    canonical: the form in which answers are compared.
    """
    without = frozenset(silent)
    classes: dict[str, list[int]] = {}
    for place, answer in enumerate(answers):
        if place not in without:
            classes.setdefault(canonical(answer), []).append(place)
    if not classes:
        return None
    ordered = sorted(classes.values(), key=lambda places: (-len(places), places[0]))
    of, most = len(answers), len(ordered[0])
    runner_up = len(ordered[1]) if len(ordered) > 1 else 0
    return Consistency(
        winner=ordered[0][0],
        share=most / of,
        margin=(most - runner_up) / of,
        interval=wilson(most, of),
        classes=tuple(tuple(places) for places in ordered),
        silent=tuple(sorted(without)),
    )
