"""Numbers of cards and persons: which groups of digits they have, how they are checked, and what they are called.

Where chance passes the check too often (one number of eleven, say), a word beside the number has to name it.

| type | digits | check |
| --- | --- | --- |
| CREDIT_CARD | 12 to 19, in groups or not | an issuer's first digits and length, Luhn |
| US_SSN, US_ITIN | 3-2-4 | ranges that are given out |
| UK_NHS | 3-3-4 | weights, modulo 11 |
| DE_TAX_ID | 11 | ISO 7064, one digit twice or three times |
| FR_NIR | 15 | month, modulo 97 |
| ES_NIF | 8 and a letter | modulo 23 |
| NL_BSN, PT_NIF, CA_SIN, AU_TFN, AU_ACN | 9 | their weights; beside a word |
| AU_ABN, AU_MEDICARE | 11, 10 | modulo 89, weights |
| PL_PESEL, NO_FODSELSNUMMER, BE_NATIONAL_NUMBER, EE_ISIKUKOOD | 11 | a day and check digits |
| SE_PERSONNUMMER, FI_PERSONAL_IDENTITY_CODE, DK_CPR, CZ_BIRTH_NUMBER | 6-4 | a day; Luhn, letter, none, modulo 11 |
| IN_AADHAAR | 12 | Verhoeff |
| BR_CPF, BR_CNPJ, TR_ID, RO_CNP, CL_RUT | 11, 14, 11, 13, 8 | their two, or one, check digits |
| CN_RESIDENT_ID, KR_RRN, ZA_ID, TH_TNIN, CH_AHV | 18, 13, 13, 13, 13 | a day or prefix and a check digit |
| IE_PPS | 7 and letters | modulo 23 |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from agentcore.detectors import pii_persons as persons
from agentcore.detectors.pii_checksums import luhn, mod_11_10
from agentcore.detectors.pii_context import Context, Topic
from agentcore.detectors.pii_find import CERTAIN, CLEAR, DOUBT, LIKELY, NAMED, POSSIBLE, VALID, WEAK, Find

SEPARATORS: Final = " .\\-\u00a0\u2010-\u2013\u202f"
"""What stands between groups of digits, as part of a class of characters."""

_JUNK: Final = re.compile(f"[{SEPARATORS}/+]")
_CARD: Final = frozenset({Topic.CARD})
_SSN: Final = frozenset({Topic.SSN, Topic.NATIONAL, Topic.TAX})
_TAX: Final = frozenset({Topic.ITIN, Topic.TAX, Topic.SSN, Topic.NATIONAL})
_PERSON: Final = frozenset({Topic.NATIONAL, Topic.TAX, Topic.HEALTH, Topic.SSN})

_STRONG_ISSUERS: Final = (
    # American Express, Diners Club, Discover, JCB, Mastercard, UnionPay, Visa, RuPay, Mir, Troy: first digits, length
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"3(?:0[0-59]|[689])"), {14}),
    (re.compile(r"6(?:011|4[4-9]|5)|3[0689]"), {16}),
    (re.compile(r"35|2131|1800"), {15, 16}),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), {16}),
    (re.compile(r"62|81|60|82|508|220[0-4]|9792"), {16}),
    (re.compile(r"4"), {16}),
)
_WEAK_ISSUERS: Final = (
    # Old and long Visa, Maestro, long Discover, UnionPay and JCB
    (re.compile(r"4"), {13, 19}),
    (re.compile(r"5[06-8]|6|0604"), set(range(12, 20))),
    (re.compile(r"3[05689]"), set(range(16, 20))),
)


_CARDS: Final = "card cards credit debit visa mastercard amex maestro cc creditcard karte kreditkarte carte tarjeta"
_SPANISH: Final = "[A-HJ-NP-TV-Za-hj-np-tv-z]"
_FRENCH: Final = "nir insee sécurité"
_GERMAN: Final = "steuernummer idnr steueridentifikationsnummer steuer"


class Rule(NamedTuple):
    """A type of number.

    first: how many digits its first group may have.  pattern: its shape, from its first digit.  check: of its
    characters without separators.  apart, together: the score with separators and without, as long as no word names
    it.  topics, words: what makes it surer when it stands beside it: a word of a topic, or one for this type alone.
    """

    type: str
    first: frozenset[int]
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    apart: float
    together: float
    topics: frozenset[Topic]
    words: frozenset[str]


def _strong_card(digits: str) -> bool:
    return luhn(digits) and any(len(digits) in lengths and first.match(digits) for first, lengths in _STRONG_ISSUERS)


def _weak_card(digits: str) -> bool:
    return luhn(digits) and any(len(digits) in lengths and first.match(digits) for first, lengths in _WEAK_ISSUERS)


def _shape(*groups: int, tail: str = "") -> re.Pattern[str]:
    """Return the pattern of groups of digits with the same separator between all, or none."""
    first, *others = groups
    rest = "".join(
        ("(?P=by)" if place else f"(?P<by>[{SEPARATORS}]?)") + rf"\d{{{n}}}" for place, n in enumerate(others)
    )
    return re.compile(rf"\d{{{first}}}{rest}{tail}(?!\w|[.-]\d)")


def _rule(
    type: str,
    groups: tuple[int, ...],
    check: Callable[[str], bool],
    apart: float = WEAK,
    together: float = WEAK,
    *,
    words: str = "",
    topics: frozenset[Topic] = _PERSON,
    tail: str = "",
) -> Rule:
    first = frozenset((groups[0], sum(groups)))
    return Rule(type, first, _shape(*groups, tail=tail), check, apart, together, topics, frozenset(words.split()))


def _cards() -> Iterator[Rule]:
    groups = [(4, 4, 4, *last) for last in ((), (1,), (2,), (3,), (4,), (4, 1), (4, 2), (4, 3))]
    for each in [*groups, (4, 6, 4), (4, 6, 5)]:
        if sum(each) > 13:
            yield _rule("CREDIT_CARD", each, _strong_card, VALID, VALID, words=_CARDS, topics=_CARD)
        yield _rule("CREDIT_CARD", each, _weak_card, LIKELY, POSSIBLE, words=_CARDS, topics=_CARD)


_RULES: Final = (
    *_cards(),
    _rule("US_SSN", (3, 2, 4), persons.us_ssn, CLEAR, 0.0, words="ssn ssns social", topics=_SSN),
    _rule("US_ITIN", (3, 2, 4), persons.us_itin, CLEAR, 0.0, words="itin itins", topics=_TAX),
    _rule("UK_NHS", (3, 3, 4), persons.uk_nhs, words="nhs", topics=frozenset({Topic.HEALTH, Topic.NATIONAL})),
    _rule("DE_TAX_ID", (11,), persons.de_tax_id, LIKELY, POSSIBLE, words=_GERMAN),
    _rule("DE_TAX_ID", (2, 3, 3, 3), persons.de_tax_id, LIKELY, POSSIBLE, words=_GERMAN),
    _rule("FR_NIR", (1, 2, 2, 2, 3, 3, 2), persons.fr_nir, VALID, LIKELY, words=_FRENCH),
    _rule("FR_NIR", (13, 2), persons.fr_nir, VALID, LIKELY, words=_FRENCH),
    _rule(
        "FR_NIR",
        (1, 2, 2),
        persons.fr_nir,
        VALID,
        VALID,
        words=_FRENCH,
        tail=r" ?2[AB] ?\d{3} ?\d{3} ?\d{2}",
    ),
    _rule("FR_NIR", (6,), persons.fr_nir, VALID, VALID, words=_FRENCH, tail=r"[ABab]\d{8}"),
    _rule("ES_NIF", (8,), persons.es_nif, LIKELY, LIKELY, words="dni nif", tail="[ -]?" + _SPANISH),
    _rule("ES_NIF", (2, 3, 3), persons.es_nif, LIKELY, LIKELY, words="dni nif", tail="-?" + _SPANISH),
    _rule("NL_BSN", (3, 3, 3), persons.nl_bsn, words="bsn burgerservicenummer"),
    _rule("NL_BSN", (4, 2, 3), persons.nl_bsn, words="bsn burgerservicenummer"),
    _rule("PT_NIF", (3, 3, 3), persons.pt_nif, words="nif contribuinte"),
    _rule("CA_SIN", (3, 3, 3), persons.ca_sin, words="sin"),
    _rule("AU_TFN", (3, 3, 3), persons.au_tfn, words="tfn"),
    _rule("AU_ACN", (3, 3, 3), persons.au_acn, words="acn"),
    _rule("AU_ABN", (2, 3, 3, 3), persons.au_abn, LIKELY, WEAK, words="abn"),
    _rule("AU_MEDICARE", (4, 5, 1), persons.au_medicare, LIKELY, WEAK, words="medicare"),
    _rule("PL_PESEL", (11,), persons.pl_pesel, LIKELY, POSSIBLE, words="pesel"),
    _rule("NO_FODSELSNUMMER", (6, 5), persons.no_fodselsnummer, VALID, LIKELY, words="fødselsnummer fodselsnummer"),
    _rule("BE_NATIONAL_NUMBER", (11,), persons.be_national, LIKELY, POSSIBLE, words="rijksregisternummer"),
    _rule(
        "BE_NATIONAL_NUMBER",
        (2,),
        persons.be_national,
        VALID,
        VALID,
        words="rijksregisternummer",
        tail=r"\.\d\d\.\d\d-\d{3}\.\d\d",
    ),
    _rule("EE_ISIKUKOOD", (11,), persons.ee_isikukood, LIKELY, POSSIBLE, words="isikukood"),
    _rule("SE_PERSONNUMMER", (6, 4), persons.se_personnummer, LIKELY, WEAK, words="personnummer"),
    _rule("SE_PERSONNUMMER", (8, 4), persons.se_personnummer, VALID, LIKELY, words="personnummer"),
    _rule(
        "FI_PERSONAL_IDENTITY_CODE",
        (6,),
        persons.fi_personal,
        VALID,
        VALID,
        words="henkilötunnus",
        tail=r"[-+A-Fa-fU-Yu-y]\d{3}\w",
    ),
    _rule("CZ_BIRTH_NUMBER", (6,), persons.cz_old_birth_number, POSSIBLE, WEAK, words="rodné", tail=r"/\d{3}"),
    _rule("DK_CPR", (6, 4), persons.dk_cpr, words="cpr"),
    _rule("CZ_BIRTH_NUMBER", (6,), persons.cz_birth_number, LIKELY, WEAK, words="rodné", tail=r"/\d{4}"),
    _rule("IN_AADHAAR", (4, 4, 4), persons.in_aadhaar, LIKELY, WEAK, words="aadhaar aadhar aadhaa uidai"),
    _rule("BR_CPF", (3, 3, 3), persons.br_cpf, VALID, VALID, words="cpf", tail=r"-\d\d"),
    _rule("BR_CPF", (11,), persons.br_cpf, POSSIBLE, POSSIBLE, words="cpf"),
    _rule("BR_CNPJ", (2, 3, 3), persons.br_cnpj, VALID, VALID, words="cnpj", tail=r"/\d{4}-\d\d"),
    _rule("TR_ID", (11,), persons.tr_id, POSSIBLE, POSSIBLE, words="kimlik"),
    _rule("RO_CNP", (13,), persons.ro_cnp, POSSIBLE, POSSIBLE, words="cnp"),
    _rule("CL_RUT", (2, 3, 3), persons.cl_rut, LIKELY, LIKELY, words="rut", tail=r"-[\dKk]"),
    _rule("CL_RUT", (1, 3, 3), persons.cl_rut, LIKELY, LIKELY, words="rut", tail=r"-[\dKk]"),
    _rule("CN_RESIDENT_ID", (17,), persons.cn_resident_id, VALID, VALID, words="resident", tail="[Xx]"),
    _rule("CN_RESIDENT_ID", (18,), persons.cn_resident_id, VALID, VALID, words="resident"),
    _rule("KR_RRN", (6, 7), persons.kr_rrn, LIKELY, WEAK, words="rrn"),
    _rule("ZA_ID", (13,), persons.za_id, POSSIBLE, POSSIBLE),
    _rule("ZA_ID", (6, 4, 3), persons.za_id, LIKELY, POSSIBLE),
    _rule("TH_TNIN", (1, 4, 5, 2, 1), persons.th_tnin, LIKELY, WEAK),
    _rule("CH_AHV", (3, 4, 4, 2), persons.ch_ahv, VALID, LIKELY, words="ahv avs"),
    _rule("IE_PPS", (7,), persons.ie_pps, LIKELY, LIKELY, words="pps ppsn", tail="[A-Wa-w][A-IWa-iw]?"),
    _rule("AT_SVNR", (4, 6), persons.at_svnr, words="svnr sozialversicherungsnummer"),
    _rule("BG_EGN", (10,), persons.bg_egn, words="egn"),
    _rule("GR_AMKA", (11,), persons.gr_amka, words="amka"),
    _rule("HR_OIB", (11,), mod_11_10, words="oib"),
)
_BY_LENGTH: Final = {n: tuple(rule for rule in _RULES if n in rule.first) for n in range(1, 20)}
_GROUP: Final = re.compile(r"(?<!\w)(?<!\d[.-])\d+")


def numbers(text: str, context: Context) -> Iterator[Find]:
    """Yield the numbers of cards and persons in a text."""
    for group in _GROUP.finditer(text):
        start = group.start()
        for rule in _BY_LENGTH.get(group.end() - start, ()):
            found = rule.pattern.match(text, start)
            if found is None:
                continue
            written = found.group()
            plain = _JUNK.sub("", written).upper()
            if rule.check(plain):
                score = _score(rule, context, found, parted=len(plain) < len(written))
                yield Find(score, start, found.end(), rule.type)


def _score(rule: Rule, context: Context, found: re.Match[str], *, parted: bool) -> float:
    """Return how sure a number of the right shape and check digits is: by its separators and the words beside it."""
    alone = rule.apart if parted else rule.together
    near = context.near(found.start(), found.end())
    if not near.words.isdisjoint(rule.words):
        return CERTAIN
    if alone <= WEAK and (
        alone == 0 or near.has(Topic.PHONE) or near.has(Topic.CALL)
    ):  # telephones pass such checks as well
        return 0.0
    if near.before in rule.topics or near.after in rule.topics:
        # Of several types that pass, the one whose check says most.
        return NAMED + alone / 100
    return alone if near.before is None or alone >= VALID else max(alone - DOUBT, 0.0)
