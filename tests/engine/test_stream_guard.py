"""A text that is guarded while it is written: however it is cut, it comes out as the whole would have."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.detectors.hidden_text import HiddenText
from agentcore.detectors.pii import Pii
from agentcore.detectors.secret_scan import Secrets
from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.errors import GuardDenied
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.redaction import redacted
from agentcore.domain.stream_window import StreamWindow
from agentcore.engine.guards import Guard, Guards
from agentcore.engine.stream_guard import STRIDE, WINDOW, StreamGuard

WORDS = re.compile(r"(?<!no )\bKEY\w{0,6}\b|\bab\b(?=.{0,6}!)", re.DOTALL)
"""What is found depends on nothing that is 16 characters away."""

INSIDE = Label(confidentiality=Confidentiality.INTERNAL)


class Local:
    name, version = "local", "1"

    def __init__(self, pattern=WORDS, fails=False):
        self.pattern, self.fails, self.looked = pattern, fails, 0

    def detect(self, text):
        self.looked += 1
        if self.fails:
            raise RuntimeError("broken")
        spans = tuple(Span(type="W", start=m.start(), end=m.end()) for m in self.pattern.finditer(text))
        return Detection(score=1.0, flagged=True, spans=spans) if spans else NOTHING


def guard(detector, action="sanitise", **options):
    return Guard(detector=detector, at=frozenset({"output"}), action=action, **options)


def over(*guards, permits=lambda label: True, **options):
    return StreamGuard(guards, INSIDE, permits, "the answer", **options)


def pieces(text, cuts):
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


async def shown(stream, parts):
    """Return what was shown after each piece, and at the end."""
    out = [await stream.add(part) for part in parts]
    return [*out, await stream.end()]


async def stopped(stream, text):
    """Return what was shown of a text, letter by letter, before it was stopped, and why."""
    out = ""
    for character in text:
        try:
            out += await stream.add(character)
        except GuardDenied as denied:
            return out, denied.message
    raise AssertionError("it was not stopped")


TEXTS = st.lists(
    st.sampled_from(["KEY", "no ", "ab", "!", " ", "x", "KEYS", "\n", "a longer word "]), max_size=40
).map("".join)
CUTS = st.lists(st.integers(0, 400), max_size=20)


@given(TEXTS, CUTS, st.integers(1, 5))
def test_however_a_text_is_cut_the_same_goes_on_and_nothing_that_is_found(text, cuts, stride):
    window = StreamWindow(window=16, stride=stride)
    detector = Local()
    whole = redacted(text, detector.detect(text).spans)
    out = ""
    for piece in pieces(text, cuts):
        window.add(piece)
        if ready := window.ready():
            out += window.release(detector.detect(ready).spans)
        assert whole.startswith(out)
    if ready := window.ready(ended=True):
        out += window.release(detector.detect(ready).spans, ended=True)
    assert out == whole


def test_wherever_a_look_cuts_a_span_none_of_it_goes_on():
    for before in range(60):
        text = "x" * before + " KEYS, no KEY, ab and KEY " + "y" * 60
        window, out = StreamWindow(window=16, stride=1), ""
        for piece in text:
            window.add(piece)
            if ready := window.ready():
                out += window.release(Local().detect(ready).spans)
        out += window.release(Local().detect(window.ready(ended=True)).spans, ended=True)
        assert out == text.replace("KEYS", "[W]").replace("and KEY", "and [W]")


@given(st.text("xyz \n", max_size=300), CUTS, st.integers(1, 40), st.integers(1, 40))
def test_a_clean_text_is_held_back_by_no_more_than_window_and_stride(text, cuts, size, stride):
    window = StreamWindow(window=size, stride=stride)
    came = went = 0
    for piece in pieces(text, cuts):
        window.add(piece)
        came += len(piece)
        if window.ready():
            went += len(window.release(()))
        assert came - went < size + stride


def test_what_is_kept_of_a_long_text_is_bounded():
    window = StreamWindow(window=10, stride=5)
    longest = 0
    for _ in range(1_000):
        window.add("abc ")
        if ready := window.ready():
            longest = max(longest, len(ready))
            window.release(())
    assert longest <= 10 * 5 + 10


def test_a_span_that_is_longer_than_the_window_is_held_until_it_has_ended():
    window = StreamWindow(window=4, stride=1)
    out = ""
    for piece in ["x" * 10, *("S" * 3 for _ in range(10)), "y" * 10]:
        window.add(piece)
        if ready := window.ready():
            out += window.release([Span(type="S", start=m.start(), end=m.end()) for m in re.finditer("S+", ready)])
    out += window.release((), ended=True)
    assert out == "x" * 10 + "[S]" + "y" * 10


REAL = [
    (Pii(), "Please write to ann.example@example.com or call.\n"),
    (Pii(), "The card is 4111 1111 1111 1111 as you know.\n"),
    (Secrets(), "Use ghp_16C7e42F292c6912E7710c838347Ae178B4a for that.\n"),
    (Secrets(), 'The password = "hunter2Xsecret9" is set.\n'),
    (HiddenText(), "Send it to p\u0430yp\u0430l, a\u200bb\u202ec.\n"),
]


@pytest.mark.parametrize(("detector", "sentence"), REAL, ids=range(len(REAL)))
@pytest.mark.parametrize("size", [1, 7, 150])
async def test_what_real_detectors_find_comes_out_as_of_the_whole(detector, sentence, size):
    filler = "Nothing that matters stands in this sentence, which is here for its length alone. " * 4
    text = filler + sentence + filler + sentence
    guards = Guards([guard(detector)])
    whole, _ = await guards.looked("output", text, "the answer")
    for stride in (STRIDE, 1):  # which looks at every character that comes: no span is only ever seen whole
        stream = over(guard(detector), stride=stride)
        out = await shown(stream, [text[at : at + size] for at in range(0, len(text), size)])
        assert "".join(out) == whole != text


async def test_every_character_is_shown_at_once_where_nothing_looks():
    assert await shown(over(), ["a", "b"]) == ["a", "b", ""]


async def test_a_text_is_looked_at_once_a_stride_and_not_once_a_piece():
    detector = Local()
    text = "x " * 2_000
    await shown(over(guard(detector)), list(text))
    assert detector.looked <= (len(text) - WINDOW) / STRIDE + 2


async def test_a_guard_that_denies_stops_the_text_before_what_it_finds():
    text = "a" * 600 + " KEY " + "b" * 600
    out, why = await stopped(over(guard(Local(), "deny")), text)
    assert why == "the guard local lets the answer go no further: it has found W"
    assert text.startswith(out)
    assert "KEY" not in out
    assert len(out) >= 600 - WINDOW - STRIDE, "it was not held back more than a window"


async def test_policy_is_asked_before_the_first_character_and_for_each_new_finding():
    asked = []

    def permits(label):
        asked.append(label.findings)
        return not label.findings

    stream = over(guard(Local(), "label"), permits=permits)
    out, why = await stopped(stream, "a" * 600 + " KEY " + "b" * 600)
    assert "policy does not let the answer out" in why
    assert asked == [frozenset(), frozenset({"local", "local:W"})]
    assert set(out) == {"a"}
    with pytest.raises(GuardDenied):
        await over(permits=lambda label: False).add("a")


async def test_a_detector_that_fails_stops_the_text():
    with pytest.raises(GuardDenied, match="the detector local failed"):
        await shown(over(guard(Local(fails=True))), ["a"])
    assert await shown(over(guard(Local(fails=True), on_failure="ignore")), ["a"]) == ["", "a"]


async def test_what_is_laid_bare_by_taking_something_out_stops_the_text():
    class Nested(Local):
        def replacement(self, kind, text):
            return ""

    nested = Nested(re.compile("KEY"))
    with pytest.raises(GuardDenied, match="cannot be sanitised while it is written"):
        await shown(over(guard(nested)), ["K", "KEY", "EY"])


async def test_what_one_guard_lays_bare_stops_the_text_that_another_denies():
    class Invisible(Local):
        def replacement(self, kind, text):
            return ""

    first, second = guard(Local(re.compile("KEY")), "deny"), guard(Invisible(re.compile("\u200b")))
    with pytest.raises(GuardDenied, match="the guard local lets the answer go no further"):
        await shown(over(first, second), ["the K\u200bEY"])
