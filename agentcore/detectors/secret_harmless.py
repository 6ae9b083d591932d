"""What looks like a secret and is none: placeholders, references to secrets, words, and the ids of public things."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import Final


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_BIGRAMS: Final = words_of(
    "ab ac ad ag ai al am an ap ar as at au av ay ba be bi bl bo bu ca ce ch ci ck cl co cr ct cu da de di do ds du "
    "ea ec ed ee ef eg el em en ep er es et ev ex fa fe ff fi fo fr fu ge gi gs ha he hi ho ia ib ic id ie if ig il "
    "im in io ip ir is it iv iz ke la ld le li ll lo ls lt lu ly ma me mi mo mp na nc nd ne ng ni no ns nt nu nv ob "
    "oc od ol om on oo op or os ot ou ov ow pa pe pi pl po pp pr pt pu qu ra rd re rg ri rm rn ro rr rs rt ru ry sa "
    "sc se sh si so sp ss st su ta te th ti tl to tr ts tt tu ty ub ue ui ul um un up ur us ut va ve vi wa we wh wi "
    "wo wr xc xt ze"
)
"""The pairs of letters that make up nine tenths of the English words in source code; of random letters, 28 %."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]{2,}|(?<![A-Z])[A-Z]{3,12}(?![A-Z])")
_VOWEL: Final = re.compile(r"[aeiouy]", re.IGNORECASE)

_MADE_UP: Final = re.compile(
    r"example|placeholder|change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|with|this)|your[-_ .]|your(?:api|key|token|sec"
    r"|pass|app|own|account)|x{5,}|\*{3,}|\.{3}|…|redacted|dummy|fake[-_ ]|[-_ ]fake|not[-_ ]?(?:a[-_ ]?)?real"
    r"|[-_]here\b|insert[-_ ]|goes[-_ ]here|deadbeef|0{8,}|to[-_ ]?be[-_ ]?(?:set|filled)|lorem[-_ ]?ipsum",
    re.IGNORECASE,
)
"""What people write where a secret belongs. Long enough that random tokens hold none of it."""

_REFERENCE: Final = re.compile(
    r"\$\{|\$\(|\{\{|\}\}|\#\{|<%|%>|%\(|\[\[|\$[A-Za-z_]\w*$|%[A-Za-z_]\w*%$|%[sdr]\b|\{[\w.:\[\]]*\}$|<[^<>]*>?$"
    r"|\$\{?[A-Z_]+\}?$|\$[a-z]+:|@Microsoft\.KeyVault|!(?:Ref|Sub|vault|secret|env)|arn:aws|op://|vault:|ssm:|ref\+"
    r"|env[:(.\[]|secret(?:s|Ref)?[.:/]|var\.|local\.|data\.|process\.env|os\.environ|(?:os\.)?getenv|ENV\[|System\."
    r"|__[A-Za-z_]+__$|@\w+@$|\[[\w ]*\]$",
)
"""Values that say where a secret is, matched at their start."""
_TEMPLATE: Final = re.compile(r"\$\{|\{\{|<%|%\(\w+\)|\$\(\w|\{[a-z_][a-z_.]*\}")
"""The same in the middle of a value."""

_WEAK_WORDS: Final = words_of(
    "argon ascii base bcrypt hex sha utf "
    "a abc abcd access admin an api app asdf auth aws bad bar baz bearer client correct credential credentials "
    "creds db default demo dev email empty enter false fixme foo for get good guest hash hello hidden in incorrect "
    "input insert invalid is key keys local login long masked minio missing mock mongo mongodb my mysql name new "
    "nil none not null of old optional pass passphrase passw passwd password passwort plain postgres postgresql pw "
    "pwd qwerty rabbitmq random redis refresh removed required right root sample secret secrets secure server set "
    "short some string strong stub super temp test text the this tmp todo token tokens top true type undefined "
    "unset user username valid value very world wrong xyz"
)
_WEAK: Final = re.compile(
    "|".join(sorted(_WEAK_WORDS, key=lambda word: (-len(word), word)))
    + r"|x+|0+|[-_ .:*!?/#]|(?<!\d)\d{1,4}(?!\d)|123456789?0?",
    re.IGNORECASE,
)
"""Words that make up no secret, the longest first: `my-test-password1` is made of them alone."""

_PUBLIC: Final = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # UUID
    r"|(?:sha(?:1|224|256|384|512)|md5|blake2[bs])[-:=_].*"
    r"|v?\d+(?:\.\d+)+(?:[-+.]?(?:a|b|rc|dev|post|alpha|beta)[\w.]*)?"
    r"|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|[\d.,:+/ -]{1,9}|0x[0-9a-f]{1,16}"
    r"|(?:[a-z][a-z+.-]{1,12}:)?//\S*|(?:mailto|urn|data|file|blob|about):\S*"
    r"|(?:~|\.{1,2}|[a-z]:)?[/\\](?:[\w.@-]+[/\\])*[\w@-]+\.\w{1,5}|(?:~|\.{1,2})[/\\][\w./@-]*"
    r"|[\w.+-]+@[\w-]+\.[a-z.]{2,}"
    r"|(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2)\b.*|AAAA[BCE]3NzaC1.*"
    r"|\$(?:2[abxy]|5|6|argon2\w*|scrypt|pbkdf2[\w-]*)\$.*|(?:pbkdf2|bcrypt|argon2|scrypt|sha\d+)[\w-]*\$.*"
    r"|-----BEGIN.*"
    r"|pk_(?:live|test)_\w*|(?:AC|MG|PN|SM|CA)[0-9a-f]{32}",
    re.IGNORECASE,
)
_IMAGE: Final = re.compile(
    r"iVBORw0KGgo|R0lGOD|/9j/|PHN2Zy|UklGR|AAABAA|Qk[0-9]|d09GM|AAEAAAA|T1RUTw|JVBERi|H4sI|UEsDB|/wEP"
)
"""How the Base64 of images, fonts, archives and the state of pages starts."""

_CODE: Final = re.compile(
    r"[A-Za-z_$][\w$.:>-]*[(\[]|(?:self|this|cls|args|opts?|options|config|settings|cfg|req|request|ctx|props|params"
    r"|data|env|app|user|kwargs|state|result|response|conn|client|session|ev?|m|obj|row|item|p|s)\??\.[A-Za-z_]|\*\*?[a-z_]+$"
    r"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$"
    r"|(?:await|new|return|not|lambda|async|typeof|f|b|r|u)\b[\"' ]|&[A-Za-z_]\w*$"
    r"|[A-Za-z_]\w*(?:->|::)\w|[\\(\[{]|[?^][a-z_.]*$|![a-z][A-Za-z_.]*$|@[a-zA-Z_.]+$|/\S*\("
)
"""Expressions of programs, matched at their start."""


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits for each; 0 for an empty one."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values())


def wordiness(text: str) -> float:
    """Return which share of a text's letters and digits are in what could be English words; 0 when it has none."""
    size = sum(map(str.isalnum, text))
    if not size:
        return 0.0
    words = 0
    for found in _WORD.finditer(text):
        word = found.group().lower()
        pairs = len(word) - 1
        known = sum(word[at : at + 2] in _BIGRAMS for at in range(pairs))
        if known >= 0.65 * pairs and _VOWEL.search(word) and len(word) > 2:
            words += len(word)
    return words / size


def is_regular(text: str) -> bool:
    """Say whether most characters repeat those before them, or are next to them."""
    steps = [abs(ord(after) - ord(before)) for before, after in pairwise(text)]
    return not steps or sum(step <= 1 for step in steps) >= (0.65 if len(steps) > 10 else 0.8) * len(steps)


def is_made_up(text: str) -> bool:
    """Say whether a text is what people write in the place of a secret, or where the secret is to be taken from."""
    return bool(_MADE_UP.search(text) or _TEMPLATE.search(text) or _REFERENCE.match(text)) or is_regular(text)


def is_weak(text: str) -> bool:
    """Say whether a text is made of words such as `my`, `test` and `password`, and small numbers."""
    return not _WEAK.sub("", text)


def is_public(text: str) -> bool:
    """Say whether a whole text is an id, hash with its name, version, date, address, path, public key or image."""
    path = text.startswith(("/", "~/", "./", "../")) and wordiness(text) >= 0.4
    return path or bool(_PUBLIC.fullmatch(text) or _IMAGE.match(text))


def is_code(text: str) -> bool:
    """Say whether a text without quotes is an expression of a program."""
    return bool(_CODE.match(text))
