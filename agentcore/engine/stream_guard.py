"""StreamGuard: guards over a text while it is written. What is found in it never goes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentcore.domain.detection import Span
from agentcore.domain.errors import GuardDenied
from agentcore.domain.label import Label
from agentcore.domain.stream_window import StreamWindow
from agentcore.engine.guards import Guard

WINDOW: int = 200
"""Characters that are held back: a span that nobody could know of before is not longer."""

STRIDE: int = 100
"""Characters between two looks."""


class StreamGuard:
    """Looks at one text that comes in pieces, with all guards at once.

    label: of what the text is made of.  permits: whether a text of a label may go out; it is asked before the first
    character does, and whenever something is found.  what: for messages.
    """

    def __init__(
        self,
        guards: Sequence[Guard],
        label: Label,
        permits: Callable[[Label], bool],
        what: str,
        *,
        window: int = WINDOW,
        stride: int = STRIDE,
    ) -> None:
        self._guards = tuple(guards)
        self._label = label
        self._permits = permits
        self._what = what
        self._window = StreamWindow(window=window, stride=stride)
        self._kept = 2 * window
        self._shown = ""
        self._asked: Label | None = None

    async def add(self, piece: str) -> str:
        """Return what may be shown once this piece has come. Raises GuardDenied: nothing more may be."""
        self._window.add(piece)
        return await self._look(ended=False)

    async def end(self) -> str:
        """Return what is left, now that nothing more comes. Raises GuardDenied."""
        return await self._look(ended=True)

    async def _look(self, *, ended: bool) -> str:
        if not self._guards:  # nothing can be found, so nothing need be held back
            self._ask()
            return self._window.release((), ended=True)
        text = self._window.ready(ended=ended)
        if not text:
            return ""
        spans: list[Span] = []
        by_kind: dict[str, Guard] = {}
        for guard in self._guards:
            for span in await self._found(guard, text):
                spans.append(span)
                by_kind.setdefault(span.type, guard)
        self._ask()
        taken = False

        def instead(kind: str, secret: str) -> str:
            nonlocal taken
            taken = True
            return by_kind[kind].replacement(kind, secret)

        part = self._window.release(spans, instead, ended=ended)
        if taken:
            await self._look_again(self._shown + part)
            self._ask()
        self._shown = (self._shown + part)[-self._kept :]
        return part

    async def _found(self, guard: Guard, text: str) -> Sequence[Span]:
        """Return what has to be taken out. Raises GuardDenied when that is not enough."""
        found = await guard.detection(text, self._what)
        if found is not None and not found.flagged:
            return ()
        if found is None or guard.action == "label":
            self._label = self._label.join(guard.label(found))
            return ()
        if guard.action == "deny" or not found.spans:
            raise guard.denial(found, self._what)
        return found.spans

    async def _look_again(self, text: str) -> None:
        """Look at what is left: what was taken out may have laid something else bare. Raises GuardDenied."""
        for guard in self._guards:
            if await self._found(guard, text):
                raise GuardDenied(f"{self._what} cannot be sanitised while it is written")

    def _ask(self) -> None:
        if self._asked != self._label:
            if not self._permits(self._label):
                raise GuardDenied(f"policy does not let {self._what} out as it is written")
            self._asked = self._label
