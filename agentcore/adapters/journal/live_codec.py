"""What processes tell each other of models and tools, as JSON. A text of another version counts as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from agentcore.routing.acceptance import Acceptance
from agentcore.routing.breaker import Turn
from agentcore.routing.live_state import LiveState
from agentcore.routing.sketch import Sketch
from agentcore.routing.stream import Stream
from agentcore.routing.tally import Tally

_VERSION: Final = 1


def encode(state: LiveState) -> str:
    """Return a state as JSON text: about a kilobyte for each model and step type."""
    tallies = [[*key, _tally(tally)] for key, tally in state.tallies.items()]
    value = {"v": _VERSION, "tallies": tallies, "models": _turns(state.models), "tools": _turns(state.tools)}
    return orjson.dumps(value).decode()


def decode(text: str) -> LiveState | None:
    """Return the state of a text, None when it is not one of this version."""
    try:
        value: dict[str, Any] = orjson.loads(text)
        if value["v"] != _VERSION:
            return None
        return LiveState(
            tallies={(model, step): _tally_of(fields) for model, step, fields in value["tallies"]},
            models=_turns_of(value["models"]),
            tools=_turns_of(value["tools"]),
        )
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _tally(tally: Tally) -> list[Any]:
    sums = (tally.tries, tally.failed, tally.answers, tally.tokens, tally.input_tokens, tally.cached_tokens)
    verdicts = tally.verdicts
    return [
        [tally.calls, tally.failures, tally.at, *(round(each, 4) for each in sums)],
        _stream(tally.seconds),
        _stream(tally.price),
        [verdicts.at, verdicts.since, round(verdicts.judged, 4), round(verdicts.accepted, 4), verdicts.recent],
    ]


def _tally_of(fields: list[Any]) -> Tally:
    (calls, failures, at, *sums), seconds, price, (judged_at, since, judged, accepted, recent) = fields
    tries, failed, answers, tokens, input_tokens, cached_tokens = map(float, sums)
    return Tally(
        calls=int(calls),
        failures=int(failures),
        at=float(at),
        tries=tries,
        failed=failed,
        answers=answers,
        tokens=tokens,
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        seconds=_stream_of(seconds),
        price=_stream_of(price),
        verdicts=Acceptance(
            at=float(judged_at),
            since=float(since),
            judged=float(judged),
            accepted=float(accepted),
            recent=tuple((float(when), bool(good)) for when, good in recent),
        ),
    )


def _stream(stream: Stream) -> list[Any]:
    buckets = [[index, round(weight, 4)] for index, weight in stream.older.buckets.items()]
    return [stream.at, stream.since, round(stream.total, 6), buckets, stream.recent]


def _stream_of(fields: list[Any]) -> Stream:
    at, since, total, buckets, recent = fields
    return Stream(
        at=float(at),
        since=float(since),
        total=float(total),
        older=Sketch({int(index): float(weight) for index, weight in buckets}),
        recent=tuple((float(when), float(value)) for when, value in recent),
    )


def _turns(turns: Mapping[str, Turn]) -> list[Any]:
    return [[name, turn.at, turn.until, turn.openings] for name, turn in turns.items()]


def _turns_of(fields: list[Any]) -> dict[str, Turn]:
    return {
        str(name): Turn(at=float(at), until=None if until is None else float(until), openings=int(openings))
        for name, at, until, openings in fields
    }
