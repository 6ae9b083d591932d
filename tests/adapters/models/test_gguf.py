import struct

import pytest

from agentcore.adapters.models.gguf import read_header
from agentcore.adapters.models.llama_prompt import LlamaPrompt
from agentcore.domain.errors import ConfigError
from agentcore.domain.message import Message


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(*, tokenizer="gpt2", template="", tokens=("a", "b"), version=3):
    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text("tiny"),
        text("tiny.context_length") + struct.pack("<II", 4, 512),
        text("tiny.rope.sections") + struct.pack("<IIQ3i", 9, 5, 3, 1, 2, 3),
        text("tokenizer.ggml.model") + struct.pack("<I", 8) + text(tokenizer),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(text, tokens)),
        text("tokenizer.ggml.token_type") + struct.pack(f"<IIQ{len(tokens)}i", 9, 5, len(tokens), *[1] * len(tokens)),
        text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template),
    ]
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs)) + b"".join(pairs)


def test_reads_what_a_file_says_about_itself(tmp_path):
    (tmp_path / "m.gguf").write_bytes(gguf(template="{{ messages }}"))
    header = read_header(tmp_path / "m.gguf")
    assert (header.architecture, header.context_tokens, header.tokenizer) == ("tiny", 512, "gpt2")
    assert header.tokens == (b"a", b"b")
    assert header.token_types == (1, 1)
    assert header.chat_template == "{{ messages }}"


@pytest.mark.parametrize("end", [4, 20, 60, 150, -1])
def test_a_cut_off_file_is_an_error(tmp_path, end):
    (tmp_path / "m.gguf").write_bytes(gguf()[:end])
    with pytest.raises(ConfigError, match="damaged or cut off"):
        read_header(tmp_path / "m.gguf")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "damaged"), (b"PK\x03\x04", "not a GGUF"), (gguf(version=9), "version 9 is not supported")],
)
def test_other_files_are_errors(tmp_path, content, message):
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_header(tmp_path / "m.gguf")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_header(tmp_path / "m.gguf")


def test_other_vocabularies_and_templates_are_estimated_upwards(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    (tmp_path / "m.gguf").write_bytes(gguf(tokenizer="llama", template="[INST]"))
    prompt = LlamaPrompt(read_header(tmp_path / "m.gguf"))
    words = 50
    counted = prompt.count((Message(role="user", content="word " * words),))
    assert words < counted < words * 2
