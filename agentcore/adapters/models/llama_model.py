"""The embedded model: llama.cpp in this process, offline, on the CPU."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from agentcore.adapters.models.gguf import read_header
from agentcore.adapters.models.llama_prefixes import Prefixes
from agentcore.adapters.models.llama_prompt import LlamaPrompt
from agentcore.adapters.models.llama_server import LlamaServer, LoadSettings, compact_json_grammar
from agentcore.adapters.models.llama_slots import Slots
from agentcore.domain.errors import (
    ConfigError,
    ModelError,
    ModelOutputInvalid,
    ModelRequestRejected,
    ModelTimeout,
    ModelUnavailable,
)
from agentcore.domain.json import JSON
from agentcore.domain.message import Message
from agentcore.ports.model import ModelReply, ModelRequest, OnText

Chunk = Mapping[str, Any]
"""One piece of a streamed completion, in the OpenAI format plus llama.cpp's `timings`."""

Prepare = Callable[[LlamaServer, Callable[[], bool]], None]
"""Something to do with the server before a completion; the second argument says whether that was stopped."""

OVERFLOW = "exceed_context_size_error"


class LlamaModel:
    """A model file, loaded into this process by the first call (0.2 to 2 s) or by `load`.

    Several may live in one process; each belongs to one event loop. Does not take tools: wrap it in ToolsBySchema.
    """

    def __init__(self, name: str, settings: LoadSettings, *, seed: int = 0) -> None:
        """Keep the settings; nothing is opened yet. seed: for requests without their own."""
        self._name = name
        self._settings = settings
        self._seed = seed
        self._slots = Slots(settings.slots)
        self._prefixes = _prefixes(settings)
        self._threads = ThreadPoolExecutor(settings.slots, f"llama-{name}")
        self._prompting = threading.Lock()
        self._prompt: LlamaPrompt | None = None
        self._loading: Future[LlamaServer] | None = None
        self._running: set[_Generation] = set()
        self._closed = False

    async def load(self) -> None:
        """Load the file, unless it is loaded. Raises ModelUnavailable."""
        await self._loaded()

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the answer. Calls beyond the number of slots wait their turn, within `request.seconds`.

        Cancelling stops the generation after the current batch of tokens. An answer that ended early for lack of
        tokens has finish "length".
        """
        if request.tools:
            raise ModelRequestRejected(
                f"{self._name}: this model has no native tool calls", hint="wrap it in ToolsBySchema"
            )
        deadline = asyncio.timeout(request.seconds)
        try:
            async with deadline:
                return await self._complete(request, on_text)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ModelTimeout(
                f"{self._name}: no answer within {request.seconds:g} s",
                hint="allow more seconds, ask for fewer output tokens, or use a smaller model",
            ) from error

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the tokens of the messages by the model's own vocabulary and template.

        The first call reads the vocabulary (0.1 to 0.3 s), unless the model is loaded. Raises ModelUnavailable.
        """
        return self._prepared().count(messages)

    async def aclose(self) -> None:
        """Stop what is running and free threads and memory."""
        self._closed = True
        for generation in self._running:
            generation.stop()
        await asyncio.gather(*(generation.finished for generation in self._running), return_exceptions=True)
        loading, self._loading = self._loading, None
        if loading is not None:
            ended = await asyncio.gather(asyncio.wrap_future(loading), return_exceptions=True)
            if isinstance(ended[0], LlamaServer):
                await asyncio.get_running_loop().run_in_executor(self._threads, ended[0].close)
        self._threads.shutdown(wait=False)

    async def _complete(self, request: ModelRequest, on_text: OnText | None) -> ModelReply:
        server = await self._loaded()
        slot = await self._slots.acquire(request.slot)
        if self._closed:
            self._slots.release(slot)
            raise self._gone()
        generation = _Generation(server, self._body(request, slot), self._threads, self._preparing(request, slot))
        self._running.add(generation)

        def ended(_: object) -> None:  # later than this call when it is cancelled: the slot is busy until then
            self._running.discard(generation)
            self._slots.release(slot)

        generation.finished.add_done_callback(ended)
        return await self._collect(request, generation, on_text)

    def _preparing(self, request: ModelRequest, slot: int) -> Prepare | None:
        """Return what lets the slot begin with the messages that all of the agent's prompts share."""
        prefixes, shared = self._prefixes, request.messages[: request.shared_messages]
        if prefixes is None or not shared:
            return None
        messages = self._prepared().render(shared)
        return lambda server, stopped: prefixes.prepare(server, slot, messages, stopped)

    async def _collect(self, request: ModelRequest, generation: _Generation, on_text: OnText | None) -> ModelReply:
        answer = _Answer()
        try:
            while (chunk := await generation.next()) is not None:
                if isinstance(chunk, Exception):
                    raise ModelRequestRejected(f"{self._name}: {chunk}") from chunk
                if "choices" not in chunk:
                    raise _failure(self._name, chunk.get("error", chunk))
                text = answer.add(chunk)
                if text and on_text is not None:
                    on_text(text)
        finally:
            generation.stop()
        if self._closed:
            raise self._gone()
        reply = answer.reply()
        if request.schema is not None and reply.finish == "stop":
            _require_json(self._name, reply.text)
        return reply

    def _body(self, request: ModelRequest, slot: int) -> dict[str, JSON]:
        body: dict[str, JSON] = {
            "messages": self._prepared().render(request.messages),
            "stream": True,  # the callback is the only way to cancel
            "return_progress": True,  # which is also called while the prompt is read
            "cache_prompt": True,
            "id_slot": slot,
            "max_tokens": request.max_output_tokens,
            "temperature": request.temperature,
            "seed": self._seed if request.seed is None else request.seed,
        }
        if request.schema is not None:
            body["grammar"] = compact_json_grammar(request.schema)
        if request.logprobs:
            body |= {"logprobs": True, "top_logprobs": 1}
        return body

    async def _loaded(self) -> LlamaServer:
        if self._closed:
            raise self._gone()
        if self._loading is None:
            self._loading = self._threads.submit(self._load)
        loading = self._loading
        try:
            # Shielded: one caller's cancellation must not take the model away from the others who wait for it.
            return await asyncio.shield(asyncio.wrap_future(loading))
        except Exception:
            if self._loading is loading:
                self._loading = None  # the next call tries again
            raise

    def _load(self) -> LlamaServer:
        self._prepared()
        return LlamaServer(self._settings)

    def _prepared(self) -> LlamaPrompt:
        with self._prompting:
            if self._prompt is None:
                self._prompt = self._read()
            return self._prompt

    def _read(self) -> LlamaPrompt:
        try:
            header = read_header(self._settings.path)
        except ConfigError as error:
            raise ModelUnavailable(f"{self._name}: {error.message}", hint=error.hint) from error
        trained = header.context_tokens
        if trained and self._settings.context_tokens > trained:
            raise ModelUnavailable(
                f"{self._name}: context_tokens is {self._settings.context_tokens}, "
                f"but the model was trained for {trained}",
                hint=f"set `context_tokens` to at most {trained}",
            )
        return LlamaPrompt(header)

    def _gone(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self._name}: the model is closed")


def _prefixes(settings: LoadSettings) -> Prefixes | None:
    if settings.prefixes is None:
        return None
    stat = settings.path.stat()
    parts = (settings.path.name, stat.st_size, stat.st_mtime_ns, settings.context_tokens, version("xllamacpp"))
    return Prefixes(settings.prefixes, " ".join(map(str, parts)))


class _Generation:
    """One completion on a worker thread, whose chunks arrive on the event loop."""

    def __init__(
        self, server: LlamaServer, body: dict[str, JSON], threads: ThreadPoolExecutor, prepare: Prepare | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._prepare = prepare
        self._chunks: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        self._stop = threading.Event()
        self.finished = self._loop.run_in_executor(threads, self._run, server, body)

    async def next(self) -> Chunk | Exception | None:
        """Return the next chunk, an error, or None at the end."""
        return await self._chunks.get()

    def stop(self) -> None:
        """Ask the worker to end; it does so at its next chunk."""
        self._stop.set()

    def _run(self, server: LlamaServer, body: dict[str, JSON]) -> None:
        try:
            if self._prepare is not None:
                self._prepare(server, self._stop.is_set)
            if not self._stop.is_set():
                server.chat(body, self._receive)
        except Exception as error:  # noqa: BLE001 - llama.cpp's faults have no common base; the caller's task raises it
            self._hand_over(error)
        self._hand_over(None)

    def _receive(self, chunk: dict[str, Any]) -> bool:
        return self._stop.is_set() or not self._hand_over(chunk)

    def _hand_over(self, item: Chunk | Exception | None) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._chunks.put_nowait, item)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return False
        return True


@dataclass(slots=True)
class _Answer:
    """What has arrived of an answer."""

    pieces: list[str] = field(default_factory=list[str])
    logprobs: list[float] = field(default_factory=list[float])
    finish: str = ""
    timings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def add(self, chunk: Chunk) -> str:
        """Take a chunk in; return its text."""
        self.timings = chunk.get("timings") or self.timings
        texts: list[str] = []
        for choice in chunk["choices"]:
            self.finish = choice.get("finish_reason") or self.finish
            texts.append(choice["delta"].get("content") or "")
            scored: Mapping[str, Any] = choice.get("logprobs") or {}
            self.logprobs.extend(float(token["logprob"]) for token in scored.get("content") or ())
        self.pieces.extend(texts)
        return "".join(texts)

    def reply(self) -> ModelReply:
        """Return the whole."""
        cached = int(self.timings.get("cache_n", 0))
        return ModelReply(
            text="".join(self.pieces),
            input_tokens=cached + int(self.timings.get("prompt_n", 0)),
            output_tokens=int(self.timings.get("predicted_n", 0)),
            cached_tokens=cached,
            finish=self.finish,
            logprobs=tuple(self.logprobs),
        )


def _failure(name: str, error: Mapping[str, Any]) -> ModelError:
    if error.get("type") == OVERFLOW:
        return ModelRequestRejected(
            f"{name}: the prompt has {error.get('n_prompt_tokens')} tokens, "
            f"but the model's context holds {error.get('n_ctx')}",
            hint="raise the model's `context_tokens` in agentcore.yaml, or give the agent less to read",
        )
    message = f"{name}: {error.get('message', 'llama.cpp failed without a reason')}"
    rejected = 400 <= int(error.get("code", 500)) < 500
    return ModelRequestRejected(message) if rejected else ModelUnavailable(message)


def _require_json(name: str, text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:  # llama.cpp ignores a schema that its grammar cannot express
        raise ModelOutputInvalid(
            f"{name}: the answer is not JSON although a schema was given",
            hint="the schema may use something that the embedded model's grammar does not know; simplify it",
        ) from error
