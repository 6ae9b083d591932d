"""Where guards look at what goes through a run, what they do about a finding, and what the failure of one means."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

GuardPlace: TypeAlias = Literal[
    "input",
    "plan",
    "prompt",
    "model_output",
    "tool_call",
    "tool_result",
    "delegation",
    "knowledge",
    "output",
]
"""input: a task.  plan: what the supervisor wants done.  prompt: all that a model is sent.  model_output: what it
says, and the calls that it wants.  tool_call: the arguments of a call.  tool_result: what it returns.
delegation: what an agent is given for a step.  knowledge: a file that a tool of documents takes in.  output: the
answer, or the reason why there is none.
"""

GUARD_PLACES: Final[tuple[GuardPlace, ...]] = get_args(GuardPlace)

COMING_IN: Final[tuple[GuardPlace, ...]] = ("input", "tool_result", "model_output")
"""Where a guard looks that does not say where: at all that comes into a run, once."""

GuardAction: TypeAlias = Literal["label", "sanitise", "deny"]
"""What follows from a finding by itself. label: it stays with the value, for policies.  sanitise: it is taken out.
deny: the text goes no further.
"""

OnGuardFailure: TypeAlias = Literal["deny", "flag", "ignore"]
"""What a detector's failure means. deny: the text goes no further.  flag: it counts as a finding."""
