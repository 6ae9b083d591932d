"""Where guards look at what comes into a run, and what the failure of one means."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

GuardPlace: TypeAlias = Literal["input", "tool_result", "model_output"]
"""At a task, at what a tool has returned, at what a model has said."""

GUARD_PLACES: Final[tuple[GuardPlace, ...]] = get_args(GuardPlace)

OnGuardFailure: TypeAlias = Literal["deny", "flag", "ignore"]
"""What a detector's failure means. deny: the text goes no further.  flag: it counts as a finding."""
