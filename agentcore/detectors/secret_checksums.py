"""Checksums inside tokens: whether a token of the right shape was issued, and is no string that looks like one."""

from __future__ import annotations

import binascii
import string
from typing import Final

_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKSUM_DIGITS: Final = 6


def has_crc32(token: str) -> bool:
    """Say whether the last six characters are the CRC32, in base 62, of what is between them and the prefix.

    So are the tokens of GitHub and npm, `<prefix>_<thirty characters><six>`.
    """
    body = token.partition("_")[2]
    random, checksum = body[:-_CHECKSUM_DIGITS], body[-_CHECKSUM_DIGITS:]
    return bool(random) and checksum == base62_crc32(random)


def base62_crc32(text: str) -> str:
    """Return the CRC32 of an ASCII text in base 62, in six digits."""
    number = binascii.crc32(text.encode())
    digits = ""
    for _ in range(_CHECKSUM_DIGITS):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits
