"""Builds detectors from plug-ins."""

from __future__ import annotations

import os
from pathlib import Path

from agentcore.app.project import installed_plugins
from agentcore.config.options import Options
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext


def build_detector(name: str, *, root: Path) -> Detector:
    """Return a detector with its default options. root: the folder to which its files refer.

    Raises PluginError when none of that name is installed, and ConfigError when it cannot do without options.
    """
    plugin = installed_plugins().detector(name)
    options = Options().build(f"detector `{name}`", plugin)
    return plugin.build(name, options, BuildContext(root=root, environment=dict(os.environ)))
