from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.domain.errors import ConfigError
from agentcore.prompts.template import has_type, placeholders, render, template_problems

TEXT = {"type": "string"}


def test_values_take_the_place_of_their_names():
    text = render(
        "Hello {{name}}, {{ count }} of {{items}}; {not} {{name}}",
        {"name": TEXT, "count": {"type": "integer"}, "items": {"type": "array"}},
        {"name": "Ann", "count": 3, "items": ["a", 1, True], "unused": "x"},
    )
    assert text == 'Hello Ann, 3 of ["a",1,true]; {not} Ann'


@given(st.text())
def test_a_value_is_never_read_as_a_template(value: str):
    value += "{{secret}}"
    declared = {"question": TEXT, "secret": TEXT}
    assert render("Q: {{question}}!", declared, {"question": value, "secret": "s3cret"}) == f"Q: {value}!"


def test_every_problem_is_told_at_once():
    declared = {"question": TEXT, "count": {"type": ["integer", "null"]}, "day": TEXT}
    with pytest.raises(ConfigError) as caught:
        render("{{qestion}} {{count}} {{day}} {{a + b}} {{zzz}}", declared, {"count": "three"})
    assert str(caught.value) == snapshot("""\
`{{qestion}}` is not a declared input; did you mean `{{question}}`?
`{{a + b}}` is no placeholder: between the braces stands the name of one input
`{{zzz}}` is not a declared input; the inputs are: question, count, day
the template needs a value for `day`
`count` must be integer or null, not "three"\
""")


def test_a_template_without_inputs():
    assert template_problems("{{x}}", {}) == ("`{{x}}` is not a declared input; no inputs are declared",)
    assert render("no placeholders { }", {}, {}) == "no placeholders { }"
    assert placeholders("{{b}} {{a}} {{ b }}") == ("b", "a")


@pytest.mark.parametrize(
    ("value", "type_name", "fits"),
    [
        (True, "integer", False),
        (True, "number", False),
        (True, "boolean", True),
        (2.0, "integer", True),
        (2.5, "integer", False),
        (2, "number", True),
        ("2", "number", False),
        (None, "null", True),
        ("text", "array", False),
        ({}, "object", True),
        ({}, "nonsense", False),
    ],
)
def test_types(value, type_name, fits):
    assert has_type(value, {"type": type_name}) is fits
    assert has_type(value, {})
