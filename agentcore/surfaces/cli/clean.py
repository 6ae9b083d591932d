"""Cleaning text for the terminal: what a model or a tool wrote must not command it, nor reorder what people read."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
_ORDERING = frozenset(
    "\u061c\u200e\u200f\u2028\u2029" + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
)
_PICTURES = 0x2400
"""Where Unicode's pictures of the control characters begin: U+241B shows an escape."""


def clean(text: str) -> str:
    """Return the text with each control, reordering or unpaired surrogate character replaced by a visible one.

    Line feeds and tabs stay. The length stays the same, and so does the width of what a terminal could show.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def one_line(text: str, width: int | None = None) -> str:
    """Return the text cleaned, on one line, and no longer than `width` characters, the last of which may be `…`."""
    line = " ".join(clean(text).split())
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def _visible(character: str) -> str:
    if character in _KEPT:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    if character in _ORDERING or unicodedata.category(character) in {"Cc", "Cs"}:
        return "\ufffd"
    return character
