"""Refusals: an answer that is none."""

from __future__ import annotations

import pytest

from agentcore.detectors.refusal import OPENING_CHARACTERS, Refusal


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, but I cannot assist with this request.",
        "I cannot provide instructions for that.",
        "I won't generate such content.",
        "I am not able to fulfill this request.",
        "As an AI language model, I do not have access to that.",
        "I must respectfully decline.",
        "This request goes against my guidelines.",
        "It would be inappropriate for me to comment.",
        "Ich kann Ihnen dabei leider nicht helfen.",
        "Tut mir leid, das geht nicht.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Lo siento, pero no puedo ayudar con eso.",
    ],
)
def test_a_refusal_is_found(text):
    found = Refusal().detect(text)
    assert found.flagged
    (span,) = found.spans
    assert text[span.start : span.end]


@pytest.mark.parametrize(
    "text",
    [
        "Acme owes 6652.80 euros: 7560.00 less 12 %.",
        "I'm sorry to hear that. The refund of 12.50 is on its way.",
        "The order cannot be shipped before Monday.",
        "You can't return opened goods.",
        "I can help with that: the answer is 7.",
        "Batteries are covered for 12 months. " * 20 + "I'm sorry, but I can't help with that.",
        "",
    ],
)
def test_an_answer_is_none(text):
    assert not Refusal().detect(text).flagged


def test_only_the_opening_counts():
    late = "x " * (OPENING_CHARACTERS // 2) + "I cannot help."
    assert not Refusal().detect(late).flagged
