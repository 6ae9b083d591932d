"""The policies of a project as they are now, for those who look at what was decided before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentcore.app.build import default_policies
from agentcore.config.policies import present_policies
from agentcore.policy.parsed import ParsedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentPolicies:
    """policies: by id, those that can be read.  bundle: the hash that decisions by exactly these carry."""

    policies: Mapping[str, ParsedPolicy]
    bundle: str


def policies_now(root: Path) -> PresentPolicies:
    """Return the policies that apply to the project in a folder now, whatever else is wrong there."""
    from agentcore.policy.bundle import bundle_hash, parse_policies  # noqa: PLC0415  # cedarpy takes 50 ms to import

    texts = present_policies(root)
    if texts is None:
        texts = default_policies()
    policies, _ = parse_policies(texts)
    return PresentPolicies(policies={policy.id: policy for policy in policies}, bundle=bundle_hash(texts))
