"""What wires adapters into the engine: a Project becomes a Runtime."""

from __future__ import annotations

from agentcore.app.build import load_policies
from agentcore.app.project import installed_plugins, load_project, schemas, validate_project
from agentcore.app.replays import Replays
from agentcore.app.retention import Choice, Pruned, Retention
from agentcore.app.runtime import Runtime
from agentcore.app.store import Store, describe_store, memory_store, open_store, sqlite_store, store_at

__all__ = [
    "Choice",
    "Pruned",
    "Replays",
    "Retention",
    "Runtime",
    "Store",
    "describe_store",
    "installed_plugins",
    "load_policies",
    "load_project",
    "memory_store",
    "open_store",
    "schemas",
    "sqlite_store",
    "store_at",
    "validate_project",
]
