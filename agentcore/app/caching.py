"""How the runs of a project cache replies of models."""

from __future__ import annotations

from agentcore.adapters.embedding.wordllama import WordLlamaEmbedder
from agentcore.config.project import Project
from agentcore.domain.json import digest
from agentcore.engine.response_caching import Caching
from agentcore.ports.response_cache import ResponseCache


def build_caching(project: Project, replies: ResponseCache | None) -> Caching | None:
    """Return how a project's runs cache replies of models, None when they are kept nowhere."""
    if replies is None:
        return None
    settings = project.cache
    # Filled in, so that another server behind the same variable is another one; nothing but the digest is kept.
    providers = {
        name: digest([each.provider, each.options.expanded, each.options.declared])
        for name, each in project.models.items()
    }
    return Caching(
        replies=replies,
        mode=settings.responses,
        seconds=settings.seconds,
        threshold=settings.threshold,
        scope=settings.scope,
        most_entries=settings.most_entries,
        embedder=WordLlamaEmbedder(),
        providers=providers,
    )
