"""The file of a fitted router, which `routing.model` of a project names."""

from __future__ import annotations

from pathlib import Path

from agentcore.config.problem import Problems
from agentcore.config.source import Source, read_text
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps, read_steps


def read_router(
    written: str | None, *, source: Source, root: Path, problems: Problems
) -> tuple[str, FittedSteps | None]:
    """Return the file's text and what it says of steps, None when that is wrong; nothing when no file is named."""
    if written is None:
        return "", NOTHING_FITTED
    path, place = root / written, source.place(("routing", "model"))
    if not path.is_file():
        problems.error(place, f"there is no file `{path.as_posix()}` (paths start at the project's folder)")
        return "", None
    text = read_text(path, path.as_posix(), problems)
    if text is None:
        return "", None
    try:
        return text, read_steps(text)
    except ValueError as error:
        problems.error(place, f"`{path.as_posix()}` is no fitted router: {error}")
        return text, None
