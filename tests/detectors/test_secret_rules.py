"""The rules of secrets: each can be found by its keywords, and says whose secrets it finds."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from agentcore.detectors.secret_scan import RULES


def test_there_are_rules_of_many_providers():
    assert len(RULES) >= 200
    assert len({rule.type for rule in RULES}) >= 80


def test_each_rule_is_told_apart():
    assert [id for id, count in Counter(rule.id for rule in RULES).items() if count > 1] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rules_are_well_formed(rule):
    assert rule.keywords
    assert all(word == word.lower() and word for word in rule.keywords)
    assert "secret" in rule.pattern.groupindex
    assert re.fullmatch(r"[A-Z0-9_]+", rule.type)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_whatever_matches_has_a_keyword_where_it_is_looked_for(rule):
    @settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.from_regex(rule.pattern))
    def check(text):
        match = rule.pattern.search(text)
        assume(match)
        lowered = text.replace("İ", "i").lower()
        places = {match.start() + back for back in rule.backs}
        assert any(lowered.startswith(word, at) for word in rule.keywords for at in places), text

    check()


def repeats(parsed):
    """Yield the repetitions of a parsed pattern that may go on for ever and be tried again in another way."""
    for operator, argument in parsed:
        if str(operator) in {"MAX_REPEAT", "MIN_REPEAT"} and argument[1] > 10_000:
            yield argument
        parts = argument if isinstance(argument, tuple | list) else [argument]
        for part in parts:
            for inner in part if isinstance(part, list) else [part]:
                if hasattr(inner, "getwidth"):
                    yield from repeats(inner)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_rule_looks_at_is_bounded(rule):
    assert list(repeats(re._parser.parse(rule.pattern.pattern))) == []
