"""Who looks at what is recorded, and why; noted in the audit chain where the project wants that."""

from __future__ import annotations

import asyncio
import functools
import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agentcore.surfaces.cli.project_choice import chosen_folder, chosen_store

if TYPE_CHECKING:
    from agentcore.app import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody's look. reason: why, such as in an emergency."""

    actor: str
    reason: str


def actor_options(command: Callable[..., T]) -> Callable[..., T]:
    """Add `--actor` and `--reason`, passed as `look`."""

    @click.option("--actor", metavar="NAME", help="Who looks; by default the user of this system.")
    @click.option("--reason", default="", metavar="TEXT", help="Why, for the audit.")
    @functools.wraps(command)
    def with_actor(*args: Any, actor: str | None, reason: str, **kwargs: Any) -> T:
        return command(*args, look=Look(actor=actor or system_user(), reason=reason), **kwargs)

    return with_actor


def system_user() -> str:
    """Return the name of the user of this system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def note_look(project: Path | None, look: Look, *, what: str, runs: Sequence[str]) -> None:
    """Note the same before the contents of runs are shown. project: as for `chosen_folder`."""
    from agentcore.config.load import wants_access_log  # noqa: PLC0415  # for start-up time

    folder = chosen_folder(project)
    if wants_access_log(folder):
        asyncio.run(_note_look(folder, look, what, runs))


async def _note_look(folder: Path, look: Look, what: str, runs: Sequence[str]) -> None:
    store = chosen_store(folder)
    try:
        await note_access(folder, store, look, what=what, runs=runs)
    finally:
        await store.aclose()


async def note_access(
    folder: Path, store: Store, look: Look, *, what: str, runs: Sequence[str] = (), tenant: str = ""
) -> None:
    """Note in the audit that somebody looked, if the project in the folder has `audit.access_log`."""
    from agentcore.app.access import log_access  # noqa: PLC0415  # for start-up time
    from agentcore.config.load import wants_access_log  # noqa: PLC0415  # as above

    if wants_access_log(folder):
        await log_access(store, actor=look.actor, reason=look.reason, what=what, runs=runs, tenant=tenant)
