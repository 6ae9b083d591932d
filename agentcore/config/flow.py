"""The key `flow` of a tool: which of its arguments steer it, and how far its results may be trusted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentcore.config.strict import Strict
from agentcore.domain.flow import ToolFlow, Trust
from agentcore.domain.label import Confidentiality

TrustName = Literal["untrusted", "internal", "trusted"]
LabelName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,47}$")]


class FlowKeys(Strict):
    """What is known of a tool's data. Paths are as in policies: `to`, `to.account`, `[].id` in a list of objects."""

    controls: tuple[str, ...] = Field(
        default=(),
        description="Arguments that steer it: whom it reaches, which account, address, file or command it is for. "
        "By default all of a tool that changes something, and none of one that reads.",
    )
    content: tuple[str, ...] = Field(default=(), description="Arguments that it only carries.")
    trust: TrustName = Field(
        default="untrusted",
        description="Of its results. untrusted: anybody may have written them. internal: by people who are known. "
        "trusted: identifiers and records that their system vouches for.",
    )
    confidentiality: Literal["public", "internal", "personal", "secret"] = Field(
        default="public", description="Of its results, at the least."
    )
    labels: tuple[LabelName, ...] = Field(
        default=(),
        description="Names of your own for what its results are, such as `hr`; policies see `label:hr` in "
        "`context.findings` of all that is made of them.",
    )
    fields: dict[str, TrustName] = Field(
        default_factory=dict, description="Part of its results, by its path → the trust in it."
    )

    def flow(self) -> ToolFlow:
        """Return the value."""
        return ToolFlow(
            controls=frozenset(self.controls),
            content=frozenset(self.content),
            trust=Trust[self.trust.upper()],
            confidentiality=Confidentiality[self.confidentiality.upper()],
            labels=frozenset(self.labels),
            parts={path: Trust[trust.upper()] for path, trust in self.fields.items()},
        )
