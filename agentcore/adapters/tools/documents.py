"""Search in a folder of texts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.embedding.wordllama import WordLlamaEmbedder
from agentcore.adapters.tools.passages import Passage, split_passages
from agentcore.domain.errors import ConfigError, ToolError
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.embedder import Embedder
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult

if TYPE_CHECKING:
    from agentcore.adapters.tools.passage_index import Hit, PassageIndex

SUFFIXES = frozenset({".md", ".txt"})
MAX_FILES = 10_000
MAX_BYTES = 4 * 1024 * 1024
"""Of one file."""

_Stamps = tuple[tuple[str, int, int], ...]


class DocumentsOptions(BaseModel):
    """Keys of the provider `documents`.

    path: the folder, relative to the project.  top: passages of one result.  min_score: cosine similarity, -1 to 1,
    below which a passage is left out.  about: what the folder holds, in words for the model.
    confidentiality: of what the folder holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    top: int = Field(default=3, ge=1, le=20)
    min_score: float = Field(default=-1.0, ge=-1.0, le=1.0)
    about: str = ""
    confidentiality: Literal["public", "internal", "personal", "secret"] = "internal"


class Documents:
    """A Tool. The index is made at the first call, and again when a file has come, gone or changed."""

    def __init__(self, name: str, folder: Path, embedder: Embedder, options: DocumentsOptions) -> None:
        self._folder = folder
        self._embedder = embedder
        self._options = options
        self._confidentiality = Confidentiality[options.confidentiality.upper()]
        self._lock = threading.Lock()
        self._index: tuple[_Stamps, PassageIndex] | None = None
        about = options.about or f"the documents in {folder.name}"
        self._definition = ToolDefinition(
            name=ToolName(name),
            description=f"Searches {about} and returns the passages that fit best, each with its id.",
            parameters={
                "type": "object",
                "properties": {
                    "query": {
                        "type": "string",
                        "description": "what is looked for, in words",
                        "minLength": 1,
                        "maxLength": 500,
                    }
                },
                "required": ["query"],
                "additionalProperties": False,
            },
            instruction_parameter="query",
        )

    @property
    def definition(self) -> ToolDefinition:
        """What it is."""
        return self._definition

    def describe(self, facts: JSONObject) -> ToolSpec:  # noqa: ARG002  # the port's
        """Return the definition's: facts do not narrow a search."""
        return self._definition.spec

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:  # noqa: ARG002  # the port's
        """Return `passages`: objects of `id`, `title`, `text` and `score`, best first. Raises ToolError."""
        hits = await asyncio.to_thread(self._search, str(arguments["query"]))
        passages: list[JSON] = [
            {
                "id": hit.passage.id,
                "title": hit.passage.title,
                "text": hit.passage.text,
                "score": round(hit.similarity, 3),
            }
            for hit in hits
        ]
        sources = {f"document:{hit.passage.id}" for hit in hits} or {f"tool:{self._definition.name}"}
        return ToolResult(
            value={"passages": passages},
            label=Label(sources=frozenset(sources), confidentiality=self._confidentiality),
        )

    async def aclose(self) -> None:
        """Drop the index."""
        self._index = None

    def _search(self, query: str) -> tuple[Hit, ...]:
        with self._lock:
            stamps = scan(self._folder)
            if self._index is None or self._index[0] != stamps:
                self._index = (stamps, self._build(stamps))
            index = self._index[1]
        return index.search(query, top=self._options.top, min_score=self._options.min_score)

    def _build(self, stamps: _Stamps) -> PassageIndex:
        from agentcore.adapters.tools.passage_index import PassageIndex  # noqa: PLC0415  # numpy, for start-up time

        passages: list[Passage] = []
        for name, _, size in stamps:
            if size > MAX_BYTES:
                raise ToolError(f"{name} is larger than {MAX_BYTES // 1024**2} MB")
            try:
                passages += split_passages(name, (self._folder / name).read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue  # gone since the scan; the next call sees that
            except (OSError, UnicodeDecodeError) as problem:
                raise ToolError(f"{name} cannot be read: {problem}") from problem
        return PassageIndex(passages, self._embedder)


def scan(folder: Path) -> _Stamps:
    """Return (name relative to the folder, time of change, size) of each text in it, sorted by name.

    Hidden files are left out, and so are links that lead out of the folder. Raises ToolError: more than MAX_FILES.
    """
    root = folder.resolve()
    found: list[tuple[str, int, int]] = []
    for parent, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            try:
                target = path.resolve(strict=True)
                stat = target.stat()
            except (OSError, RuntimeError):
                continue  # a broken or circular link
            if target.is_relative_to(root) and target.is_file():
                found.append((path.relative_to(root).as_posix(), stat.st_mtime_ns, stat.st_size))
    if len(found) > MAX_FILES:
        raise ToolError(f"{folder} holds {len(found)} texts, {MAX_FILES} are allowed")
    return tuple(sorted(found))


def build(name: str, options: DocumentsOptions, context: BuildContext) -> Sequence[Tool]:
    """Return the tool. Raises ConfigError when the folder is missing or holds no text."""
    folder = context.root / options.path
    if not folder.is_dir():
        raise ConfigError(
            [f"tool {name}: {folder}: no such folder"], hint="`path` is relative to the project's folder"
        )
    if not scan(folder):
        raise ConfigError(
            [f"tool {name}: {folder}: no texts"], hint=f"put files there that end in {' or '.join(sorted(SUFFIXES))}"
        )
    return (Documents(name, folder, WordLlamaEmbedder(), options),)


def _files(options: DocumentsOptions) -> Mapping[tuple[str, ...], str]:
    return {("path",): options.path}


PLUGIN = ToolPlugin(options=DocumentsOptions, build=build, files=_files)
