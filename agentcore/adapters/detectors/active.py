"""The plug-in `active`: text that acts where it is shown or run."""

from __future__ import annotations

from agentcore.adapters.detectors.no_options import without_options
from agentcore.detectors.active_content import ActiveContent

PLUGIN = without_options(ActiveContent)
