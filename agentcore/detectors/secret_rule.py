"""Rule: one format of secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from agentcore.detectors.secret_values import is_random
from agentcore.domain.frozen import frozen

_LEFT: Final = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
"""Where a token starts: behind no letter, digit or underscore but those of an escape, such as `\\n` or `%20`."""

_KIND: Final = r"(?:key|token|secret|pass|pwd|auth|cred|licen[sc]e|api|pat\b)"
_SEPARATOR: Final = (
    r"(?:\\?[\"'`*\])])*+"  # what closes the name
    r"(?:\s{0,10}(?:=>|:=|->|={1,3}|[:>|])"
    r"|,(?=\s{0,3}\\?[\"'])"
    r"|[\"',;\s]{1,12}(?:-\s)?value[\"']?\s{0,3}[=:]"
    r"|\s{1,3}(?:is|was|to)\b(?:\s(?:now|set\sto))?:?"
    r"|(?=\s))"
    r"\s{0,10}(?:\\?[\"'`*<(])*+"  # what opens the value
)
"""Between the name of a value and the value, in programs, settings, headers, tables and sentences."""


@frozen
class Rule:
    """A format of secrets.

    id: of the rule, such as `github-token`.  type: that of its spans.  keywords: in lower case; one of them, in any
    case, is in each match.  backs: how many characters before the keyword a match may start.  pattern: its group
    `secret` is the secret, and it looks at no more than a bounded number of characters, or those that it matches.
    accepts: whether what has the shape of the secret is one.  valid: whether the secret's checksum is right; one with
    a wrong checksum is reported too, though less sure.
    """

    id: str
    type: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]
    backs: tuple[int, ...] = (0,)
    accepts: Callable[[str], bool] = is_random
    valid: Callable[[str], bool] | None = None


def token(row: tuple[str, str, str, str, *tuple[int, ...]], *, valid: Callable[[str], bool] | None = None) -> Rule:
    """Return the rule of tokens that say what they are. row: id, type, keywords, the token's pattern, and `backs`."""
    id, type, keywords, pattern, *backs = row
    return Rule(
        id=id,
        type=type,
        keywords=tuple(keywords.split()),
        pattern=re.compile(f"{_LEFT}(?P<secret>{pattern})(?![A-Za-z0-9])", re.ASCII),
        backs=tuple(backs) or (0,),
        valid=valid,
    )


def owned(row: tuple[str, str, str, str]) -> Rule:
    """Return the rule of values whose names tell the owner. row: id, type, owners, and the value's pattern.

    In an owner's name, `+` stands for a space, a hyphen, an underscore, or nothing.
    """
    return _called(row, rf"[\w. -]{{0,30}}?{_KIND}[\w. -]{{0,20}}?")


def named(row: tuple[str, str, str, str]) -> Rule:
    """Return the rule of values that are known by their names. row: id, type, names, and the value's pattern."""
    return _called(row, r"\w{0,20}")


def _called(row: tuple[str, str, str, str], rest: str) -> Rule:
    id, type, words, pattern = row
    names = "|".join(word.replace("+", r"[\s_-]?") for word in words.split())
    return Rule(
        id=id,
        type=type,
        keywords=tuple(dict.fromkeys(word.partition("+")[0] for word in words.split())),
        pattern=re.compile(rf"(?i:(?:{names}){rest}{_SEPARATOR})(?P<secret>{pattern})(?![A-Za-z0-9+/_-])", re.ASCII),
    )
