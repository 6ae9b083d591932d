"""Whether two questions can be the same in other words: the guard in front of their resemblance as embeddings. Pure.

Embeddings that average the vectors of words hold "open orders of 2024" and "open orders of 2023" for nearly the same,
and cannot tell who did what to whom. So two questions count as one only if

- their values are the same ones in the same order: numbers, dates, names, codes, and what stands in quotation marks;
- they say no, and compare, with the same words: not, without, only, most, least, before, after …;
- all other words are the same but for their endings, for words that carry nothing (`the`, `please`), and for a few
  everyday words of which one stands for another when something is asked for (`show`, `list`, `give`);
- those words have the same order wherever a word relates one thing to another (`from`, `to`, `by`, `than` …).

That refuses many a true paraphrase, which costs a call; a wrong answer would cost more. It knows the words of English:
in another language only endings and order are its own, and texts with letters beyond ASCII must be the same word for
word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_PIECE: Final = re.compile(
    r"""
    (?P<quoted>"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w))
    |(?P<number>[-+]?[$]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?:[-/:.]\d+)*(?:st|nd|rd|th)?%?(?![\w@]))
    |(?P<code>[\w.+-]*[@#/\\_=<>&|~^*{}\[\]$%][\w.@#/\\=<>&|~^*{}\[\]$%+-]*|\w*\d\w*(?:[-.]\w+)*)
    |(?P<word>[^\W\d_]+(?:['-][^\W\d_]+)*)
    |(?P<minus>(?<=\s)[-'](?=\s))
    |(?P<sign>[^\s\w.,;:!?()"'-]+)
    """,
    re.VERBOSE,
)
_SENTENCE_ENDS: Final = frozenset(".!?:;\n")

_NUMBER_WORDS: Final = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty"""
_TELLING_WORDS: Final = """
no not never none neither nor nothing nobody nowhere without cannot except excluding excluded unless only just but
although or and xor either both all any every each some few many several most more least less fewer half double twice
once quarter third maximum minimum max min highest lowest high low higher lower largest smallest larger smaller large
small bigger big best worst better worse top bottom first last next previous latest earliest newest oldest new old
before after since until till during by between within outside inside above below over under up down increase decrease
increased decreased rise fall rose fell gain loss profit cost debit credit buy sell bought sold open closed opened
active inactive enabled disabled allowed forbidden accepted rejected paid unpaid total average mean median sum
difference ratio percent percentage share rate per today yesterday tomorrow now current currently future past ago day
week month year daily weekly monthly quarterly yearly annual hour minute second monday tuesday wednesday thursday
friday saturday sunday january february march april may june july august september october november december jan feb
mar apr jun jul aug sep sept oct nov dec true false yes same different equal unlike instead if else whether why how
when where who whom whose"""
_RELATION_WORDS: Final = """
from to of by than who whom whose that which with without between before after under over above below into onto per
for against versus vs via through if then because when while unless until and or but as not no never only except"""
_EMPTY_WORDS: Final = """
a an the please kindly me us my our i we you your could would can will shall should do does did is are was were be
been being there it its this these those have has had in on at so also then"""
_SAME_WORDS: Final = (
    ("show", "show list give tell display return find get name print present provide what whats"),
    ("compute", "compute calculate determine"),
    ("count", "count number"),
    ("total", "sum total"),
    ("average", "mean average"),
    ("largest", "largest biggest"),
)
"""Words that stand for one another when something is asked for, behind the one that is taken for all of them."""

_OPENING_WORDS: Final = "which say look check write answer use add explain"
_NAMES_TOO: Final = "may march august jan"
"""Words that are a month, or somebody, when they begin a sentence."""

_NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {word: str(number) for number, word in enumerate(_NUMBER_WORDS.split())}
)
_TELLING: Final = frozenset(_TELLING_WORDS.split())
"""Words that turn a question into another one."""

_RELATIONS: Final = frozenset(_RELATION_WORDS.split())
_EMPTY: Final = frozenset(_EMPTY_WORDS.split())
"""Words that carry nothing by themselves where two questions agree in all others."""

_SAME: Final[Mapping[str, str]] = MappingProxyType(
    {word: taken for taken, words in _SAME_WORDS for word in words.split()}
)
_OPENERS: Final = (_EMPTY | _TELLING | _RELATIONS | {*_SAME, *_OPENING_WORDS.split()}) - {*_NAMES_TOO.split()}
"""Words whose capital says only that a sentence begins."""

_PHRASES: Final = (
    (re.compile(r"\bhow many\b", re.IGNORECASE), "show count"),
    (re.compile(r"\b(the )?(total )?number of\b", re.IGNORECASE), "count"),
    (re.compile(r"(?<=\w)n't\b", re.IGNORECASE), " not"),
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a question is made of. words: all that carry something, in their order. related: whether order counts."""

    values: tuple[str, ...]
    telling: Counter[str]
    words: tuple[str, ...]
    related: bool


def same_question(one: str, other: str) -> bool:
    """Return whether nothing in two questions says that they are different ones."""
    if one == other:
        return True
    if not (one.isascii() and other.isascii()):
        return one.split() == other.split()
    first, second = _read(one), _read(other)
    if first.values != second.values or first.telling != second.telling:
        return False
    if first.related or second.related:
        return first.words == second.words
    return Counter(first.words) == Counter(second.words)


def _read(text: str) -> _Reading:
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    values: list[str] = []
    telling: Counter[str] = Counter()
    words: list[str] = []
    related = False
    for kind, piece, first in _pieces(text):
        if kind != "word":
            values.append(_value(kind, piece))
            continue
        lower = piece.lower()
        if lower in _NUMBERS:
            values.append(_NUMBERS[lower])
        elif _is_name(piece, first=first):
            values.append(piece)
        else:
            word = _SAME.get(lower, lower)
            related = related or lower in _RELATIONS
            if word in _TELLING or lower in _TELLING:
                telling[word] += 1
            if word not in _EMPTY and word != "show":
                words.append(_stem(word))
    return _Reading(values=tuple(values), telling=telling, words=tuple(words), related=related)


def _pieces(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield kind, text, and whether it begins a sentence."""
    end = 0
    for found in _PIECE.finditer(text):
        between = text[end : found.start()]
        first = end == 0 or any(sign in _SENTENCE_ENDS for sign in between)
        end = found.end()
        yield found.lastgroup or "sign", found[0], first


def _value(kind: str, piece: str) -> str:
    return piece.replace(",", "") if kind == "number" else piece


def _is_name(piece: str, *, first: bool) -> bool:
    """Return whether a word is written as a name: a capital where a sentence does not ask for one."""
    if not any(letter.isupper() for letter in piece):
        return False
    if piece == "I":
        return False
    lower = piece.lower()
    capital_only = len(piece) == 1 or piece[1:].islower()
    return not (first and capital_only and lower in _OPENERS)


def _stem(word: str) -> str:
    """Return a word without a plural's ending."""
    if word in _TELLING or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("s")
