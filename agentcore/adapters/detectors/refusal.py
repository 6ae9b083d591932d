"""The plug-in `refusal`: answers that are refusals."""

from __future__ import annotations

from agentcore.adapters.detectors.no_options import without_options
from agentcore.detectors.refusal import Refusal

PLUGIN = without_options(Refusal)
