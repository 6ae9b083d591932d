"""Texts cut into passages: one for each heading's section, or several where a section is long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARACTERS = 1200
"""Of a passage. A longer section is split between lines or sentences."""

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_OWN_LINE = re.compile(r"\s*(?:[-*+|>]|[0-9]+[.)])\s?|\s{4}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a text that is found as a whole.

    id: `file.md#heading`, `file.md` before the first heading; a repeated one ends in `-2`, `-3` and so on.
    title: the heading.  text: prose without line breaks inside paragraphs.
    """

    id: str
    title: str
    text: str


def split_passages(name: str, text: str) -> tuple[Passage, ...]:
    """Return the passages of a file with that name; headings are Markdown's. Sections without text give none."""
    used: set[str] = set()
    out: list[Passage] = []
    for title, lines in _sections(text.removeprefix("\ufeff")):
        slug = re.sub(r"\W+", "-", title.lower()).strip("-")
        for part in _parts(_reflow(lines)):
            id = base = f"{name}#{slug}" if slug else name
            number = 2
            while id in used:
                id, number = f"{base}{'-' if slug else '#'}{number}", number + 1
            used.add(id)
            out.append(Passage(id=id, title=title or name, text=part))
    return tuple(out)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    title = ""
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= _FENCE.match(line) is not None
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        yield title, lines
        title, lines = heading[2], []
    yield title, lines


def _reflow(lines: list[str]) -> list[str]:
    """Join the lines of each paragraph; lists, tables, quotes and code keep theirs."""
    out: list[str] = []
    open_paragraph = fenced = False
    for line in lines:
        fence = _FENCE.match(line) is not None
        fenced ^= fence
        if fenced or fence:
            out.append(line.rstrip())
            open_paragraph = False
        elif not line.strip():
            open_paragraph = False
        elif open_paragraph and not _OWN_LINE.match(line):
            out[-1] += " " + " ".join(line.split())
        else:
            out.append(" ".join(line.split()))
            open_paragraph = True
    return out


def _parts(lines: list[str]) -> Iterator[str]:
    part = ""
    for line in lines:
        for piece in _pieces(line):
            joint = "\n" if piece is line else " "
            if part and len(part) + len(piece) >= MAX_CHARACTERS:
                yield part
                part = ""
            part = f"{part}{joint}{piece}" if part else piece
    if part.strip():
        yield part


def _pieces(line: str) -> Iterator[str]:
    if len(line) <= MAX_CHARACTERS:
        yield line
        return
    for sentence in _SENTENCE_END.split(line):
        for start in range(0, len(sentence), MAX_CHARACTERS):
            yield sentence[start : start + MAX_CHARACTERS]
