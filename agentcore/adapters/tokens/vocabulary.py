"""Count tokens with the vocabulary inside a local model's file, without the model.

Byte-level BPE vocabularies (tokenizer "gpt2": Llama 3, Qwen, SmolLM, Phi, Mistral Nemo …) list their tokens in the
order in which they were merged, so the ids are the ranks that tiktoken works by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

ORDINARY = 1
"""The type of a token that stands for text (others are control tokens)."""

_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_GPT2_DIGITS = rf"\p{{N}}|{_GPT2}"
_SPLIT_BY_NAME = {
    "qwen2": rf"{_ENDINGS}|{_LETTERS}|\p{{N}}|{_REST}",
    "llama-bpe": rf"{_ENDINGS}|{_LETTERS}|\p{{N}}{{1,3}}|{_REST}",
    "gpt-2": _GPT2,
    "smollm": _GPT2_DIGITS,
}


def vocabulary_counter(tokens: Sequence[bytes], types: Sequence[int], split: str) -> Callable[[str], int]:
    """Return a counter for a byte-level BPE vocabulary.

    tokens, types: in the order of ids, as in a GGUF file.  split: the name of its pre-tokenizer; an unknown one is
    taken for GPT-2's with single digits, which splits the most and so counts the most. Building takes 0.1 to 0.3 s.
    """
    import tiktoken  # noqa: PLC0415 - start-up time

    to_byte = {spelt: byte for byte, spelt in enumerate(_spelling())}
    ranks: dict[bytes, int] = {}
    for rank, (token, kind) in enumerate(zip(tokens, types, strict=True)):
        letters = token.decode(errors="replace")
        if kind == ORDINARY and all(letter in to_byte for letter in letters):
            ranks.setdefault(bytes(to_byte[letter] for letter in letters), rank)
    for byte in range(256):  # tiktoken needs each, a trained vocabulary may lack those that are not in UTF-8
        ranks.setdefault(bytes([byte]), len(tokens) + byte)
    encoding = tiktoken.Encoding(
        "vocabulary", pat_str=_SPLIT_BY_NAME.get(split, _GPT2_DIGITS), mergeable_ranks=ranks, special_tokens={}
    )

    def count(text: str) -> int:
        try:
            return len(encoding.encode_ordinary(text))
        except UnicodeEncodeError:  # a lone surrogate
            return len(encoding.encode_ordinary(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))

    return count


def _spelling() -> str:
    """Return the 256 characters by which byte-level vocabularies spell the bytes 0 to 255.

    Printable Latin-1 bytes stand for themselves, the others are moved to U+0100 and after (the GPT-2 convention).
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    moved = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in printable else next(moved)) for byte in range(256))
