"""List prices of the models of ZeroEval that are routed between, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """US dollars per million tokens, as published by whoever served the model."""

    input: float
    output: float
    as_of: str
    source: str


def _price(usd_in: float, usd_out: float, as_of: str, source: str) -> ListPrice:
    return ListPrice(input=usd_in, output=usd_out, as_of=as_of, source=source)


_ANTHROPIC: Final = "anthropic.com/pricing"
_OPENAI: Final = "openai.com/api/pricing"
_GOOGLE: Final = "ai.google.dev/pricing"
_TOGETHER: Final = "together.ai/pricing"

PRICES: Final[Mapping[str, ListPrice]] = {
    "gemini-1.5-flash": _price(0.075, 0.30, "2024-10", _GOOGLE),
    "deepseek-v2.5-0908": _price(0.14, 0.28, "2024-09", "platform.deepseek.com/api-docs/pricing"),
    "gpt-4o-mini-2024-07-18": _price(0.15, 0.60, "2024-07", _OPENAI),
    "Meta-Llama-3.1-8B-Instruct": _price(0.18, 0.18, "2024-09", _TOGETHER),
    "claude-3-haiku-20240307": _price(0.25, 1.25, "2024-03", _ANTHROPIC),
    "gpt-3.5-turbo-0125": _price(0.50, 1.50, "2024-02", _OPENAI),
    "Meta-Llama-3.1-70B-Instruct": _price(0.88, 0.88, "2024-09", _TOGETHER),
    "Qwen2-72B-Instruct": _price(0.90, 0.90, "2024-09", _TOGETHER),
    "claude-3-5-haiku-20241022": _price(0.80, 4.00, "2024-12", _ANTHROPIC),
    "gemini-1.5-pro": _price(1.25, 5.00, "2024-10", _GOOGLE),
    "Mistral-Large-2": _price(2.00, 6.00, "2024-09", "mistral.ai/technology"),
    "Llama-3.1-405B-Inst@sambanova": _price(3.50, 3.50, "2024-10", _TOGETHER),
    "gpt-4o-2024-08-06": _price(2.50, 10.00, "2024-08", _OPENAI),
    "gpt-4o-2024-05-13": _price(5.00, 15.00, "2024-05", _OPENAI),
    "claude-3-5-sonnet-20240620": _price(3.00, 15.00, "2024-06", _ANTHROPIC),
    "claude-3-5-sonnet-20241022": _price(3.00, 15.00, "2024-10", _ANTHROPIC),
    "claude-3-opus-20240229": _price(15.00, 75.00, "2024-03", _ANTHROPIC),
}
"""Every model with a list price that answered all three tasks, but for o1-mini.

The tokens of an answer are estimated from its length. What o1-mini reasons is billed and not shown, so its cost cannot
be estimated so. Models that answered only some tasks have no row for the other questions.
"""

ARMS: Final = tuple(PRICES)
"""The models that are routed between."""
