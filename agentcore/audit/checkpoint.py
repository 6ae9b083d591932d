"""Checkpoint: what a chain was at one moment, to be signed and kept where nobody can change it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from agentcore.audit.canonical import canonical
from agentcore.audit.merkle import Frontier
from agentcore.domain.frozen import frozen

FORMAT = 1


@frozen
class Checkpoint:
    """What is signed.

    size: how many entries.  head: the hash of the last one.  root: of the Merkle tree over the entries' hashes (RFC
    6962). Both are 64 hexadecimal digits.  at: microseconds since the Unix epoch.  key: the first 16 hexadecimal
    digits of the SHA-256 of the public key that verifies it.
    """

    tenant: str
    size: int
    head: str
    root: str
    at: int
    key: str

    def body(self) -> bytes:
        """Return the bytes that are signed: canonical JSON."""
        return canonical({**vars(self), "format": FORMAT})


class Signed(NamedTuple):
    """A checkpoint as it is stored.

    body: as it was signed.  signature: Ed25519, as hexadecimal digits.  peaks: of the Merkle tree, with which it goes
    on; they are not signed, but make the root.
    """

    body: str
    signature: str
    peaks: Sequence[str]

    def read(self) -> Checkpoint:
        """Return what was signed. Raises ValueError when it is none, or its peaks do not make the root."""
        try:
            value: Any = json.loads(self.body)
            written = value.pop("format")
            checkpoint = Checkpoint(**value)
            root = self.frontier(checkpoint).root().hex()
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"no checkpoint: {error}") from error
        if written != FORMAT or checkpoint.body() != self.body.encode(errors="surrogatepass"):
            raise ValueError("no checkpoint: not in canonical form")
        if root != checkpoint.root:
            raise ValueError("no checkpoint: the peaks do not make the root")
        return checkpoint

    def frontier(self, checkpoint: Checkpoint) -> Frontier:
        """Return the tree, ready for more leaves. Raises ValueError when the peaks do not fit the size."""
        return Frontier(checkpoint.size, [bytes.fromhex(peak) for peak in self.peaks])

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in files."""
        return {"checkpoint": self.body, "signature": self.signature, "peaks": list(self.peaks)}
