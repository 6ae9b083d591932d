"""Hashed n-grams of a text: of characters, of words, and of the concepts that its words stand for.

A feature is named by its place in a table of weights. Places come from polynomial hashes of the normalised text: from
its prefixes' hashes, that of any part follows by one subtraction, so numpy makes all n-grams at once (Karp and Rabin,
"Efficient randomized pattern-matching algorithms", 1987). Each feature belongs to one word, so what any stretch of
words comes to is a difference of running sums.

How a text looks is left out on purpose: case, accents, punctuation, digits, addresses and repetitions. They tell where
a training text comes from rather than what it wants.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from agentcore.detectors.injection_concepts import NAMES, concept

Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

CHARACTER_BITS: Final = 16
WORD_BITS: Final = 16
CONCEPT_BITS: Final = 14
FIRST_WORD: Final = 1 << CHARACTER_BITS
FIRST_CONCEPT: Final = FIRST_WORD + (1 << WORD_BITS)
SIZE: Final = FIRST_CONCEPT + (1 << CONCEPT_BITS)
"""How many places there are: those of characters, then those of words, then those of concepts."""

_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_MIXER: Final = np.uint64(0xD6E8FEB86659FD93)
_CHARACTERS: Final = (3, 5)
_REACH: Final = 8
"""How many words apart two concepts can be that belong together."""

_TOKEN: Final = re.compile(
    r"(?P<break>[.!?;\n|<>{}\[\]#*\"\u201c\u201d\u3002\uff01\uff1f]+|:(?=\s)|\s[-\u2013\u2014](?=\s))"
    r"|(?P<url>https?://\S{1,300})"
    r"|(?P<spaced>(?<![^\W_])(?:[^\W\d_][ .*_-]){3,40}[^\W\d_](?![^\W_]))"
    r"|(?P<word>[\u3040-\u30ff\u3400-\u9fff]|[^\W_]{1,32}(?:['\u2019][^\W_]{1,3}(?![^\W_]))?)(?P<at>@[\w.-]{3,80})?"
)
_LEET: Final = str.maketrans("013457", "oieast")
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text, normalised.

    starts, ends: where each is in the text.  breaks: the indices of words that begin a sentence, ascending, with 0 and
    the number of words.
    """

    words: list[str]
    starts: list[int]
    ends: list[int]
    breaks: list[int]


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a text: their places, and the index of the word that each belongs to, ascending by group."""

    places: Integers
    owners: Integers


def words_of(text: str) -> Words:
    """Return the words of a text. A word that follows itself counts once."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    breaks = [0]
    last = ""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind == "break":
            if breaks[-1] != len(words):
                breaks.append(len(words))
            continue
        word = "url" if kind == "url" else "addr" if kind == "at" else _normal(found.group())
        if word == last:
            ends[-1] = found.end()
            continue
        last = word
        words.append(word)
        starts.append(found.start())
        ends.append(found.end())
    if breaks[-1] != len(words):
        breaks.append(len(words))
    return Words(words, starts, ends, breaks)


def features_of(words: Words) -> Features:
    """Return the features of words; there is at least one word."""
    joined = f" {' '.join(words.words)} "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter(map(len, words.words), dtype=np.int64, count=len(words.words))
    after = np.cumsum(lengths + 1) + 1  # where the word after each begins
    first = after - lengths - 1
    hashing = _Prefixes(codes)
    owner = np.repeat(np.arange(len(lengths)), lengths + 1)
    places: list[Integers] = []
    owners: list[Integers] = []
    for length in _CHARACTERS:
        count = max(len(codes) - length + 1, 0)
        begin = np.arange(min(count, len(owner)))
        places.append(_place(hashing.parts(begin, begin + length), length, CHARACTER_BITS))
        owners.append(owner[begin])
    for length in (1, 2, 3):
        count = max(len(lengths) - length + 1, 0)
        parts = hashing.parts(first[:count], after[length - 1 : length - 1 + count] - 1)
        places.append(_place(parts, 16 + length, WORD_BITS) + FIRST_WORD)
        owners.append(np.arange(count))
    _add_concepts(words, places, owners)
    return Features(np.concatenate(places), np.concatenate(owners))


def _add_concepts(words: Words, places: list[Integers], owners: list[Integers]) -> None:
    """Add concepts, those that open a sentence, ordered pairs near each other, and three in a row."""
    numbers = np.fromiter(map(concept, words.words), dtype=np.int64, count=len(words.words))
    opening = np.array(words.breaks[:-1], dtype=np.int64)
    opening = opening[numbers[opening] > 0]
    at = np.flatnonzero(numbers)
    found = numbers[at]
    base = len(NAMES) + 1
    keys = [found, base + numbers[opening]]
    of = [at, opening]
    for lag in (1, 2, 3):
        near = at[lag:] - at[:-lag] <= _REACH
        pair = (found[:-lag] + 2) * base + found[lag:]
        keys.append(pair[near])
        of.append(at[:-lag][near])
        if lag == 2:
            keys.append(((pair * base) + found[1:-1])[near])
            of.append(at[:-lag][near])
    places.append(_place(np.concatenate(keys).astype(np.uint64), 32, CONCEPT_BITS) + FIRST_CONCEPT)
    owners.append(np.concatenate(of))


class _Prefixes:
    """The hashes of a text's prefixes. All arithmetic is modulo 2^64."""

    def __init__(self, codes: Hashes) -> None:
        powers = np.full(len(codes), _BASE, dtype=np.uint64)
        powers[0] = 1
        self._sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        np.cumsum(codes * np.cumprod(powers), out=self._sums[1:])
        inverse = np.full(len(codes), _INVERSE, dtype=np.uint64)
        inverse[0] = 1
        self._inverse = np.cumprod(inverse)

    def parts(self, starts: Integers, ends: Integers) -> Hashes:
        """Return the hashes of parts, the same for the same characters wherever they stand."""
        return (self._sums[ends] - self._sums[starts]) * self._inverse[starts]


def _place(hashes: Hashes, salt: int, bits: int) -> Integers:
    """Return places of hashes in a table of 2^bits."""
    mixed = (hashes + np.uint64(salt * 0x1F3D5B79)) * _MIXER
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MIXER
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def _normal(token: str) -> str:
    """Return a word in lower case without accents; digits among letters are read as the letters they stand for."""
    if not token.isalpha():
        token = "".join(letter for letter in token if letter.isalnum())
        if token.isdigit():
            return "0"
        token = _DIGIT.sub("", token.translate(_LEET))
    token = token.casefold()
    if token.isascii():
        return token
    plain = unicodedata.normalize("NFKD", token)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)) or "0"
