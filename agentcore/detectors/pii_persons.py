"""Numbers that states give to persons and firms: whether one is well formed and its check digits are right. Pure.

Each rule takes the characters without separators, letters in upper case, of the right length and alphabet.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from agentcore.detectors.pii_checksums import ddmmyy, ean, is_day, luhn, mod_11_10, verhoeff, weighted, yymmdd

_DNI: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_FINNISH: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CHINESE: Final = "10X98765432"
_IRISH: Final = "WABCDEFGHIJKLMNOPQRSTUV"
_CURP: Final = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_TAIWANESE: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_ITALIAN_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_NO_NINO: Final = frozenset({"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"})


def us_ssn(digits: str) -> bool:
    """Areas 000, 666 and from 900, group 00 and serial 0000 are not given out."""
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def us_itin(digits: str) -> bool:
    """The number starts with 9, and its fourth and fifth digits are of the groups in use."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or (90 <= group <= 99 and group != 93))


def us_routing(digits: str) -> bool:
    """A bank's number of the American Bankers Association: weights 3, 7, 1; a Federal Reserve district first."""
    district = int(digits[:2])
    given = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    return given and weighted(digits, (3, 7, 1) * 3) % 10 == 0 and int(digits) > 0


def uk_nhs(digits: str) -> bool:
    """Weights from 10 to 2, modulo 11; a check digit of 10 is not given out."""
    return (11 - weighted(digits, range(10, 1, -1)) % 11) % 11 == int(digits[9])


def uk_nino(code: str) -> bool:
    """Prefixes that are not given out are left out."""
    return code[0] not in "DFIQUV" and code[1] not in "DFIQUVO" and code[:2] not in _NO_NINO


def de_tax_id(digits: str) -> bool:
    """Of the first ten digits exactly one stands there twice or three times; ISO 7064 checks the last."""
    counts = [count for count in Counter(digits[:10]).values() if count > 1]
    return digits[0] != "0" and len(counts) == 1 and counts[0] <= 3 and mod_11_10(digits)


def fr_nir(code: str) -> bool:
    """A sex, a month, and two digits that complete the rest to a multiple of 97; Corsica counts as 19 or 18."""
    digits = code.replace("2A", "19", 1) if code[5:7] == "2A" else code.replace("2B", "18", 1)
    month = int(digits[3:5]) if digits.isdecimal() else 0
    known = 1 <= month <= 12 or 20 <= month <= 42 or month >= 50
    return code[0] in "123478" and known and 97 - int(digits[:13]) % 97 == int(digits[13:])


def es_nif(code: str) -> bool:
    """The letter is that of the number modulo 23; X, Y and Z of foreigners count as 0, 1 and 2."""
    number = code[:-1].translate({ord("X"): "0", ord("Y"): "1", ord("Z"): "2"})
    return _DNI[int(number) % 23] == code[-1]


def nl_bsn(digits: str) -> bool:
    """Weights from 9 to 2, and less the last digit, a multiple of 11."""
    return (weighted(digits, range(9, 1, -1)) - int(digits[8])) % 11 == 0 and int(digits) > 0


def pt_nif(digits: str) -> bool:
    """Weights from 9 to 2, modulo 11."""
    rest = 11 - weighted(digits, range(9, 1, -1)) % 11
    return digits[0] not in "047" and (0 if rest > 9 else rest) == int(digits[8])


def ca_sin(digits: str) -> bool:
    """Luhn; 8 is no first digit."""
    return digits[0] != "8" and luhn(digits)


def au_tfn(digits: str) -> bool:
    """A weighted sum that is a multiple of 11."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and int(digits) > 0


def au_acn(digits: str) -> bool:
    """Weights from 8 to 1, modulo 10."""
    return -weighted(digits, range(8, 0, -1)) % 10 == int(digits[8]) and int(digits) > 0


def au_abn(digits: str) -> bool:
    """The first digit less one, and a weighted sum that is a multiple of 89."""
    return digits[0] != "0" and (weighted(digits, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def au_medicare(digits: str) -> bool:
    """The ninth digit checks the eight before it."""
    return digits[0] in "23456" and weighted(digits, (1, 3, 7, 9) * 2) % 10 == int(digits[8])


def pl_pesel(digits: str) -> bool:
    """A day whose month tells the century, and weights modulo 10."""
    date = digits[:2] + f"{int(digits[2:4]) % 20:02}" + digits[4:6]
    return yymmdd(date) and -weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == int(digits[10])


def no_fodselsnummer(digits: str) -> bool:
    """A day, to which 40 is added for those who stay a while, and two check digits modulo 11."""
    date = f"{int(digits[:2]) % 40:02}" + digits[2:6]
    first = -weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return ddmmyy(date) and (first, second) == (int(digits[9]), int(digits[10]))


def be_national(digits: str) -> bool:
    """A day, and two digits that complete the rest to a multiple of 97; a 2 stands before it since 2000."""
    month, date = int(digits[2:4]) % 20, int(digits[4:6])
    key = int(digits[9:])
    return month <= 12 and date <= 31 and key in {97 - int(start + digits[:9]) % 97 for start in ("", "2")}


def ee_isikukood(digits: str) -> bool:
    """A century, a day, and weights modulo 11, tried twice. Estonia and Lithuania have the same."""
    rest = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return digits[0] in "12345678" and yymmdd(digits[1:7]) and rest == int(digits[10])


def se_personnummer(digits: str) -> bool:
    """A day, to which 60 is added for those who stay a while, and Luhn; the century may stand before it."""
    if len(digits) == 12 and digits[:2] not in {"18", "19", "20"}:
        return False
    digits = digits[-10:]
    return yymmdd(digits[:4] + f"{int(digits[4:6]) % 60:02}") and luhn(digits)


def fi_personal(code: str) -> bool:
    """A day, and a character for the number modulo 31. The sign of the century stands between."""
    number = code[:6] + code[-4:-1]
    return ddmmyy(code[:6]) and _FINNISH[int(number) % 31] == code[-1]


def dk_cpr(digits: str) -> bool:
    """A day; there is no check digit since 2007."""
    return ddmmyy(digits[:6])


def cz_birth_number(digits: str) -> bool:
    """A day, to whose month 50 or 20 is added, and a multiple of 11."""
    return cz_old_birth_number(digits) and int(digits) % 11 == 0


def cz_old_birth_number(digits: str) -> bool:
    """A day, to whose month 50 or 20 is added; nothing checks the numbers of 9 digits from before 1954."""
    month = int(digits[2:4]) % 50
    return yymmdd(digits[:2] + f"{month - 20 if month > 20 else month:02}" + digits[4:6])


def in_aadhaar(digits: str) -> bool:
    """Verhoeff; 0 and 1 are no first digits."""
    return digits[0] not in "01" and verhoeff(digits)


def br_cpf(digits: str) -> bool:
    """Two check digits modulo 11; the same digit eleven times is none."""
    first = weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    return (first, second) == (int(digits[9]), int(digits[10])) and len(set(digits)) > 1


def br_cnpj(digits: str) -> bool:
    """Two check digits modulo 11 of a firm."""
    first = weighted(digits, (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    second = weighted(digits, (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    return (first, second) == (int(digits[12]), int(digits[13])) and len(set(digits)) > 1


def tr_id(digits: str) -> bool:
    """Two check digits modulo 10."""
    each = [int(digit) for digit in digits]
    tenth = (sum(each[0:9:2]) * 7 - sum(each[1:8:2])) % 10
    return digits[0] != "0" and each[9] == tenth and each[10] == sum(each[:10]) % 10


def ro_cnp(digits: str) -> bool:
    """A sex and century, a day, a county, and weights modulo 11."""
    if not 1 <= int(digits[7:9]) <= 52:
        return False
    rest = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return digits[0] in "12345678" and yymmdd(digits[1:7]) and (1 if rest == 10 else rest) == int(digits[12])


def cl_rut(code: str) -> bool:
    """Weights from 2 to 7, over and over from the right, modulo 11; K stands for ten."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(code[:-1])))
    return "0123456789K"[-total % 11] == code[-1]


def cn_resident_id(code: str) -> bool:
    """A day, and weights modulo 11; X stands for ten."""
    rest = weighted(code, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11
    year = int(code[6:10])
    return 1850 <= year < 2100 and is_day(year, int(code[10:12]), int(code[12:14])) and _CHINESE[rest] == code[-1]


def kr_rrn(digits: str) -> bool:
    """A day, and a digit for sex and century; there is no check digit since 2020."""
    return yymmdd(digits[:6]) and digits[6] in "12345678"


def za_id(digits: str) -> bool:
    """A day, a digit for the citizenship, and Luhn."""
    return yymmdd(digits[:6]) and digits[10] in "012" and luhn(digits)


def th_tnin(digits: str) -> bool:
    """Weights from 13 to 2, modulo 11."""
    return digits[0] != "0" and (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == int(digits[12])


def ch_ahv(digits: str) -> bool:
    """The number of the country, 756, and a check digit as on barcodes."""
    return digits.startswith("756") and ean(digits)


def ie_pps(code: str) -> bool:
    """A letter for the weighted sum modulo 23, to which a second letter may add."""
    more = _IRISH.index(code[8]) * 9 if len(code) > 8 else 0
    return _IRISH[(weighted(code, range(8, 1, -1)) + more) % 23] == code[7]


def at_svnr(digits: str) -> bool:
    """A check digit in the fourth place, and a day."""
    rest = weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11
    return digits[0] != "0" and ddmmyy(digits[4:]) and rest == int(digits[3])


def bg_egn(digits: str) -> bool:
    """A day whose month tells the century, and weights modulo 11."""
    date = digits[:2] + f"{int(digits[2:4]) % 20:02}" + digits[4:6]
    return yymmdd(date) and weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def gr_amka(digits: str) -> bool:
    """A day, and Luhn."""
    return ddmmyy(digits[:6]) and luhn(digits)


def it_fiscal_code(code: str) -> bool:
    """The last letter is for the sum of the others, of which every second counts by a table of its own."""
    total = 0
    for place, character in enumerate(code[:15]):
        value = int(character) if character.isdecimal() else ord(character) - ord("A")
        total += value if place % 2 else _ITALIAN_ODD[value]
    return chr(ord("A") + total % 26) == code[15]


def sg_nric(code: str) -> bool:
    """A letter for the weighted sum modulo 11; T and G started in 2000 and add four."""
    total = weighted(code[1:], (2, 7, 6, 5, 4, 3, 2)) + (4 if code[0] in "TG" else 0)
    return ("JZIHGFEDCBA" if code[0] in "ST" else "XWUTRQPNMLK")[total % 11] == code[-1]


def tw_id(code: str) -> bool:
    """A letter that counts as two digits, and weights modulo 10."""
    area = 10 + _TAIWANESE.index(code[0])
    return (area // 10 + area % 10 * 9 + weighted(code[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def mx_curp(code: str) -> bool:
    """A day, and a digit for the weighted sum of the characters modulo 10."""
    total = sum(_CURP.index(character) * (18 - place) for place, character in enumerate(code[:17]))
    return yymmdd(code[4:10]) and str(-total % 10) == code[17]


def in_pan(code: str) -> bool:
    """The fourth letter is a kind of holder, and not all digits are zero. There is no public check."""
    return code[3] in "ABCFGHJLPT" and code[5:9] != "0000"
