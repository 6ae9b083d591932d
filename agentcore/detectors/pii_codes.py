"""Codes of letters and digits: IBAN_CODE, CRYPTO, postcodes of Britain and Canada, and numbers of persons.

| type | form | check |
| --- | --- | --- |
| IBAN_CODE | a country's length | ISO 13616, modulo 97 |
| CRYPTO | Bitcoin, Litecoin, Dogecoin, Dash, Tron; Bech32; Ethereum | Base58Check, BCH code, none |
| UK_NINO, IN_PAN | 2 letters, 6 digits, 1 letter; 5, 4, 1 | what is given out |
| ES_NIE, SG_NRIC_FIN, TW_ID, IT_FISCAL_CODE, MX_CURP | theirs | theirs |
| ZIP_CODE | British and Canadian | none |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Final

from agentcore.detectors import pii_persons as persons
from agentcore.detectors.pii_checksums import mod_97
from agentcore.detectors.pii_context import Context, Near, Topic
from agentcore.detectors.pii_find import CERTAIN, DOUBT, LIKELY, POSSIBLE, VALID, Find
from agentcore.detectors.pii_vocabulary import words

_IBAN_LENGTHS: Final = {
    pair[:2]: int(pair[2:])
    for pair in words(
        """
        AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27
        DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28
        IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22
        MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
        SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
        """
    )
}
"""How many characters an IBAN has, by country: the registry of SWIFT."""

_IBAN: Final = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{2})")
_BASE58: Final = {c: n for n, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32: Final = {c: n for n, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_WALLET: Final = re.compile(
    r"(?<![^\W_])(?:(?P<ethereum>0x[0-9A-Fa-f]{40})"
    r"|(?P<bech32>(?:bc|ltc)1[02-9ac-hj-np-z]{11,71}|(?:BC|LTC)1[02-9AC-HJ-NP-Z]{11,71})"
    r"|(?P<base58>[13LMDAX9T][1-9A-HJ-NP-Za-km-z]{24,34}))(?![^\W_])"
)
_BASE58_VERSIONS: Final = frozenset((0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x4C, 0x41))
"""Bitcoin, Litecoin, Dogecoin, Dash and Tron."""

_Check = Callable[[str], bool]
_PERSON: Final = frozenset((Topic.NATIONAL, Topic.TAX, Topic.SSN, Topic.CARD))
_CODE: Final = re.compile(r"(?<![^\W_])[A-Za-z]{1,6}+ ?\d")
_CODES: Final[dict[int, tuple[tuple[str, re.Pattern[str], _Check, float], ...]]] = {
    letters: tuple((type, re.compile(pattern + r"(?![^\W_])"), check, alone) for type, pattern, check, alone in rules)
    for letters, rules in {
        1: (
            ("ES_NIE", r"[XYZxyz]-?\d{7}-?[A-HJ-NP-TV-Za-hj-np-tv-z]", persons.es_nif, LIKELY),
            ("SG_NRIC_FIN", r"[STFGstfg]\d{7}[A-Za-z]", persons.sg_nric, LIKELY),
            ("TW_ID", r"[A-Z][12]\d{8}", persons.tw_id, POSSIBLE),
        ),
        2: (("UK_NINO", r"(?:[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]|[a-z]{2}\d{6}[a-d])", persons.uk_nino, LIKELY),),
        4: (("MX_CURP", r"[A-Za-z]{4}\d{6}[HMhm][A-Za-z]{5}[A-Za-z0-9]\d", persons.mx_curp, VALID),),
        5: (("IN_PAN", r"(?:[A-Z]{5}\d{4}[A-Z]|[a-z]{5}\d{4}[a-z])", persons.in_pan, POSSIBLE),),
        6: (
            (
                "IT_FISCAL_CODE",
                r"[A-Za-z]{6}[\dL-NP-Vl-np-v]{2}[A-EHLMPR-Ta-ehlmpr-t][\dL-NP-Vl-np-v]{2}[A-Za-z][\dL-NP-Vl-np-v]{3}[A-Za-z]",
                persons.it_fiscal_code,
                VALID,
            ),
        ),
    }.items()
}
_POSTCODE: Final = re.compile(
    r"(?<!\w)(?:(?:[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKS-UW]|[A-HK-Y]\d[ABEHMNPRV-Y]) \d[ABD-HJLNP-UW-Z]{2})"
    r"|[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)(?!\w)"
)


def codes(text: str, context: Context) -> Iterator[Find]:
    """Yield the codes of letters and digits in a text."""
    for begun in _CODE.finditer(text):
        start = begun.start()
        letters = sum(character.isalpha() for character in begun.group())
        if letters == 2 and (end := _iban_end(text, start)):
            yield Find(CERTAIN, start, end, "IBAN_CODE")
        for type, pattern, check, alone in _CODES.get(letters, ()):
            found = pattern.match(text, start)
            if found is not None and check(found.group().replace(" ", "").replace("-", "").upper()):
                yield Find(_sure(alone, context.near(start, found.end())), start, found.end(), type)
        if letters <= 2 and (postcode := _POSTCODE.match(text, start)):
            yield Find(LIKELY, start, postcode.end(), "ZIP_CODE")
    for wallet in _WALLET.finditer(text):
        if _is_wallet(wallet):
            yield Find(VALID if wallet["ethereum"] else CERTAIN, wallet.start(), wallet.end(), "CRYPTO")


def _sure(alone: float, near: Near) -> float:
    if near.before in _PERSON or near.after in _PERSON:
        return CERTAIN
    return alone - DOUBT if near.before is Topic.OTHER and alone < VALID else alone


def _iban_end(text: str, start: int) -> int:
    """Return where the IBAN ends that starts in a place; 0 when there is none.

    Its country tells its length, so that what stands after it, even after one space, is not taken for a part of it.
    """
    if _IBAN.match(text, start) is None:
        return 0
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    code, place = "", start
    while len(code) < length:
        character = text[place : place + 1]
        if character in (" ", "-", "\u00a0") and code and text[place - 1] not in " -\u00a0":
            place += 1
            continue
        if not (character.isascii() and character.isalnum()):
            return 0
        code += character
        place += 1
    if not length or text[place : place + 1].isalnum():
        return 0
    return place if mod_97(code) else 0


def _is_wallet(found: re.Match[str]) -> bool:
    if found["ethereum"]:
        return len(set(found["ethereum"][2:].lower())) > 4
    if found["bech32"]:
        return _bech32(found["bech32"].lower())
    return _base58_check(found["base58"])


def _base58_check(code: str) -> bool:
    """Base58Check: a version, 20 bytes, and the first four bytes of their hash, twice."""
    number = 0
    for character in code:
        number = number * 58 + _BASE58[character]
    if number >= 1 << 200:
        return False
    data = number.to_bytes(25, "big")
    return data[0] in _BASE58_VERSIONS and sha256(sha256(data[:21]).digest()).digest()[:4] == data[21:]


def _bech32(code: str) -> bool:
    """BIP 173 and BIP 350: a BCH code over the prefix and the characters."""
    prefix, _, rest = code.partition("1")
    values = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_BECH32[c] for c in rest]
    state = 1
    for value in values:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                state ^= generator
    return state in (1, 0x2BC830A3)
