"""The Merkle tree of RFC 6962, section 2.1: one hash for any number of leaves, extended without looking back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Self


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf, 32 bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees of which a tree consists, the largest first: all that more leaves need."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Take what an earlier one had. Raises ValueError when there are not as many peaks as the size has bits."""
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(peaks)}")
        self._size = size
        self._peaks = list(peaks)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def peaks(self) -> Sequence[bytes]:
        """The roots of the complete subtrees."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Add a leaf behind the others."""
        hash_ = leaf_hash(leaf)
        carried = self._size
        while carried & 1:
            hash_ = node_hash(self._peaks.pop(), hash_)
            carried >>= 1
        self._peaks.append(hash_)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> Self:
        """Add leaves, and return itself."""
        for leaf in leaves:
            self.add(leaf)
        return self

    def root(self) -> bytes:
        """Return the hash of the tree, 32 bytes; of no leaves it is that of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        hash_ = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            hash_ = node_hash(peak, hash_)
        return hash_
