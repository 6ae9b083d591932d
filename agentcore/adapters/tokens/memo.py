"""A bounded memory of token counts, so that a text which is sent again is not counted again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

SHORT = 64
"""Characters below which counting is as quick as remembering."""


class CountMemo:
    """Wraps a counter. Keeps digests, not texts: at most `entries` times about 150 bytes."""

    def __init__(self, count: Callable[[str], int], *, entries: int = 8192) -> None:
        self._count = count
        self._entries = entries
        self._known: OrderedDict[bytes, int] = OrderedDict()

    def __call__(self, text: str) -> int:
        """Return the number of tokens in `text`."""
        if len(text) < SHORT:
            return self._count(text)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
            return found
        found = self._known[key] = self._count(text)
        if len(self._known) > self._entries:
            self._known.popitem(last=False)
        return found
