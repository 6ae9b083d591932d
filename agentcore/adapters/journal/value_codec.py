"""ValueCodec: values of the domain to JSON text that any store can hold, and back."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Generic, TypeVar

from agentcore.adapters.journal.codec import plain
from agentcore.adapters.journal.decoder import Decode, Decoder
from agentcore.domain.errors import JournalCorrupt

T = TypeVar("T")


class ValueCodec(Generic[T]):
    """Encodes and decodes values of one type. The text is ASCII: all else is escaped."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    @cached_property
    def _decode(self) -> Decode:
        return Decoder().compile(self._kind)

    def encode(self, value: T) -> str:
        """Return the value as JSON text. Raises TypeError when it holds something that JSON has no form for."""
        return json.dumps(value, default=plain)

    def decode(self, text: str) -> T:
        """Return the value. Raises JournalCorrupt for anything that `encode` does not write."""
        try:
            value: Any = json.loads(text)
            return self._decode(value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise JournalCorrupt(
                f"a stored {self._kind.__name__.lower()} cannot be read: {error}",
                hint="restore the store from a backup",
            ) from error
