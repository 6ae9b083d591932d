"""One model file loaded in this process by llama.cpp. Blocking: for worker threads."""

from __future__ import annotations

import importlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.json import JSONObject

WAIT_POLICY = "OMP_WAIT_POLICY"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """How a model file is loaded.

    context_tokens: of each slot, prompt and answer together.  threads: for writing an
    answer.  reading_threads: for reading a prompt, whose work divides better.
    batch: tokens read between two looks at whether the call was cancelled.  prefixes: the folder for the states of
    slots, None to keep none.
    """

    path: Path
    context_tokens: int
    slots: int
    threads: int
    reading_threads: int
    batch: int
    prefixes: Path | None = None


class LlamaServer:
    """A loaded model. Loading takes 0.2 s (a small file) to some seconds; raises ModelUnavailable.

    llama.cpp insists on listening for HTTP, and writes the states of slots only when asked by HTTP. It gets a Unix
    socket in a folder that only this user can open, and a random key; there is no TCP port.
    """

    def __init__(self, settings: LoadSettings) -> None:
        library = _library()
        self._key = secrets.token_hex(16)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="agentcore-"))  # short: at most 108 bytes
            self._socket = f"{folder}/s.sock"
            parameters = library.CommonParams()
            parameters.model.path = str(settings.path)
            parameters.n_parallel = settings.slots
            parameters.n_ctx = settings.slots * settings.context_tokens  # the sum over all slots
            parameters.kv_unified = False  # each slot keeps its own cells
            parameters.n_batch = parameters.n_ubatch = settings.batch
            parameters.cpuparams.n_threads = settings.threads
            parameters.cpuparams_batch.n_threads = settings.reading_threads
            parameters.cache_ram_mib = 0  # by default it keeps up to 8 GiB of copies of idle prompts
            parameters.cache_idle_slots = False
            parameters.warmup = parameters.fit_params = parameters.ui = False
            parameters.n_threads_http = 1
            parameters.verbosity = 0
            parameters.endpoint_metrics = True
            parameters.api_keys = [self._key]
            parameters.hostnames = [self._socket]
            if settings.prefixes is not None:
                parameters.slot_save_path = f"{settings.prefixes}{os.sep}"
            try:
                self._server = library.Server(parameters)
            except RuntimeError as error:
                raise ModelUnavailable(
                    f"{settings.path}: llama.cpp cannot load it",
                    hint="too little memory, a damaged file, or a kind of model that this build does not know; "
                    "try fewer `slots`, less `context_tokens`, or another file",
                ) from error
            # Asking for its metrics goes through the server's queue, and so waits until its loop runs: a server that
            # is closed before that never ends.
            self._server.handle_metrics()
            self._folder = stack.pop_all()

    def chat(self, body: JSONObject, receive: Callable[[dict[str, Any]], bool]) -> None:
        """Run one chat completion; `receive` gets each chunk and returns True to cancel."""
        self._server.handle_chat_completions(body, receive)

    def slot_file(self, slot: int, action: str, name: str) -> bool:
        """Write a slot's state to a file of the prefixes' folder ("save"), or read it ("restore").

        Returns False when the file is not of this model and build. Raises OSError.
        """
        connection = _SocketConnection(self._socket)
        try:
            body = json.dumps({"filename": name})
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
            connection.request("POST", f"/slots/{slot}?action={action}", body, headers)
            return connection.getresponse().status == HTTPStatus.OK
        except HTTPException as error:
            raise OSError(f"llama.cpp did not answer: {error!r}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Stop its threads and free its memory; about 0.1 s."""
        del self._server
        self._folder.close()


class _SocketConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def compact_json_grammar(schema: JSONObject) -> str:
    """Return a grammar for JSON of that schema without white space, which saves about a third of the tokens."""
    return "%llguidance {}\nstart: %json " + json.dumps({**schema, "x-guidance": {"whitespace_flexible": False}})


def _library() -> Any:
    """Import llama.cpp such that its threads sleep while they wait for each other.

    By default they spin, and as soon as another process wants a core too, each wait lasts a time slice of the
    scheduler: forty times slower was measured, against a quarter lost on an idle machine. OpenMP reads its setting
    once, when it is loaded; the user's own is respected.
    """
    unset = WAIT_POLICY not in os.environ
    os.environ.setdefault(WAIT_POLICY, "passive")
    try:
        library = importlib.import_module("xllamacpp")  # 100 MB without types, and only for those who use it
    except ImportError as error:
        raise ModelUnavailable(
            f"llama.cpp cannot be imported: {error}", hint="on slim container images install libgomp1"
        ) from error
    finally:
        if unset:
            os.environ.pop(WAIT_POLICY, None)
    return library
