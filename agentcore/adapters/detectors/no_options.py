"""Plug-ins of detectors that have no options."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from agentcore.ports.detector import Detector
from agentcore.ports.plugin import DetectorPlugin


class NoOptions(BaseModel):
    """None."""

    model_config = ConfigDict(extra="forbid")


def without_options(make: Callable[[], Detector]) -> DetectorPlugin:
    """Return the plug-in of a detector that is the same in each project."""
    return DetectorPlugin(options=NoOptions, build=lambda _name, _options, _context: make())
