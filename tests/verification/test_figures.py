from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.verification.figures import figures_in


def numbers(text: str) -> list[list[str]]:
    return [["+".join(f"{value:f}" for value in reading) for reading in each.readings] for each in _numbers(text)]


def _numbers(text: str):
    return figures_in(text).numbers


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1,234.50", [["1234.50"]]),
        ("1.234,50", [["1234.50"]]),
        ("1.234.567", [["1234567"]]),
        ("1,00,000", [["100000"]]),
        ("1'234", [["1234"]]),
        ("1\u00a0234", [["1234"]]),
        ("12 345", [["12345", "12+345"]]),
        ("in 2026 100 units", [["2026"], ["100"]]),
        ("12,5", [["12.5", "12+5"]]),
        ("10,20,30", [["10+20+30"]]),
        ("0,123", [["0.123", "0+123"]]),
        ("1.5e6", [["1500000"]]),
        (".5", [["0.5"]]),
        ("$3.2 million", [["3200000"]]),
        ("10k", [["10000", "10"]]),
        ("5 m of cable", [["5000000", "5"]]),
        ("10-20", [["10"], ["20"]]),
        ("a 30-day trial, 64-bit", [["30"], ["64"]]),
        ("15kg", [["15"]]),
        ("EUR100, USD 50, US$70", [["100"], ["50"], ["70"]]),
        ("价格189元", [["189"]]),
        ("Price:42; total=43.", [["42"], ["43"]]),
        ("approx.15", [["15"]]),
        ("The answer is 42.", [["42"]]),
        ("\u0663 and \uff17", [["3"], ["7"]]),
    ],
)
def test_numbers_are_read_as_people_write_them(text, readings):
    assert numbers(text) == readings


@pytest.mark.parametrize(
    "text",
    [
        "order A-1001, X200, Q3, covid-19, ISO-9001",
        "v2.3.1 and 10.0.0.1",
        "as shown [1] and [2, 3] and [4-6]",
        "1. the first\n2) the second\n(3) the third",
        "ticket #12",
        "3f2a9c 550e8400-e29b-41d4-a716-446655440000",
        "http://example.org/12?z=3 and mail42@example.org",
        "no figures at all",
    ],
)
def test_names_marks_and_numbering_are_not_figures(text):
    assert figures_in(text).numbers == ()


@pytest.mark.parametrize("text", ["15 %", "15%", "15 percent", "15 per cent", "15pct"])
def test_percentages(text):
    (figure,) = figures_in(text).numbers
    assert figure.percent
    assert figure.readings == ((Decimal(15),),)


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-03",
        "2026-08-03T14:30:00Z",
        "3 August 2026",
        "3rd of August, 2026",
        "August 3, 2026",
        "Aug. 3rd 2026",
        "2026/8/3",
        "3.8.2026",
        "8/3/2026",
    ],
)
def test_dates_in_many_forms(text):
    found = figures_in(text)
    assert found.numbers == ()
    assert any((2026, 8, 3) in date.readings for date in found.dates)


def test_dates_that_cannot_be_are_numbers():
    assert not figures_in("2026-13-45").dates
    assert [str(each.readings[0][0]) for each in figures_in("31/31/2026").numbers] == ["31", "31", "2026"]


def test_times_of_day():
    times = figures_in("from 14:30 to 2:45 pm, 12:05 AM, not 99:99").times
    assert [(each.hour, each.minute) for each in times] == [(14, 30), (14, 45), (0, 5)]


def test_words():
    assert [each.readings[0][0] for each in figures_in("Three routers, twelve switches, someone").words] == [3, 12]


@given(st.decimals(0, 10**9, places=2))
def test_every_usual_spelling_gives_the_same_number(value):
    spellings = [f"{value}", f"{value:,}", f"${value:,}", f"{value:,} EUR", f"costs {value:,}."]
    assert {figures_in(text).numbers[0].readings for text in spellings} == {((value,),)}


@given(st.text())
def test_any_text_can_be_read(text):
    assert figures_in(text) == figures_in(text), "reading is a function of the text"


@pytest.mark.parametrize(
    "piece", ["1,111", "1 111 ", "a", "1.", "1", "a-1/", "[1", "1:", "a@", " 1\n", "1e", "Mar ", ".a1"]
)
def test_the_time_is_about_linear_in_the_text(piece):
    started = time.process_time()
    figures_in(piece * 20_000)
    assert time.process_time() - started < 3.0
