"""`store` in `agentcore.yaml`: a file in the project, or the URL of a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agentcore.config.options import Expansion
from agentcore.config.problem import Problems
from agentcore.config.source import Source
from agentcore.domain.store_url import StoreUrl


def read_store(
    written: str, *, root: Path, source: Source, environment: Mapping[str, str], problems: Problems
) -> Path | StoreUrl:
    """Return where runs are recorded, after adding to `problems` what is wrong with it.

    A variable that is not set is a warning; the store is then a StoreUrl that says so when it is opened.
    """
    place = source.place(("store",))
    expansion = Expansion(environment=environment)
    expanded = str(expansion.expand(written, ("store",)))
    for text in expansion.malformed.values():
        problems.error(place, f"`{text}` is neither ${{NAME}} nor ${{NAME:-default}}")
    for variable in expansion.missing.values():
        message = f"the environment variable {variable} is not set"
        problems.warn(place, message)
        return StoreUrl(written, missing=(f"{place}: {message}",))
    scheme, colon, _ = expanded.partition("://")
    if not colon:
        return root / expanded
    url = StoreUrl(expanded)
    if not url.is_postgres:
        problems.error(place, f"`{scheme}://` is no store: give a file, or postgres://USER@HOST:PORT/DATABASE")
    return url
