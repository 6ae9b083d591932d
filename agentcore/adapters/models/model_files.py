"""Where fetched models are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agentcore.adapters.cache_folder import cache_folder
from agentcore.adapters.models.catalogue import CatalogueModel, find


def model_file(model: CatalogueModel, environment: Mapping[str, str]) -> Path:
    """Return where a catalogue model's file is or will be."""
    return cache_folder(environment) / "models" / model.filename


def is_whole(path: Path, model: CatalogueModel) -> bool:
    """Whether the file is there. Only files whose hash was right get their name, so the size is looked at, no more."""
    return path.is_file() and path.stat().st_size == model.size


def path_if_present(name: str, environment: Mapping[str, str]) -> Path | None:
    """Return the file of a catalogue model if it has been fetched. Raises ConfigError for an unknown name."""
    model = find(name)
    path = model_file(model, environment)
    return path if is_whole(path, model) else None
