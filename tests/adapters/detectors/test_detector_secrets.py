"""The plug-in `secrets` and its options."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agentcore.adapters.detectors.secrets import PLUGIN
from agentcore.ports.plugin import BuildContext

CONTEXT = BuildContext(root=Path(), environment={})
TEXT = "password=kJ82hs81Qq"


def test_it_needs_no_options():
    detector = PLUGIN.build("secrets", PLUGIN.options(), CONTEXT)
    assert detector.name == "secrets"
    assert detector.detect(TEXT).flagged


def test_allowed_secrets_are_none():
    detector = PLUGIN.build("secrets", PLUGIN.options.model_validate({"allow": ["kJ82.*"]}), CONTEXT)
    assert not detector.detect(TEXT).flagged


@pytest.mark.parametrize("options", [{"allow": ["("]}, {"allowed": []}])
def test_wrong_options_are_refused(options):
    with pytest.raises(ValidationError):
        PLUGIN.options.model_validate(options)
