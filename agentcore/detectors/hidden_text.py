"""HiddenText: characters that a person does not see, or takes for others, and text inside other encodings.

What a person who looks at a text cannot see is how instructions are smuggled past them: invisible characters (Unicode
TR36, "Unicode Security Considerations"; CVE-2021-42574 for direction marks), letters of another script that look the
same (TR39, "Confusable Detection"), and Base64, hexadecimal or percent-encoded text, also nested.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from agentcore.domain.detection import NOTHING, Detection, Span

MAX_NESTING: Final = 3
"""How many encodings in each other are taken off."""

_LOOKALIKES: Final = dict(
    zip(
        "аеорсухіѕјһԁԛԝАВЕКМНОРСТХІЅЈοανιρυκτΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxisjhdqwABEKMHOPCTXISJoavipuktABEZHIKMNOPTYX",
        strict=True,
    )
)
"""Cyrillic and Greek letters that look like Latin ones → these."""

_FOREIGN: Final = "".join(_LOOKALIKES)
_ZERO_WIDTH: Final = "\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff"

_HIDDEN: Final = {
    "CONTROL": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+"),
    # Not the marks U+200E, U+200F and U+061C, which right-to-left writing needs.
    "BIDI_CONTROL": re.compile("[\u202a-\u202e\u2066-\u2069]+"),
    # Between Latin letters and digits, or many: joiners have their uses in emoji and other scripts.
    "ZERO_WIDTH": re.compile(f"(?<=[A-Za-z0-9])[{_ZERO_WIDTH}]+(?=[A-Za-z0-9])|[{_ZERO_WIDTH}]{{3,}}"),
    # Not those that make a flag of a region.
    "TAG_CHARACTERS": re.compile("(?<!\U0001f3f4)(?<![\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"),
    "VARIATION_SELECTORS": re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}"),
    "HOMOGLYPH": re.compile(
        rf"\b(?=\w*[A-Za-z])(?=\w*[{_FOREIGN}])[A-Za-z0-9_{_FOREIGN}]+\b"  # a word of two scripts
    ),
}
_ENCODED: Final = re.compile(
    r"(?P<hex>(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){12,}(?![0-9A-Za-z]))"
    r"|(?P<base64>(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{20,}={0,2}(?![0-9A-Za-z+/_=-]))"
    r"|(?P<percent>(?:%[0-9a-fA-F]{2}[0-9A-Za-z._~-]{0,2}){6,})"
)
_ESCAPE: Final = re.compile(rb"%([0-9a-fA-F]{2})")
_READABLE: Final = re.compile(r"[\t\n\r -~]+")
_WORDS: Final = re.compile(r"[A-Za-z]{2,}[ ,.:;\n]+[A-Za-z]{1,}")


class HiddenText:
    """A Detector of text that people do not see. It is flagged whenever there is any."""

    def __init__(self) -> None:
        self.name = "hidden"
        self.version = "1"

    def detect(self, text: str) -> Detection:
        """Return where characters are hidden, and where other text is encoded."""
        spans = [
            Span(type=kind, start=found.start(), end=found.end())
            for kind, pattern in _HIDDEN.items()
            for found in pattern.finditer(text)
        ]
        spans += [Span(type="ENCODED_TEXT", start=start, end=end) for start, end, _ in decoded(text)]
        if not spans:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))))

    def replacement(self, kind: str, text: str) -> str:
        """Return the text as it is read: without what is invisible, in Latin letters where others look like them."""
        match kind:
            case "HOMOGLYPH":
                return _in_latin(text)
            case "ENCODED_TEXT":
                return "[ENCODED_TEXT]"
            case _:
                return ""


def revealed(text: str) -> str:
    """Return the text as it is read: invisible characters are gone, lookalike letters are Latin in words with both."""
    for kind, pattern in _HIDDEN.items():
        text = pattern.sub("" if kind != "HOMOGLYPH" else lambda found: _in_latin(found.group()), text)
    return text


def decoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is encoded in a text: where, from and to, and the readable text that it comes to."""
    for found in _ENCODED.finditer(text):
        plain = _plain(found, 1)
        if plain is not None:
            yield found.start(), found.end(), plain


def _in_latin(word: str) -> str:
    return "".join(_LOOKALIKES.get(letter, letter) for letter in word)


def _plain(found: re.Match[str], depth: int) -> str | None:
    """Return the readable text of something encoded; None when there is none, or it is encoded too deep."""
    try:
        match found.lastgroup:
            case "hex":
                data = bytes.fromhex(found.group())
            case "base64":
                text = found.group().rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
                data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            case _:
                data = _ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), found.group().encode())
        plain = data.decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    inner = _ENCODED.fullmatch(plain.strip())
    if inner is not None and depth < MAX_NESTING:
        return _plain(inner, depth + 1)
    return plain if _READABLE.fullmatch(plain) and _WORDS.search(plain) else None
