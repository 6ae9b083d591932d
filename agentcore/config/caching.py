"""Which replies of models are served again: the keys of `cache` in `agentcore.yaml`."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, field_validator

from agentcore.config.strict import Strict
from agentcore.domain.cache_hit import CacheMode, CacheScope
from agentcore.domain.duration import seconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Which replies are served again.

    responses: to agents that do not say.  seconds: for how long.  threshold: the least resemblance of two questions, 0
    to 1.  scope: who may get a reply that was given to a user.  most_entries: of one tenant.
    """

    responses: CacheMode = "off"
    seconds: float = 86_400.0
    threshold: float = 0.8
    scope: CacheScope = "tenant"
    most_entries: int = 10_000


class CacheKeys(Strict):
    """Which replies of models are served again instead of a call."""

    responses: CacheMode = Field(
        default="off",
        description=(
            "To agents that do not say so themselves. off: none. exact: to the very same call. semantic: also to "
            "another wording of the same question."
        ),
    )
    expires: str = Field(default="1d", description="How long a reply is served, such as `15m`, `12h` or `7d`.")
    threshold: float = Field(
        default=0.8,
        ge=0.5,
        le=1,
        description=(
            "How much two wordings must resemble each other, as the cosine of their embeddings; they must have "
            "the same values, names, negations and words that compare in any case."
        ),
    )
    scope: CacheScope = Field(
        default="tenant",
        description=(
            "Who gets a reply that was given to a user. tenant: all of the tenant; user: that one. Replies about "
            "personal data are for that one in any case, and those about secrets are not kept."
        ),
    )
    most_entries: int = Field(
        default=10_000, ge=1, description="Replies that are kept of one tenant; the oldest go first."
    )

    @field_validator("expires")
    @classmethod
    def _is_duration(cls, value: str) -> str:
        if seconds_of(value) <= 0:
            raise ValueError("must be longer than nothing; `responses: off` serves no reply again")
        return value

    def settings(self) -> CacheSettings:
        """Return the value."""
        return CacheSettings(
            responses=self.responses,
            seconds=seconds_of(self.expires),
            threshold=self.threshold,
            scope=self.scope,
            most_entries=self.most_entries,
        )
