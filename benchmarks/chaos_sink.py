"""The outside of the chaos benchmark: it pays once a key, mails as often as it is told, and remembers every call.

`python -m benchmarks.chaos_sink LOG SECONDS`: prints its port. A line of JSON in, one out; every call is in the log
before it is answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.chaos_desk import receipt


class Sink:
    """What has been received: key → receipt."""

    def __init__(self, log: Path, seconds: float) -> None:
        self._log = log.open("a", buffering=1, encoding="utf-8")
        self._seconds = seconds
        self._receipts: dict[str, str] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one message."""
        line = await reader.readline()
        if line:
            message: dict[str, Any] = json.loads(line)
            said = await self._do(**message)
            writer.write(json.dumps(said).encode() + b"\n")
        writer.close()

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    async def _do(self, *, do: str, key: str, order: str = "") -> str | None:
        if do == "look":
            return self._receipts.get(key)
        done = key in self._receipts
        self._receipts[key] = receipt(do, order)
        # An idempotent service does a key's work once; the other does it at each call.
        applied = do == "mail" or not done
        self._log.write(json.dumps({"do": do, "key": key, "order": order, "applied": applied}) + "\n")
        await asyncio.sleep(self._seconds)
        return self._receipts[key]


async def main() -> None:
    """Serve until killed."""
    sink = Sink(Path(sys.argv[1]), float(sys.argv[2]))
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
