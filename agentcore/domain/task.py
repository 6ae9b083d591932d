"""Task: what the runtime is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agentcore.domain.frozen import frozen
from agentcore.domain.json import JSON
from agentcore.domain.label import USER, Label


@frozen
class Task:
    """One request.

    goal: the question or order in the user's words.  inputs: named JSON values that steps may use.
    tenant, principal: for whom, and who asks.  purpose: what for, empty when nobody said. Facts of every
    policy decision.
    """

    goal: str
    inputs: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    tenant: str = "default"
    principal: str = "local"
    purpose: str = ""
    label: Label = USER
