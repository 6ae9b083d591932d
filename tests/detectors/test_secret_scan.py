"""Secrets are found where they stand, and what only looks like them is not."""

from __future__ import annotations

import re
import string
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.detectors.secret_context import KEYWORDS
from agentcore.detectors.secret_scan import FLAGGED_FROM, RULES, Secrets
from benchmarks.secret_samples import ANYWHERE, CODE, NAMED, PLACEHOLDERS, SETTINGS, SHAPED, TOKENS, harmless

DETECTOR = Secrets()
SEEDS = st.integers(0, 2**32)

# What each format is called in findings.
TYPES = {
    "aws-access-key": "AWS_ACCESS_KEY",
    "gcp-api-key": "GCP_API_KEY",
    "google-client-secret": "GOOGLE_OAUTH",
    "azure-client-secret": "AZURE_CLIENT_SECRET",
    "github": "GITHUB_TOKEN",
    "github-fine-grained": "GITHUB_TOKEN",
    "gitlab": "GITLAB_TOKEN",
    "slack-bot": "SLACK_TOKEN",
    "slack-webhook": "SLACK_WEBHOOK",
    "stripe": "STRIPE_KEY",
    "openai-project": "OPENAI_KEY",
    "anthropic": "ANTHROPIC_KEY",
    "huggingface": "HUGGINGFACE_TOKEN",
    "twilio": "TWILIO_KEY",
    "sendgrid": "SENDGRID_KEY",
    "npm": "NPM_TOKEN",
    "pypi": "PYPI_TOKEN",
    "discord-bot": "DISCORD_TOKEN",
    "telegram": "TELEGRAM_TOKEN",
    "vault": "VAULT_TOKEN",
    "jwt": "JWT",
    "private-key": "PRIVATE_KEY",
    "pgp-key": "PRIVATE_KEY",
}


def chance_of(seed: int) -> Random:
    return Random(seed)  # noqa: S311  # examples that repeat


def found(text: str) -> list[tuple[str, str]]:
    return [(span.type, text[span.start : span.end]) for span in DETECTOR.detect(text).spans]


@given(st.sampled_from(sorted(TOKENS)), st.sampled_from(SETTINGS + ANYWHERE), SEEDS)
def test_a_token_is_found_at_its_exact_span_in_any_context(kind, context, seed):
    value = TOKENS[kind](chance_of(seed))
    if "\\n" in context:
        value = value.replace("\n", "\\n")
    text = context.format(name="deploy", value=value)
    detection = DETECTOR.detect(text)
    assert detection.flagged
    assert value in [text[span.start : span.end] for span in detection.spans]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_spans_are_typed_by_the_provider(kind):
    value = TOKENS[kind](chance_of(7))
    assert found(f"one: {value} ") == [(TYPES[kind], value)]


@given(st.sampled_from(sorted(NAMED)), st.sampled_from(SETTINGS), SEEDS)
def test_a_value_that_only_its_name_betrays_is_found(kind, context, seed):
    chance = chance_of(seed)
    names, make = NAMED[kind]
    value = make(chance)
    text = context.format(name=chance.choice(names), value=value)
    at = text.index(value)
    assert any(span.start < at + len(value) and span.end > at for span in DETECTOR.detect(text).spans)


@given(st.sampled_from(sorted(SHAPED)), SEEDS)
def test_a_secret_in_an_address_a_header_or_a_file_is_found(kind, seed):
    context, make = SHAPED[kind]
    value = make(chance_of(seed))
    assert any(secret in value or value in secret for _, secret in found(context.format(value)))


@pytest.mark.parametrize("context", [*SETTINGS, "Authorization: Bearer {value}", "redis://:{value}@cache:6379"])
def test_placeholders_are_no_secrets(context):
    texts = [
        context.format(name=name, value=placeholder)
        for placeholder in PLACEHOLDERS
        for name in ("api_key", "DB_PASSWORD", "authToken")
    ]
    assert [text for text in texts if found(text)] == []


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_a_token_of_one_character_is_a_placeholder(kind):
    value = TOKENS[kind](chance_of(3))
    head = re.match(r"(?:[a-zA-Z]+[-_.]|.{4})", value)
    assert head
    blank = head[0] + re.sub(r"[A-Za-z0-9]", "x", value[head.end() :])
    assert found(f"key: {blank}") == []


@pytest.mark.parametrize("line", CODE)
def test_code_and_prose_about_secrets_hold_none(line):
    assert found(line) == []


@given(SEEDS)
def test_ids_hashes_and_images_are_no_secrets(seed):
    assert [line for line in harmless(chance_of(seed), 1) if DETECTOR.detect(line).flagged] == []


PASSWORDS = {
    'password = "Tr0ub4dor&3"': "Tr0ub4dor&3",
    "the password is hunter2": "hunter2",
    'app.secret_key = b"_5#y2L\\xec8z_Qf4]/"': "_5#y2L\\xec8z_Qf4]/",
    "db:\n  password: 'a b!c9D e#4'": "a b!c9D e#4",
    'pin.password = "90670195"': "90670195",
    "https://x:q7Wz81Lk@host/x?password=none": "q7Wz81Lk",
    "DB_PASSWORD: Tiger984!": "Tiger984!",
    "Server=x;Password=*s03p5Rj*os85!;Encrypt=True": "*s03p5Rj*os85!",
    "**Password:** kJ82hs81!": "kJ82hs81",
    "machine h\n  login u\n  password kJ82hs81": "kJ82hs81",
    "jdbc:oracle:thin:scott/t1G3r55x@//h:1521/x": "t1G3r55x",
    "İİİ password=kJ82hs81Qq": "kJ82hs81Qq",
}


@pytest.mark.parametrize("text", PASSWORDS)
def test_passwords_are_found_without_what_they_stand_in(text):
    assert [secret for _, secret in found(text)] == [PASSWORDS[text]]


def test_a_wrong_checksum_makes_a_finding_less_sure():
    right = TOKENS["github"](chance_of(1))
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    assert DETECTOR.detect(right).score == 1.0
    assert FLAGGED_FROM < DETECTOR.detect(wrong).score < 1.0


def test_what_is_allowed_is_not_found():
    text = "password=kJ82hs81Qq; token=" + TOKENS["github"](chance_of(1))
    allowing = Secrets(allow=[re.compile("kJ82.*")])
    assert [span.type for span in DETECTOR.detect(text).spans] == ["GENERIC_SECRET", "GITHUB_TOKEN"]
    assert [span.type for span in allowing.detect(text).spans] == ["GITHUB_TOKEN"]
    assert not Secrets(allow=[re.compile(".*")]).detect(text).flagged


PIECES = st.sampled_from(
    [
        *sorted({word for rule in RULES for word in rule.keywords}),
        *KEYWORDS,
        *"=:\"'`\\\n {}()<>@/.,-_İ",
        "aB3dE6gH9jK2",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_can_be_looked_at(text):
    detection = DETECTOR.detect(text)
    assert detection == Secrets().detect(text)
    assert 0 <= detection.score <= 1
    assert detection.flagged == bool(detection.spans)
    ends = [0, *(end for span in detection.spans for end in (span.start, span.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(text)
    assert all(span.start < span.end for span in detection.spans)


HOSTILE = [
    *dict.fromkeys(word for rule in RULES for word in rule.keywords),
    *KEYWORDS,
    *"a.-=:\"'\\ \n/@",
    "eyJaaaaaaaaaa.",
    "-----BEGIN " + "PRIVATE KEY-----\n",
    "://a:",
    "://a:b@",
    'token="',
    "password is ",
    "key=key=",
    "login a password ",
    "mnemonic abc abc ",
    "0123456789abcdef" * 2 + "-",
    'x="aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3" ',
]


def calls_for(text):
    """Return how many functions are called to look at a text, those of the standard library included.

    All that is done between two of them is bounded, or goes over a part of the text that no other one goes over.
    """
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        DETECTOR.detect(text)
    finally:
        sys.setprofile(before)
    return count


def test_looking_at_a_hostile_text_takes_work_in_proportion_to_its_length():
    worse: list[tuple[str, int, int]] = []
    for piece in HOSTILE:
        short, long = (calls_for(piece * (size // len(piece))) for size in (1_000, 4_000))
        if long > 4.5 * short + 200:  # of quadratic work, there would be sixteen times as much
            worse.append((piece, short, long))
    assert worse == []


def test_looking_at_long_hostile_texts_comes_to_an_end():
    # What a pattern does between two calls cannot be counted: one that took quadratic time would not be done by now.
    for piece in ("a", "-----BEGIN", "eyJ", "://a:"):
        DETECTOR.detect(piece * (200_000 // len(piece)))


def test_a_long_random_value_without_a_telling_name_is_found():
    value = "".join(chance_of(2).choices(string.ascii_letters + string.digits, k=44))
    assert found(f'MIXPANEL = "{value}"') == [("GENERIC_SECRET", value)]
    assert found(f'checksum = "{value}"') == []
