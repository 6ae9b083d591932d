import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.models.sse import EventStream

EVENTS = [b'{"a": 1}', b"two\nlines", b"[DONE]"]


def parse(chunks):
    stream = EventStream()
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return events + stream.close()


def encoded(newline):
    lines = [b": a comment", b"event: message", b""]
    for event in EVENTS:
        lines += [b"data: " + line for line in event.split(b"\n")] + [b"id: 7", b""]
    return newline.join(lines) + newline


@given(newline=st.sampled_from([b"\n", b"\r\n", b"\r"]), cuts=st.lists(st.integers(0, 200)))
def test_events_do_not_depend_on_how_the_stream_is_cut(newline, cuts):
    whole = encoded(newline)
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    assert parse(whole[start:end] for start, end in itertools.pairwise(places)) == EVENTS


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b"data: no blank line", [b"no blank line"]),
        (b"data:tight\n\n", [b"tight"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data\n\n", []),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_edges(text, events):
    assert parse([text]) == events
