"""What is left out of a conversation that is too long, and in which order. Pure.

1. Results of tools, the oldest first, but never the last one: what they said has mostly gone into what came after.
2. Of the data that stand before the question, the passages that have the least to do with it: a search result's
   passage, or a part of a block. Values on one line stay, they are small.

Instructions, examples, the question itself, what the model has said and the last result of a tool are never left out.
Where something was, a mark says so. A conversation that cannot be made to fit stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from agentcore.domain.message import Message

RESULT_MARK: Final = "(an earlier result, left out here to fit)"
PASSAGE_MARK: Final = "(left out here to fit)"
PART_CHARACTERS: Final = 600
"""About how long the parts are into which a block is cut."""

QUESTION: Final = re.compile(r"(?:^|\n)(?:Task|Question|Goal): ")
"""What the instruction of a step, the question and the goal stand behind, after the data."""

Count: TypeAlias = Callable[[str], int]
"""Returns the size of a text, in any unit: that of a text and another one is at most that of both together."""

Relevance: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
"""Returns for each text how much it has to do with the first one: the more, the higher."""

_BLOCK: Final = re.compile(r'^<data name="[^\n]*">\n(.*?)\n</data>$', re.DOTALL | re.MULTILINE)
_PASSAGE: Final = re.compile(r"^\[[^\]\n]+\] [^\n]*$", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_ENDS: Final = re.compile(r"\n\n|\n|(?<=[.;,}\]]) ?| ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A part that was left out. message: its index.  size: of what is gone, less the mark.  what: in words."""

    message: int
    size: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A conversation, and what was left out of it, in this order. fits: whether it is within its limit now."""

    messages: tuple[Message, ...]
    dropped: tuple[Dropped, ...] = ()
    fits: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int
    what: str


def fit(messages: Sequence[Message], limit: int, *, count: Count, relevance: Relevance) -> Fitted:
    """Return a conversation of at most that size: what it takes to get there is left out, in the order above.

    When all that may be left out is not enough, the conversation is returned as it is, and does not fit.
    """
    given = tuple(messages)
    over = sum(count(message.content) for message in given) - limit
    if over <= 0:
        return Fitted(messages=given)
    kept = list(given)
    dropped: list[Dropped] = []
    for index in _results(given):
        gain = count(given[index].content) - count(RESULT_MARK)
        if over > 0 and gain > 0:
            kept[index] = replace(given[index], content=RESULT_MARK)
            dropped.append(Dropped(message=index, size=gain, what=_result_of(given, index)))
            over -= gain
    if over > 0 and (index := _asking(given)) is not None:
        text, gone = _without_passages(given[index].content, over, count, relevance)
        kept[index] = replace(given[index], content=text)
        dropped += [Dropped(message=index, size=size, what=what) for size, what in gone]
        over = sum(count(message.content) for message in kept) - limit
    return Fitted(messages=given, fits=False) if over > 0 else Fitted(messages=tuple(kept), dropped=tuple(dropped))


def shared_words(question: str, texts: Sequence[str]) -> Sequence[float]:
    """Return for each text the share of the question's words that are in it: a Relevance that knows no meaning."""
    wanted = {word.lower() for word in _WORD.findall(question)}
    return [
        len(wanted & {word.lower() for word in _WORD.findall(text)}) / len(wanted) if wanted else 0.0 for text in texts
    ]


def _results(messages: Sequence[Message]) -> Iterator[int]:
    """Yield the indexes of results of tools but the last, oldest first."""
    indexes = [index for index, message in enumerate(messages) if message.role == "tool"]
    yield from indexes[:-1]


def _result_of(messages: Sequence[Message], index: int) -> str:
    calls = [call for message in messages[:index] for call in message.tool_calls]
    name = next((call.name for call in reversed(calls) if call.id == messages[index].tool_call_id), "a tool")
    return f"an earlier result of {name}"


def _asking(messages: Sequence[Message]) -> int | None:
    """Return the index of the last message that asks something and has data before that."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "user":
            return index if QUESTION.search(messages[index].content) else None
    return None


def _without_passages(text: str, over: int, count: Count, relevance: Relevance) -> tuple[str, list[tuple[int, str]]]:
    """Return a message without its least relevant passages, and the sizes and names of these.

    Of those, no more than it takes to be smaller by `over`.
    """
    found = list(QUESTION.finditer(text))[-1]
    data, question = text[: found.start()], text[found.end() :]
    parts = list(_parts(data))
    scores = relevance(question, [data[part.start : part.end] for part in parts]) if parts else ()
    order = sorted(range(len(parts)), key=lambda index: (scores[index], -index))
    gone: list[int] = []
    rest, size = data, count(data)
    for index in order:
        if size - count(rest) >= over:
            break
        gone.append(index)
        rest = _cut(data, [parts[each] for each in sorted(gone)])
    told = [
        (max(0, count(data[parts[index].start : parts[index].end]) - count(PASSAGE_MARK)), parts[index].what)
        for index in gone
    ]
    return rest + text[found.start() :], told


def _cut(data: str, parts: Sequence[_Part]) -> str:
    """Return a text with a mark for each part, one for those that follow each other."""
    pieces: list[str] = []
    end = 0
    for part in parts:
        between = data[end : part.start]
        if not (pieces and not between.strip()):
            pieces += [between, PASSAGE_MARK]
        end = part.end
    return "".join([*pieces, data[end:]])


def _parts(data: str) -> Iterator[_Part]:
    """Yield what may be left out of the data before a question, in its order."""
    blocks = list(_BLOCK.finditer(data))
    inside = [(block.start(), block.end()) for block in blocks]
    found: list[_Part] = []
    for block in blocks:
        name = data[block.start() : block.start(1)].split('"')[1]
        found += [_Part(start, end, f"a part of {name}") for start, end in _pieces(data, *block.span(1))]
    for passage in _PASSAGE.finditer(data):
        if not any(start <= passage.start() < end for start, end in inside):
            found.append(_Part(*passage.span(), f"the passage {passage[0][1:].partition(']')[0]}"))
    least = 2 * len(PASSAGE_MARK)
    yield from (part for part in sorted(found, key=lambda each: each.start) if part.end - part.start >= least)


def _pieces(data: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a block's body in pieces: they end where a line does, else a sentence or a word, when there is one."""
    while start < end:
        stop = min(end, start + PART_CHARACTERS)
        if stop < end:
            best = [found.end() for found in re.finditer(r"\n", data[start:stop])] or [
                found.end() for found in _ENDS.finditer(data[start:stop]) if found.end()
            ]
            stop = start + (best[-1] if best else PART_CHARACTERS)
        text = data[start:stop]
        first, last = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
        if first < last and text.strip() != PASSAGE_MARK:
            yield first, last
        start = stop
