"""PolicySource: the text of one policy, and where in its file it stands.

Cedar's parser says what is wrong but not where, and numbers policies instead of naming files. So a file is cut into
policies here, each is parsed alone, and the place of an error is found again: for a syntax error it is the last token
of the shortest prefix that is wrong in another way than by ending too early.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|//[^\n]*)
  | "(?:[^"\\]|\\.)*"
  | [A-Za-z_][A-Za-z0-9_]*
  | [0-9]+
  | :: | == | != | <= | >= | && | \|\|
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"`([^`]+)`|'([^' ]+)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """One policy.

    text: the whole file's.  tokens: (start, end) offsets into it of the policy's tokens; at least one.
    """

    file: str
    text: str
    tokens: tuple[tuple[int, int], ...]

    @property
    def policy(self) -> str:
        """The policy's own text, from its first annotation to its semicolon."""
        return self._prefix(len(self.tokens))

    def locate(self, message: str, parse: Callable[[str], str | None]) -> str:
        """Return `file:line:column` of a syntax error.

        parse: returns what is wrong with a text, None when nothing is.  message: what it said of this policy.
        """
        ends_too_early = parse("permit")
        if message == ends_too_early:
            return self._place(self.tokens[-1][0])
        low, high = 1, len(self.tokens)
        while low < high:  # the shortest prefix with another error than that it ends too early
            middle = (low + high) // 2
            if parse(self._prefix(middle)) == ends_too_early:
                low = middle + 1
            else:
                high = middle
        if high == len(self.tokens):  # the grammar is right: Cedar objects to a word in it
            return self.mention(message)
        return self._place(self.tokens[high - 1][0])

    def mention(self, message: str) -> str:
        """Return `file:line:column` of the first thing in the policy that a message quotes; else of its start."""
        quoted = [match[1] or match[2] for match in _QUOTED.finditer(message)]
        for wanted in (*quoted, message.rpartition(": ")[2]):
            for start, end in self.tokens:
                # a quoted part of a token is not that token: `=` in `==`
                if wanted and self.text.startswith(wanted, start) and start + len(wanted) >= end:
                    return self._place(start)
        return self._place(self.tokens[0][0])

    def find(self, *wanted: str) -> str:
        """Return `file:line:column` of the last of these tokens where they first stand in a row; else of the start."""
        texts = [self.text[start:end] for start, end in self.tokens]
        for index in range(len(texts) - len(wanted) + 1):
            if tuple(texts[index : index + len(wanted)]) == wanted:
                return self._place(self.tokens[index + len(wanted) - 1][0])
        return self._place(self.tokens[0][0])

    def _prefix(self, count: int) -> str:
        return self.text[self.tokens[0][0] : self.tokens[count - 1][1]]

    def _place(self, offset: int) -> str:
        line = self.text.count("\n", 0, offset) + 1
        return f"{self.file}:{line}:{offset - self.text.rfind(chr(10), 0, offset)}"


def split(file: str, text: str) -> Iterator[PolicySource]:
    """Yield the policies of a file. The last may lack its semicolon; Cedar will say so."""
    tokens: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        if match["skip"] is not None:
            continue
        tokens.append(match.span())
        if match[0] == ";":
            yield PolicySource(file=file, text=text, tokens=tuple(tokens))
            tokens = []
    if tokens:
        yield PolicySource(file=file, text=text, tokens=tuple(tokens))
