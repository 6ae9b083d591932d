"""Embeddings from the weights that ship inside the wordllama package: numpy only, offline."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 256
"""Length of each vector."""


class WordLlamaEmbedder:
    """Average of token vectors, of unit length; the first call loads 19 MB in about a tenth of a second.

    A text without any known token (an empty one) becomes the zero vector: it resembles nothing.
    """

    def __init__(self) -> None:
        self._loading = threading.Lock()  # callers may embed in worker threads
        self._model: Any = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape (len(texts), 256); about 20 µs for a short text."""
        import numpy as np  # noqa: PLC0415 - start-up time

        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        vectors = np.asarray(self._loaded().embed(list(texts), norm=False), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = _load()
            return self._model


def _load() -> Any:
    handlers = logging.root.handlers[:]
    level = logging.root.level
    wordllama: Any = importlib.import_module("wordllama")  # slow to import, and without types

    # Importing it configures the root logger of the whole process: take that back.
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    # Its default is to look for files at a hub; those in the package are named by their folder.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, dim=DIMENSIONS, disable_download=True)
