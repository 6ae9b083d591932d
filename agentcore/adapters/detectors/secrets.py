"""The plug-in `secrets`: tokens, keys and passwords."""

from __future__ import annotations

import re
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from agentcore.detectors.secret_scan import Secrets
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext, DetectorPlugin


class SecretsOptions(BaseModel):
    """allow: regular expressions of secrets that are none; each has to match the whole of one."""

    model_config = ConfigDict(extra="forbid")

    allow: list[re.Pattern[str]] = []


def _build(_name: str, options: Any, _context: BuildContext) -> Detector:
    return Secrets(allow=cast("SecretsOptions", options).allow)


PLUGIN = DetectorPlugin(options=SecretsOptions, build=_build)
