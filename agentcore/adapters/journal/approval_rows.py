"""ApprovalRows: people's questions as they stand in the tables beside a journal's events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from loguru import logger

from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.domain.approval import Approval, ApprovalRecord, Ruling
from agentcore.domain.errors import JournalCorrupt
from agentcore.domain.ids import RunId


class ApprovalRows:
    """Reads and writes the columns run, tenant, status, question and ruling."""

    def __init__(self) -> None:
        self._approval = ValueCodec(Approval)
        self._ruling = ValueCodec(Ruling)
        self._told: set[str] = set()

    def ruling(self, ruling: Ruling) -> str:
        """Return the text of a ruling."""
        return self._ruling.encode(ruling)

    def record(self, row: Sequence[Any]) -> ApprovalRecord:
        """Return what stands in a row; it may have more columns. Raises JournalCorrupt."""
        run, tenant, status, question, ruling = row[:5]
        return ApprovalRecord(
            run=RunId(run),
            tenant=tenant,
            approval=self._approval.decode(question),
            status="decided" if status == "taken" else status,
            ruling=None if ruling is None else self._ruling.decode(ruling),
        )

    def readable(self, rows: Iterable[Sequence[Any]]) -> list[tuple[ApprovalRecord, Sequence[Any]]]:
        """Return the records of rows, and the rows. One that cannot be read is told of once, and holds up no other."""
        found: list[tuple[ApprovalRecord, Sequence[Any]]] = []
        for row in rows:
            try:
                found.append((self.record(row), row))
            except JournalCorrupt as error:
                run = str(row[0])
                if run not in self._told:
                    self._told.add(run)
                    logger.bind(run=run).error("a question is left out of lists: {}; {}", error.message, error.hint)
        return found
