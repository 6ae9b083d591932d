"""Postal addresses, as far as patterns go: STREET_ADDRESS, and ZIP_CODE after the abbreviation of a US state.

A number is that of a house when a word beside it is of a street, such as `Street`, `rue` or `-gatan`. Many of the
world's addresses have no such word, and are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agentcore.detectors.pii_find import LIKELY, POSSIBLE, Find
from agentcore.detectors.pii_vocabulary import words

_STATES: Final = words(
    """
    AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV
    NY OH OK OR PA PR RI SC SD TN TX UT VA VT WA WI WV WY
    """
)
_AFTER_NAMES: Final = words(
    """
    street st avenue ave road rd boulevard blvd lane ln drive dr court ct place pl square sq terrace
    parkway pkwy highway hwy circle cir trail trl crescent cres close alley mews quay turnpike freeway
    expressway
    """
)
_BEFORE_NAMES: Final = words(
    """
    rue avenue boulevard chemin impasse allée quai cours via viale piazza corso calle avenida paseo plaza
    rua travessa praça ulica ul ulice bulevardul strada avinguda carrer rúa strasse straße
    """
)
_ENDS: Final = (
    *("straße", "strasse", "str", "gasse", "platz", "allee", "weg", "vej", "vejen", "vei", "veien", "gata", "gate"),
    *("gaten", "gatan", "vägen", "väg", "gränd", "katu", "kuja", "tie", "straat", "laan", "plein", "gracht", "utca"),
)
"""How the names of streets end in German, Dutch, the Nordic languages and Hungarian."""
_LAST_NAMES: Final = frozenset(("straße", "strasse", "str", "utca", "u", "út", "gatan", "vej", "katu"))
_NO_NAMES: Final = words(
    """
    delegate investigate navigate aggregate mitigate propagate die the a an of in on down up to from away
    per is are was and or for with by at next same right out take taking this that your my our his her
    its
    """
)
"""Words that end like names of streets, and words that stand in none."""
_SURE_NAMES: Final = words("street avenue ave road rd boulevard blvd lane")
_ARTICLES: Final = words("de du des la le les el del da do dos di della d'")
_UNITS: Final = frozenset(("apt", "apartment", "suite", "ste", "unit", "flat"))

_HOUSE: Final = re.compile(r"(?<![\w.,/$€£:+#-])(?<!\d )\d{1,6}[A-Za-z]?(?![\w%$€£]|[.,:/-]\d)")
_WORDS: Final = re.compile(r",?((?: [^\W_][\w.'\u2019-]{0,24}+){1,5})")
_UNIT: Final = r"(?:,?\s{1,2}(?i:apt|apartment|suite|ste|unit|flat|floor|room)\b\.? ?#?\w{1,6}|,? #\w{1,5})"
_TOWN: Final = r"(?:,|\n) ?[A-Z][\w.'\u2019 -]{1,30}?,? [A-Z]{2}\.? \d{5}(?:-\d{4})?(?!\w)"
_REST: Final = re.compile(rf"(?: (?:north|south|east|west|[NSEW]{{1,2}})\b\.?)?(?:{_UNIT})?(?:{_TOWN})?")
_MILITARY: Final = r"(?:,?\s(?i:[adf]po),? (?i:a[aep]) \d{5}(?:-\d{4})?)(?!\w)"
_MILITARY_END: Final = re.compile(_MILITARY)
_BOX: Final = re.compile(r"(?:\bp\.? ?o\.? ?|\b(?:psc|unit|cmr) \d{1,5},? )box $", re.IGNORECASE)
_SHIP: Final = re.compile(rf"\bUS(?:NS|S|CGC|NV) [\w.'\u2019 -]{{1,30}}?{_MILITARY}", re.IGNORECASE)
_REACH: Final = 70


def addresses(text: str) -> Iterator[Find]:
    """Yield the addresses of streets, boxes and flats in a text that has digits."""
    for house in _HOUSE.finditer(text):
        start, end = house.span()
        ahead = _WORDS.match(text, end)
        if ahead is not None and (last := _street_end(ahead)):
            yield _address(text, start, last)
        before = text[max(0, start - _REACH) : start]
        words = before.rpartition("\n")[2].split(" ")
        if len(words) < 2 or words[-1]:  # no space before the number, or nothing before that
            continue
        word = words[-2].rstrip(".,").lower()
        if word in _UNITS and (not words[-2].endswith(".") or word in ("apt", "ste")):
            yield Find(POSSIBLE, start - len(words[-2]) - 1, end, "STREET_ADDRESS")
        elif words[-2].rstrip(".,") in _STATES and len(house.group()) == 5 and house.group().isdecimal():
            yield Find(LIKELY, start, end, "ZIP_CODE")
        elif word == "box" and (box := _BOX.search(before)):
            military = _MILITARY_END.match(text, end)
            last = military.end() if military else end
            yield Find(LIKELY, start - len(before) + box.start(), last, "STREET_ADDRESS")
        elif (name := _street_start(words)) and len(house.group()) <= 5:
            yield _address(text, start - name, end)
    if "US" in text or "us" in text:
        for ship in _SHIP.finditer(text):
            yield Find(LIKELY, ship.start(), ship.end(), "STREET_ADDRESS")


def _address(text: str, start: int, end: int) -> Find:
    rest = _REST.match(text, end)
    return Find(LIKELY, start, rest.end() if rest else end, "STREET_ADDRESS")


def _street_end(ahead: re.Match[str]) -> int:
    """Return where the name of a street ends whose number stands before it; 0 when there is none."""
    place = ahead.start(1)
    words = ahead[1][1:].split(" ")
    romance = words[0].lower() in _BEFORE_NAMES
    for index, word in enumerate(words):
        place += 1 + len(word)
        plain = word.rstrip(".,").lower()
        if plain in _NO_NAMES or (index == 0 and not romance and plain in _AFTER_NAMES):
            return 0
        if index > 0 and romance and plain not in _ARTICLES:
            return place - len(word) + len(plain)
        if index > 0 and plain in _AFTER_NAMES and (plain in _SURE_NAMES or words[0][0].isupper()):
            return place - len(word) + len(plain)
        if word.endswith((",", ";")):
            return 0
    return 0


def _street_start(words: list[str]) -> int:
    """Return how many characters before its number the name of a street starts; 0 when there is none.

    words: those before the number, and an empty one.
    """
    last = words[-2].rstrip(".").lower()
    if last in _LAST_NAMES and len(words) > 2:
        return len(words[-3]) + len(words[-2]) + 2
    if last.endswith(_ENDS) and last not in _NO_NAMES and len(last) > 4:
        return len(words[-2]) + 1
    length = 0
    for count, word in enumerate(reversed(words[-7:-1])):
        length += 1 + len(word)
        if count > 0 and word.lower().rstrip(".") in _BEFORE_NAMES:
            return length
        if word.endswith((".", ",", ":")):
            return 0
    return 0
