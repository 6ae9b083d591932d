"""Read the header of a GGUF model file: what it is, its tokens, its chat template.

Source: the GGUF specification, versions 2 and 3. The weights are not touched, so this takes a tenth of a second.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore.domain.errors import ConfigError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_WANTED = "tokenizer."
_OTHER_MODEL = "take another file: a GGUF chat model, or a name that `agentcore models list` shows"


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """What a model file says about itself.

    architecture: "llama", "qwen2" …  context_tokens: trained for, 0 if not stated.
    tokenizer: "gpt2" is byte-level BPE.  pre_tokenizer: how text is split first, by name.
    tokens: in the order of their ids, in the tokenizer's own spelling.  token_types: 1 is an ordinary token.
    chat_template: Jinja text, "" if there is none.
    """

    architecture: str
    context_tokens: int
    tokenizer: str
    pre_tokenizer: str
    tokens: tuple[bytes, ...] = field(repr=False)
    token_types: tuple[int, ...] = field(repr=False)
    chat_template: str = field(repr=False)


def read_header(path: Path) -> GgufHeader:
    """Return the header. Raises ConfigError when the file is missing, not GGUF, or cut off within its header."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            if view[:4] != MAGIC:
                raise ConfigError([f"{path}: not a GGUF model file"], hint=_OTHER_MODEL)
            return _header(path, _Reader(view))
    except OSError as error:
        raise ConfigError(
            [f"{path}: cannot be read: {error.strerror}"], hint="check `model` in agentcore.yaml"
        ) from error
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: a damaged or cut off GGUF file"], hint="fetch it again") from error


def _header(path: Path, reader: _Reader) -> GgufHeader:
    version = reader.scalar("I")
    if version not in VERSIONS:
        raise ConfigError([f"{path}: GGUF version {version} is not supported"], hint=_OTHER_MODEL)
    reader.scalar("Q")  # number of tensors
    values: dict[str, Any] = {}
    for _ in range(reader.scalar("Q")):
        key = reader.string().decode()
        kind = reader.scalar("I")
        values[key] = reader.value(kind, keep=kind != _ARRAY or key.startswith(_WANTED))
    architecture = _text(values, "general.architecture")
    return GgufHeader(
        architecture=architecture,
        context_tokens=int(values.get(f"{architecture}.context_length", 0)),
        tokenizer=_text(values, "tokenizer.ggml.model"),
        pre_tokenizer=_text(values, "tokenizer.ggml.pre"),
        tokens=tuple(values.get("tokenizer.ggml.tokens", ())),
        token_types=tuple(values.get("tokenizer.ggml.token_type", ())),
        chat_template=_text(values, "tokenizer.chat_template"),
    )


def _text(values: dict[str, Any], key: str) -> str:
    found = values.get(key, b"")
    return found.decode() if isinstance(found, bytes) else ""


class _Reader:
    """A position in the file's bytes."""

    def __init__(self, view: mmap.mmap) -> None:
        self._view = view
        self._at = 4

    def scalar(self, code: str) -> Any:
        found = struct.unpack_from("<" + code, self._view, self._at)[0]
        self._at += struct.calcsize("<" + code)
        return found

    def string(self) -> bytes:
        size = self.scalar("Q")
        start = self._at
        self._at += size
        if self._at > len(self._view):
            raise ValueError("beyond the end of the file")
        return self._view[start : self._at]

    def value(self, kind: int, *, keep: bool) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.scalar(_SCALARS[kind])
        element, size = self.scalar("I"), self.scalar("Q")
        if element in _SCALARS:
            code = f"{size}{_SCALARS[element]}"
            start = self._at
            self._at += struct.calcsize("<" + code)
            return struct.unpack_from("<" + code, self._view, start) if keep else ()
        read: Callable[[], Any] = self.string if element == _STRING else lambda: self.value(element, keep=keep)
        found = [read() for _ in range(size)]
        return found if keep else ()
