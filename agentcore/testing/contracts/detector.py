"""What every Detector must do: inherit from DetectorContract, name texts, and give a `detector` fixture."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentcore.ports.detector import Detector


class DetectorContract:
    """Tests of the Detector port. detector: a fixture of the class's own, with a scope of at least the class.

    guilty: texts in which it finds something.  harmless: texts in which it does not.
    """

    guilty: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ("",)

    def test_it_has_a_name_and_a_version(self, detector: Detector) -> None:
        """They are recorded with what it finds, and policies ask for the name."""
        assert detector.name
        assert detector.name == detector.name.strip().lower()
        assert ":" not in detector.name
        assert detector.version

    def test_it_finds_what_it_is_for_and_nothing_else(self, detector: Detector) -> None:
        """Also in the middle of another text."""
        assert self.guilty
        for text in self.guilty:
            assert detector.detect(text).flagged, text
            assert detector.detect(f"Good morning.\n\n{text}\n\nKind regards").flagged, text
        for text in self.harmless:
            assert not detector.detect(text).flagged, text

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # a class for each detector
    @given(text=st.text() | st.text(alphabet=" \n:/@.=-_'\"()<>{}[]%+0123456789abcXYZ"))
    def test_any_text_can_be_looked_at(self, detector: Detector, text: str) -> None:
        """The same text, the same findings; a score from 0 to 1; spans in order and in the text."""
        found = detector.detect(text)
        assert found == detector.detect(text)
        assert 0.0 <= found.score <= 1.0
        assert found.score > 0.0 or not found.flagged
        assert all(0 <= span.start < span.end <= len(text) and span.type for span in found.spans)
        assert [span.start for span in found.spans] == sorted(span.start for span in found.spans)

    @pytest.mark.parametrize(
        "text",
        ["\ud800", "\x00" * 100, "\U0010ffff", "a" * 50_000, "a " * 25_000],
        ids=["half", "binary", "last", "one word", "many words"],
    )
    def test_odd_and_long_texts_can_be_looked_at(self, detector: Detector, text: str) -> None:
        """Halves of characters, binary data, and texts of one kind."""
        assert 0.0 <= detector.detect(text).score <= 1.0
