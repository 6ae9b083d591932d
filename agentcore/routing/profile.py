"""ModelProfile: what is declared about a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from agentcore.domain.agent import Capability
from agentcore.domain.ids import ModelName

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens, with the day and the place where it was read.

    cached_input: None when the provider gives no discount on cached input.
    """

    input: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    cached_input: Decimal | None = None
    as_of: str = ""
    source: str = ""

    def cost(self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return dollars, exact. cached_tokens are part of input_tokens."""
        if cached_tokens == 0 or self.cached_input is None:  # the router asks for forecasts on the hot path
            return (self.input * input_tokens + self.output * output_tokens) / MILLION
        fresh = input_tokens - cached_tokens
        return (self.input * fresh + self.cached_input * cached_tokens + self.output * output_tokens) / MILLION

    def spared(self, cached_tokens: int) -> Decimal:
        """Return the dollars, exact, that so many cached input tokens cost less than fresh ones."""
        return Decimal(0) if self.cached_input is None else (self.input - self.cached_input) * cached_tokens / MILLION

    def raised(self, share: Decimal) -> Price:
        """Return the price times something, without a discount on cached input, which it may have eaten up."""
        return replace(self, input=self.input * share, output=self.output * share, cached_input=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """A model as the router sees it.

    family: models of one family are likely to make the same mistakes.  quality: 0 to 1, declared by the project.
    latency_seconds: declared, used until calls have been measured.  context_tokens: input plus output.
    region: where it is served, in the project's own words; empty when it is not known.
    """

    name: ModelName
    family: str
    quality: float
    context_tokens: int
    capabilities: frozenset[Capability]
    price: Price = field(default_factory=Price)
    latency_seconds: float = 5.0
    region: str = ""
