"""Servers on this machine that tests use: the ones that are there, and ones of their own that they may kill."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest


def server(variable: str, default: str, port: int) -> str:
    """Return the address of a server: the variable's, or the one on its standard port; skip when there is none."""
    url = os.environ.get(variable)
    if url:
        return url
    if listens(port):
        return default
    reason = f"no server on 127.0.0.1:{port}; start one, or name one in {variable}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OwnServer:
    """A server that a test starts, kills and starts again. command: with {port} and {folder}."""

    def __init__(self, command: list[str], folder: Path) -> None:
        program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin:/usr/local/sbin")
        if program is None:
            reason = f"{command[0]} is not installed"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        self.port = free_port()
        self._command = [program, *(part.format(port=self.port, folder=folder) for part in command[1:])]
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not listens(self.port):
            assert time.monotonic() < end, self._command
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
