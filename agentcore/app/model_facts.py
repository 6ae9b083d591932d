"""What policies can ask of a project's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agentcore.app.project import installed_plugins
from agentcore.policy.rejudge import ModelFacts

if TYPE_CHECKING:
    from agentcore.config.project import Project


def model_facts(project: Project) -> Mapping[str, ModelFacts]:
    """Return the facts of every model, by name; of one made in Python it is not known that it is local."""
    plugins = installed_plugins()
    found: dict[str, ModelFacts] = {}
    for name, profile in project.profiles.items():
        settings = project.models.get(name)
        provider = "python" if settings is None else settings.provider
        local = settings is not None and plugins.model(settings.provider).local
        found[name] = ModelFacts(family=profile.family, provider=provider, local=local, region=profile.region)
    return found
