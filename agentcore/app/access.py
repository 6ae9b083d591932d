"""The access log: who has looked at what is recorded, as entries of the audit chain."""

from __future__ import annotations

import time
from collections.abc import Sequence

from agentcore.app.store import Store
from agentcore.audit.drafts import moment
from agentcore.audit.entry import Draft, Kind
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSON


async def log_access(
    store: Store, *, actor: str, reason: str, what: str, runs: Sequence[str] = (), tenant: str = ""
) -> None:
    """Append who has looked, before anything is shown.

    what: such as `run`, `approval`, `audit`.  runs: whose contents; else it was about a tenant, or about all that have
    a chain. Raises JournalError: then nothing must be shown.
    """
    if store.audit is None:
        return
    facts = note("access", actor=actor, action="read", resource=what)
    payload: JSON = {"reason": reason} if reason else None
    if runs:
        drafts = [Draft(RunId(run), {**facts, "run": run}, payload) for run in dict.fromkeys(runs)]
    else:
        tenants = [tenant] if tenant else sorted(await store.audit.heads()) or ["default"]
        drafts = [Draft(None, facts, payload, tenant=each) for each in tenants]
    await store.audit.record(drafts)


def note(kind: Kind, *, actor: str, action: str, resource: str, **more: JSON) -> dict[str, JSON]:
    """Return the facts of an entry about what a person does now."""
    facts: dict[str, JSON] = {"at": moment(time.time()), "kind": kind, "actor": actor, "action": action}
    return {**facts, "resource": resource, **{name: value for name, value in more.items() if value}}
