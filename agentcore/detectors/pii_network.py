"""Addresses in networks: EMAIL_ADDRESS, DOMAIN_NAME (with or without the rest of a URL), IP_ADDRESS, MAC_ADDRESS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from agentcore.detectors.pii_context import Context, Topic
from agentcore.detectors.pii_find import CERTAIN, LIKELY, VALID, Find
from agentcore.detectors.pii_vocabulary import words

_EMAIL: Final = re.compile(
    r"(?<![\w+%&-])[^\W_][\w.+%&'\u2019-]{0,63}+(?<![.'\u2019])@(?:[^\W_][\w-]{0,62}+\.){1,8}(?P<top>[^\W\d_]{2,24}|xn--[\w-]{2,59})"
    r"(?![\w@-])"
)
_URL: Final = re.compile(
    r"(?<![\w])(?:[A-Za-z][A-Za-z0-9+-]{1,20}+://(?:[^\s/@<>\"'()]{1,256}@)?|(?=[Ww][Ww][Ww]\.))"
    r"(?:[^\W_][\w-]{0,62}+\.){1,9}[^\W\d_](?:[\w-]{1,62}+)(?::\d{1,5})?+(?:[/?#][^\s<>\"`{}|\\^\[\]]{0,2000}+)?+"
)
_BARE: Final = re.compile(
    r"(?<![\w@./\\$:-])(?P<names>(?:[^\W_][\w-]{0,62}+\.){1,9})(?P<top>[a-z]{2,18}|[A-Z]{2,4})(?![\w@-]|\.\w|\s?[(\[=])"
    r"(?::\d{1,5})?+(?:/[^\s<>\"`{}|\\^\[\]]{0,2000}+)?+"
)
_TOPS: Final = words(
    """
    com org net edu gov mil biz xyz online shop tech io ai de fr uk ca au nl ch se dk fi es pl cz ru jp
    cn br kr mx ar nz za gr hu ro bg sk lt lv ee eu il tr ua sg hk tw co info COM ORG EDU GOV
    """
)
"""Domains that are hardly the ends of names in programs, of files, or of sentences."""
_TOPS_OF_COUNTRIES: Final = words(
    """
    us be at it in is to no pt ie hr si cl my id ph vn ae sa ir pk th by kz cy lu rs mt li cc ly gg fm sh
    me tv dev app cloud
    """
)
"""Those that often are, so that they count after a second domain only, as in `example.co.in`."""
_SECOND: Final = frozenset(("co", "com", "org", "net", "ac", "gov", "edu", "gob", "gouv", "or", "ne", "go"))
_PROGRAM: Final = words(
    """
    self this cls np os sys window document node asp socket log logs logger logging console user response
    request data config session context event err ctx obj item row df file
    """
)
"""What names in programs start with."""
_FILES: Final = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "py", "html", "json", "md"))

_V4: Final = re.compile(
    r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\w-]|\.\d)"
)
_V6: Final = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,5}:)(?:[0-9A-Fa-f]{0,4}:){2,7}+[0-9A-Fa-f.]{0,15}+(?!\w|::|:[0-9A-Fa-f]*:)"
)
_MAC: Final = re.compile(
    r"(?<![\w:.-])(?:[0-9A-Fa-f]{2}(?P<by>[:-])(?:[0-9A-Fa-f]{2}(?P=by)){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})"
    r"(?![\w:-]|\.\w)"
)
_OF_NOBODY: Final = frozenset(("127.0.0.1", "0.0.0.0", "255.255.255.255"))  # noqa: S104  # nothing is bound
_VERSION: Final = re.compile(r"(?i:version\w{0,8}|release|build|firmware|\bv)[ :=\"']{0,4}$")
_SCHEME: Final = re.compile(r"://[^\s/@]*$")
"""What stands before the account in a URL such as `postgres://user:word@host`."""


def networks(text: str, context: Context) -> Iterator[Find]:
    """Yield the addresses of mailboxes, sites and machines in a text."""
    if "@" in text:
        yield from _emails(text)
    if "." in text:
        yield from _sites(text)
        yield from _machines(text, context)
    if text.count(":") > 1:
        yield from _long_machines(text)
    if ":" in text or "-" in text or "." in text:
        for found in _MAC.finditer(text):
            written = found.group()
            plain = not any(character in "abcdefABCDEF" for character in written)
            named = context.near(found.start(), found.end()).has(Topic.NETWORK)
            if len(set(written)) > 2 and (":" in written or not plain) and (named or "." not in written):
                yield Find(VALID, found.start(), found.end(), "MAC_ADDRESS")


def _emails(text: str) -> Iterator[Find]:
    for found in _EMAIL.finditer(text):
        clone = found.group().startswith("git@") and text[found.end() : found.end() + 1] == ":"
        account = _SCHEME.search(text, max(0, found.start() - 80), found.start())
        if found["top"].lower() not in _FILES and not clone and not account:
            yield Find(CERTAIN, found.start(), found.end(), "EMAIL_ADDRESS")


def _sites(text: str) -> Iterator[Find]:
    if "://" in text or "www." in text or "WWW." in text or "Www." in text:
        for found in _URL.finditer(text):
            yield Find(VALID, found.start(), _end(found.group(), found.start()), "DOMAIN_NAME")
    for found in _BARE.finditer(text):
        names = found["names"].lower().split(".")
        second = len(names) > 2 and names[-2] in _SECOND  # the last is empty
        if names[0] not in _PROGRAM and (found["top"] in _TOPS or (second and found["top"] in _TOPS_OF_COUNTRIES)):
            yield Find(LIKELY, found.start(), _end(found.group(), found.start()), "DOMAIN_NAME")


def _end(written: str, start: int) -> int:
    """Return where a URL ends: punctuation after it is of the sentence, and brackets that it did not open."""
    while written:
        last = written[-1]
        closing = last in ")]" and written.count(last) > written.count("(" if last == ")" else "[")
        if last not in ".,;:!?'\"*_>~…\u2019”" and not closing:
            break
        written = written[:-1]
    return start + len(written)


def _machines(text: str, context: Context) -> Iterator[Find]:
    for found in _V4.finditer(text):
        if found.group() in _OF_NOBODY or _VERSION.search(text[max(0, found.start() - 20) : found.start()]):
            continue
        # Sections and versions are as short.
        if len(found.group()) > 7 or context.near(found.start(), found.end()).has(Topic.NETWORK):
            yield Find(VALID, found.start(), found.end(), "IP_ADDRESS")


def _long_machines(text: str) -> Iterator[Find]:
    for found in _V6.finditer(text):
        written = found.group().rstrip(".")
        if written.endswith(":") and not written.endswith("::"):
            written = written[:-1]
        groups = [group for group in written.split(":") if group]
        try:
            IPv6Address(written)
        except AddressValueError:
            continue
        # `a::b` is a name in many programs, and `1::2` a slice.
        long = len(groups) > 3 or any(len(group) > 2 for group in groups)
        if len(groups) > 1 and long and any(character.isdecimal() for character in written):
            yield Find(VALID, found.start(), found.start() + len(written), "IP_ADDRESS")
