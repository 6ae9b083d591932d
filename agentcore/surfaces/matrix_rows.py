"""Which rows of a policy matrix people are shown, and in which words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agentcore.domain.decision import Action
from agentcore.policy.abstract_request import Verdict
from agentcore.policy.matrix import Cell, Matrix, Row

MARKS: Final[dict[Verdict, str]] = {"always": "yes", "never": "no", "depends": "if"}
"""What stands in a cell."""

LEGEND: Final = (
    ("yes", "always permitted"),
    ("no", "never permitted, whatever is asked"),
    ("if", "depends on arguments, budget, tenant, user or purpose; in U, perhaps on the source"),
    ("T", "data from the user alone, and what the project's models made of it"),
    ("U", "data that came from anything else, too: tools, documents, triggers, people"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A row with its cells: trusted and untrusted by turns, from public to secret."""

    row: Row
    cells: Sequence[Cell]

    @property
    def resource(self) -> str:
        """The resource's name, and whether the project gives it to the agent where that is not so, or not clear."""
        if self.row.real:
            return self.row.resource.name if self.row.declared else f"{self.row.resource.name} (not given)"
        return f"{self.row.resource.name} (if {'it were given' if self.row.declared else 'it were not'})"

    @property
    def deciding(self) -> tuple[str, ...]:
        """The ids of the policies on which a cell depends."""
        found = (id for cell in self.cells if cell.judgement.verdict == "depends" for id in cell.judgement.reasons)
        return tuple(dict.fromkeys(found))


def shown_rows(matrix: Matrix, action: Action | None, *, everything: bool) -> tuple[list[ShownRow], int]:
    """Return the rows to show, and how many are left out.

    everything: also those that are never permitted, and what would be if the project gave, or did not give, something.
    """
    rows = [ShownRow(row=row, cells=matrix.cells(row)) for row in matrix.rows(action)]
    if everything:
        return rows, 0
    real = [each for each in rows if each.row.real]
    shown = [each for each in real if any(cell.judgement.verdict != "never" for cell in each.cells)]
    return shown, len(real) - len(shown)
