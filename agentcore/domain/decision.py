"""Decision: the policy engine's answer about one effect or one flow."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from agentcore.domain.dues import asking
from agentcore.domain.frozen import frozen
from agentcore.domain.obligation import Obligation, ObligationKind

Action = Literal["plan", "delegate", "call_model", "call_tool", "release"]


@frozen
class Decision:
    """Permit or deny, and why.

    action, resource: what was asked, e.g. `call_tool` on `sql`.  policies: ids of those that determined it;
    empty when nothing permitted (default deny).  errors: faults in evaluation, each of which denies.
    obligations: what has to be done; of all policies that ask for something, sorted by their ids.
    unmet: of these, what could not be done, and why, each of which denies.
    bundle: content hash of the policy set, 64 hexadecimal digits.
    """

    permitted: bool
    action: Action
    resource: str
    principal: str
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    bundle: str = ""
    unmet: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether policies permit it, whatever came of what they ask for."""
        return self.permitted or bool(self.unmet)

    def failed(self, kind: ObligationKind, why: str) -> Decision:
        """Return the denial that follows when what policies ask for cannot be done. why: a clause for people."""
        unmet = f"{asking(self.obligations, kind)} asks to {kind} it: {why}"
        return replace(self, permitted=False, unmet=(*self.unmet, unmet))

    def explain(self) -> str:
        """Return one sentence for people."""
        what = f"{self.principal} may {'' if self.permitted else 'not '}{self.action} {self.resource}"
        if self.errors:
            return f"{what}: evaluation failed ({'; '.join(self.errors)}), and a fault denies"
        if not self.policies:
            return f"{what}: no policy permits it"
        if self.unmet:
            return f"{what}: {'; '.join(self.unmet)}"
        due = "".join(f"; {each.policy} asks to {each.kind} it" for each in self.obligations)
        return f"{what}: {', '.join(self.policies)}{due}"
