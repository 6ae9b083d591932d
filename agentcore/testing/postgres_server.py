"""A PostgreSQL of one's own, which a test or a benchmark may restart, kill and throw away."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_PLACES: Final = ("/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
_USERS: Final = ("postgres", "nobody")
"""Who runs the server when we are root, which PostgreSQL refuses to be."""


def postgres_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`, the newest version's; None when there is none."""
    found = [path.parent for place in _PLACES for path in Path(place).glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: [int(part) for part in folder.parent.name.split("@")[-1].split(".")])
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


class PostgresServer:
    """A cluster in a temporary folder, on a free port of 127.0.0.1, with fsync; use it with `async with`.

    url: of the database `postgres`, as a superuser, without a password.  folder: the cluster's, with its pg_hba.conf
    and its log.
    """

    def __init__(self, binaries: Path, *, settings: dict[str, str] | None = None) -> None:
        """Take the programs' folder. settings: of the server, beside the usual ones."""
        self._binaries = binaries
        self._settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **(settings or {})}
        self._temporary = tempfile.TemporaryDirectory(prefix="agentcore-postgres-", ignore_cleanup_errors=True)
        self._process: Process | None = None
        self.folder = Path(self._temporary.name) / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    async def __aenter__(self) -> Self:
        parent = self.folder.parent
        if os.geteuid() == 0:
            user = next(name for name in _USERS if _exists(name))
            shutil.chown(parent, user)
            self._as_user: dict[str, Any] = {"user": user, "group": parent.stat().st_gid, "extra_groups": []}
        else:
            self._as_user = {}
        made = await self._run(
            "initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust",
            "-E", "UTF8", "--locale", "C", "--no-sync",
            stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        output, _ = await made.communicate()
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {output.decode(errors='replace')}")
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._temporary.cleanup()

    async def start(self, *, seconds: float = 30.0) -> None:
        """Start the server, and wait until it takes connections; after a crash it recovers first."""
        options = [f"--{name}={value}" for name, value in {"port": str(self.port), **self._settings}.items()]
        with (self.folder.parent / "log").open("ab") as log:
            self._process = await self._run("postgres", "-D", str(self.folder), *options, stdout=log, stderr=STDOUT)
        status = self.folder / "postmaster.pid"
        async with asyncio.timeout(seconds):
            while not (status.exists() and _is_ready(status.read_text(), self._process.pid)):
                if self._process.returncode is not None:
                    raise RuntimeError(f"PostgreSQL did not start: {(self.folder.parent / 'log').read_text()}")
                await asyncio.sleep(0.02)

    async def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server: SIGQUIT at once, as in a crash; SIGINT in good order, ending connections."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(how)
            await process.wait()

    async def restart(self, *, down_seconds: float = 0.0) -> None:
        """Stop at once, as in a crash, stay down for a while, and start again."""
        await self.stop()
        await asyncio.sleep(down_seconds)
        await self.start()

    async def _run(self, program: str, *arguments: str, stdout: Any, stderr: Any) -> Process:
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        return await asyncio.create_subprocess_exec(
            str(self._binaries / program),
            *arguments,
            stdin=DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=self.folder.parent,
            env=environment,
            start_new_session=True,  # Ctrl-C at a test is not meant for it
            **self._as_user,
        )


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _is_ready(status: str, pid: int) -> bool:
    lines = status.splitlines()
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
