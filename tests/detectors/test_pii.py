"""What Pii finds, what it leaves alone, and that nothing makes it fail."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.detectors.pii import PLUGIN, PiiOptions
from agentcore.detectors.pii import FLAGGED_AT, Pii
from agentcore.ports.plugin import BuildContext
from benchmarks.detect_pii import measure

SHARED = Path(os.environ.get("AGENTCORE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data/pii"


def found(text: str, **options: object) -> list[tuple[str, str]]:
    return [(span.type, text[span.start : span.end]) for span in Pii(**options).detect(text).spans]


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("My cell is 07700 900123", "PHONE_NUMBER", "07700 900123"),
        ("Ring 020 7946 0958.", "PHONE_NUMBER", "020 7946 0958"),
        ("T: +1.202.555.0143", "PHONE_NUMBER", "+1.202.555.0143"),
        ("(202) 555-0143 ext. 22", "PHONE_NUMBER", "(202) 555-0143 ext. 22"),
        ("fax 463-612-6138x036", "PHONE_NUMBER", "463-612-6138x036"),
        ("+49 (0) 30 901820", "PHONE_NUMBER", "+49 (0) 30 901820"),
        ("01 23 45 67 89", "PHONE_NUMBER", "01 23 45 67 89"),
        ("2025550143 is my phone number", "PHONE_NUMBER", "2025550143"),
        ("tel:+12025550143", "PHONE_NUMBER", "+12025550143"),
        ("(call 451 5986)", "PHONE_NUMBER", "451 5986"),
        ("call me at 40477859", "PHONE_NUMBER", "40477859"),
        ("4111-1111-1111-1111", "CREDIT_CARD", "4111-1111-1111-1111"),
        ("3782 822463 10005, thanks", "CREDIT_CARD", "3782 822463 10005"),
        ("pay with 5500000000000004 exp 12/27", "CREDIT_CARD", "5500000000000004"),
        ("DE89 3704 0044 0532 0130 00 and", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
        ("de89370400440532013000", "IBAN_CODE", "de89370400440532013000"),
        ("ssn 123456789", "US_SSN", "123456789"),
        ("123-45-6789", "US_SSN", "123-45-6789"),
        ("ITIN 912-70-1234", "US_ITIN", "912-70-1234"),
        ("passport no. X12345678", "US_PASSPORT", "X12345678"),
        ("passport C01X00T47", "PASSPORT", "C01X00T47"),
        ("account number 12345678901", "US_BANK_NUMBER", "12345678901"),
        ("routing number 021000021", "US_ROUTING_NUMBER", "021000021"),
        ("drivers license no. A123-456-78-901", "US_DRIVER_LICENSE", "A123-456-78-901"),
        ("DL: WDLABCD456DG", "US_DRIVER_LICENSE", "WDLABCD456DG"),
        ("DOB: 12/05/1985", "DATE_TIME", "12/05/1985"),
        ("she was born in Rome on May 5th, 1985", "DATE_TIME", "May 5th, 1985"),
        ("My zip code is 90210", "ZIP_CODE", "90210"),
        ("London SW1A 1AA", "ZIP_CODE", "SW1A 1AA"),
        ("Ottawa K1A 0B1", "ZIP_CODE", "K1A 0B1"),
        ("at 10 Downing Street.", "STREET_ADDRESS", "10 Downing Street"),
        ("Hauptstraße 12", "STREET_ADDRESS", "Hauptstraße 12"),
        ("12 rue de la Paix", "STREET_ADDRESS", "12 rue de la Paix"),
        ("PSC 0729, Box 5797\nAPO AP 96854", "STREET_ADDRESS", "PSC 0729, Box 5797\nAPO AP 96854"),
        ("write to jo.o'neil+x@mail.example.co.uk.", "EMAIL_ADDRESS", "jo.o'neil+x@mail.example.co.uk"),
        ("mail a@b.com. Is it right?", "EMAIL_ADDRESS", "a@b.com"),
        ("[2001:db8::1]:443", "IP_ADDRESS", "2001:db8::1"),
        ("at 10.0.0.12:8080", "IP_ADDRESS", "10.0.0.12"),
        ("IP 8.8.8.8", "IP_ADDRESS", "8.8.8.8"),
        ("(see http://www.Example.com.br/).", "DOMAIN_NAME", "http://www.Example.com.br/"),
        ("https://en.wikipedia.org/wiki/A_(b)", "DOMAIN_NAME", "https://en.wikipedia.org/wiki/A_(b)"),
        ("on sub.example.co.in/path?q=1.", "DOMAIN_NAME", "sub.example.co.in/path?q=1"),
        ("00:1A:2B:3C:4D:5E", "MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
        ("to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "CRYPTO", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW", "CRYPTO", "TJCnKsPa7y5okkXvQAidZBzqx3QyQ6sxMW"),
    ],
)
def test_finds(text, type, value):
    assert found(text) == [(type, value)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Order 4006381333931 shipped on 2024-05-06.",
        "Invoice 2024-000123 total $1,234,567.89 due 30/06/2024",
        "version 1.2.3.4 released, build 20240612.1",
        "10.0.19045.3693 of Windows, section 5.4.3.2, 999.1.1.10",
        "Order id 5551234567 is late, ticket 451 5986 was closed",
        "The population is 1 234 567, up from 1.234.000",
        "Call us: revenue grew to 655 437 108 euros",
        "ISBN 978-3-16-148410-0, tracking 1Z999AA10123456784",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "550e8400-e29b-41d4-a716-446655440000",
        "timestamp 1732445169123 and 1732445169",
        "3.14159265358979 in 2010-2015, 1000-2000, 12-24 months",
        "self.net = x.id; logger.info(y); a::b; items[1::2]; os.path; main.py; e.g. this.That",
        "The answer is 1234567, and f(x) is called with 12345678 iterations",
        "127.0.0.1, 0.0.0.0, ::1, ::, 12:30:45",
        "5 miles down the road, 10 people close by, 2 minutes drive",
        "binary 01001000 01101001 in a text message",
        "MIT License 2.0 for 12345678 users",
        "4111111111111112, GB82 WEST 1234 5698 7654 33, 000-12-3456, 666-12-3456",
        "git@github.com:owner/name.git, icon@2x.png, pkg@1.2.3, @decorator",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    ],
)
def test_leaves_alone(text):
    assert found(text) == []


def test_an_account_in_a_url_is_no_mailbox():
    assert found("postgres://agent:word@db.example.org/x") == [
        ("DOMAIN_NAME", "postgres://agent:word@db.example.org/x"),
    ]


def test_several_in_one_text():
    assert found("Ann, ann@example.com, +1 202 555 0143\ncard 4111 1111 1111 1111 (SSN 123-45-6789)") == [
        ("EMAIL_ADDRESS", "ann@example.com"),
        ("PHONE_NUMBER", "+1 202 555 0143"),
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("US_SSN", "123-45-6789"),
    ]


def test_a_number_that_is_named_by_another_word_is_what_this_says():
    assert found("my card, and the office phone 202 555 0143") == [("PHONE_NUMBER", "202 555 0143")]
    assert found("the order of 1 of 3 phones, number 77812345") == [("PHONE_NUMBER", "77812345")]
    assert found("the phone in order 77812345") == []


def test_the_score_is_of_the_surest():
    assert Pii().detect("nothing").flagged is False
    sure, likely = Pii().detect("IBAN DE89370400440532013000"), Pii().detect("London SW1A 1AA")
    assert (sure.score, sure.flagged) == (1.0, True)
    assert FLAGGED_AT <= likely.score < sure.score


def test_less_sure_ones_are_seen_on_demand_and_flag_nothing():
    weak = Pii(min_score=0.2).detect("the code 451 5986")
    assert (weak.flagged, [span.type for span in weak.spans]) == (False, ["PHONE_NUMBER"])
    assert found("London SW1A 1AA", min_score=0.9) == []


def test_only_some_types():
    text = "ann@example.com or +1 202 555 0143"
    assert found(text, types=["PHONE_NUMBER"]) == [("PHONE_NUMBER", "+1 202 555 0143")]
    # Another type does not take the place of what is left out.
    assert found("phone or card 4111111111111111", types=["PHONE_NUMBER"]) == []


def test_the_plug_in():
    options = PiiOptions(types=["EMAIL_ADDRESS"], min_score=0.6)
    detector = PLUGIN.build("pii", options, BuildContext(root=Path(), environment={}))
    assert (detector.name, detector.version) == ("pii", "1")
    assert [span.type for span in detector.detect("a@b.com, 10.0.0.12").spans] == ["EMAIL_ADDRESS"]
    assert PLUGIN.build("pii", PLUGIN.options(), BuildContext(root=Path(), environment={})).detect("a@b.com").flagged


TELLING = st.sampled_from(
    [
        *("phone", "call ", "card", "IBAN", "zip code is ", "driver's license ", "born ", "passport ", "account "),
        *("+1 ", "(0", "4111", "1111 ", "-", "@", ".", ":", "://", "www.", "a.com", "GB82", " Main Street", "box "),
        *("²", "٣", "İ", "1", "0x", "12.", "x", "DE", "\n", "/", "\u2013", "Apt ", "TX ", "dob ", "ssn "),
    ]
)


@given(st.text() | st.lists(TELLING, max_size=30).map("".join))
def test_any_text_has_spans_in_order_that_do_not_overlap(text):
    seen = Pii(min_score=0.0).detect(text)
    assert seen == Pii(min_score=0.0).detect(text)
    end = 0
    for span in seen.spans:
        assert end <= span.start < span.end <= len(text)
        end = span.end
    assert 0 <= seen.score <= 1
    assert seen.flagged == (seen.score >= FLAGGED_AT)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
def test_the_shared_data_is_found():
    figures = measure(SHARED)
    assert figures["recall_structured"] >= 0.97
    assert figures["precision"] >= 0.95
    assert json.dumps(figures)
