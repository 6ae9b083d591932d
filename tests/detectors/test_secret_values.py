"""What is random is told from what people write."""

from __future__ import annotations

import pytest

from agentcore.detectors.secret_checksums import base62_crc32, has_crc32
from agentcore.detectors.secret_harmless import entropy, is_code, is_made_up, is_public, is_regular, is_weak, wordiness
from agentcore.detectors.secret_values import is_basic, is_key, is_password, is_token


def test_entropy_is_in_bits_for_each_character():
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abab") == 1
    assert entropy("abcdefgh") == 3


@pytest.mark.parametrize("text", ["user_profile_settings", "getAccessToken", "SETTINGS_LIST", "database-connection"])
def test_names_are_words(text):
    assert wordiness(text) > 0.7


@pytest.mark.parametrize("text", ["x7Kp2mQ9vL4n", "8f14e45fceea167a", "zxqjvkwp", "", "12345"])
def test_random_characters_are_no_words(text):
    assert wordiness(text) < 0.4


@pytest.mark.parametrize("text", ["aaaaaaaa", "12345678", "abcdefghijkl", "1234567890abcdef", "", "x"])
def test_rows_of_characters_are_regular(text):
    assert is_regular(text)


@pytest.mark.parametrize("text", ["98345498", "Coffee556!", "8f14e45fceea167a"])
def test_other_characters_are_not(text):
    assert not is_regular(text)


@pytest.mark.parametrize("text", ["${PASSWORD}", "{{ token }}", "your-key", "<secret>", "changeme", "x" * 9, "$TOKEN"])
def test_placeholders_are_made_up(text):
    assert is_made_up(text)


@pytest.mark.parametrize("text", ["my-secret-token", "test123", "supersecret", "password", "admin"])
def test_weak_words_are_known(text):
    assert is_weak(text)
    assert not is_password(text)


def test_weakness_is_decided_at_once():
    assert not is_weak("pass" * 5_000 + "!Q")


@pytest.mark.parametrize(
    "text",
    [
        "0b9c2f9e-3c2b-4f51-8f4e-1d8a4b6c2d11",
        "sha256:" + "ab12" * 16,
        "v1.20.3-rc1",
        "2026-01-02T10:11:12Z",
        "https://example.org/x",
        "/etc/ssl/private/server.key",
        "jane@example.org",
        "iVBORw0KGgoAAAANSUhEUg",
    ],
)
def test_public_things_are_known(text):
    assert is_public(text)
    assert not is_password(text)


@pytest.mark.parametrize("text", ["get_token(x", "self.password", "config['x']", "settings.SECRET_KEY", "a->b"])
def test_expressions_are_known(text):
    assert is_code(text)


@pytest.mark.parametrize("text", ["Tr0ub4dor&3", "hunter2x", "Sunshine2024!", "kJ82hs81", "xkqjzvbwpt"])
def test_passwords_are_known(text):
    assert is_password(text)


@pytest.mark.parametrize("text", ["required", "Password:", "userName", "enter it twice", "abc"])
def test_labels_are_no_passwords(text):
    assert not is_password(text)


def test_keys_are_long_and_of_three_classes():
    assert is_key("zK83jfLq02msPqXz1bVd")
    assert not is_key("8f14e45fceea167a5a36dedd4bea2543")
    assert not is_key("aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91")  # the Base64 of a sentence
    assert is_token("8f14e45fceea167a5a36dedd4bea2543")
    assert not is_token("user_access_token")


def test_basic_credentials_are_a_name_and_a_password():
    assert is_basic("c3ZjOmtKODJoczgxUXE=")
    assert not is_basic("aGVsbG8=")
    assert not is_basic("dXNlcjpwYXNzd29yZA==")  # user:password
    assert not is_basic("authentication")


def test_checksums_are_six_digits_of_base_62():
    body = "a" * 30
    assert len(base62_crc32(body)) == 6
    assert has_crc32(f"ghp_{body}{base62_crc32(body)}")
    assert not has_crc32(f"ghp_{body}{base62_crc32(body[1:])}")
    assert not has_crc32("ghp_")
