"""The plug-in `language`: texts that are in none of the expected languages."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from agentcore.detectors.language import Language
from agentcore.domain.errors import ConfigError
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext, DetectorPlugin


class LanguageOptions(BaseModel):
    """The languages that are expected."""

    model_config = ConfigDict(extra="forbid")

    expected: tuple[str, ...] = Field(
        default=("en",), min_length=1, description="Codes of ISO 639-1, such as `en` and `de`."
    )


def _build(name: str, options: Any, _context: BuildContext) -> Detector:
    try:
        return Language(options.expected)
    except ValueError as error:
        raise ConfigError([f"guard `{name}`: options.expected: {error}"]) from None


PLUGIN = DetectorPlugin(options=LanguageOptions, build=_build)
