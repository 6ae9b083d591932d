"""A project's policy matrix, and whether assertions hold of it, as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Cell, Matrix, Row
from agentcore.policy.matrix_assertions import Assertion, Violation, causes


def matrix_json(
    matrix: Matrix, action: Action | None, assertions: Sequence[Assertion], violations: Sequence[Violation]
) -> dict[str, Any]:
    """Return all rows with their cells, and every assertion with the cells that break it.

    A source is listed by itself where it makes a difference: what is not listed is as `untrusted`.
    """
    broken = {id(each.assertion): each for each in violations}
    return {
        "policies": list(matrix.policies),
        "rows": [{**_row(row), "cells": [_cell(cell) for cell in _cells(matrix, row)]} for row in matrix.rows(action)],
        "assertions": [_assertion(each, broken.get(id(each))) for each in assertions],
    }


def _cells(matrix: Matrix, row: Row) -> Iterator[Cell]:
    for level in Confidentiality:
        untrusted = matrix.cell(row, level, UNTRUSTED)
        yield matrix.cell(row, level, TRUSTED)
        yield untrusted
        for source in matrix.space.sources:
            cell = matrix.cell(row, level, source)
            if cell.judgement != untrusted.judgement:
                yield cell


def _row(row: Row) -> dict[str, Any]:
    return {
        "principal": row.agent,
        "role": row.role.value,
        "action": row.action,
        "resource": row.resource.name,
        "declared": row.declared,
        "real": row.real,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    found = cell.judgement
    return {
        "confidentiality": cell.confidentiality.name.lower(),
        "sources": cell.provenance,
        "verdict": found.verdict,
        "permits": list(found.permits),
        "forbids": list(found.forbids),
        "undecided": list(found.undecided),
        "faults": list(found.faults),
    }


def _assertion(assertion: Assertion, broken: Violation | None) -> dict[str, Any]:
    cells = () if broken is None else broken.cells
    return {
        "name": assertion.name,
        "must_be": assertion.must_be,
        "place": assertion.place,
        "holds": broken is None,
        "cells": [{**_row(cell.row), **_cell(cell), "policies": list(causes(assertion, cell))} for cell in cells],
    }
