"""How much, in words."""

from __future__ import annotations


def sized(count: int) -> str:
    """Return a number of bytes as people read it: `0 B`, `12 kB`, `3.4 MB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
