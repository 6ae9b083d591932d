"""Windows: the stretches of a text that are judged by themselves, so that length dilutes nothing."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from agentcore.detectors.injection_context import CONTEXTS, contexts
from agentcore.detectors.injection_rules import RULES, matches
from agentcore.detectors.ngrams import FIRST_CONCEPT, FIRST_WORD, SIZE, Integers, Words, features_of, words_of

Floats = npt.NDArray[np.float64]

FAMILIES: Final = tuple(sorted({family for family, _, _ in RULES}))
FIRST_RULE: Final = SIZE
FIRST_FAMILY: Final = FIRST_RULE + len(RULES)
FIRST_CONTEXT: Final = FIRST_FAMILY + len(FAMILIES)
PLACES: Final = FIRST_CONTEXT + CONTEXTS
"""How many weights there are: those of n-grams, one for each rule, each family of rules, each kind of request."""

_FAMILY_OF: Final = tuple(FAMILIES.index(family) for family, _, _ in RULES)
_SIZES: Final = (1, 2, 4, 8)
"""How many sentences make a window."""

_LONGEST_SENTENCE: Final = 32
_LONGEST_WINDOW: Final = 72
_SHARPNESS: Final = 0.7
"""The smaller, the more does a text's score depend on all of its worst windows rather than on the one."""

_WORST: Final = 24
"""How many windows make a text's score: in a long document a planted sentence is not outvoted by all the rest."""

_LENGTH: Final = 0.25
"""What doubling a text's length costs its log-odds, over ln 2: long texts have more that looks like an attack."""

_SHORTEST_TEXT: Final = 8
_LONGEST_TEXT: Final = 256
"""Between how many words length counts: what is planted in a book shall not be lost."""

_FEWEST: Final = 6
"""A window of fewer words counts as one of so many: two words are not three times as telling as eighteen."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text taken apart.

    places, owners: n-grams, and the index of each one's word.  rule_places, rule_owners: the same of rules, their
    families, and requests.  rules: what rules found: number, from and to in the text.
    starts, ends: the windows, as words.
    """

    words: Words
    places: Integers
    owners: Integers
    rule_places: Integers
    rule_owners: Integers
    rules: list[tuple[int, int, int]]
    starts: Integers
    ends: Integers


def read(text: str) -> Reading | None:
    """Return a text taken apart; None when there is no word in it."""
    words = words_of(text)
    if not words.words:
        return None
    features = features_of(words)
    rules = list(matches(text))
    rule_places: list[int] = []
    rule_owners: list[int] = []
    latest: dict[int, int] = {}
    for number, start, _ in rules:
        owner = max(bisect_right(words.starts, start) - 1, 0)
        for place in (FIRST_RULE + number, FIRST_FAMILY + _FAMILY_OF[number]):
            if owner - latest.get(place, -_LONGEST_WINDOW) >= _LONGEST_WINDOW or owner < latest[place]:
                latest[place] = owner
                rule_places.append(place)
                rule_owners.append(owner)
    for number, owner in contexts(text, words):
        place = FIRST_CONTEXT + number
        if owner - latest.get(place, -_LONGEST_WINDOW) >= _LONGEST_WINDOW:
            latest[place] = owner
            rule_places.append(place)
            rule_owners.append(owner)
    starts, ends = _windows(words.breaks)
    return Reading(
        words,
        features.places,
        features.owners,
        np.array(rule_places, dtype=np.int64),
        np.array(rule_owners, dtype=np.int64),
        rules,
        starts,
        ends,
    )


def norms(starts: Integers, ends: Integers) -> Floats:
    """Return what a window's n-grams are divided by, so that longer windows do not have larger sums."""
    return np.sqrt(np.maximum(ends - starts, _FEWEST))


def scaled(weights: Floats) -> Floats:
    """Return weights times what one occurrence of each counts: a word has a dozen n-grams of characters."""
    out = weights.copy()
    out[:FIRST_WORD] *= 0.3
    out[FIRST_CONCEPT:FIRST_RULE] *= 1.5
    return out


def scores(reading: Reading, table: Floats, bias: float) -> Floats:
    """Return each window's log-odds. table: weights that went through `scaled`."""
    count = len(reading.words.words)
    sums = np.zeros(count + 1)
    np.cumsum(np.bincount(reading.owners, table[reading.places], count), out=sums[1:])
    total = (sums[reading.ends] - sums[reading.starts]) / norms(reading.starts, reading.ends) + bias
    if len(reading.rule_places):
        np.cumsum(np.bincount(reading.rule_owners, table[reading.rule_places], count), out=sums[1:])
        total += sums[reading.ends] - sums[reading.starts]
    return total


def pooled(odds: Floats) -> float:
    """Return a text's log-odds from its windows': a soft maximum of the worst ones.

    The more windows there are, the higher is their maximum by chance; a text that is bad throughout loses nothing.
    """
    if len(odds) > _WORST:
        odds = np.partition(odds, len(odds) - _WORST)[-_WORST:]
    top = float(odds.max())
    return top + float(np.log(np.mean(np.exp(_SHARPNESS * (odds - top))))) / _SHARPNESS


def judged(odds: Floats, words: int) -> float:
    """Return a text's log-odds from its windows' and its length. words: how many it has."""
    return pooled(odds) - _LENGTH * math.log(min(max(words, _SHORTEST_TEXT), _LONGEST_TEXT))


def _windows(breaks: list[int]) -> tuple[Integers, Integers]:
    edges = [0]
    for end in breaks[1:]:
        parts = -(-(end - edges[-1]) // _LONGEST_SENTENCE)
        begin = edges[-1]
        edges.extend(begin + (end - begin) * part // parts for part in range(1, parts + 1))
    cuts = np.array(edges, dtype=np.int64)
    starts: list[Integers] = []
    ends: list[Integers] = []
    for size in _SIZES:
        start, end = cuts[:-size], cuts[size:]
        fits = end - start <= _LONGEST_WINDOW
        starts.append(start[fits])
        ends.append(end[fits])
    return np.concatenate(starts), np.concatenate(ends)
