"""The plug-in `pii`: personal data, by validated patterns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agentcore.detectors.pii import FLAGGED_AT, Pii
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext, DetectorPlugin


class PiiOptions(BaseModel):
    """What is looked for, and how sure it has to be."""

    model_config = ConfigDict(extra="forbid")

    types: Annotated[list[str], Field(description="Only these types, such as `CREDIT_CARD`; all when empty.")] = []
    min_score: Annotated[float, Field(ge=0, le=1, description="What is less sure than this is left out.")] = FLAGGED_AT


def _build(_name: str, options: Any, _context: BuildContext) -> Detector:
    return Pii(types=options.types, min_score=options.min_score)


PLUGIN = DetectorPlugin(options=PiiOptions, build=_build)
