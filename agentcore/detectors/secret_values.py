"""Which values are secrets, by how random they look and by what people are known to write instead."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from agentcore.detectors.secret_harmless import entropy, is_made_up, is_public, is_regular, is_weak, wordiness

JUDGED: Final = 128
"""How many characters say whether a text is random; more would take longer, and say no more."""

_HEX: Final = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LOWER: Final = re.compile(r"[a-z]")
_UPPER: Final = re.compile(r"[A-Z]")
_DIGIT: Final = re.compile(r"[0-9]")
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9\s_.-]")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z_.-]*\d{0,3}")
_JOINT: Final = re.compile(r"[_.-]")
_WORD_NUMBER: Final = re.compile(r"[A-Za-z][a-z]{3,}\d{1,4}")
_LABEL: Final = re.compile(r"[A-Za-z ]+[:*.!?]*")
_PAIR: Final = re.compile(r"[ -9;-~]{1,100}:[ -~]{3,200}")
_PRINTABLE: Final = re.compile(r"[\t\n\r -~]+")


def is_random(text: str) -> bool:
    """Say whether a text of a provider's shape is no placeholder, and not made of words."""
    text = text[:JUDGED]
    least = 2.7 if len(text) >= 20 else 2.2
    return entropy(text) >= least and not is_made_up(text) and (text.isupper() or wordiness(text) < 0.65)


def is_password(text: str) -> bool:
    """Say whether a text in the place of a password is one that somebody chose or had made."""
    if len(text) < 6 or is_made_up(text) or is_weak(text) or (is_public(text) and not text.isdigit()):
        return False
    if text.isdigit():
        return True
    classes = _classes(text)
    words = wordiness(text)
    if _LABEL.fullmatch(text) or _IDENTIFIER.fullmatch(text):
        # Not `required`, `userName` or `user_1`; but letters that make no words, and a word with a number.
        return (words < 0.7 and len(text) >= 8) or bool(_WORD_NUMBER.fullmatch(text))
    if " " in text:
        return classes >= 3 and words < 0.6
    return classes >= 2 or words < 0.4


def is_url_password(text: str) -> bool:
    """Say whether what stands before the @ of an address is a password."""
    return len(text) >= 4 and (is_password(text) or (len(text) < 6 and _classes(text) >= 2 and not is_weak(text)))


def is_token(text: str) -> bool:
    """Say whether a text in the place of a token, key or secret is one."""
    if len(text) < 10 or is_made_up(text) or is_weak(text) or (" " in text and len(text) < 40):
        return False
    if is_uuid(text):
        return True
    if is_public(text):
        return False
    words, bits, classes = wordiness(text), entropy(text), _classes(text)
    if text.isdigit() or words >= 0.5 or bits < (2.5 if len(text) < 16 else 2.9):
        return False
    if len(text) < 16:
        return classes >= 3 or (classes == 2 and bool(_DIGIT.search(text)) and words < 0.3)
    return classes >= 2 or words < 0.3


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID."""
    return bool(_UUID.fullmatch(text))


def is_key(text: str) -> bool:
    """Say whether a text that only might be a key is one: long, and random in small and capital letters and digits."""
    return (
        len(text) >= 20
        and not _HEX.fullmatch(text)
        and not _UUID.search(text)
        and len(_JOINT.findall(text)) * 10 <= len(text)  # `Generic_Hd_Mp4_16x9_5Mbps` is a name
        and bool(_DIGIT.search(text) and _UPPER.search(text) and _LOWER.search(text))
        and entropy(text) >= 3.6
        and not is_made_up(text)
        and not is_public(text)
        and wordiness(text) < 0.4
        and not _decodes(text)
    )


def is_basic(text: str) -> bool:
    """Say whether a text is the Base64 of `name:password`."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (ValueError, binascii.Error):
        return False
    return bool(_PAIR.fullmatch(plain)) and not is_made_up(plain) and not is_weak(plain.partition(":")[2])


def is_block(text: str) -> bool:
    """Say whether a block of a private key holds one: enough random characters that are no placeholder."""
    body = re.sub(r"-----[^-]*-----|\\[nr]|\s", "", text)
    return len(body) >= 40 and entropy(body) >= 3.5 and not is_regular(body) and "..." not in body


def is_any(text: str) -> bool:
    """Say that a text of this shape is always a secret."""
    return bool(text)


def _classes(text: str) -> int:
    return sum(bool(each.search(text)) for each in (_LOWER, _UPPER, _DIGIT, _SPECIAL))


def _decodes(text: str) -> bool:
    """Say whether a text is the Base64 of readable text, which is encoded and no key."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        return False
    return bool(_PRINTABLE.fullmatch(plain))
