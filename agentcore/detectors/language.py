"""Language: whether a text is in a language that is expected.

By the script where that decides, and by function words, which make up a third of any text, in Latin script. That is
enough to say that a text is not in one of the languages that a project works in; short texts are let through.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from agentcore.domain.detection import NOTHING, Detection

_SCRIPTS: Final[Mapping[str, re.Pattern[str]]] = {
    "ru": re.compile("[\u0400-\u04ff]+"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]+"),
    "ar": re.compile("[\u0600-\u06ff\u0750-\u077f]+"),
    "he": re.compile("[\u0590-\u05ff]+"),
    "hi": re.compile("[\u0900-\u097f]+"),
    "th": re.compile("[\u0e00-\u0e7f]+"),
    "ko": re.compile("[\uac00-\ud7af\u1100-\u11ff]+"),
    "ja": re.compile("[\u3040-\u30ff]+"),
    "zh": re.compile("[\u4e00-\u9fff]+"),
}
"""Language → letters of its script; the largest of those that share one."""

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to in is that it was for on are with as his they be at this have from or had by but not "
        "what all were we when your can said there use an each which she do how their if will you he has its "
        "would please",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden "
        "aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur "
        "oder aber bitte wir",
        "fr": "le la les de des et un une du en est que pour dans qui sur pas au par plus avec ce il elle ne se "
        "sont aux ou mais nous vous leur cette ont été comme je si tout fait être son ses sans y même",
        "es": "el la los las de y en que un una es por con para del se no su al lo como más pero sus le ya o este "
        "sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos son fue",
        "it": "il lo la gli le di e un una che in per è con non si da del della dei delle al sono come più anche ma "
        "alla nel questo questa o ha se ci su dal essere loro quando molto",
        "nl": "de het een en van ik te dat die in is je niet zijn op aan met als voor er maar om hem dan zou of wat "
        "mijn men dit zo door over bij ook tot uit kan naar heeft worden deze wij",
        "pt": "o a os as de e em que um uma do da dos das no na para com por não se mais como mas ao ele foi seu "
        "sua ou quando muito já também só pelo pela até isso ela entre era depois sem mesmo aos são você",
        "pl": "i w na nie się z do to że jest o jak po co ale tak za od przez dla czy być są już tylko przy lub "
        "jego może który która które oraz ten tej tym",
    }.items()
}
_WORD: Final = re.compile(r"[^\W\d_]+")

KNOWN: Final = frozenset({*_SCRIPTS, *_WORDS})
"""The languages that can be told apart, by their ISO 639-1 codes."""

LEAST_WORDS: Final = 8
"""Fewer words say too little."""

_CLEAR: Final = 1.5
"""How much oftener the words of one language have to be met than those of the next."""


class Language:
    """A Detector of texts that are in none of the expected languages. expected: ISO 639-1 codes.

    Raises ValueError for a code that is not known.
    """

    def __init__(self, expected: Iterable[str]) -> None:
        self.name = "language"
        self.version = "1"
        self._expected = frozenset(expected)
        if unknown := sorted(self._expected - KNOWN):
            raise ValueError(f"no language {', '.join(unknown)} is known; there are {', '.join(sorted(KNOWN))}")

    def detect(self, text: str) -> Detection:
        """Return whether a text is in another language; one that cannot be told is let through."""
        language = language_of(text)
        if language is None or language in self._expected:
            return NOTHING
        return Detection(score=1.0, flagged=True)


def language_of(text: str) -> str | None:
    """Return the language that most of a text is in, as ISO 639-1; None when too little says which."""
    letters = {language: sum(map(len, pattern.findall(text))) for language, pattern in _SCRIPTS.items()}
    if letters["ja"] >= 0.1 * letters["zh"]:  # Japanese has both
        letters["ja"], letters["zh"] = letters["ja"] + letters["zh"], 0
    words = [word.casefold() for word in _WORD.findall(text)]
    foreign, most = max(letters.items(), key=lambda each: each[1])[0], max(letters.values())
    if most >= LEAST_WORDS and most > 0.5 * sum(map(len, words)):
        return foreign
    if len(words) < LEAST_WORDS:
        return None
    met = Counter({language: sum(word in known for word in words) for language, known in _WORDS.items()})
    (first, count), (_, next_count) = met.most_common(2)
    return first if count >= 2 and count >= _CLEAR * next_count else None
