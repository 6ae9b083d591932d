"""Count the tokens of hosted models' text, offline."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from agentcore.adapters.tokens.memo import CountMemo
from agentcore.adapters.tokens.rank_files import CACHE_VARIABLE, SHIPPED, unpack_rank_files

ESTIMATE = "o200k_base"
"""The encoding for models whose own is not known or not available offline."""


def token_counter(model: str) -> Callable[[str], int]:
    """Return a function from text to its number of tokens under the encoding of `model`.

    A model that tiktoken does not know is counted with o200k_base, as an estimate. Nothing is loaded before the
    first count (0.2 to 0.5 s), and nothing is ever downloaded.
    """
    return CountMemo(_Lazy(model))


class _Lazy:
    def __init__(self, model: str) -> None:
        self._model = model
        self._loading = threading.Lock()
        self._encode: Callable[[str], list[int]] | None = None

    def __call__(self, text: str) -> int:
        with self._loading:
            if self._encode is None:
                self._encode = _load(self._model)
        try:
            return len(self._encode(text))
        except UnicodeEncodeError:  # a lone surrogate, which no tokeniser takes
            return len(self._encode(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


def _load(model: str) -> Callable[[str], list[int]]:
    import tiktoken  # noqa: PLC0415 - start-up time

    try:
        name = tiktoken.encoding_name_for_model(model.rsplit("/", 1)[-1])
    except KeyError:
        name = ESTIMATE
    ranks = "o200k_base" if name == "o200k_harmony" else name  # the same ranks with other special tokens
    if ranks not in SHIPPED:
        name = ranks = ESTIMATE
    try:
        folder = unpack_rank_files(ranks, os.environ)
    except OSError:  # a read-only home, a folder of the user's that cannot be written
        elsewhere = Path(tempfile.gettempdir()) / f"agentcore-{os.getuid()}"
        # A shared folder is safe: tiktoken checks the hash of what it reads.
        folder = unpack_rank_files(ranks, {CACHE_VARIABLE: str(elsewhere)})
    os.environ[CACHE_VARIABLE] = str(folder)
    return tiktoken.get_encoding(name).encode_ordinary
