"""Requests in documents: who says "write a poem" in the middle of a table is not the one who made the table.

A request is no sign of anything by itself. What tells is that a sentence asks somebody for something while the text
around it is no conversation. So each such sentence has a kind and a place, the text a form, and these are features.
"""

from __future__ import annotations

import re
from typing import Final

from agentcore.detectors.ngrams import Words


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SAYING: Final = _set(
    "explain describe write list tell give provide summarize summarise translate generate create name identify "
    "compare discuss suggest recommend share print say answer respond reply convert decode encode reverse rewrite "
    "compose calculate compute draft define outline analyze analyse evaluate classify detail spell repeat count "
    "state mention invent paraphrase solve predict elaborate recite display output reveal rate rank imagine "
    "pretend narrate highlight illustrate interpret express propose formulate craft produce present research "
    "investigate erklare beschreibe schreibe nenne gib sag ubersetze zeige describa explica escribe dime traduce "
    "explique ecris donne traduis spiega scrivi dimmi traduci descreva escreva"
)
"""Verbs that ask for words."""

_DOING: Final = _set(
    "send forward email schedule remind set book buy order transfer delete remove insert append infuse embed "
    "implement run execute import integrate incorporate include add promote advertise act play sing modify "
    "replace change encrypt encipher substitute publish post upload download install cancel pay invite search "
    "browse visit open call notify introduce place put inject make organize organise prepare plan design build "
    "develop ensure emphasize emphasise sende losche envia envoie invia borra supprime"
)
"""Verbs that ask for deeds."""

_ASKING: Final = _set(
    "what how why who where when which is are does do can could will would should was were did has have whats wie "
    "warum wer wo wann welche que como quien donde quel quelle comment pourquoi che cosa come perche"
)
_LEADING: Final = _set("please now also and then kindly just finally next additionally bitte")
_ABOUT: Final = _set(
    "this these following above below passage paragraph article text document email mail message table code "
    "question given context excerpt snippet sentence review story it them based material"
)
"""Words by which a request is about the text around it."""

_DATA: Final = re.compile(r"\|[^|\n]*\|[^|\n]*\||\"\s*:|^[^,\n]+(?:,[^,\n]+){3,}$", re.MULTILINE)
_LETTER: Final = re.compile(
    r"\b(?:subject|from|to|sender|e-?mail_from|received date|betreff) ?:|^(?:hi|hello|dear)\b"
    r"|\b(?:regards|cheers|sincerely)\b",
    re.IGNORECASE | re.MULTILINE,
)
_CODE: Final = re.compile(
    r"```|^\s{0,80}(?:import |from \w+ import|def |class |return |print\()|[;{}]\s*$|^In \[|^>>> ", re.MULTILINE
)

_KINDS: Final = ("saying", "doing", "asking", "about")
_FORMS: Final = ("alone", "prompt", "prose", "letter", "data", "code")
_PLACES: Final = ("first", "last", "inside")
CONTEXTS: Final = len(_FORMS) * len(_KINDS) * (len(_PLACES) + 1)
"""How many features there are: each kind in each form, and each of these in each place."""

_AROUND: Final = 30
"""How many words must be around a sentence for them to be a document."""

_MANY: Final = 0.34
"""A text of which more sentences than this share are requests is a prompt."""


def contexts(text: str, words: Words) -> list[tuple[int, int]]:
    """Return the features of a text's requests, each with the index of the word at which its sentence begins."""
    breaks = words.breaks
    last = len(breaks) - 2
    found = [(number, kind) for number in range(last + 1) if (kind := _kind(text, words, number)) is not None]
    if not found:
        return []
    size = len(words.words)
    form = "prompt" if len(found) > _MANY * (last + 1) and last > 1 else _form(text)
    features: list[tuple[int, int]] = []
    for number, kind in found:
        alone = size - (breaks[number + 1] - breaks[number]) < _AROUND
        pair = _FORMS.index("alone" if alone else form) * len(_KINDS) + kind
        place = 0 if number == 0 else 1 if number == last else 2
        features.append((pair, breaks[number]))
        features.append((len(_FORMS) * len(_KINDS) * (1 + place) + pair, breaks[number]))
    return features


def _kind(text: str, words: Words, sentence: int) -> int | None:
    """Return what kind of request a sentence is; None for none."""
    begin, end = words.breaks[sentence], words.breaks[sentence + 1]
    if end - begin < 2:  # headings and cells
        return None
    at = begin
    while at < end - 1 and words.words[at] in _LEADING:
        at += 1
    word = words.words[at]
    if word in _SAYING:
        kind = 0
    elif word in _DOING:
        kind = 1
    elif "?" in text[words.ends[end - 1] : words.ends[end - 1] + 2] and (word in _ASKING or end - at > 2):
        kind = 2
    else:
        return None
    return 3 if any(word in _ABOUT for word in words.words[at + 1 : min(end, at + 24)]) else kind


def _form(text: str) -> str:
    head = text[:20_000]
    if len(_CODE.findall(head)) > 1:
        return "code"
    if len(_DATA.findall(head)) > 1:
        return "data"
    return "letter" if len(_LETTER.findall(head)) > 1 else "prose"
