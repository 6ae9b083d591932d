"""What has check digits is found wherever it stands, and nothing with a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.detectors.pii import Pii
from agentcore.detectors.pii_checksums import is_day, luhn, mod_97, verhoeff
from agentcore.detectors.pii_codes import _IBAN_LENGTHS

AROUND = st.text(alphabet=st.characters(categories=["Ll", "Lu", "Zs", "Po"], exclude_characters="@/\\#%"), max_size=40)
ISSUERS = [("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("36", 14), ("3530", 16), ("62", 16)]


def typed(text: str, type: str) -> list[str]:
    return [text[span.start : span.end] for span in Pii().detect(text).spans if span.type == type]


@st.composite
def cards(draw):
    first, length = draw(st.sampled_from(ISSUERS))
    body = first + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=length, max_size=length)))
    body = body[: length - 1]
    return next(body + digit for digit in "0123456789" if luhn(body + digit))


@st.composite
def ibans(draw):
    country = draw(st.sampled_from(sorted(_IBAN_LENGTHS)))
    size = _IBAN_LENGTHS[country] - 4
    body = "".join(draw(st.lists(st.sampled_from("0123456789ABCXYZ"), min_size=size, max_size=size)))
    check = next(f"{n:02}" for n in range(2, 99) if mod_97(f"{country}{n:02}{body}"))
    return country + check + body


def in_fours(code: str) -> str:
    return " ".join(code[n : n + 4] for n in range(0, len(code), 4))


@given(cards(), AROUND, AROUND)
def test_cards_are_found_in_any_text(card, before, after):
    assert card in typed(f"{before} {card} {after}", "CREDIT_CARD")


@given(cards().filter(lambda card: len(card) == 16), st.sampled_from(" -"), AROUND)
def test_cards_are_found_in_groups(card, separator, before):
    written = in_fours(card).replace(" ", separator)
    assert written in typed(f"{before} {written}.", "CREDIT_CARD")


@given(cards(), st.integers(1, 9))
def test_a_card_with_a_wrong_digit_is_none(card, more):
    wrong = card[:-1] + str((int(card[-1]) + more) % 10)
    assert typed(f"my credit card is {wrong}", "CREDIT_CARD") == []


@given(ibans(), AROUND, AROUND, st.booleans())
def test_ibans_are_found_in_any_text(iban, before, after, grouped):
    written = in_fours(iban) if grouped else iban
    assert written in typed(f"{before} {written} {after}", "IBAN_CODE")


@given(ibans(), st.integers(1, 9))
def test_an_iban_with_a_wrong_digit_is_none(iban, more):
    wrong = iban[:3] + str((int(iban[3]) + more) % 10) + iban[4:]
    assert typed(f"IBAN {wrong}", "IBAN_CODE") == []


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("UK_NHS", "NHS number 943 476 5919"),
        ("UK_NINO", "NI AB 12 34 56 C"),
        ("DE_TAX_ID", "Steuer-ID 86095742719"),
        ("FR_NIR", "255081416802538"),
        ("FR_NIR", "246032B03377403"),
        ("ES_NIF", "12345678Z"),
        ("ES_NIE", "X1234567L"),
        ("IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("NL_BSN", "BSN 111222333"),
        ("PT_NIF", "NIF 123456789"),
        ("PL_PESEL", "PESEL 44051401359"),
        ("SE_PERSONNUMMER", "811218-9876"),
        ("DK_CPR", "CPR 211062-5629"),
        ("FI_PERSONAL_IDENTITY_CODE", "131052-308T"),
        ("BE_NATIONAL_NUMBER", "85.07.30-033.28"),
        ("CH_AHV", "756.9217.0769.85"),
        ("BG_EGN", "EGN 7523169263"),
        ("IE_PPS", "PPSN 1234567T"),
        ("BR_CPF", "529.982.247-25"),
        ("BR_CNPJ", "11.222.333/0001-81"),
        ("CL_RUT", "RUT 12.345.678-5"),
        ("CA_SIN", "SIN 046 454 286"),
        ("IN_PAN", "PAN ABCPE1234F"),
        ("SG_NRIC_FIN", "S0000001I"),
        ("TW_ID", "A123456789"),
        ("CN_RESIDENT_ID", "11010519491231002X"),
        ("ZA_ID", "8001015009087"),
        ("TR_ID", "10000000146"),
        ("AU_TFN", "TFN 123 456 782"),
        ("AU_ABN", "ABN 51 824 753 556"),
        ("AU_MEDICARE", "Medicare 2123 45670 1"),
    ],
)
def test_numbers_of_persons(type, text):
    digits = [place for place, character in enumerate(text) if character.isdecimal()]
    (span,) = Pii().detect(text).spans
    assert span.type == type
    assert text[: span.start].isascii()
    assert span.end == len(text)
    if type in ("UK_NINO", "IN_PAN", "DK_CPR"):  # without a check
        return
    # The last digit but one: of Medicare's, the last tells cards apart and is not checked.
    place = digits[-2]
    wrong = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    assert typed(wrong, type) == []


def test_verhoeff():
    assert verhoeff("2363")
    assert not verhoeff("2364")
    valid = [f"2341 2345 678{digit}" for digit in range(10) if verhoeff(f"23412345678{digit}")]
    assert len(valid) == 1
    assert typed(f"Aadhaar {valid[0]}", "IN_AADHAAR") == valid


def test_days():
    assert is_day(2000, 2, 29)
    assert is_day(2024, 2, 29)
    assert not is_day(2023, 2, 29)
    assert not is_day(1900, 2, 29)
    assert not is_day(2023, 13, 1)
    assert not is_day(2023, 4, 31)
    assert not is_day(2023, 1, 0)
