"""Announcement: what the outside is told of something that is about to be done, as a policy wants it to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.domain.decision import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One thing to tell. It has no values: neither arguments nor texts.

    id: the same for the same thing, however often it is told.  policies: that want it told.  to: whom, in their words.
    at: when it was told first by this process, in seconds since the Unix epoch.
    """

    id: str
    run: str
    tenant: str
    user: str
    step: str
    agent: str
    action: Action
    resource: str
    policies: tuple[str, ...]
    to: tuple[str, ...]
    at: float
