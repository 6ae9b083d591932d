"""Assertions: what must hold of a project's matrix, and the cells in which it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Cell, Matrix, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which cells are meant: those in which all that is given here is so.

    sources: each as `Provenance.of` reads it; a cell for each of them, for any provenance when there is none.
    untrusted: arguments that nobody vouches for; of `call_tool`.
    """

    principal: str | None = None
    role: Role | None = None
    action: Action | None = None
    resource: str | None = None
    confidentiality: Confidentiality | None = None
    sources: tuple[str, ...] = ()
    declared: bool | None = None
    untrusted: frozenset[str] = frozenset()

    def cells(self, matrix: Matrix) -> Iterator[Cell]:
        """Yield the cells that are meant."""
        levels = list(Confidentiality) if self.confidentiality is None else [self.confidentiality]
        for row in matrix.rows(self.action):
            if self._means(row):
                for level in levels:
                    for source in self.sources or (TRUSTED, UNTRUSTED):
                        yield matrix.cell(row, level, source, self.untrusted)

    def _means(self, row: Row) -> bool:
        return (
            self.principal in {None, row.agent}
            and self.role in {None, row.role}
            and self.resource in {None, row.resource.name}
            and self.declared in {None, row.declared}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What must be so of every cell that is meant. place: `file:line:column` of it."""

    name: str
    must_be: Literal["always", "never"]
    where: Selector = field(default_factory=Selector)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """An assertion that does not hold. cells: where; none when it is about nothing that the project has."""

    assertion: Assertion
    cells: tuple[Cell, ...]


def violation(assertion: Assertion, matrix: Matrix) -> Violation | None:
    """Return where an assertion does not hold, None when it holds.

    A cell that depends on facts which are not known is neither always nor never permitted. An assertion that is about
    no cell at all does not hold either: else a word in it that is wrong would let everything pass.
    """
    cells = tuple(assertion.where.cells(matrix))
    wrong = tuple(cell for cell in cells if cell.judgement.verdict != assertion.must_be)
    return Violation(assertion=assertion, cells=wrong) if wrong or not cells else None


def causes(assertion: Assertion, cell: Cell) -> tuple[str, ...]:
    """Return the ids of the policies by which a cell is not what it must be; none: that no policy permits it."""
    found = cell.judgement
    if assertion.must_be == "never":
        return tuple(dict.fromkeys((*found.permits, *found.undecided)))
    return found.reasons
