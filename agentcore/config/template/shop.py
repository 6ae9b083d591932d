"""What the clerk can look up. Replace it by your own: every function named in `agentcore.yaml` becomes a tool.

`safety="read"` says that a call changes nothing. A tool that does not say counts as unsafe, and needs a policy.
"""

from __future__ import annotations

from typing import Literal

from agentcore import tool

PRODUCTS = {
    "assam": {"usd_per_box": "6.40", "boxes_in_stock": 120},
    "darjeeling": {"usd_per_box": "11.90", "boxes_in_stock": 14},
    "rooibos": {"usd_per_box": "4.75", "boxes_in_stock": 0},
}


@tool(safety="read")
def look_up(product: Literal["assam", "darjeeling", "rooibos"]) -> dict[str, str | int]:
    """Return the price of a box of tea, and how many boxes are in stock."""
    return {"product": product, **PRODUCTS[product]}
