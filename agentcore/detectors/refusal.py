"""Refusal: whether a model says that it will not, or cannot, do what it was asked.

A refusal is no answer, however polite: what is given to the next step would be made of it. Only the beginning is
looked at, where models refuse; later, the same words are mostly reported or conditional.
"""

from __future__ import annotations

import re
from typing import Final

from agentcore.domain.detection import NOTHING, Detection, Span

OPENING_CHARACTERS: Final = 400

_DO: Final = (
    r"(?:help|assist|comply|fulfil?l|provide|answer|do that|continue|generate|create|write|share|discuss|engage"
    r"|support|participate|process|complete|give|offer|produce|respond)\b"
)
_CANNOT: Final = r"(?:can(?:'|no)t|can not|won't|will not|unable|not able|must decline|don't|do not|not designed)\b"
_SHORTLY: Final = r"\b[^.!?\n]{0,80}\b"
_PHRASES: Final = (
    rf"\bI(?:'m| am)? (?:really |very |truly )?(?:sorry|afraid|apologi[sz]e){_SHORTLY}{_CANNOT}",
    rf"\bI (?:can(?:'t|not)|can not|won't|will not|refuse to|(?:must|have to) decline to) (?:\w+ )?{_DO}",
    rf"\bI(?:'m| am) (?:unable|not able|not allowed|not permitted|not going) to (?:\w+ )?{_DO}",
    rf"\bas an? (?:AI|artificial intelligence|(?:large )?language model){_SHORTLY}{_CANNOT}",
    r"\b(?:I must|I have to|I'd have to|I need to|I'll have to) (?:respectfully )?decline\b",
    r"\b(?:this|that|your) request (?:goes|is) against (?:my|our|the) (?:guidelines|polic|principles|programming)",
    r"\b(?:it|that|this) (?:would be|is) (?:not appropriate|inappropriate|unethical) for me to\b",
    r"\bIch kann (?:dir |Ihnen |das |dabei |dazu )*(?:leider )?(?:nicht|keine)\b",
    rf"\bTut mir leid{_SHORTLY}nicht\b",
    rf"\bJe (?:suis désolée?|regrette){_SHORTLY}(?:ne peux|ne suis|impossible)\b",
    rf"\bJe ne (?:peux|suis) pas{_SHORTLY}(?:aider|répondre|fournir)",
    rf"\bLo siento{_SHORTLY}no puedo\b",
    r"\bNo puedo (?:ayudar|proporcionar|responder|cumplir)",
)
_REFUSAL: Final = re.compile("|".join(_PHRASES).replace("'", "['\u2019]"), re.IGNORECASE)


class Refusal:
    """A Detector of refusals. It is flagged when an answer begins with one."""

    def __init__(self) -> None:
        self.name = "refusal"
        self.version = "1"

    def detect(self, text: str) -> Detection:
        """Return where an answer refuses."""
        found = _REFUSAL.search(text, 0, OPENING_CHARACTERS)
        if found is None:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=(Span(type="REFUSAL", start=found.start(), end=found.end()),))
