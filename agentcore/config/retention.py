"""How long runs are kept: the keys of `retention` in `agentcore.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from agentcore.config.strict import Strict
from agentcore.domain.duration import seconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long runs stay in the store after their end, and the folder that they go into then; None is nowhere."""

    keep_seconds: float
    export: Path | None = None


class RetentionKeys(Strict):
    """How long runs stay in the store after their end; for ever by default."""

    keep: str = Field(description="How long, such as `12h`, `30d` or `4w`.")
    export: str | None = Field(
        default=None, min_length=1, description="The folder into which each run is written before it is deleted."
    )

    @field_validator("keep")
    @classmethod
    def _is_duration(cls, value: str) -> str:
        seconds_of(value)
        return value

    def settings(self, root: Path) -> RetentionSettings:
        """Return the value. root: where paths start."""
        return RetentionSettings(
            keep_seconds=seconds_of(self.keep), export=None if self.export is None else root / self.export
        )
