"""Pii: personal data in texts, by patterns that are validated.

What has check digits counts by them alone (cards, IBANs, national numbers, wallets); what has an unmistakable form
counts by it (addresses of mailboxes, sites and machines, international telephone numbers); and what looks like any
number (accounts, passports, licences, local telephone numbers, postal codes, dates of birth) counts beside a word that
says so, in English and the larger languages of Europe. Names of people are no matter of patterns.

Types: CREDIT_CARD, IBAN_CODE, CRYPTO, PHONE_NUMBER, EMAIL_ADDRESS, DOMAIN_NAME, IP_ADDRESS, MAC_ADDRESS, US_SSN,
US_ITIN, US_PASSPORT, US_DRIVER_LICENSE, US_BANK_NUMBER, US_ROUTING_NUMBER, PASSPORT, STREET_ADDRESS, ZIP_CODE,
DATE_TIME, and the national numbers in `pii_numbers` and `pii_codes`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from agentcore.detectors.pii_addresses import addresses
from agentcore.detectors.pii_codes import codes
from agentcore.detectors.pii_context import Context
from agentcore.detectors.pii_find import POSSIBLE, Find, without_overlaps
from agentcore.detectors.pii_labelled import labelled
from agentcore.detectors.pii_network import networks
from agentcore.detectors.pii_numbers import numbers
from agentcore.detectors.pii_phones import phones
from agentcore.domain.detection import NOTHING, Detection, Span

FLAGGED_AT: Final = POSSIBLE
"""The score from which a text is flagged."""

_DIGIT: Final = re.compile(r"\d")


class Pii:
    """A Detector of personal data.

    types: only these are looked for; all when there are none.  min_score: what is less sure is left out, from 0 to 1.
    A text is flagged when something in it is at least as sure as FLAGGED_AT; its score is that of the surest.
    """

    def __init__(self, *, types: Collection[str] = (), min_score: float = FLAGGED_AT) -> None:
        self.name = "pii"
        self.version = "1"
        self._types = frozenset(types)
        self._min_score = min_score

    def detect(self, text: str) -> Detection:
        """Return where personal data is. The spans do not overlap."""
        kept = without_overlaps(find for find in _finds(text) if find.score >= self._min_score and find.score > 0)
        if self._types:
            kept = [find for find in kept if find.type in self._types]
        if not kept:
            return NOTHING
        score = max(find.score for find in kept)
        spans = tuple(Span(type=find.type, start=find.start, end=find.end) for find in kept)
        return Detection(score=score, flagged=score >= FLAGGED_AT, spans=spans)


def _finds(text: str) -> Iterator[Find]:
    context = Context(text)
    if "." in text or "@" in text or ":" in text or "-" in text:
        yield from networks(text, context)
    if _DIGIT.search(text):
        yield from numbers(text, context)
        yield from phones(text, context)
        yield from codes(text, context)
        yield from labelled(text, context)
        yield from addresses(text)
