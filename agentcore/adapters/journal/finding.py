"""What to say about the runs whose ids start as a person typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agentcore.domain.errors import RunNotFound
from agentcore.domain.ids import RunId

LATEST: Final = "latest"
"""The prefix that stands for the newest run."""

SHOWN: Final = 5
"""How many matching ids an error names; one more must be looked for."""


def only_run(prefix: str, matches: Sequence[RunId]) -> RunId:
    """Return the run that is meant: the one whose id is the prefix, or else the only match. Raises RunNotFound."""
    if prefix in matches:
        return RunId(prefix)
    if not matches:
        what = "there is no run yet" if prefix == LATEST else f"no run has an id that starts with {prefix!r}"
        raise RunNotFound(what, hint="list the runs with `agentcore runs list`")
    if len(matches) > 1:
        more = ", …" if len(matches) > SHOWN else ""
        raise RunNotFound(
            f"several runs have an id that starts with {prefix!r}: {', '.join(matches[:SHOWN])}{more}",
            hint="give more of its characters",
        )
    return matches[0]


def no_events(run: RunId) -> RunNotFound:
    """Return the error for a run of which nothing is recorded."""
    return RunNotFound(f"there is no run {run}", hint="list the runs with `agentcore runs list`")
