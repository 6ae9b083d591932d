"""How function calls are routed."""

from __future__ import annotations

from pathlib import Path

from agentcore.adapters.tables.bfcl import read_bfcl
from agentcore.routing.fitted import FittedRouter, TrainedOn
from agentcore.routing.frontier import Figures
from agentcore.routing.outcomes import OutcomeTable


class BfclRecipe:
    """A verified cascade."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError."""
        return read_bfcl(folder)

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return the router fitted on a table."""
        return FittedRouter(
            dataset="bfcl",
            trained_on=TrainedOn(
                sha256=table.sha256(),
                queries=len(table),
                labels=table.labels.size,
                arms=table.arms,
                columns=table.columns,
            ),
            settings={"seed": seed},
        )

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting."""
        del table, fitted
        return ()
