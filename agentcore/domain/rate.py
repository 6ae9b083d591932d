"""Rate: how long to wait until another call is within a limit. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.domain.obligation import Limit


def wait_seconds(limit: Limit, times: Sequence[float], now: float) -> float:
    """Return the seconds until one more call is within a limit, 0.0 when it is now.

    times: when calls began, the earliest first, in the seconds of `now`. At no instant are there more than
    `limit.calls` in the last `limit.seconds`: a sliding window, not one that starts anew. A call that began later than
    now, as a clock was set back, counts.
    """
    if len(times) < limit.calls:
        return 0.0
    return max(0.0, times[-limit.calls] + limit.seconds - now)
