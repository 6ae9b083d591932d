"""Outcomes: what an expression can come to when not every fact is known.

An outcome is a finite set of values, or any value at all, and whether the evaluation may fail. It may hold more than
what really can happen, and never less: whatever follows from it follows for every request that it stands for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

Truths: TypeAlias = frozenset[bool]
"""Which of true and false are possible."""

TRUE: Final[Truths] = frozenset({True})
FALSE: Final[Truths] = frozenset({False})
EITHER: Final[Truths] = frozenset({True, False})

MOST_VALUES: Final = 64
"""How many values an outcome lists; beyond that it is any value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is possible.

    values: None for any.  fails: it may end with an error; it must when there is no value.
    """

    values: frozenset[Hashable] | None
    fails: bool = False

    @staticmethod
    def known(value: Hashable) -> Outcome:
        """Return the outcome of what is certain."""
        return Outcome(frozenset({value}))

    @staticmethod
    def any_of(outcomes: Iterable[Outcome]) -> Outcome:
        """Return what is possible when one of these happens; an error when there is none."""
        values: set[Hashable] = set()
        everything = fails = False
        for outcome in outcomes:
            fails = fails or outcome.fails
            everything = everything or outcome.values is None
            values |= outcome.values or frozenset()
        if everything or len(values) > MOST_VALUES:
            return Outcome(None, fails)
        return Outcome(frozenset(values), fails or not values)

    @property
    def truths(self) -> Truths:
        """The truth values that are possible; both, where it is any value."""
        return (
            EITHER if self.values is None else frozenset({value for value in self.values if isinstance(value, bool)})
        )

    def after(self, *earlier: Outcome) -> Outcome:
        """Return the same, which also fails when something that is evaluated before it may."""
        fails = self.fails or any(each.fails for each in earlier)
        return self if fails == self.fails else Outcome(self.values, fails)


ANYTHING: Final = Outcome(None)
ANYTHING_OR_ERROR: Final = Outcome(None, fails=True)
ERROR: Final = Outcome(frozenset(), fails=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SomeSet:
    """A set of which only something is known.

    must: what is in it.  may: what can be in it, None for anything.  beside, prefix: when `beside` is given, it holds
    a text that begins with `prefix` and is not in `beside`.
    """

    must: frozenset[Hashable] = frozenset()
    may: frozenset[Hashable] | None = None
    beside: frozenset[Hashable] | None = None
    prefix: str = ""

    @staticmethod
    def of(value: Hashable) -> SomeSet | None:
        """Return a set as this, None when the value is no set."""
        if isinstance(value, frozenset):
            members: frozenset[Hashable] = frozenset(value)  # pyright: ignore[reportUnknownArgumentType]
            return SomeSet(must=members, may=members)
        return value if isinstance(value, SomeSet) else None

    def has(self, value: Hashable) -> Truths:
        """Return whether a value can be in it."""
        if value in self.must:
            return TRUE
        return FALSE if self.may is not None and value not in self.may else EITHER

    def within(self, other: SomeSet) -> Truths:
        """Return whether all of it can be in another set, too."""
        if other.may is not None and (not self.must <= other.may or not self._more(other.may)):
            return FALSE
        return TRUE if self.may is not None and self.may <= other.must else EITHER

    def meets(self, other: SomeSet) -> Truths:
        """Return whether it can have something in common with another set."""
        if self.must & other.must:
            return TRUE
        if self.may is not None and other.may is not None:
            return EITHER if self.may & other.may else FALSE
        return FALSE if frozenset() in {self.may, other.may} else EITHER

    def equals(self, other: SomeSet) -> Truths:
        """Return whether both can be the same set."""
        inside, outside = self.within(other), other.within(self)
        if FALSE in {inside, outside}:
            return FALSE
        return TRUE if inside == outside == TRUE else EITHER

    @property
    def empty(self) -> Truths:
        """Whether nothing can be in it."""
        if self.must or self.beside is not None:
            return FALSE
        return EITHER if self.may is None or self.may else TRUE

    def _more(self, within: frozenset[Hashable]) -> bool:
        """Return whether the text that is only known by its beginning can be one of these."""
        if self.beside is None:
            return True
        return any(isinstance(each, str) and each.startswith(self.prefix) for each in within - self.beside)
