"""The plug-in `pii-presidio`: names of people, places and groups, by Presidio and a model of spaCy.

A slower tier beside `pii`, for what no pattern finds. Nothing is fetched: the model is a Python package, and has to be
installed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.errors import PluginError
from agentcore.ports.detector import Detector
from agentcore.ports.plugin import BuildContext, DetectorPlugin

NAMES: Final = ("PERSON", "LOCATION", "NRP")


class PresidioOptions(BaseModel):
    """What is looked for, in which language, and by which model."""

    model_config = ConfigDict(extra="forbid")

    types: Annotated[list[str], Field(min_length=1, description="Presidio's names of types.")] = list(NAMES)
    min_score: Annotated[float, Field(ge=0, le=1, description="What is less sure than this is left out.")] = 0.5
    language: Annotated[str, Field(description="The language of the texts: `en`.")] = "en"
    model: Annotated[str, Field(description="The package of the spaCy model.")] = "en_core_web_sm"


class Presidio:
    """A Detector of names. A text is flagged when there is any. analyzer: Presidio's AnalyzerEngine."""

    def __init__(self, analyzer: Any, options: PresidioOptions, *, version: str) -> None:
        self.name = "pii-presidio"
        self.version = version
        self._analyzer = analyzer
        self._options = options

    def detect(self, text: str) -> Detection:
        """Return where names are; of those that share characters, the surer."""
        found: list[Any] = self._analyzer.analyze(
            text=text,
            language=self._options.language,
            entities=self._options.types,
            score_threshold=self._options.min_score,
        )
        kept: list[Any] = []
        for each in sorted(found, key=lambda each: (-each.score, each.start - each.end, each.start)):
            if all(each.end <= other.start or other.end <= each.start for other in kept):
                kept.append(each)
        if not kept:
            return NOTHING
        spans = tuple(
            Span(type=each.entity_type, start=each.start, end=each.end)
            for each in sorted(kept, key=lambda each: each.start)
        )
        return Detection(score=min(1.0, float(kept[0].score)), flagged=True, spans=spans)


def _build(name: str, options: Any, _context: BuildContext) -> Detector:
    try:
        # By their names: an extra, whose imports take seconds.
        analyzer: Any = importlib.import_module("presidio_analyzer")
        engine: Any = importlib.import_module("presidio_analyzer.nlp_engine")
    except ImportError as error:
        raise PluginError(
            f"the detector {name} needs a package that is not installed: {error.name or error}",
            hint="pip install 'agentcore-runtime[presidio]'",
        ) from None
    if importlib.util.find_spec(options.model) is None:  # Presidio would fetch it without asking
        raise PluginError(
            f"the detector {name} needs a spaCy model that is not installed: {options.model}",
            hint=f"python -m spacy download {options.model}",
        )
    models = [{"lang_code": options.language, "model_name": options.model}]
    nlp = engine.NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    version = f"{importlib.metadata.version('presidio-analyzer')}/{options.model}"
    return Presidio(
        analyzer.AnalyzerEngine(nlp_engine=nlp, supported_languages=[options.language]), options, version=version
    )


PLUGIN = DetectorPlugin(options=PresidioOptions, build=_build)
