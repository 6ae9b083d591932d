"""The store of a project's runs: their journal, and what stands beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_archive import MemoryArchive
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.adapters.journal.memory_live_store import MemoryLiveStore
from agentcore.adapters.journal.memory_outbox import MemoryOutbox
from agentcore.adapters.journal.memory_responses import MemoryResponses
from agentcore.adapters.journal.memory_snapshots import MemorySnapshots
from agentcore.config.load import find_store
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.domain.ids import RunId
from agentcore.domain.store_url import StoreUrl
from agentcore.ports.archive import Archive
from agentcore.ports.inbox import Inbox
from agentcore.ports.journal import Journal
from agentcore.ports.live_store import LiveStore
from agentcore.ports.notifier import Outbox
from agentcore.ports.presence import Presence
from agentcore.ports.response_cache import ResponseCache
from agentcore.ports.snapshots import Snapshots
from agentcore.ports.work_queue import WorkQueue

if TYPE_CHECKING:
    from agentcore.adapters.audit.sql_audit import SqlAudit
    from agentcore.adapters.audit.subject_data import SubjectData
    from agentcore.adapters.journal.run_files import RunFiles
    from agentcore.config.project import Project


_VACUUM: Final = "VACUUM events, runs, approvals, responses, audit, audit_subjects"
_QUEUED: Final = "UPDATE runs SET queued = ?1 WHERE run = ?2"


async def _unchanged() -> bool:
    return False


async def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where runs are recorded.

    snapshots, presence: None for one that ends with its process.  outbox: None for one that nobody is told of.
    archive: None for one whose runs stay for ever.  audit, subjects: None for one that ends with its process.
    scrub: see to it that nothing deleted can be read any more, and return what is left to be done, if anything.
    changed: whether another process has written since the last time it was asked.  url: of a database that many
    machines share; a queue hands its runs out.  queued: note whether a run is in the queue.  responses: replies of
    models that may be served again, None for a store that keeps none.
    """

    journal: Journal
    inbox: Inbox
    responses: ResponseCache | None = None
    outbox: Outbox | None = None
    snapshots: Snapshots | None = None
    presence: Presence | None = None
    archive: Archive | None = None
    subjects: SubjectData | None = None
    scrub: Callable[[], Awaitable[str]] = _nothing
    audit: SqlAudit | None = None
    changed: Callable[[], Awaitable[bool]] = _unchanged
    url: StoreUrl | None = None
    queued: Callable[[RunId, bool], Awaitable[None]] | None = None
    live: LiveStore | None = None

    @property
    def files(self) -> RunFiles:
        """What exports its runs to files, and imports them."""
        from agentcore.adapters.journal.run_files import RunFiles  # noqa: PLC0415  # needed for that alone

        return RunFiles(self.journal, self.snapshots, self.audit)

    async def aclose(self) -> None:
        """Write what is waiting, and close."""
        try:
            if self.presence is not None:
                await self.presence.aclose()
        finally:
            await self.journal.aclose()


def open_store(project: Project | Path) -> Store:
    """Return the store of a project, or of the project in a folder. It is opened at the first use.

    Of a folder only `store` in agentcore.yaml is read, so that runs can be looked at while other things are wrong.
    Raises ConfigError when that file cannot be understood and there is no journal at the default place, and as
    `store_at`.
    """
    return store_at(find_store(project) if isinstance(project, Path) else project.store)


def store_at(place: Path | StoreUrl) -> Store:
    """Return the store in a file or a database. It is opened at the first use.

    Raises ConfigError when a variable in its URL is not set, or it is no URL of PostgreSQL, and PluginError when the
    package for it is not installed.
    """
    return sqlite_store(place) if isinstance(place, Path) else postgres_store(place)


async def describe_store(url: StoreUrl) -> str:
    """Return what is at a database's URL, without making anything there. Raises as `store_at`, and JournalError."""
    _check(url)
    from agentcore.adapters.journal.postgres import describe  # noqa: PLC0415  # an extra

    return await describe(url)


def postgres_store(url: StoreUrl) -> Store:
    """Return the store in a PostgreSQL database. Raises as `store_at`."""
    _check(url)
    from agentcore.adapters.audit.sql_audit import SqlAudit  # noqa: PLC0415  # not needed to validate
    from agentcore.adapters.audit.subject_data import SubjectData  # noqa: PLC0415  # as above
    from agentcore.adapters.heartbeat import HeartbeatPresence  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.archive import SqlArchive  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.inbox import SqlInbox  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.live_store import SqlLiveStore  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.outbox import SqlOutbox  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.postgres import PostgresJournal  # noqa: PLC0415  # an extra
    from agentcore.adapters.journal.responses import SqlResponses  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.snapshots import SqlSnapshots  # noqa: PLC0415  # as the first

    journal = PostgresJournal(url)

    async def queued(run: RunId, is_queued: bool) -> None:  # a note, not a choice
        await journal.ask(lambda store: store.change(_QUEUED, (int(is_queued), run)))

    async def scrub() -> str:
        await journal.ask(lambda store: store.rows(_VACUUM))
        return ""  # its space is overwritten when it is used again

    return Store(
        journal=journal,
        inbox=SqlInbox(journal.ask, shared=True),
        responses=SqlResponses(journal.ask),
        snapshots=SqlSnapshots(journal.ask),
        outbox=SqlOutbox(journal.ask),
        archive=SqlArchive(journal.ask),
        presence=HeartbeatPresence(journal.ask),
        audit=SqlAudit(journal.ask),
        subjects=SubjectData(journal.ask),
        scrub=scrub,
        url=url,
        queued=queued,
        live=SqlLiveStore(journal.ask),
    )


def open_queue(
    store: Store, *, name: str, limits: tuple[int, int, tuple[int, float] | None] | None = None
) -> WorkQueue:
    """Return a queue of a shared store. limits: runs at once here, of a tenant in all, and a tenant's rate.

    Raises ConfigError when the store is not shared, and PluginError when the package for it is not installed.
    """
    if store.url is None or store.presence is None:
        raise ConfigError(["a queue needs a store in PostgreSQL"], hint="set `store: postgres://…` in agentcore.yaml")
    if find_spec("dbos") is None:
        raise PluginError("a queue needs the package dbos", hint="pip install 'agentcore-runtime[postgres]'")
    from agentcore.adapters.dispatch.dbos_queue import DbosQueue, QueueLimits  # noqa: PLC0415  # an extra

    allowed = None if limits is None else QueueLimits(worker=limits[0], tenant=limits[1], rate=limits[2])
    return DbosQueue(store.url, name=name, owner=store.presence.owner, limits=allowed)


def _check(url: StoreUrl) -> None:
    if url.missing:
        raise ConfigError(url.missing, hint="export the variable, or write ${NAME:-default} in the file")
    if not url.is_postgres:
        raise ConfigError([f"the store {url} is no postgres:// URL"], hint="give a file, or a URL of PostgreSQL")
    if find_spec("asyncpg") is None:
        raise PluginError(
            f"the store {url} needs the package asyncpg", hint="pip install 'agentcore-runtime[postgres]'"
        )


def sqlite_store(path: Path) -> Store:
    """Return the store in a SQLite file."""
    from agentcore.adapters.audit.secret import secret_of  # noqa: PLC0415  # not needed to validate
    from agentcore.adapters.audit.sql_audit import SqlAudit  # noqa: PLC0415  # as above
    from agentcore.adapters.audit.subject_data import SubjectData  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.archive import SqlArchive  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.inbox import SqlInbox  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.live_store import SqlLiveStore  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.outbox import SqlOutbox  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.responses import SqlResponses  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.snapshots import SqlSnapshots  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.sqlite import SqliteJournal  # noqa: PLC0415  # as above
    from agentcore.adapters.journal.sqlite_space import SqliteSpace  # noqa: PLC0415  # as above
    from agentcore.adapters.presence import FilePresence  # noqa: PLC0415  # as above

    journal = SqliteJournal(path)
    space = SqliteSpace(journal.ask)
    return Store(
        journal=journal,
        inbox=SqlInbox(journal.ask),
        responses=SqlResponses(journal.ask),
        outbox=SqlOutbox(journal.ask),
        snapshots=SqlSnapshots(journal.ask),
        presence=FilePresence(path),
        archive=SqlArchive(journal.ask, space=space),
        audit=SqlAudit(journal.ask, lambda: secret_of(path)),
        subjects=SubjectData(journal.ask, before_erasing="PRAGMA secure_delete = ON"),
        scrub=space.scrub,
        changed=journal.changed,
        live=SqlLiveStore(journal.ask),
    )


def memory_store() -> Store:
    """Return a store that is gone with its process."""
    journal = MemoryJournal()
    inbox = MemoryInbox(journal)
    return Store(
        journal=journal,
        inbox=inbox,
        responses=MemoryResponses(),
        snapshots=MemorySnapshots(),
        outbox=MemoryOutbox(journal, inbox),
        archive=MemoryArchive(journal),
        live=MemoryLiveStore(),
    )
