"""Independence: which models may not judge what a model wrote, as they tend to make the same mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from agentcore.domain.agent import Independence
from agentcore.domain.ids import ModelName
from agentcore.routing.profile import ModelProfile

OF_THE_AUTHOR: Final = "of the author"
"""Stands in each reason, so that a recorded one is known for what it is."""


def dependent(
    author: ModelName | None, profiles: Mapping[ModelName, ModelProfile], independent: Independence
) -> dict[ModelName, str]:
    """Return the models that are not independent of the author, each with the reason.

    author: None when no model wrote the output: then all are independent. One that is no longer among the models has
    no known family, and bars itself alone.
    """
    if author is None or independent == "none":
        return {}
    return {
        name: why
        for name, profile in profiles.items()
        if (why := _why(author, profiles.get(author), profile, independent)) is not None
    }


def _why(
    author: ModelName, known: ModelProfile | None, profile: ModelProfile, independent: Independence
) -> str | None:
    if profile.name == author:
        return f"the model {OF_THE_AUTHOR}"
    match independent:
        case "family":
            same = known is not None and known.family == profile.family
            return f"same family as the model {OF_THE_AUTHOR}, {author} ({profile.family})" if same else None
        case "model" | "none":
            return None
        case _ as unreachable:
            assert_never(unreachable)


def never_independent(
    authors: Iterable[ModelProfile], judges: Iterable[ModelProfile], independent: Independence
) -> tuple[ModelProfile, ...]:
    """Return the authors that leave no judge: each of the judges' models is the same, or of the same family."""
    of = tuple(judges)
    return tuple(
        author
        for author in authors
        if of and all(_why(author.name, author, judge, independent) is not None for judge in of)
    )
