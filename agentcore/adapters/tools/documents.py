"""Search in a folder of texts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loguru import logger
from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.embedding.wordllama import WordLlamaEmbedder
from agentcore.adapters.tools.passages import Passage, split_passages
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, GuardDenied, ToolError
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.embedder import Embedder
from agentcore.ports.knowledge_guard import KnowledgeGuard
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult

if TYPE_CHECKING:
    from agentcore.adapters.tools.passage_index import PassageIndex

SUFFIXES = frozenset({".md", ".txt"})
MAX_FILES = 10_000
MAX_BYTES = 4 * 1024 * 1024
"""Of one file."""

_Stamp = tuple[str, int, int]
_Stamps = tuple[_Stamp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    """A file that was looked at. text: as it was taken in.  found: what was found in it.  why_not: it was left out."""

    text: str = ""
    found: Label | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """What was taken in. found: passage's id → what was found in its file.  left_out: file → why."""

    stamps: _Stamps
    index: PassageIndex
    found: Mapping[str, Label]
    left_out: Mapping[str, str]


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
    """A Tool. The index is made at the first call, and again when a file has come, gone or changed.

    guard: what looks at each file, once as long as it stays the same; None when nothing does.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        embedder: Embedder,
        options: DocumentsOptions,
        guard: KnowledgeGuard | None = None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._options = options
        self._confidentiality = Confidentiality[options.confidentiality.upper()]
        self._guard = guard
        self._taking_in = asyncio.Lock()
        self._admitted: dict[_Stamp, _Admitted] = {}
        self._library: _Library | None = None
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
            safety=Safety.READ,
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
        """Return `passages`: objects of `id`, `title`, `text` and `score`, best first. Raises ToolError.

        `left_out` has the files that a guard does not let in, each with the reason; it is absent when there is none.
        """
        library = await self._current()
        query, options = str(arguments["query"]), self._options
        hits = await asyncio.to_thread(library.index.search, query, top=options.top, min_score=options.min_score)
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
        label = Label(sources=frozenset(sources), confidentiality=self._confidentiality)
        return ToolResult(
            value={"passages": passages, **({"left_out": library.left_out} if library.left_out else {})},
            label=label.join(*(library.found[hit.passage.id] for hit in hits if hit.passage.id in library.found)),
        )

    async def aclose(self) -> None:
        """Drop the index."""
        self._library = None

    async def _current(self) -> _Library:
        """Return the library of the files as they are now."""
        stamps = await asyncio.to_thread(scan, self._folder)
        async with self._taking_in:
            if self._library is None or self._library.stamps != stamps:
                self._library = await self._take_in(stamps)
            return self._library

    async def _take_in(self, stamps: _Stamps) -> _Library:
        """Read the files, have those looked at that are new or have changed, and make the index."""
        texts = await asyncio.to_thread(self._read, stamps)
        known = {stamp: self._admitted[stamp] for stamp in texts if stamp in self._admitted}
        for stamp, text in texts.items():
            if stamp not in known:
                known[stamp] = await self._admit(stamp[0], text)
        self._admitted = known
        index, found = await asyncio.to_thread(self._indexed, known)
        return _Library(
            stamps=stamps,
            index=index,
            found=found,
            left_out={stamp[0]: each.why_not for stamp, each in known.items() if each.why_not},
        )

    async def _admit(self, name: str, text: str) -> _Admitted:
        if self._guard is None:
            return _Admitted(text=text)
        try:
            text, found = await self._guard.admitted(text, f"the document {name}")
        except GuardDenied as denied:
            logger.warning("{} leaves {} out: {}", self._definition.name, name, denied.message)
            return _Admitted(why_not=denied.message)
        return _Admitted(text=text, found=found)

    def _read(self, stamps: _Stamps) -> dict[_Stamp, str]:
        texts: dict[_Stamp, str] = {}
        for stamp in stamps:
            name, _, size = stamp
            if size > MAX_BYTES:
                raise ToolError(f"{name} is larger than {MAX_BYTES // 1024**2} MB")
            try:
                texts[stamp] = (self._folder / name).read_text(encoding="utf-8")
            except FileNotFoundError:
                continue  # gone since the scan; the next call sees that
            except (OSError, UnicodeDecodeError) as problem:
                raise ToolError(f"{name} cannot be read: {problem}") from problem
        return texts

    def _indexed(self, admitted: Mapping[_Stamp, _Admitted]) -> tuple[PassageIndex, dict[str, Label]]:
        """Return the index, and what was found in the file of each passage, by its id."""
        from agentcore.adapters.tools.passage_index import PassageIndex  # noqa: PLC0415  # numpy, for start-up time

        passages: list[Passage] = []
        found: dict[str, Label] = {}
        for (name, _, _), each in admitted.items():
            own = split_passages(name, each.text)
            passages += own
            if each.found is not None:
                found |= {passage.id: each.found for passage in own}
        return PassageIndex(passages, self._embedder), found


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
    return (Documents(name, folder, WordLlamaEmbedder(), options, context.knowledge),)


def _files(options: DocumentsOptions) -> Mapping[tuple[str, ...], str]:
    return {("path",): options.path}


PLUGIN = ToolPlugin(options=DocumentsOptions, build=build, files=_files)
