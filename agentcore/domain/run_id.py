"""Run ids that follow from what started the run, so that the same cause starts one run. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from agentcore.domain.ids import RunId

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # those of a clock's ids: Crockford's base 32, lower case
_LENGTH: Final = 16


def run_id_for(source: str, message: str) -> RunId:
    """Return the id of the run that a message of a source starts: always the same, and no other message's.

    source: of a trigger or batch.  message: its id there, or a due time. The id has 16 characters, 80 bits of SHA-256
    over both texts as a JSON list, so that no pair runs into another. It says nothing about time.
    """
    text = json.dumps([source, message])  # ASCII: also for lone surrogates, which UTF-8 has no bytes for
    number = int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:10], "big")
    return RunId("".join(_DIGITS[(number >> 5 * place) & 31] for place in reversed(range(_LENGTH))))
