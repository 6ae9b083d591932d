"""Effect: one call to the outside."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import AgentName, EffectId, RunId, StepId
from agentcore.domain.json import JSON, digest

UNDO: Final = "/undo"
"""What the id and the key of a compensation have behind those of its call."""


def is_undo(id: EffectId) -> bool:
    """Return whether an effect takes another one back."""
    return id.endswith(UNDO)


HEDGE: Final = "+hedge"
"""What the id of a call has behind that of the one that it doubles: of a second model, as the first was late."""


def hedge_of(id: EffectId) -> EffectId:
    """Return the id of the call that doubles a model call."""
    return EffectId(f"{id}{HEDGE}")


class EffectKind(StrEnum):
    """What is called."""

    MODEL = "model"
    TOOL = "tool"


class Safety(StrEnum):
    """What a tool declares about repeating a call.

    read: no side effect.  idempotent: called with our key, a repeat has no further effect.
    compensable: can be undone.  unsafe: must never be silently repeated.
    """

    READ = "read"
    IDEMPOTENT = "idempotent"
    COMPENSABLE = "compensable"
    UNSAFE = "unsafe"


UNSAFE_ADVICE: Final = (
    "the tool counts as `unsafe`: permit it by name in policies/, or declare `safety: read` if it changes nothing"
)
"""What to do when no policy permits an unsafe tool, which one is that declares nothing."""


@frozen
class Effect:
    """One model or tool call within an attempt.

    id: `PLANS/STEP/ATTEMPT/AGENT/KIND.N`, unique in the run and the same when the run is driven again. PLANS is how
    many plans had been accepted: a step of a later plan may have the id of one that failed.
    key: the idempotency key given to the outside: the run's id and `id`, or the content of a call that may change
    something, and a number. In records of the first version it is always the former.
    """

    id: EffectId
    kind: EffectKind
    name: str
    step: StepId
    attempt: int
    agent: AgentName
    safety: Safety
    key: str

    @property
    def keyed_by_id(self) -> bool:
        """Whether the key says who calls, not what is called."""
        return self.key.endswith(f"/{self.id}")


def call_content(run: RunId, step: StepId, tool: str, arguments: JSON) -> str:
    """Return what a tool call is, the same whenever it is meant again: the key but for its number."""
    return f"{run}/{step}/{tool}/{digest(arguments)[:16]}"
