"""The law: whatever is changed in a chain, be it one bit, is found; and the first entry that is wrong is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chain import SECRET, appended, chain, draft, fault, head, signed

from agentcore.adapters.audit.notary import Notary
from agentcore.audit.checkpoint import Signed
from agentcore.audit.verify import Head

LINKS = chain(9)
CHECKPOINTS = [signed(LINKS, 4), signed(LINKS, 8)]
HEAD = head(LINKS)


def flipped(text: str, bit: int) -> str:
    """Return a text with one bit of its bytes the other way round, as a store that takes any bytes would give it."""
    data = bytearray(text.encode())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(data).decode(errors="surrogateescape")


def test_a_chain_as_it_was_written_is_right():
    assert fault(LINKS, CHECKPOINTS, HEAD) is None
    assert fault([], [], None) is None


@given(st.integers(0, 8), st.sampled_from(["entry", "hash", "sealed", "sequence"]), st.integers(0, 100_000))
def test_any_bit_of_any_entry_that_is_changed_is_found(index, field, bit):
    link = LINKS[index]
    before = getattr(link, field)
    if before is None:
        return
    after = before ^ 1 << bit % 62 if field == "sequence" else flipped(before, bit)
    found = fault([*LINKS[:index], link._replace(**{field: after}), *LINKS[index + 1 :]], CHECKPOINTS, HEAD)
    assert found is not None
    assert found.sequence == link.sequence


@given(st.sampled_from([0, 1]), st.sampled_from(["body", "signature", "peaks"]), st.integers(0, 100_000))
def test_any_bit_of_a_checkpoint_that_is_changed_is_found(index, field, bit):
    before = CHECKPOINTS[index]
    if field == "peaks":
        peaks = list(before.peaks)
        peaks[0] = flipped(peaks[0], bit)
        after = before._replace(peaks=peaks)
    else:
        after = before._replace(**{field: flipped(getattr(before, field), bit)})
    changed = [after if each is before else each for each in CHECKPOINTS]
    # Hexadecimal digits of the other case are the same number: nothing has changed then.
    same = field != "body" and flipped(str(before), 0) and _numbers(after) == _numbers(before)
    assert (fault(LINKS, changed, HEAD) is None) == same


def _numbers(signed: Signed) -> object:
    return (signed.body, signed.signature.lower(), [peak.lower() for peak in signed.peaks])


@given(st.integers(0, 63), st.integers(0, 255))
def test_any_bit_of_the_head_that_is_changed_is_found(size_bit, hash_bit):
    assert fault(LINKS, CHECKPOINTS, Head(size=HEAD.size ^ 1 << size_bit, hash=HEAD.hash)) is not None
    assert fault(LINKS, CHECKPOINTS, Head(size=HEAD.size, hash=flipped(HEAD.hash, hash_bit))) is not None


@given(st.integers(0, 8))
def test_a_deleted_entry_is_missed(index):
    found = fault([*LINKS[:index], *LINKS[index + 1 :]], CHECKPOINTS, HEAD)
    assert found is not None
    assert (found.problem, found.sequence) == ("truncated" if index == 8 else "missing", index + 1)


@given(st.integers(0, 8), st.integers(0, 8))
def test_entries_that_change_places_are_found(one, other):
    if one == other:
        return
    one, other = sorted((one, other))
    moved = list(LINKS)
    moved[one] = LINKS[other]._replace(sequence=LINKS[one].sequence)
    moved[other] = LINKS[one]._replace(sequence=LINKS[other].sequence)
    found = fault(moved, CHECKPOINTS, HEAD)
    assert found is not None
    assert (found.problem, found.sequence) == ("out_of_order", one + 1)


@given(st.integers(0, 7))
def test_a_truncation_that_takes_the_head_along_is_found_by_a_checkpoint(length):
    kept = LINKS[:length]
    stands = head(kept) if kept else None
    found = fault(kept, CHECKPOINTS, stands)
    assert found is not None
    assert found.problem == "truncated"


def test_a_truncation_behind_the_last_checkpoint_that_takes_the_head_along_is_not():
    assert fault(LINKS[:8], CHECKPOINTS, head(LINKS[:8])) is None


def test_a_chain_that_was_made_anew_as_a_whole_is_found_by_a_checkpoint():
    other = appended(Notary(lambda: SECRET, shared=False), [draft(n, bundle="other") for n in range(1, 10)])
    assert fault(other, [], head(other)) is None
    found = fault(other, CHECKPOINTS, head(other))
    assert found is not None
    assert (found.problem, found.sequence) == ("checkpoint", 4)


def test_a_checkpoint_of_another_key_is_not_believed():
    changed = CHECKPOINTS[1]._replace(body=CHECKPOINTS[1].body.replace('"key":"', '"key":"0'))
    found = fault(LINKS, [changed], HEAD)
    assert found is not None
    assert "unknown key" in found.what


def test_entries_that_were_deleted_need_a_word_of_it_in_the_chain():
    found = fault(LINKS[4:], CHECKPOINTS, HEAD)
    assert found is not None
    assert (found.problem, found.sequence) == ("missing", 5)
    notary = Notary(lambda: SECRET, shared=False)
    told = appended(notary, [draft(n) for n in range(1, 5)])
    anchor = signed(told, 4)
    told += appended(notary, [draft(5, kind="expiry", count=4)._replace(facts={**draft(5).facts, **EXPIRY})])
    assert fault(told[4:], [anchor], head(told)) is None
    assert fault(told, [anchor], head(told)) is not None, "what was to be deleted is there"


EXPIRY = {"kind": "expiry", "resource": "audit", "count": 4}


@pytest.mark.parametrize("erased", [True, False])
def test_a_payload_that_is_gone_needs_an_erasure_in_the_chain(erased):
    notary = Notary(lambda: SECRET, shared=False)
    links = appended(notary, [draft(1), draft(2)])
    subject = "".join(part for part in links[0].entry.split('"subject":"')[1][:16])
    if erased:
        facts = {"at": 9, "kind": "erasure", "erased": [subject]}
        links += appended(notary, [draft(3)._replace(facts=facts, payload=None, request=None)])
    stripped = [links[0]._replace(sealed=None), *links[1:]]
    found = fault(stripped, [], Head(size=len(links), hash=links[-1].hash, erased_at=3 if erased else 0))
    assert (found is None) == erased
    assert found is None or (found.problem, found.sequence) == ("payload", 1)
