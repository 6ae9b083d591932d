"""The plug-in `injection`: instructions in data, by the weights that ship with this package."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from agentcore.detectors.injection import Injection
from agentcore.domain.errors import ConfigError
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext, DetectorPlugin

_FILE: Final = "weights/injection.bin"


class InjectionOptions(BaseModel):
    """threshold: the score from which a text is flagged; that of the weights unless given."""

    model_config = ConfigDict(extra="forbid")

    threshold: float | None = Field(default=None, ge=0, le=1)


def shipped() -> bytes:
    """Return the weights' file. Raises ConfigError when it is not there."""
    try:
        return resources.files("agentcore.detectors").joinpath(_FILE).read_bytes()
    except OSError as error:
        raise ConfigError(
            [f"agentcore/detectors/{_FILE} cannot be read: {error}"], hint="install agentcore-runtime again"
        ) from error


def _build(_name: str, options: Any, _context: BuildContext) -> Detector:
    return Injection(shipped(), threshold=cast("InjectionOptions", options).threshold)


PLUGIN = DetectorPlugin(options=InjectionOptions, build=_build)
