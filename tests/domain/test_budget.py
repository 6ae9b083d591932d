from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from agentcore.domain.budget import Account, Budget, Usage
from agentcore.domain.errors import BudgetExceeded

dollars = st.decimals(0, 5, places=4)
usages = st.builds(
    Usage,
    input_tokens=st.integers(0, 500),
    output_tokens=st.integers(0, 500),
    cached_tokens=st.integers(0, 100),
    calls=st.integers(0, 3),
    usd=dollars,
)
budgets = st.builds(
    Budget,
    tokens=st.none() | st.integers(0, 2_000),
    usd=st.none() | dollars,
    calls=st.none() | st.integers(0, 6),
    seconds=st.none() | st.just(60.0),
)


def limits(budget: Budget) -> dict[str, Decimal]:
    left = {"tokens": budget.tokens, "usd": budget.usd, "calls": budget.calls}
    return {name: Decimal(value) for name, value in left.items() if value is not None}


def sizes(usage: Usage) -> dict[str, Decimal]:
    return {"tokens": Decimal(usage.tokens), "usd": usage.usd, "calls": Decimal(usage.calls)}


@given(budgets, usages)
def test_a_reservation_fits_or_names_the_limit_that_ran_out(budget, need):
    account = Account(limits=budget)
    short = [name for name, left in limits(budget).items() if sizes(need)[name] > left]
    assert account.holds(need) == (not short)
    if short:
        with pytest.raises(BudgetExceeded) as caught:
            account.reserve(need)
        assert caught.value.limit in short
        assert caught.value.limit in str(caught.value)
        return
    after = account.reserve(need)
    assert limits(after.left) == {name: left - sizes(need)[name] for name, left in limits(budget).items()}
    assert after.left.seconds == budget.seconds


@given(budgets, usages, st.integers(1, 4))
def test_it_holds_so_many_times_a_need_as_could_be_reserved_one_after_the_other(budget, need, times):
    account = Account(limits=budget)
    held = account.holds(need, times=times)
    for _ in range(times):
        try:
            account = account.reserve(need)
        except BudgetExceeded:
            assert not held
            return
    assert held


@given(budgets, usages)
def test_what_is_given_back_unused_is_as_if_it_had_never_been_reserved(budget, need):
    account = Account(limits=budget)
    try:
        after = account.reserve(need)
    except BudgetExceeded:
        return
    assert after.settle(need, Usage()) == account


def test_an_overrun_is_not_forgiven_by_a_later_call_that_used_less():
    half = Usage(input_tokens=50)
    account = Account(limits=Budget(tokens=100)).reserve(half).reserve(half)
    account = account.settle(half, Usage(input_tokens=80))
    assert account.left.tokens == 0
    assert account.settle(half, Usage(input_tokens=10)).left.tokens == 10


class Interleaved(RuleBasedStateMachine):
    """Calls that reserve and settle in any order, and may use more than they reserved."""

    outstanding = Bundle("outstanding")

    @initialize(budget=budgets)
    def begin(self, budget: Budget) -> None:
        self.account = Account(limits=budget)
        self.reserved: list[Usage] = []
        self.used = Usage()

    @rule(target=outstanding, need=usages)
    def reserve(self, need: Usage) -> Usage:
        left = limits(self.account.left)
        fits = all(sizes(need)[name] <= size for name, size in left.items())
        try:
            self.account = self.account.reserve(need)
        except BudgetExceeded:
            assert not fits
            need = Usage()
        else:
            assert fits
        self.reserved.append(need)
        return need

    @rule(need=consumes(outstanding), used=usages)
    def settle(self, need: Usage, used: Usage) -> None:
        self.account = self.account.settle(need, used)
        self.reserved.remove(need)
        self.used += used

    @invariant()
    def what_is_left_is_what_was_neither_spent_nor_reserved(self) -> None:
        assert self.account.taken == sum(self.reserved, self.used)
        taken = sizes(self.account.taken)
        left = {name: max(Decimal(0), size - taken[name]) for name, size in limits(self.account.limits).items()}
        assert limits(self.account.left) == left


TestInterleaved = Interleaved.TestCase


@given(usages, usages, usages)
def test_usage_adds_up(first, second, third):
    assert (first + second) + third == first + (second + third)
    assert first + second == second + first
    assert first + Usage() == first
    assert (first + second).tokens == first.tokens + second.tokens
    assert first + second - second == first
