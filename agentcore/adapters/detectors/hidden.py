"""The plug-in `hidden`: text that people do not see."""

from __future__ import annotations

from agentcore.adapters.detectors.no_options import without_options
from agentcore.detectors.hidden_text import HiddenText

PLUGIN = without_options(HiddenText)
