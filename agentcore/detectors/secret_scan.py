"""Secrets: tokens, keys and passwords in texts, found by the formats of their providers and by what they stand in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from agentcore.detectors.secret_context import KEYWORDS, find_named, find_random
from agentcore.detectors.secret_names import NAMES
from agentcore.detectors.secret_rule import Rule
from agentcore.detectors.secret_shapes import SHAPES
from agentcore.detectors.secret_tokens import TOKENS
from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.frozen import frozen

FLAGGED_FROM: Final = 0.5
"""The score from which a text is flagged."""

RULES: Final[tuple[Rule, ...]] = (*TOKENS, *SHAPES, *NAMES)
"""The rules of providers and shapes, the surest first."""

_GENERIC: Final = "GENERIC_SECRET"


@frozen
class _Found:
    type: str
    start: int
    end: int
    score: float
    rank: int


class Secrets:
    """A Detector of secrets. It is flagged whenever there is one that nobody allowed."""

    def __init__(self, *, allow: Sequence[re.Pattern[str]] = ()) -> None:
        """allow: what is no secret; a pattern that matches the whole of one."""
        self.name = "secrets"
        self.version = "1"
        self._allow = tuple(allow)
        by_keyword: defaultdict[str, list[tuple[int, Rule]]] = defaultdict(list)
        for rank, rule in enumerate(RULES):
            for keyword in rule.keywords:
                by_keyword[keyword].append((rank, rule))
        self._by_keyword = dict(by_keyword)

    def detect(self, text: str) -> Detection:
        """Return where the secrets of a text are, without quotes and names; its score is that of the surest one."""
        found = [each for each in _chosen(self._found(text)) if not self._allows(text[each.start : each.end])]
        if not found:
            return NOTHING
        score = max(each.score for each in found)
        spans = tuple(Span(type=each.type, start=each.start, end=each.end) for each in found)
        return Detection(score=score, flagged=score >= FLAGGED_FROM, spans=spans)

    def _allows(self, secret: str) -> bool:
        return any(pattern.fullmatch(secret) for pattern in self._allow)

    def _found(self, text: str) -> Iterator[_Found]:
        # The one letter whose small form is longer would move all that follows it.
        lowered = text.replace("\u0130", "i").lower()
        for keyword in [keyword for keyword in self._by_keyword if keyword in lowered]:
            for rank, rule in self._by_keyword[keyword]:
                yield from _matches(rule, rank, text, lowered, keyword)
        rank = len(RULES)
        for keyword in KEYWORDS:
            at = lowered.find(keyword)
            while at >= 0:
                named = find_named(text, at, keyword)
                if named is not None:
                    yield _Found(type=_GENERIC, start=named[0], end=named[1], score=named[2], rank=rank)
                at = lowered.find(keyword, at + len(keyword))
        for start, end in find_random(text):
            yield _Found(type=_GENERIC, start=start, end=end, score=0.5, rank=rank + 1)


def _matches(rule: Rule, rank: int, text: str, lowered: str, keyword: str) -> Iterator[_Found]:
    at, end = lowered.find(keyword), 0
    while at >= 0:
        for back in rule.backs:
            match = rule.pattern.match(text, at - back) if at >= back else None
            if match is None:
                continue
            # What it matches is looked at once, so that a text of nothing but keywords takes no longer than another.
            start, end = match.span("secret")
            if rule.accepts(match["secret"]):
                sure = rule.valid is None or rule.valid(match["secret"])
                yield _Found(type=rule.type, start=start, end=end, score=1.0 if sure else 0.9, rank=rank)
        at = lowered.find(keyword, max(end, at + 1))


def _chosen(found: Iterator[_Found]) -> list[_Found]:
    """Return what is found by its start, without what overlaps something that is surer, or longer."""
    chosen: list[_Found] = []
    end = 0
    for each in sorted(found, key=lambda each: (each.start, each.rank, -each.end)):
        if not chosen or each.start >= end:
            chosen.append(each)
        elif (each.score, each.end - each.start) > (chosen[-1].score, chosen[-1].end - chosen[-1].start):
            chosen[-1] = each
        else:
            continue
        end = each.end
    return chosen
