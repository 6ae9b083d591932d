"""SubjectData: what a store has of a user, how it goes, and what must be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from agentcore.adapters.audit.notary import task_user
from agentcore.adapters.journal.inbox import Ask
from agentcore.adapters.journal.projection import Statement, storable
from agentcore.audit.entry import Draft
from agentcore.domain.event import ENDED
from agentcore.domain.ids import RunId

_UNKNOWN: Final = "SELECT run FROM runs WHERE principal IS NULL ORDER BY run LIMIT 500"
_FIRST: Final = "SELECT at, schema, fact FROM events WHERE run = ?1 AND sequence = 1"
_NOTE: Final = "UPDATE runs SET principal = ?1 WHERE run = ?2 AND principal IS NULL"
_RUNS: Final = (
    "SELECT run, tenant, status FROM runs WHERE principal = ?1 AND (?2 = '' OR tenant = ?2) ORDER BY started_at, run"
)
_IDS: Final = "SELECT tenant, subject FROM audit_subjects WHERE name = ?1 AND (?2 = '' OR tenant = ?2)"
_ENDED: Final = f"status IN ({', '.join(repr(str(status)) for status in ENDED)})"
_THEIRS: Final = f"SELECT run FROM runs WHERE tenant = ?1 AND principal = ?2 AND {_ENDED}"  # noqa: S608  # no text from outside
_DELETE_EVENTS: Final = f"DELETE FROM events WHERE run IN ({_THEIRS})"  # noqa: S608  # as above
_DELETE_APPROVALS: Final = f"DELETE FROM approvals WHERE run IN ({_THEIRS})"  # noqa: S608  # as above
_DELETE_RUNS: Final = f"DELETE FROM runs WHERE tenant = ?1 AND principal = ?2 AND {_ENDED}"  # noqa: S608  # as above
_DELETE_RESPONSES: Final = "DELETE FROM responses WHERE tenant = ?1 AND principal = ?2"
_UNSEAL: Final = "UPDATE audit SET sealed = NULL WHERE tenant = ?1 AND sealed IS NOT NULL AND entry LIKE ?2"
_FORGET: Final = "DELETE FROM audit_subjects WHERE tenant = ?1 AND name = ?2"
_HOLD: Final = (
    "INSERT INTO audit_holds (tenant, run, principal, reason, actor, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT DO NOTHING"
)
_RELEASE: Final = "DELETE FROM audit_holds WHERE tenant = ?1 AND run = ?2 AND principal = ?3"
_HOLDS: Final = "SELECT tenant, run, principal, reason, actor, at FROM audit_holds ORDER BY at, tenant, run, principal"
_OF_RUN: Final = "SELECT tenant, principal FROM runs WHERE run = ?1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What must be kept: one run, or, when there is none, all of a user's. at: seconds since the epoch."""

    tenant: str
    run: str
    user: str
    reason: str = ""
    actor: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirRun:
    """A run on a user's behalf."""

    run: RunId
    tenant: str
    status: str


class SubjectData:
    """Upon a journal's store. A user's name is a task's principal. tenant: empty for all.

    before_erasing: a statement after which a connection overwrites what it deletes; empty for a store without one.
    """

    def __init__(self, ask: Ask, *, before_erasing: str = "") -> None:
        self._ask = ask
        self._before_erasing = before_erasing

    async def fill(self) -> None:
        """Note whose the runs are that an earlier version began. Raises JournalCorrupt for one that cannot be read."""
        while unknown := await self._rows(_UNKNOWN):
            for (run,) in unknown:
                user = task_user(run, await self._rows(_FIRST, run))
                await self._ask(lambda store, user=user, run=run: store.change(_NOTE, (user, run)))

    async def runs(self, user: str, tenant: str = "") -> Sequence[TheirRun]:
        """Return a user's runs, the oldest first."""
        rows = await self._rows(_RUNS, storable(user), storable(tenant))
        return [TheirRun(run=RunId(run), tenant=of, status=status) for run, of, status in rows]

    async def ids(self, user: str, tenant: str = "") -> Sequence[tuple[str, str]]:
        """Return the tenants in which a user has keys, and the ids under which the user stands in their chains."""
        return [(of, subject) for of, subject in await self._rows(_IDS, storable(user), storable(tenant))]

    async def erase(self, user: str, tenant: str, ids: Sequence[str], erasure: Draft) -> int:
        """Delete a tenant's runs of a user that have ended, what is sealed of the user, and the keys; return how many.

        All in one transaction, with the entry that says so.
        """
        name = storable(user)
        statements: list[Statement] = [
            (sql, (tenant, name)) for sql in (_DELETE_EVENTS, _DELETE_APPROVALS, _DELETE_RUNS)
        ]
        statements.append((_DELETE_RESPONSES, (tenant, name)))
        statements += [(_UNSEAL, (tenant, f'%"subject":"{each}"%')) for each in ids]
        statements.append((_FORGET, (tenant, name)))
        if self._before_erasing:
            await self._rows(self._before_erasing)
        changed = await self._ask(lambda store: store.change_all(statements, [erasure]))
        return changed[2]

    async def hold(self, hold: Hold, entry: Draft) -> bool:
        """Keep something from now on; return False when it was kept already."""
        row = (hold.tenant, hold.run, storable(hold.user), storable(hold.reason), storable(hold.actor), hold.at)
        return (await self._ask(lambda store: store.change_all([(_HOLD, row)], [entry])))[0] > 0

    async def release(self, hold: Hold, entry: Draft) -> bool:
        """Keep something no longer; return False when it was not kept."""
        row = (hold.tenant, hold.run, storable(hold.user))
        return (await self._ask(lambda store: store.change_all([(_RELEASE, row)], [entry])))[0] > 0

    async def holds(self) -> Sequence[Hold]:
        """Return what must be kept, the oldest first."""
        return [
            Hold(tenant=tenant, run=run, user=user, reason=reason, actor=actor, at=at)
            for tenant, run, user, reason, actor, at in await self._rows(_HOLDS)
        ]

    async def owner(self, run: str) -> tuple[str, str] | None:
        """Return the tenant and the user of a run, None when there is none of just that id."""
        rows = await self._rows(_OF_RUN, storable(run))
        return (rows[0][0], rows[0][1] or "") if rows else None

    async def _rows(self, sql: str, *parameters: Any) -> Sequence[Any]:
        return await self._ask(lambda store: store.rows(sql, parameters))
