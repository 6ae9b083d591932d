"""ActiveContent: text that does something where it is shown or run: in a browser, a terminal, a shell.

What a model says is shown to people and given to programs. OWASP LLM05 (improper output handling) is about output that
acts there: scripts, addresses that run code, pictures whose address carries data to a stranger, escapes of a terminal,
commands that fetch code and run it.
"""

from __future__ import annotations

import re
from typing import Final

from agentcore.domain.detection import NOTHING, Detection, Span

_TAGS: Final = r"script|iframe|object|embed|applet|meta\s{1,8}http-equiv"
_TO: Final = r"(?:--no-preserve-root\s{1,4})?[\"']?(?:/|~|\$HOME)[\"']?(?=\s|$|\*|;)"
_ACTING: Final = {
    "SCRIPT": re.compile(rf"<\s{{0,8}}(?:{_TAGS})\b[^<>]{{0,2000}}>?", re.IGNORECASE),
    "EVENT_HANDLER": re.compile(r"<[a-z][a-z0-9]{0,20}\s[^<>]{0,500}?\bon[a-z]{3,20}\s{0,4}=", re.IGNORECASE),
    "CODE_ADDRESS": re.compile(
        r"\b(?:javascript|vbscript)\s{0,4}:[^\s\"'<>]{0,500}[(=;.`]|\bdata:text/html\b", re.IGNORECASE
    ),
    "TERMINAL_ESCAPE": re.compile(r"\x1b[\[\]PX^_][^\x07\x1b\s]{0,200}|\x9b[0-9;?]{0,20}[@-~]"),
    "SHELL_FETCH": re.compile(
        r"\b(?:curl|wget|iwr|Invoke-WebRequest)\b[^|\n]{1,500}\|\s{0,4}(?:sudo\s{1,4})?(?:ba|z|da|k)?sh\b"
        r"|\b(?:ba|z)?sh\s{1,4}<\(\s{0,4}(?:curl|wget)\b",
    ),
    "DESTRUCTIVE_COMMAND": re.compile(
        rf"\brm\s{{1,4}}-[a-zA-Z]{{0,6}}[rR][a-zA-Z]{{0,6}}\s{{1,4}}{_TO}"
        r"|\bmkfs\.[a-z0-9]{2,8}\s{1,4}/dev/|\bdd\s[^\n]{0,200}\bof=/dev/[a-z]|:\(\)\s{0,4}\{\s{0,4}:\|:&\s{0,4}\};:"
    ),
}
_REMOTE_PICTURE: Final = re.compile(
    r"!\[[^\]\n]{0,500}\]\(\s{0,4}<?(?P<markdown>https?://[^\s)>]{1,2000})"
    r"|<\s{0,8}img\b[^<>]{0,500}?\bsrc\s{0,4}=\s{0,4}[\"']?(?P<html>https?://[^\s\"'>]{1,2000})",
    re.IGNORECASE,
)
_CARRIES: Final = re.compile(r"\?[^#]{0,200}=[^&#]{6,}|/[A-Za-z0-9+_%=-]{40,}")
"""An address that can carry what was said: a value in its query, or a long part that means nothing."""


class ActiveContent:
    """A Detector of text that acts. It is flagged whenever there is any."""

    def __init__(self) -> None:
        self.name = "active"
        self.version = "1"

    def detect(self, text: str) -> Detection:
        """Return where text would act."""
        spans = [
            Span(type=kind, start=found.start(), end=found.end())
            for kind, pattern in _ACTING.items()
            for found in pattern.finditer(text)
        ]
        spans += [
            Span(type="REMOTE_PICTURE", start=found.start(), end=found.end())
            for found in _REMOTE_PICTURE.finditer(text)
            if _CARRIES.search(found["markdown"] or found["html"])
        ]
        if not spans:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))))
