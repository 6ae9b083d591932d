"""The figures of a router's settings as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from agentcore.routing.frontier import Figures

_COLUMNS: Final = (
    ("accuracy", "accuracy", ".3f"),
    ("cost_usd_per_1k", "USD / 1k", ".4f"),
    ("mean_latency_s", "mean s", ".2f"),
    ("p95_latency_s", "p95 s", ".2f"),
    ("calls_per_query", "calls", ".2f"),
    ("apgr", "APGR", ".3f"),
    ("cpt50", "CPT 50", ".3f"),
    ("cpt80", "CPT 80", ".3f"),
    ("risk_alpha", "alpha", ".3f"),
    ("risk_realised", "risk", ".3f"),
    ("accept_rate", "accepted", ".3f"),
)


def figures_table(settings: Sequence[Figures]) -> Table:
    """Return a table with a row for each setting, and the columns that apply to any of them."""
    shown = [each for each in _COLUMNS if any(getattr(row, each[0]) is not None for row in settings)]
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", overflow="fold")
    for _, title, _ in shown:
        table.add_column(title, justify="right")
    for row in settings:
        values = [getattr(row, name) for name, _, _ in shown]
        cells = [
            "" if value is None else format(value, spec) for value, (_, _, spec) in zip(values, shown, strict=True)
        ]
        table.add_row(row.setting, *cells)
    return table
