"""PostgresChain: appends to audit chains within a transaction of one connection to PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from agentcore.adapters.audit.secret import secret_from
from agentcore.adapters.journal.projection import PARAMETER
from agentcore.audit.entry import Draft

if TYPE_CHECKING:
    from agentcore.adapters.audit.notary import Notary, Steps

_INSERT: Final = """
    INSERT INTO audit (tenant, sequence, hash, entry, sealed)
    SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::text[])"""


class Connection(Protocol):
    """What is used of asyncpg's connection."""

    async def execute(self, query: str, *arguments: Any) -> str:
        """Execute a statement."""
        ...

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        """Return rows."""
        ...


class PostgresChain:
    """One connection. Raises what the connection raises; it must not be used again then.

    Chains of many processes grow in turns: each waits for the head of its tenant's chain.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._notary: Notary | None = None

    def forget(self) -> None:
        """Believe nothing any more of what was read before."""
        if self._notary is not None:
            self._notary.forget()

    async def append(self, drafts: Sequence[Draft]) -> None:
        """Append within the transaction that is under way. Raises ConfigError for a secret that is none."""
        if not drafts:
            return
        if self._notary is None:
            from agentcore.adapters.audit.notary import Notary  # noqa: PLC0415  # loads ciphers

            secret = secret_from(os.environ)
            self._notary = Notary(None if secret is None else lambda: secret, shared=True)
        await self._do(self._notary.append(drafts))

    async def _do(self, steps: Steps) -> None:
        from agentcore.adapters.audit.notary import Insert, Query  # noqa: PLC0415  # as above

        try:
            step = next(steps)
            while True:
                rows: Sequence[Any] = ()
                if isinstance(step, Insert):
                    await self._connection.execute(_INSERT, *zip(*step.rows, strict=True))
                else:
                    sql = PARAMETER.sub(r"$\1", step.sql)
                    if isinstance(step, Query):
                        lock = " FOR UPDATE" if step.lock else ""
                        rows = await self._connection.fetch(sql + lock, *step.parameters)
                    else:
                        await self._connection.execute(sql, *step.parameters)
                step = steps.send(rows)
        except StopIteration:
            return
