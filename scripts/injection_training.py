"""Learning of the injection detector: logistic regression over each text's worst window, and its evaluation by source.

A text that attacks does so somewhere, so it is learned from its most suspicious window, and a harmless one from those
that came out worst; which these are is decided anew in each round (Andrews et al., "Support vector machines for
multiple-instance learning", 2003). The same texts give the same weights, bit for bit, on the same machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from agentcore.detectors.injection_windows import FIRST_RULE, PLACES, Reading, judged, norms, read, scaled, scores
from agentcore.detectors.ngrams import FIRST_CONCEPT

Floats = npt.NDArray[np.float64]

ROUNDS: Final = 2
STEPS: Final = 16
SOURCE_POWER: Final = 0.8
"""A source of n texts weighs n to this power: large ones count more, though not in proportion."""

UNRULED_TRUST: Final = 0.2
"""What an attack weighs in which no rule finds anything."""

L2_NGRAMS: Final = 2e-3
L2_CONCEPTS: Final = 7e-4
L2_RULES: Final = 3e-3
_NO_WORDS: Final = -20.0
_SCALE: Final = scaled(np.ones(PLACES))


@dataclass(frozen=True)
class Sample:
    """A text, taken apart. label: 1 for an attack, 0 for a harmless one.  source: where it comes from."""

    text: str
    label: int
    source: str
    reading: Reading | None


def sample(text: str, label: int, source: str) -> Sample:
    """Return a text, taken apart."""
    return Sample(text, label, source, read(text))


class _Rows:
    """Windows as rows of a sparse matrix."""

    def __init__(self) -> None:
        self.places: list[npt.NDArray[np.int32]] = []
        self.values: list[npt.NDArray[np.float32]] = []
        self.labels: list[int] = []
        self.weights: list[float] = []

    def add(self, reading: Reading, window: int, label: int, weight: float) -> None:
        start, end = reading.starts[window], reading.ends[window]
        ngrams = reading.places[(reading.owners >= start) & (reading.owners < end)]
        rules = reading.rule_places[(reading.rule_owners >= start) & (reading.rule_owners < end)]
        norm = norms(reading.starts[window : window + 1], reading.ends[window : window + 1])[0]
        self.places.append(np.concatenate([ngrams, rules]).astype(np.int32))
        self.values.append(np.concatenate([_SCALE[ngrams] / norm, np.ones(len(rules))]).astype(np.float32))
        self.labels.append(label)
        self.weights.append(weight)


def train(samples: Sequence[Sample]) -> Floats:
    """Return weights for each place, and the bias as the last."""
    weights = _weights(samples)
    learned = np.zeros(PLACES + 1)
    learned[FIRST_RULE:-1] = 1.0  # the first round looks where rules point
    worst: dict[int, set[int]] = {}
    for turn in range(ROUNDS):
        rows = _Rows()
        table = scaled(learned[:-1])
        for number, (each, weight) in enumerate(zip(samples, weights, strict=True)):
            if each.reading is None:
                continue
            odds = scores(each.reading, table, learned[-1])
            if each.label:
                rows.add(each.reading, int(np.argmax(odds)), 1, weight)
                continue
            order = range(0, len(odds), max(1, len(odds) // 6)) if turn == 0 else np.argsort(-odds, kind="stable")[:2]
            known = worst.setdefault(number, set())
            known |= {int(window) for window in list(order)[:6]}
            for window in sorted(known):
                rows.add(each.reading, window, 0, weight / len(known))
        learned = _fit(rows, learned if turn else np.zeros(PLACES + 1))
    return learned


def log_odds(each: Sample, learned: Floats) -> float:
    """Return what weights make of a text."""
    if each.reading is None:
        return _NO_WORDS
    odds = scores(each.reading, scaled(learned[:-1]), learned[-1])
    return judged(odds, len(each.reading.words.words))


def leave_source_out(samples: Sequence[Sample], extra: Sequence[Sample]) -> Floats:
    """Return each text's log-odds by weights that were learned without its source. extra: always learned from."""
    found = np.zeros(len(samples))
    for source in sorted({each.source for each in samples}):
        learned = train([*(each for each in samples if each.source != source), *extra])
        for number, each in enumerate(samples):
            if each.source == source:
                found[number] = log_odds(each, learned)
    return found


def level(odds: Floats, rate: float) -> float:
    """Return the log-odds that this share of harmless texts is above."""
    return float(np.sort(odds)[-int(rate * len(odds)) - 1])


def calibrate(odds: Floats, labels: Floats) -> tuple[float, float]:
    """Return slope and offset of a logistic curve from log-odds to probabilities, both labels weighing the same.

    Platt, "Probabilistic outputs for support vector machines", 1999; by Newton's method.
    """
    share = np.where(labels > 0, 0.5 / labels.sum(), 0.5 / (1 - labels).sum())
    matrix = np.stack([odds, np.ones(len(odds))], axis=1)
    curve = np.array([0.5, 0.0])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-np.clip(matrix @ curve, -60, 60)))
        gradient = matrix.T @ (share * (likely - labels)) + 1e-6 * curve
        hessian = (matrix * (share * likely * (1 - likely))[:, None]).T @ matrix + 1e-6 * np.eye(2)
        curve = curve - np.linalg.solve(hessian, gradient)
    return float(curve[0]), float(curve[1])


def _weights(samples: Sequence[Sample]) -> list[float]:
    counts = Counter((each.source, each.label) for each in samples)
    totals = {label: sum(count**SOURCE_POWER for (_, of), count in counts.items() if of == label) for label in (0, 1)}
    return [
        counts[each.source, each.label] ** (SOURCE_POWER - 1) / totals[each.label] * _trust(each) for each in samples
    ]


def _trust(each: Sample) -> float:
    """Return how far a label is believed: collections of attacks hold much that nobody would take for one."""
    return UNRULED_TRUST if each.label and (each.reading is None or not each.reading.rules) else 1.0


def _fit(rows: _Rows, start: Floats) -> Floats:
    places = np.concatenate(rows.places)
    values = np.concatenate(rows.values)
    counts = np.array([len(each) for each in rows.places])
    begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sign = np.where(np.array(rows.labels) > 0, -1.0, 1.0)
    share = np.array(rows.weights) / sum(rows.weights)
    penalty = np.full(PLACES + 1, L2_NGRAMS)
    penalty[FIRST_CONCEPT:FIRST_RULE] = L2_CONCEPTS
    penalty[FIRST_RULE:-1] = L2_RULES
    penalty[-1] = 0.0

    def loss(learned: Floats) -> tuple[float, Floats]:
        wrong = sign * (np.add.reduceat(learned[places] * values, begins) + learned[-1])
        slope = share * sign / (1 + np.exp(-np.clip(wrong, -60, 60)))
        gradient = penalty * learned
        gradient[:-1] += np.bincount(places, np.repeat(slope, counts) * values, PLACES)
        gradient[-1] += slope.sum()
        return float(share @ np.logaddexp(0, wrong) + 0.5 * (penalty @ (learned * learned))), gradient

    return _minimum(loss, start)


def _minimum(loss: Callable[[Floats], tuple[float, Floats]], at: Floats) -> Floats:
    """Return nearly the minimum of a convex function, by L-BFGS (Nocedal and Wright, algorithm 7.4)."""
    value, gradient = loss(at)
    history: list[tuple[Floats, Floats]] = []
    for _ in range(STEPS):
        direction = _direction(gradient, history)
        slope = float(gradient @ direction)
        step = 1.0 if history else 0.1 / max(float(np.abs(gradient).max()), 1e-9)
        while True:
            there = at - step * direction
            next_value, next_gradient = loss(there)
            if next_value <= value - 1e-4 * step * slope or step < 1e-8:
                break
            step *= 0.4
        moved, turned = there - at, next_gradient - gradient
        if moved @ turned > 1e-12:
            history = [*history[-7:], (moved, turned)]
        done = value - next_value < 1e-6 * abs(value)
        at, value, gradient = there, next_value, next_gradient
        if done:
            break
    return at


def _direction(gradient: Floats, history: list[tuple[Floats, Floats]]) -> Floats:
    direction = gradient.copy()
    steps: list[float] = []
    for moved, turned in reversed(history):
        steps.append(float(moved @ direction) / float(turned @ moved))
        direction -= steps[-1] * turned
    if history:
        moved, turned = history[-1]
        direction *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), step in zip(history, reversed(steps), strict=True):
        direction += moved * (step - float(turned @ direction) / float(turned @ moved))
    return direction
