"""What a model call may use at the most, set aside in the budget of its run before it is made."""

from __future__ import annotations

from agentcore.domain.budget import Usage
from agentcore.domain.ids import ModelName
from agentcore.engine.effect import ONE_CALL
from agentcore.engine.ledger import Ledger
from agentcore.engine.pool import ModelPool
from agentcore.engine.request_size import counted_tokens, most_tokens
from agentcore.ports.model import ModelRequest
from agentcore.routing.profile import Price

_AMPLE = 16
"""How many times a request's upper bound must be left for the bound to be reserved as it is; else it is counted."""


def reserve_call(ledger: Ledger, pool: ModelPool, model: ModelName, request: ModelRequest) -> Usage:
    """Set aside what the call may use at the most, and return it. Raises BudgetExceeded."""
    if not ledger.limited:
        ledger.reserve(ONE_CALL)
        return ONE_CALL
    price = pool.price(model)
    need = call_use(price, most_tokens(request), request.max_output_tokens)
    if not ledger.holds(need, times=_AMPLE):  # so close to the limit, calls at once must not hold too much
        need = call_use(price, counted_tokens(request, pool.entries[model].model), request.max_output_tokens)
    ledger.reserve(need)
    return need


def call_use(price: Price, input_tokens: int, output_tokens: int) -> Usage:
    """Return what a call of so many tokens uses."""
    usd = price.cost(input_tokens=input_tokens, output_tokens=output_tokens)
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, calls=1, usd=usd)
