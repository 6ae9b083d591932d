"""Check digits: the rules by which numbers of cards, accounts and persons can be told from other numbers. Pure.

Each takes the characters without separators, letters in upper case, of the right length and alphabet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_PERMUTATION: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _turned(a: int, b: int) -> int:
    """Multiply two elements of the dihedral group D5: 0 to 4 are turns, 5 to 9 are turns of the other side."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _powers() -> tuple[tuple[int, ...], ...]:
    rows = [tuple(range(10))]
    while len(rows) < 8:
        rows.append(tuple(rows[-1][_PERMUTATION[digit]] for digit in range(10)))
    return tuple(rows)


_D5: Final = tuple(tuple(_turned(a, b) for b in range(10)) for a in range(10))
_PERMUTATIONS: Final = _powers()


def luhn(digits: str) -> bool:
    """ISO/IEC 7812: every second digit from the right is doubled, and the sum of the digits is a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        total += _DOUBLED[int(digit)] if place % 2 else int(digit)
    return total % 10 == 0


def verhoeff(digits: str) -> bool:
    """Verhoeff's scheme, by which Aadhaar numbers are checked."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _D5[state][_PERMUTATIONS[place % 8][int(digit)]]
    return state == 0


def mod_97(code: str) -> bool:
    """ISO 13616 for IBANs: the first four characters go to the end, letters count from ten, and the rest is one."""
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11,10: the last digit checks the others."""
    product = 10
    for digit in digits[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of the first digits, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def ean(digits: str) -> bool:
    """GS1: every second digit from the right but one counts three times, and the sum is a multiple of ten."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10 == 0


def is_day(year: int, month: int, day: int) -> bool:
    """Tell whether there is such a day. year: 1 or later; of two digits it counts as one of this century."""
    if not 1 <= month <= 12 or day < 1:
        return False
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return day <= (29 if leap else 28)
    return day <= (30 if month in {4, 6, 9, 11} else 31)


def yymmdd(digits: str) -> bool:
    """Tell whether six digits are a day: year, month, day."""
    return is_day(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def ddmmyy(digits: str) -> bool:
    """Tell whether six digits are a day: day, month, year."""
    return is_day(2000 + int(digits[4:6]), int(digits[2:4]), int(digits[:2]))
