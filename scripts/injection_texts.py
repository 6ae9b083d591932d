r"""Made-up texts by grammar, the same for the same seed.

A grammar is a text file: `== symbol` begins one, and each line after it is an alternative, in which `{symbol}` stands
for any of its own, `{{` and `}}` for braces and `\\n` for a new line. `== symbol 14` is a kind of text to start from,
and how often.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

_SYMBOL: Final = re.compile(r"(?<!\{)\{([a-z_0-9]+)\}(?!\})")


class Grammar:
    """Symbols, what they can be, and which of them texts start from."""

    def __init__(self, *paths: Path) -> None:
        """Take files, of which one can use the symbols of another."""
        self._alternatives: dict[str, list[str]] = {}
        self._kinds: dict[str, int] = {}
        symbol = ""
        for line in (line for path in paths for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")):
            if line.startswith("== "):
                symbol, _, often = line[3:].partition(" ")
                self._alternatives[symbol] = []
                if often:
                    self._kinds[symbol] = int(often)
            else:
                self._alternatives[symbol].append(line)

    def texts(self, count: int, seed: int) -> list[tuple[str, str]]:
        """Return at most so many texts, all different, each with its kind."""
        chance = random.Random(seed)  # noqa: S311 - texts, not secrets
        texts: dict[str, str] = {}
        for _ in range(count * 3):  # short kinds run out of different texts
            if len(texts) == count:
                break
            kind = chance.choices(list(self._kinds), list(self._kinds.values()))[0]
            text = self._expanded(kind, chance).replace("\\n", "\n").replace("{{", "{").replace("}}", "}")
            texts.setdefault(_cased(text, chance), kind)
        return list(texts.items())

    def _expanded(self, symbol: str, chance: random.Random) -> str:
        line = chance.choice(self._alternatives[symbol])
        return _SYMBOL.sub(lambda found: self._expanded(found[1], chance), line)


def _cased(text: str, chance: random.Random) -> str:
    """Return a text as a person in a hurry or in anger might write it, so that neither is a sign of anything."""
    roll = chance.random()
    if roll < 0.12:
        return text.lower()
    if roll < 0.17:
        return text.upper()
    return text[:1].upper() + text[1:]
