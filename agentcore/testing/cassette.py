"""Recorded answers of a model: recorded once against the real one, replayed in tests and demonstrations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from agentcore.domain.errors import ModelRequestRejected
from agentcore.domain.json import JSON, digest
from agentcore.domain.message import Message, ToolCall
from agentcore.ports.model import Model, ModelReply, ModelRequest, OnText

CassetteMode = Literal["record", "replay", "auto"]
"""record: ask the model and write anew.  replay: never ask it.  auto: ask it for what is not recorded yet."""

_VERSION = 1

_NOT_PART = ("seconds", "slot")
"""Fields of a request that do not change the answer: the time that is left, and a hint for caches."""


class CassetteModel:
    """A Model that records or replays another one's replies in a JSON file.

    model: None when replaying only.  secrets: texts that are written as `[secret]`; keys of providers are not part of
    a request and so are never written. The n-th call with the same request gets its n-th recorded reply.
    """

    def __init__(
        self, path: Path, *, mode: CassetteMode = "replay", model: Model | None = None, secrets: Sequence[str] = ()
    ) -> None:
        if model is None and mode != "replay":
            raise ValueError(f"a cassette in mode {mode} needs a model to ask")
        self._path = path
        self._mode = mode
        self._model = model
        self._secrets = tuple(secret for secret in secrets if secret)
        self._tape: dict[str, dict[str, Any]] = {} if mode == "record" else _read(path)
        self._played: dict[str, int] = {}

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the recorded or the model's reply. Raises ModelRequestRejected when nothing fits."""
        asked = self._without_secrets(_request_json(request))
        key = digest(asked)
        replies: list[dict[str, Any]] = self._tape.get(key, {}).get("replies", [])
        number = self._played.get(key, 0)
        self._played[key] = number + 1
        if number < len(replies):
            reply = _reply(replies[number])
            if on_text is not None and reply.text:
                on_text(reply.text)
            return reply
        if self._model is None or self._mode == "replay":
            raise self._missing(asked, len(replies))
        reply = await self._model.complete(request, on_text)
        self._tape.setdefault(key, {"request": asked, "replies": []})["replies"].append(
            self._without_secrets(asdict(reply))
        )
        _write(self._path, self._tape)
        return reply

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the model's count; in replay without a model, the number of words."""
        if self._model is not None:
            return self._model.count_tokens(messages)
        return sum(len(message.content.split()) for message in messages)

    async def aclose(self) -> None:
        """Close the model."""
        if self._model is not None:
            await self._model.aclose()

    def _without_secrets(self, value: Any) -> Any:
        text = json.dumps(value)
        for secret in self._secrets:
            text = text.replace(json.dumps(secret)[1:-1], "[secret]")
        return json.loads(text)

    def _missing(self, asked: dict[str, Any], recorded: int) -> ModelRequestRejected:
        hint = "record it again: mode='record', with a model"
        if recorded:
            return ModelRequestRejected(
                f"{self._path}: this request is recorded {recorded} times, and asked once more", hint=hint
            )
        differences = [
            _difference(entry["request"], asked)
            for entry in self._tape.values()
            if isinstance(entry.get("request"), dict)
        ]
        if not differences:
            return ModelRequestRejected(f"{self._path}: nothing is recorded", hint=hint)
        _, nearest = max(differences, key=lambda difference: difference[0])
        return ModelRequestRejected(
            f"{self._path}: no recording of this request; the nearest differs in {nearest}", hint=hint
        )


def _request_json(request: ModelRequest) -> dict[str, Any]:
    fields = asdict(request)
    return {name: value for name, value in fields.items() if name not in _NOT_PART}


def _reply(recorded: dict[str, Any]) -> ModelReply:
    fields: dict[str, Any] = {
        **recorded,
        "tool_calls": tuple(ToolCall(**call) for call in recorded["tool_calls"]),
        "logprobs": tuple(recorded["logprobs"]),
    }
    return ModelReply(**fields)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        cassette: Any = json.loads(path.read_text(encoding="utf-8"))
        if cassette["version"] != _VERSION:
            raise ModelRequestRejected(
                f"{path}: version {cassette['version']} is not {_VERSION}", hint="record it again"
            )
        return {digest(entry["request"]): entry for entry in cassette["recordings"]}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ModelRequestRejected(f"{path}: not a cassette: {error}", hint="delete it and record again") from None


def _write(path: Path, tape: dict[str, dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"version": _VERSION, "recordings": list(tape.values())}, indent=2, ensure_ascii=False)
    whole = path.with_name(f"{path.name}.new")
    whole.write_text(f"{text}\n", encoding="utf-8")
    whole.replace(path)


def _difference(recorded: JSON, asked: JSON, where: str = "") -> tuple[int, str]:
    """Return how many leaves are equal before the first difference, and where that is."""
    match recorded, asked:
        case Mapping(), Mapping():
            keys = [*recorded, *(key for key in asked if key not in recorded)]
            pairs = [(f"{where}.{key}".lstrip("."), recorded.get(key), asked.get(key)) for key in keys]
        case list(), list():
            length = max(len(recorded), len(asked))
            pairs = [(f"{where}[{index}]", _at(recorded, index), _at(asked, index)) for index in range(length)]
        case _:
            return (
                (1, "") if recorded == asked else (0, f"{where}: recorded {_shown(recorded)}, asked {_shown(asked)}")
            )
    equal = 0
    for place, left, right in pairs:
        more, difference = _difference(left, right, place)
        equal += more
        if difference:
            return equal, difference
    return equal, ""


def _at(values: Sequence[JSON], index: int) -> JSON:
    return values[index] if index < len(values) else None


def _shown(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"
