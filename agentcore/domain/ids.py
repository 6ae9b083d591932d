"""Names of things. Distinct types, so that a step's id is never passed for a run's."""

from __future__ import annotations

from typing import NewType

RunId = NewType("RunId", str)
StepId = NewType("StepId", str)
EffectId = NewType("EffectId", str)
ApprovalId = NewType("ApprovalId", str)
AgentName = NewType("AgentName", str)
ModelName = NewType("ModelName", str)
ToolName = NewType("ToolName", str)

PLAN = StepId("plan")
"""The reserved id under which the supervisor's own calls are recorded."""

ANSWER = StepId("answer")
"""The reserved id of the last step, which turns the other steps' outputs into the run's answer."""
