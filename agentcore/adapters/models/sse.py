"""Server-sent events: the part of the WHATWG standard that chat completions use."""

from __future__ import annotations


class EventStream:
    """Cuts a byte stream into the data of its events.

    Lines may end in LF, CR LF or CR, and chunks may be cut anywhere. Comments, ids and event names are skipped.
    """

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of all events that are complete now."""
        text = self._rest + chunk
        lines = text.splitlines(keepends=True)
        # The last line may go on in the next chunk; a CR at its end may be half a CR LF.
        self._rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        return self._events(lines)

    def close(self) -> list[bytes]:
        """Return the data of an event that the server left without its blank line."""
        lines = [*self._rest.splitlines(), b""]
        self._rest = b""
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        for raw in lines:
            line = raw.rstrip(b"\r\n")
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        return events
