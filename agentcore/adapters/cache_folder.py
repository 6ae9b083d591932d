"""The folder for what can be fetched or unpacked again: model files, token tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "AGENTCORE_CACHE_DIR"
"""The environment variable that moves the cache."""


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the cache's folder, which need not exist: `AGENTCORE_CACHE_DIR`, else the user's cache folder."""
    chosen = environment.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("agentcore", appauthor=False)
