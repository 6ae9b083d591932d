from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.cron import Cron

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    UTC,
    *map(
        ZoneInfo,
        [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",  # half an hour
            "Africa/Cairo",  # at midnight
            "Antarctica/Troll",  # two hours
            "Asia/Kolkata",
            "Pacific/Apia",
        ],
    ),
]
EXPRESSIONS = ["0 7 * * MON-FRI", "30 2 * * *", "*/15 * * * *", "0 0 1 * *", "59 23 L * *", "0 */6 * * *", "5 0 * * *"]
YEARS = st.floats(datetime(2015, 1, 1, tzinfo=UTC).timestamp(), datetime(2035, 1, 1, tzinfo=UTC).timestamp())


def at(text: str, zone=BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def due_times(expression: str, start: str, end: str, zone=BERLIN) -> list[str]:
    """Return when it is due, as the zone's clock shows it with its offset, from one time of the clock to another."""
    cron = Cron.parse(expression, zone)
    due, found = cron.after(at(start, zone)), []
    while due <= at(end, zone, fold=1):
        found.append(cron.told(due)[11:16] + cron.told(due)[19:])
        due = cron.after(due)
    return found


def test_due_times_follow_the_clock_of_the_zone():
    cron = Cron.parse("0 7 * * MON-FRI", BERLIN)
    assert cron.told(cron.after(at("2026-03-27T08:00:00"))) == "2026-03-30T07:00:00+02:00"  # summer time began
    assert cron.told(cron.after(at("2026-03-30T06:59:59.5"))) == "2026-03-30T07:00:00+02:00"
    assert cron.told(cron.after(at("2026-03-30T07:00:00"))) == "2026-03-31T07:00:00+02:00"
    assert cron.latest(at("2026-03-30T07:00:00")) == at("2026-03-30T07:00:00")
    assert cron.latest(at("2026-03-30T06:59:59.5")) == at("2026-03-27T07:00:00")


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("30 2 * * *", ["03:00+02:00"]),  # left out: right after the gap
        ("0 2,3 * * *", ["03:00+02:00"]),  # and only once
        ("30 1 * * *", ["01:30+01:00"]),
        ("*/30 * * * *", ["01:00+01:00", "01:30+01:00", "03:00+02:00", "03:30+02:00", "04:00+02:00"]),
        ("0 * * * *", ["01:00+01:00", "03:00+02:00", "04:00+02:00"]),
    ],
)
def test_in_the_night_in_which_an_hour_is_left_out(expression, due):
    assert due_times(expression, "2026-03-29T00:59:00", "2026-03-29T04:00:00") == due


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("30 2 * * *", ["02:30+02:00"]),  # comes twice: the first time
        ("0 3 * * *", ["03:00+01:00"]),
        ("0 * * * *", ["02:00+02:00", "02:00+01:00", "03:00+01:00"]),
        ("*/30 2 * * *", ["02:00+02:00", "02:30+02:00", "02:00+01:00", "02:30+01:00"]),
    ],
)
def test_in_the_night_in_which_an_hour_comes_twice(expression, due):
    assert due_times(expression, "2026-10-25T01:59:00", "2026-10-25T03:00:00") == due


def test_the_hour_that_comes_twice_has_one_latest_and_no_second():
    cron = Cron.parse("30 2 * * *", BERLIN)
    first = at("2026-10-25T02:30:00")
    for text in ("02:15:00", "02:30:00", "02:45:00"):
        again = at(f"2026-10-25T{text}", fold=1)
        assert cron.latest(again) == first
        assert cron.told(cron.after(again)) == "2026-10-26T02:30:00+01:00"


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), YEARS)
def test_latest_and_after_surround_every_time(expression, zone, now):
    cron = Cron.parse(expression, zone)
    latest, after = cron.latest(now), cron.after(now)
    assert latest <= now < after
    assert cron.after(latest) == after
    assert cron.latest(after) == after
    assert after == int(after)


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), YEARS)
def test_due_times_go_forward_whoever_begins_where(expression, zone, now):
    cron = Cron.parse(expression, zone)
    times = [cron.after(now)]
    for _ in range(6):
        times.append(cron.after(times[-1]))
    assert all(one < other for one, other in pairwise(times))
    between = times[2] + (times[3] - times[2]) / 2
    assert cron.after(between) == times[3]


def test_seconds_and_special_days():
    second = Cron.parse("*/10 * * * * *")
    assert second.after(at("2026-01-01T00:00:01", UTC)) == at("2026-01-01T00:00:10", UTC)
    last = Cron.parse("0 9 L * *")
    assert last.told(last.after(at("2028-02-01T00:00:00", UTC))) == "2028-02-29T09:00:00+00:00"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "is not a cron expression: wrong number of fields"),
        ("@daily", "is not a cron expression: wrong number of fields"),
        ("60 * * * *", "is not a cron expression: bad minute"),
        ("* 7-5 * * *", "is not a cron expression: bad hour"),
        ("* * * FOO *", "is not a cron expression: bad month"),
        ("0 0 30 2 *", "is not a cron expression: bad day-of-month"),
        ("0 0 */32 2 MON#5", "is a cron expression that is never due"),
    ],
)
def test_what_is_none_says_why(expression, problem):
    with pytest.raises(ValueError, match=problem):
        Cron.parse(expression)


def test_a_year_of_due_times_in_no_time():
    cron = Cron.parse("0 7 * * *", BERLIN)
    due = at("2026-01-01T00:00:00")
    for day in range(365):
        due = cron.after(due)
        assert datetime.fromtimestamp(due, BERLIN).date() == date(2026, 1, 1) + timedelta(days=day)
