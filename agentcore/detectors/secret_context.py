"""Values in the place of a secret: behind names such as `password`, `api_key` and `token`, and random ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agentcore.detectors.secret_harmless import is_code, is_made_up, wordiness, words_of
from agentcore.detectors.secret_values import JUDGED, is_key, is_password, is_token, is_uuid

_PASSWORDS: Final = ("password", "passwd", "passwort", "passphrase", "pwd", "passcode", "pass", "pw")
_FOREIGN: Final = ("kennwort", "contrase", "mot de passe", "senha")
_TOKENS: Final = ("secret", "token", "api", "credential", "creds", "bearer")
_KEYS: Final = ("key", "auth", "salt", "cookie", "session", "pepper", "otp", "code", "cert")
KEYWORDS: Final = (*_PASSWORDS, *_FOREIGN, *_TOKENS, *_KEYS)
"""A name of a secret has one of these in it, in any case."""

_STRONG: Final = words_of(
    "api apikey secret private access encryption encrypt decryption signing sign master auth account shared service "
    "storage client consumer subscription webhook jwt hmac aes deploy vault bot license licence admin app "
    "application rest live prod production staging write read integration ingest server data security"
)
"""Words that make of a `key` or `code` one to be kept."""

_SECRET: Final = words_of("key token secret password auth credential")

_NOT_LAST: Final = words_of(
    "id ids name names url urls uri endpoint path paths file files filename dir folder type types length len size "
    "count limit field fields label hint prompt regex pattern format policy rules expiry expires expiration ttl "
    "timeout age version algorithm alg arn ref env var header headers prefix suffix provider manager class error "
    "errors message msg title text description placeholder mode status enabled required index hash digest sha1 "
    "sha256 sha512 md5 checksum fingerprint thumbprint date time at created updated last tokens keys kid usage "
    "scope scopes column table attr attribute strategy validator store location blob identifier state "
    "through stdin changed change kind reset help"
)
_NOWHERE: Final = words_of(
    "hash hashed sha1 sha256 sha384 sha512 md5 digest checksum integrity fingerprint thumbprint public publishable "
    "pub cache primary foreign sort partition idempotency pagination next page continuation cursor cancel tokenizer "
    "trace span keyboard h1 view unique row object s3 lookup translation i18n etag commit revision "
    "csrf xsrf nonce sitekey "
    "author authors keyword keywords monkey turkey hockey jockey donkey whiskey encode decode unicode opcode "
    "zipcode barcode lock change request sync upload task job country postal status exit error return compass "
    "bypass bypassed"
)
"""Words of names whose values are no secrets: they are ids, hashes, or what describes a secret."""

_NAME_BEFORE: Final = re.compile(r"[A-Za-z0-9_.-]{0,40}$")
_REST: Final = re.compile(
    r"(?P<rest>[\w.-]{0,40}(?: (?:key|token|secret|code|phrase|id|name|hash|for [\w.@-]{1,30})\b)?)"
    r"(?: (?:is |was )?(?:reset|set|generated|changed)(?: for [\w.@-]{1,30})?\b)?"
    r"(?P<separator>(?:\\?[\"'`*_\])])*+(?:"
    r"\s{0,20}(?::\s{0,3}(?:Optional\[|Final\[)?[A-Za-z_][\w.]{0,30}\]?(?:\s{0,3}\|\s{0,3}None)?\s{0,3}=(?!=)"
    r"|\s{1,3}[Ss]tr(?:ing)?\s{0,3}=(?!=)|=>|:=|->|={1,3}|!=|:|>(?=[^<>\n]{4,200}</)| \|(?= )|\?\?|\|\||%3[AD])"
    r"|,\s{0,3}(?=\\?[\"'`])|\(\s{0,3}(?=[\"'`])"
    r"|[\"',;\s]{1,12}(?:-\s)?value[\"']?\s{0,3}[=:]"
    r"|\s{1,3}(?:is|was|to)\b(?:\s(?:now|set to|still))?:?"
    r"|(?=\s)))"
    r"(?P<space>\s{0,10}(?:[*_]{1,2}\s{1,2})?(?:(?:String|str|SecretStr|bytes|b|r|u|f)?\(?(?=[\"'`]))?)"
    r"(?P<value>\\?\"(?P<double>(?:[^\"\n\\]|\\[^\"\n]){4,500})\\?\""
    r"|\\?'(?P<single>(?:[^'\n\\]|\\[^'\n]){4,500})\\?'|`(?P<tick>[^`\n]{4,500})`"
    r"|(?P<bare>[^\s\"'`<>;|]{4,300}))"
)
_WORDS: Final = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z]))\d*")
_NAME: Final = re.compile(r"[a-z_]+\d?|[A-Z][A-Z_]+\d?|[a-z]+(?:[A-Z][a-z]+)+\d?")
_PUBLIC_NAME: Final = re.compile(r"csrf|xsrf|viewstate|sitekey|nonce|oldpwd", re.IGNORECASE)
_SETTING: Final = re.compile(r"(?:^|\n|#define |\bexport |\bENV |\bsetx? |-e |\$env:|--)[ \t]{0,8}[\w.-]{0,60}$")
_CLOSING: Final = ",)]}"
_TRAILING: Final = ",.)]}:!?\\*_"

_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/_.%=-])(?P<secret>[A-Za-z0-9+/_-]{32,128}+={0,2})(?![A-Za-z0-9+/_.%-])")
_ASSIGNED: Final = re.compile(r"(?P<name>[A-Za-z_][\w.-]{1,60})[\"'\]]{0,2}\s{0,5}(?::|:?=)\s{0,5}[\"'`]?$")


def find_named(text: str, at: int, keyword: str) -> tuple[int, int, float] | None:
    """Return where the secret is that a name with this keyword at an offset stands for, and how sure it is one."""
    after = _REST.match(text, at + len(keyword))
    if after is None:
        return None
    before = _NAME_BEFORE.search(text, max(0, at - 40), at)
    left = before.group() if before else ""
    name = left + text[at : at + len(keyword)] + after["rest"]
    words = _words(name)
    if _describes(words) or _PUBLIC_NAME.search(name) or "arn:" in text[max(0, at - 60) : at]:
        return None
    spaced = not after["separator"].strip(" \t\n\"'`*_)]\\")
    option = left.startswith("-") or bool(_SETTING.search(text, max(0, at - 70), at))
    if spaced and (not option or "\n" in after["separator"] + after["space"]):
        return None
    if after["bare"] is None:
        group = next(name for name in ("double", "single", "tick") if after[name] is not None)
        start, end = after.span(group)
        if after["separator"].lstrip().startswith(",") and not after["separator"].startswith(("'", '"')):
            return None
    else:
        start, end = after.span("bare")
        end = start + len(_bare(text, start, end, left=text[max(0, at - 60) : at], option=option))
        said = after["separator"].strip() in {"is", "was", "is:"}
        if _is_expression(text, start, end, option=option or said):
            return None
    value = text[start : min(end, start + JUDGED)]
    score = _score(words, value, text[at : at + len(keyword)].lower())
    return (start, end, score) if score else None


def find_random(text: str) -> Iterator[tuple[int, int]]:
    """Yield where long random values are assigned to names that do not say that they are something else."""
    for found in _RUN.finditer(text):
        start, end = found.span("secret")
        name = _ASSIGNED.search(text, max(0, start - 72), start)
        if name is None or _PUBLIC_NAME.search(name["name"]) or "arn:" in text[max(0, start - 100) : start]:
            continue
        if not _describes(_words(name["name"])) and is_key(found["secret"]):
            yield start, end


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _describes(words: list[str]) -> bool:
    return not words or words[-1] in _NOT_LAST or not _NOWHERE.isdisjoint(words)


def _bare(text: str, start: int, end: int, *, left: str, option: bool) -> str:
    """Return a value without quotes as far as it goes: to the next parameter of an address, and without full stops."""
    value = text[start:end]
    if "&" in value and re.search(r"[?&][\w.-]*$", left):
        value = value.partition("&")[0]
    if not option:
        value = value.partition(",")[0]
    value = re.sub(r"\\[nrt].*", "", value, flags=re.DOTALL)
    # Behind a setting, or before the next part of a connection string, an exclamation mark belongs to the password.
    return value.rstrip(_CLOSING if option or text[end : end + 1] == ";" else _TRAILING)


def _is_expression(text: str, start: int, end: int, *, option: bool) -> bool:
    value = text[start:end]
    if text[end : end + 1] in {"(", "["} or is_code(value):
        return True
    # `password=password1` in a program, but `PASSWORD=Sunshine1` in settings.
    return not option and bool(_NAME.fullmatch(value)) and wordiness(value) >= 0.5


def _score(words: list[str], value: str, keyword: str) -> float:
    """Return how sure it is that a value of such a name is a secret; 0 when it is none."""
    if is_made_up(value):
        return 0.0
    short = keyword in {"pass", "pw"} and keyword not in words
    if keyword in _FOREIGN or (keyword in _PASSWORDS and not short):
        return 0.8 if is_password(value) else 0.0
    if keyword in _TOKENS or not _STRONG.isdisjoint(words):
        if keyword == "token" and is_uuid(value) and not _STRONG & {*words} - {"client"}:
            return 0.0
        if keyword in {"api", "bearer"} and _SECRET.isdisjoint(words):
            return 0.0
        strange = "secret" in words and len(value) >= 8 and " " not in value and re.search(r"\d", value)
        return 0.8 if is_token(value) or (strange and re.search(r"[^\w.-]", value) and is_password(value)) else 0.0
    return 0.6 if is_key(value) else 0.0
