"""Projection: what facts change in the tables beside the events, the same in every SQL store. Pure.

Events are the truth; the other tables are what lists and searches need of them, written in the same transaction. The
SQL is what SQLite and PostgreSQL both understand, with numbered parameters (`?1`; PostgreSQL's store writes `$1`). A
literal question mark has no place in it. Parameters are text, whole numbers and floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.domain.approval import Approval
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    Event,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
)

PARAMETER: Final = re.compile(r"\?(\d)")
"""A parameter's place in these statements."""

Parameter: TypeAlias = str | int | float | None
Statement: TypeAlias = tuple[str, tuple[Parameter, ...]]
"""SQL and its parameters."""

_START: Final = (
    "INSERT INTO runs (run, name, goal, tenant, status, started_at, owner, snapshot, principal) "
    "VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING"
)
_FINISH: Final = "UPDATE runs SET status = ?1, ended_at = ?2, cancel = '' WHERE run = ?3"
_PARK: Final = "UPDATE runs SET status = 'waiting' WHERE run = ?1"
_RESUME: Final = "UPDATE runs SET status = 'running', owner = ?1, epoch = ?2 WHERE run = ?3"
_ASK: Final = (
    "INSERT INTO approvals (id, run, tenant, status, version, asked_at, due_at, question) "
    "SELECT ?1, run, tenant, 'pending', CAST(?2 AS INTEGER), CAST(?3 AS DOUBLE PRECISION), "
    "CAST(?4 AS DOUBLE PRECISION), ?5 FROM runs WHERE run = ?6 ON CONFLICT DO NOTHING"
)
_TAKE: Final = "UPDATE approvals SET status = ?1 WHERE id = ?2"
_ESCALATE: Final = (
    "UPDATE approvals SET status = 'pending', ruling = NULL, version = ?1, due_at = ?2, question = ?3 WHERE id = ?4"
)
_APPROVAL: Final = ValueCodec(Approval)


def statements(event: Event) -> Sequence[Statement]:
    """Return what an event changes, to be executed in order after it has been inserted; mostly nothing."""
    project = _PROJECTIONS.get(type(event.fact))
    return () if project is None else project(event, event.fact)


def storable(text: str) -> str:
    """Return text that every store can hold: half a surrogate pair or NUL, which JSON allows, is a question mark."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _started(event: Event, fact: RunStarted) -> Sequence[Statement]:
    about = (storable(fact.name), storable(fact.task.goal), storable(fact.task.tenant))
    user = storable(fact.task.principal)
    return ((_START, (event.run, *about, event.at, fact.owner, storable(fact.snapshot), user)),)


def _resumed(event: Event, fact: RunResumed) -> Sequence[Statement]:
    return ((_RESUME, (fact.owner, fact.epoch, event.run)),)


def _parked(event: Event, _: RunParked) -> Sequence[Statement]:
    return ((_PARK, (event.run,)),)


def _asked(event: Event, fact: ApprovalRequested) -> Sequence[Statement]:
    asked = fact.approval
    question = _APPROVAL.encode(asked)
    return ((_ASK, (asked.id, asked.version, asked.asked_at, asked.due_at, question, event.run)),)


def _decided(_: Event, fact: ApprovalDecided) -> Sequence[Statement]:
    asked = fact.escalated
    if asked is None:
        return ((_TAKE, ("closed" if fact.ruling.closes else "taken", fact.approval)),)
    return ((_ESCALATE, (asked.version, asked.due_at, _APPROVAL.encode(asked), asked.id)),)


def _finished(event: Event, fact: RunFinished) -> Sequence[Statement]:
    return ((_FINISH, (fact.status, event.at, event.run)),)


_PROJECTIONS: Final[Mapping[type[Any], Callable[[Event, Any], Sequence[Statement]]]] = MappingProxyType(
    {
        RunStarted: _started,
        RunResumed: _resumed,
        RunParked: _parked,
        ApprovalRequested: _asked,
        ApprovalDecided: _decided,
        RunFinished: _finished,
    }
)
