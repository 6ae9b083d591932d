"""How many of what, in words."""

from __future__ import annotations


def counted(count: int, plural: str) -> str:
    """Return `no agents`, `1 agent`, `2 agents`; `1 policy` of `policies`."""
    if count == 1:
        singular = f"{plural.removesuffix('ies')}y" if plural.endswith("ies") else plural.removesuffix("s")
        return f"1 {singular}"
    return f"{count or 'no'} {plural}"
