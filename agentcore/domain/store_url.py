"""StoreUrl: where runs are recorded when it is a database server. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_USER_AND_PASSWORD: Final = re.compile(r"^(?P<user>\w+://[^:/@]*):.*@", re.DOTALL)  # up to the last @, come what may
_PASSWORD_OPTION: Final = re.compile(r"(?P<before>[?&])(?:ssl)?password=[^&]*&?")
_POSTGRES: Final = re.compile(r"postgres(?:ql)?://")


@dataclass(frozen=True, slots=True, repr=False)
class StoreUrl:
    """The URL of a store. As text, in messages too, it is without its password.

    secret: the whole URL.  missing: a `file:line:column: message` for each environment variable in it that is not
    set; such a URL is not complete.
    """

    secret: str
    missing: tuple[str, ...] = ()

    @property
    def is_postgres(self) -> bool:
        """Whether it names a PostgreSQL database."""
        return _POSTGRES.match(self.secret) is not None

    def __str__(self) -> str:
        shown = _PASSWORD_OPTION.sub(lambda found: found["before"], self.secret)
        return _USER_AND_PASSWORD.sub(lambda found: f"{found['user']}@", shown).rstrip("?&")

    def __repr__(self) -> str:
        return f"StoreUrl({str(self)!r})"
