"""The Merkle tree is that of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.audit.merkle import Frontier, leaf_hash, node_hash


def tree_hash(leaves):
    """Return the hash as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_hash(leaves[:half]), tree_hash(leaves[half:]))


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_standard(leaves):
    assert Frontier().extend(leaves).root() == tree_hash(leaves)


@given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
def test_a_tree_goes_on_from_its_peaks(leaves, at):
    first = Frontier().extend(leaves[:at])
    assert Frontier(first.size, first.peaks).extend(leaves[at:]).root() == tree_hash(leaves)


def test_known_answers():
    # The test vectors of Certificate Transparency's reference implementation.
    leaves = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")]
    assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().extend(leaves[:1]).root().hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert Frontier().extend(leaves).root().hex() == (
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"
    )


def test_peaks_must_fit_the_size():
    with pytest.raises(ValueError, match="2 complete subtrees, not 1"):
        Frontier(3, [b"1"])
