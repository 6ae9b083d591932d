"""The terminal: consoles that show only clean text, in colour where a person looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment
from rich.text import Text

from agentcore.surfaces.cli.clean import clean

PIPED_WIDTH = 120
"""Columns of a table that goes to a file or another program, unless COLUMNS says otherwise."""


class _Clean:
    """A renderable that shows another one without its control characters; styles are rich's own, and stay."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._inner, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)


class _CleanEverything(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Clean(renderable) for renderable in renderables]


def console(stream: TextIO) -> Console:
    """Return a console on a stream. No text is read as markup, and none reaches the terminal uncleaned."""
    piped = not stream.isatty() and "FORCE_COLOR" not in os.environ
    width = PIPED_WIDTH if piped and "COLUMNS" not in os.environ else None
    made = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    made.push_render_hook(_CleanEverything())
    return made


def output() -> Console:
    """Return the console on standard output: what was asked for."""
    return console(sys.stdout)


def messages() -> Console:
    """Return the console on standard error: progress and problems."""
    return console(sys.stderr)


def watched(screen: Console) -> bool:
    """Whether a person looks at it: a terminal, and not a build server's."""
    return screen.is_terminal and os.environ.get("CI", "").lower() not in {"1", "true", "yes"}


def say(screen: Console, text: Text | str) -> None:
    """Print a line. It is wrapped for people; for files and other programs it stays one line."""
    screen.print(text, soft_wrap=not screen.is_terminal)
