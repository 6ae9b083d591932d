"""Names by Presidio: what is said without it, and what becomes of its results."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agentcore.adapters.detectors.presidio import PLUGIN, Presidio, PresidioOptions
from agentcore.domain.detection import NOTHING, Span
from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import BuildContext

CONTEXT = BuildContext(root=Path(), environment={})


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(PluginError, match="pii-presidio needs a package that is not installed") as caught:
        PLUGIN.build("pii-presidio", PLUGIN.options(), CONTEXT)
    assert "agentcore-runtime[presidio]" in caught.value.hint


def test_without_the_model(monkeypatch):
    for name in ("presidio_analyzer", "presidio_analyzer.nlp_engine"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    with pytest.raises(PluginError, match="no_such_model") as caught:
        PLUGIN.build("pii-presidio", PresidioOptions(model="no_such_model"), CONTEXT)
    assert "spacy download no_such_model" in caught.value.hint


def test_the_surer_of_two_stays():
    def analyze(*, text, language, entities, score_threshold):
        if text == "none":
            return []
        return [
            SimpleNamespace(entity_type="LOCATION", start=6, end=10, score=0.6),
            SimpleNamespace(entity_type="PERSON", start=0, end=8, score=0.85),
            SimpleNamespace(entity_type="NRP", start=12, end=15, score=0.5),
        ]

    detector = Presidio(SimpleNamespace(analyze=analyze), PresidioOptions(), version="1")
    found = detector.detect("text")
    assert (found.score, found.flagged) == (0.85, True)
    assert found.spans == (Span(type="PERSON", start=0, end=8), Span(type="NRP", start=12, end=15))
    assert detector.detect("none") == NOTHING
