"""Problems: all that is wrong with a project's files, each with its place, collected instead of raised one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agentcore.domain.errors import ConfigError
from agentcore.domain.nearest import unknown

__all__ = ["Place", "Problems", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands. file: as the user named it.  line, column: from 1; 0 is the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(slots=True)
class Problems:
    """Collects errors and warnings; a place and a message are told once."""

    _files: dict[str, int] = field(default_factory=dict[str, int])
    _errors: dict[tuple[Place, str], None] = field(default_factory=dict[tuple[Place, str], None])
    _warnings: dict[tuple[Place, str], None] = field(default_factory=dict[tuple[Place, str], None])

    def begin(self, file: str) -> None:
        """Note that a file is read now: its problems come after those of the files before."""
        self._files.setdefault(file, len(self._files))

    def error(self, place: Place, message: str) -> None:
        """Add something that must be put right."""
        self.begin(place.file)
        self._errors[place, message] = None

    def warn(self, place: Place, message: str) -> None:
        """Add something that may be meant."""
        self.begin(place.file)
        self._warnings[place, message] = None

    @property
    def errors(self) -> tuple[str, ...]:
        """One `file:line:column: message` each, file by file in the order of reading, from top to bottom."""
        return self._in_order(self._errors)

    @property
    def warnings(self) -> tuple[str, ...]:
        """As `errors`."""
        return self._in_order(self._warnings)

    def raise_if_any(self) -> None:
        """Raise ConfigError with all errors, if there are any."""
        if self._errors:
            raise ConfigError(self.errors)

    def _in_order(self, found: Iterable[tuple[Place, str]]) -> tuple[str, ...]:
        entries = sorted(found, key=lambda entry: (self._files[entry[0].file], entry[0].line, entry[0].column))
        return tuple(f"{place}: {message}" for place, message in entries)
