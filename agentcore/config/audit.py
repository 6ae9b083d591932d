"""What the audit notes and how long it stays: the keys of `audit` in `agentcore.yaml`."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, field_validator

from agentcore.config.strict import Strict
from agentcore.domain.duration import seconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What the audit notes. access_log: who looked, too.  keep_seconds: how long entries stay, None is for ever."""

    access_log: bool = False
    keep_seconds: float | None = None


class AuditKeys(Strict):
    """What the audit notes beside decisions, and how long it stays."""

    access_log: bool = Field(
        default=False,
        description="Note who looks at runs, questions, the audit and users' data with the command line.",
    )
    keep: str | None = Field(
        default=None, description="How long entries stay, such as `2192d` (six years); for ever by default."
    )

    regulated: bool = Field(
        default=False,
        description="Every choice of a model has to be the best that is known: `routing.explore` must be 0.",
    )

    @field_validator("keep")
    @classmethod
    def _is_duration(cls, value: str | None) -> str | None:
        if value is not None:
            seconds_of(value)
        return value

    def settings(self) -> AuditSettings:
        """Return the value."""
        return AuditSettings(
            access_log=self.access_log, keep_seconds=None if self.keep is None else seconds_of(self.keep)
        )
