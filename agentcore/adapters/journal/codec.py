"""EventCodec: facts to JSON text and back. JSON only: reading a journal never runs what stands in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, Final, cast

import orjson

from agentcore.adapters.journal.decoder import Decode, Decoder
from agentcore.domain.errors import JournalCorrupt, JournalTooNew
from agentcore.domain.event import Event, Fact
from agentcore.domain.ids import RunId

SCHEMA: Final = 2
"""The version of the facts' JSON that this package writes. It can read this one and those before."""

_EXACT: Final = " "
"""First character of a text that only the standard library reads exactly: it holds integers of more than 64 bits or
half a surrogate pair, which tools and models may return."""


class EventCodec:
    """Encodes and decodes facts. Decimals are text, sets are sorted lists, enums are their values."""

    @cached_property
    def _decode(self) -> Decode:
        return Decoder().compile(Fact)

    def encode(self, fact: Fact) -> str:
        """Return the fact as JSON text. Raises TypeError when it holds something that JSON has no form for."""
        try:
            return orjson.dumps(fact, default=plain).decode()
        except orjson.JSONEncodeError:
            return _EXACT + json.dumps(fact, default=plain)

    def decode_value(self, run: RunId, sequence: int, at: float, schema: int, value: Any) -> Event:
        """Return the event of which the fact's JSON has been parsed already. Raises like `decode`."""
        return self.decode(run, sequence, at, schema, _EXACT + json.dumps(value))

    def decode(self, run: RunId, sequence: int, at: float, schema: int, stored: str | bytes) -> Event:
        """Return the event of a journal's row.

        Raises JournalCorrupt, naming run and sequence, for anything that `encode` does not write, and JournalTooNew
        for a schema that is not known yet.
        """
        try:
            if schema > SCHEMA:
                raise JournalTooNew(
                    f"run {run}, event {sequence}: written in form {schema}, this version reads up to {SCHEMA}",
                    hint="use the version of agentcore that wrote it, or a later one",
                )
            text = stored if isinstance(stored, str) else stored.decode()
            value: Any = json.loads(text) if text.startswith(_EXACT) else orjson.loads(text)
            return Event(run=run, sequence=sequence, at=float(at), fact=self._decode(value))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise JournalCorrupt(
                f"run {run}, event {sequence} cannot be read: {error}",
                hint="restore the journal from a backup; the run's events before this one can still be read",
            ) from error


def plain(value: Any) -> Any:
    """Return what JSON has a form for, one level deep."""
    match value:
        case Decimal():
            return str(value)
        case frozenset():
            return sorted(cast("frozenset[str]", value))
        case Enum():
            return value.value
        case Mapping():
            return dict(cast("Mapping[str, Any]", value))
        case _ if is_dataclass(value):
            return {field.name: getattr(value, field.name) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")
