"""What a question looks like before any answer: its words, and counts of what is on its surface.

A question may be multiple choice, with options on lines of their own (`A. ...`, `B. ...`); the options are then looked
at by themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_CHARACTERS: Final = 20_000
"""Of a text that are looked at."""

_TOKEN: Final = re.compile(r"\d+|[a-z]{2,}|\\[a-z]+|[$^=<>|_%]")
_OPTION: Final = re.compile(r"\n[A-Z]\. ")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_FORMULA: Final = re.compile(r"[\s$\\\-+.,/\d%a-zA-Z^{}()]*")
_WORD: Final = re.compile(r"[a-z']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLook:
    """words, option_words: how often each occurs; a number is `#`.  surface: counts by name, all finite."""

    words: Mapping[str, int]
    option_words: Mapping[str, int]
    surface: Mapping[str, float]


def look_at(text: str) -> QuestionLook:
    """Return what a question looks like."""
    whole = text[:MOST_CHARACTERS]
    parts = _OPTION.split(whole.removesuffix("Answer:").rstrip())
    asked, options = parts[0], parts[1:]
    return QuestionLook(
        words=_counted(asked), option_words=_counted(" ".join(options)), surface=_surface(asked, options)
    )


def _counted(text: str) -> Counter[str]:
    return Counter("#" if token.isdigit() else token for token in _TOKEN.findall(text.lower()))


def _surface(asked: str, options: Sequence[str]) -> dict[str, float]:
    lowered = asked.lower()
    words: list[str] = _WORD.findall(lowered)
    joined = " ".join(options)
    sizes = [len(option) for option in options] or [0]
    counts = {
        "characters": len(asked),
        "words": len(words),
        "options": len(options),
        "option_characters_mean": sum(sizes) / len(sizes),
        "option_characters_most": max(sizes),
        "option_characters_least": min(sizes),
        "option_characters_range": max(sizes) - min(sizes),
        "options_of_figures": sum(bool(_NUMBER.search(each) and _FORMULA.fullmatch(each)) for each in options),
        "numbers": len(_NUMBER.findall(asked)),
        "option_numbers": len(_NUMBER.findall(joined)),
        "lines": asked.count("\n"),
        "formulas": asked.count("$"),
        "commands": asked.count("\\"),
        "operators": sum(map(asked.count, "+-*/=^<>")),
        "questions": asked.count("?"),
        "blanks": asked.count("_"),
        "quotes": asked.count('"'),
        "bars": asked.count("|"),
        "negated": " not " in lowered or "NOT" in asked,
        "except": "except" in lowered,
        "true": "true" in lowered,
        "following": "following" in lowered,
        "how_many": "how many" in lowered,
        "superlative": "best" in lowered or "most" in lowered,
        "none_of": "none of" in joined.lower(),
        "all_of": "all of" in joined.lower() or "both" in joined.lower(),
        "words_unlike": len(set(words)) / max(1, len(words)),
        "word_length": sum(map(len, words)) / max(1, len(words)),
        "capitals": sum(word[:1].isupper() for word in asked.split()) / max(1, len(asked.split())),
        "digits": sum(map(asked.count, "0123456789")) / max(1, len(asked)),
        "words_shared": len(set(joined.lower().split()) & set(words)),
    }
    return {name: float(count) for name, count in counts.items()}
