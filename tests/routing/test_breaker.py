from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agentcore.routing.breaker import Breaker, BreakerPolicy, Turn

POLICY = BreakerPolicy(
    failures_in_a_row=3,
    failure_share=0.5,
    minimum_calls=6,
    window_seconds=60.0,
    cool_seconds=10.0,
    max_cool_seconds=35.0,
    probes=2,
    probe_seconds=20.0,
)


def failing(times: int, *, start: float = 0.0) -> Breaker:
    breaker = Breaker(policy=POLICY)
    for n in range(times):
        breaker = breaker.failed(start + n)
    return breaker


def test_it_opens_after_failures_in_a_row_and_a_success_starts_the_count_again():
    assert failing(2).state(2.0) == "closed"
    assert failing(3).state(2.0) == "open"
    interrupted = failing(2).succeeded(2.0).failed(3.0).failed(4.0)
    assert interrupted.state(4.0) == "closed"


def test_it_opens_on_the_share_of_failures_even_when_none_follow_each_other():
    breaker = Breaker(policy=POLICY)
    states = []
    for n in range(8):
        breaker = breaker.failed(n * 0.1) if n % 2 else breaker.succeeded(n * 0.1)
        states.append(breaker.state(n * 0.1))
    assert states[:6] == ["closed"] * 6
    assert states[7] == "open"


def test_old_failures_do_not_count_in_the_share():
    breaker = Breaker(policy=POLICY)
    for n in range(40):  # one call every ten minutes: never six within the window
        breaker = breaker.failed(n * 600.0) if n % 2 else breaker.succeeded(n * 600.0)
    assert breaker.state(40 * 600.0) == "closed"


def test_half_open_lets_a_few_probes_through_and_one_success_closes_it():
    breaker = failing(3)
    assert not breaker.allows(11.9)
    assert breaker.state(12.0) == "half_open"
    one = breaker.admitted(12.0)
    two = one.admitted(12.5)
    assert one.allows(12.0)
    assert not two.allows(12.5)
    assert two.succeeded(13.0).state(13.0) == "closed"
    assert two.succeeded(13.0).openings == 0


def test_a_failed_probe_doubles_the_cool_down_up_to_its_limit():
    breaker, now, rests = failing(3), 2.0, []
    for _ in range(4):
        assert breaker.until is not None
        rests.append(breaker.until - now)
        now = breaker.until
        breaker = breaker.admitted(now).failed(now)
    assert rests == [10.0, 20.0, 35.0, 35.0]


def test_a_probe_that_never_reports_gives_its_place_back():
    breaker = failing(3).admitted(12.0).admitted(12.0)
    assert not breaker.allows(31.9)
    assert breaker.allows(32.0)
    assert failing(3).admitted(12.0).admitted(12.0).withdrawn(13.0).allows(13.0)


def test_a_server_that_asks_for_rest_is_left_alone_for_as_long():
    breaker = Breaker(policy=POLICY).failed(0.0, retry_after_seconds=90.0)
    assert not breaker.allows(89.9)
    assert breaker.allows(90.0)
    assert not breaker.failed(10.0, retry_after_seconds=200.0).allows(209.9)


def test_answers_that_come_late_do_not_move_an_open_breaker():
    breaker = failing(3)
    assert breaker.succeeded(5.0) == breaker
    assert breaker.failed(5.0) == breaker


class Law(RuleBasedStateMachine):
    """The breaker against an account of its law that keeps the whole history."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(policy=POLICY)
        self.since_closed: list[tuple[float, bool]] = []
        self.opened_until: float | None = None
        self.openings = 0
        self.probes: list[float] = []

    def half_open(self) -> bool:
        return self.opened_until is not None and self.now >= self.opened_until

    def open(self) -> None:
        self.opened_until = self.now + min(10.0 * 2**self.openings, 35.0)
        self.openings += 1
        self.probes = []

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 5.0, 10.0, 40.0, 500.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def succeed(self) -> None:
        self.breaker = self.breaker.succeeded(self.now)
        if self.opened_until is None:
            self.since_closed.append((self.now, True))
        elif self.half_open():
            self.opened_until, self.openings, self.probes = None, 0, []
            self.since_closed = [(self.now, True)]

    @rule()
    def fail(self) -> None:
        self.breaker = self.breaker.failed(self.now)
        if self.half_open():
            self.open()
        elif self.opened_until is None:
            self.since_closed.append((self.now, False))
            weights = [(math.exp(-(self.now - at) / 60.0), good) for at, good in self.since_closed]
            total = sum(weight for weight, _ in weights)
            bad = sum(weight for weight, good in weights if not good)
            in_a_row = all(not good for _, good in self.since_closed[-3:]) and len(self.since_closed) >= 3
            if in_a_row or (total >= 6 and bad >= 0.5 * total):
                self.open()

    @precondition(lambda self: self.breaker.allows(self.now))
    @rule()
    def admit(self) -> None:
        self.breaker = self.breaker.admitted(self.now)
        if self.half_open():
            self.probes.append(self.now)

    @invariant()
    def same_answer(self) -> None:
        live = [at for at in self.probes if self.now - at < 20.0]
        if self.opened_until is None:
            expected, allowed = "closed", True
        elif self.half_open():
            expected, allowed = "half_open", len(live) < 2
        else:
            expected, allowed = "open", False
        assert self.breaker.state(self.now) == expected
        assert self.breaker.allows(self.now) == allowed


TestLaw = Law.TestCase


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60))
def test_it_never_rests_longer_than_its_limit(history):
    breaker, now = Breaker(policy=POLICY), 0.0
    for gap, good in history:
        now += gap
        breaker = breaker.succeeded(now) if good else breaker.failed(now)
        assert breaker.allows(now + POLICY.max_cool_seconds)


def test_what_another_process_tells_holds_when_it_is_newer():
    opened = Breaker().failed(100.0, retry_after_seconds=20.0)
    assert opened.turn is not None
    other = Breaker().told(opened.turn)
    assert (other.state(110.0), other.until, other.openings) == ("open", 120.0, 1)
    assert not other.allows(125.0), "another process probes"
    closed = opened.admitted(121.0).succeeded(122.0)
    assert closed.turn == Turn(at=122.0)
    assert other.told(closed.turn).allows(122.0)
    assert closed.told(opened.turn) == closed


def test_one_that_never_opened_has_nothing_to_tell():
    assert Breaker().failed(1.0).succeeded(2.0).turn is None


def test_a_clock_that_is_set_back_does_not_keep_it_open():
    opened = Breaker().failed(10_000.0, retry_after_seconds=15.0)
    assert opened.state(10_001.0) == "open"
    assert opened.state(5_000.0) == "half_open"
    assert opened.state(9_990.0) == "open", "clocks of machines differ a little"
