"""Build an embedded model from `agentcore.yaml`: provider `llama`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.cache_folder import cache_folder
from agentcore.adapters.models.catalogue import CATALOGUE, find
from agentcore.adapters.models.gguf import MAGIC
from agentcore.adapters.models.llama_model import LlamaModel
from agentcore.adapters.models.llama_server import LoadSettings
from agentcore.adapters.models.model_files import path_if_present
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.domain.errors import ConfigError
from agentcore.ports.model import Model
from agentcore.ports.plugin import BuildContext, ModelPlugin

MOST_CORES = 16
"""More gain nothing for models of the size that a CPU runs."""

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class LlamaOptions(BaseModel):
    """Keys of a model with `provider: llama`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        min_length=1,
        description="A name that `agentcore models list` shows, or the path of a .gguf file, relative to the project.",
    )
    context_tokens: int = Field(
        default=4096, ge=256, description="How many tokens a prompt and its answer may have together."
    )
    slots: int = Field(
        default=4,
        ge=1,
        le=64,
        description="How many prompts are kept in memory, so that an agent's instructions are read once. "
        "Each takes memory for context_tokens; more agents than slots take turns.",
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Threads for computing; by default all cores read a prompt, and all but one write the answer. "
        "Where nothing else runs, all cores together with the environment variable OMP_WAIT_POLICY=active are faster.",
    )
    batch: int = Field(
        default=64, ge=1, le=4096, description="Tokens of a prompt that are read between two chances to cancel."
    )
    keep_prefixes: bool = Field(
        default=True,
        description="Keep what was computed for agents' instructions and examples in the cache folder, "
        "so that the next process need not read them again. What users and tools say is never kept.",
    )
    seed: int = Field(default=0, ge=0, description="For requests that bring no seed of their own.")


def build(name: str, options: LlamaOptions, context: BuildContext) -> Model:
    """Return the model, which is loaded by its first call. Raises ConfigError when its file is not there."""
    cores = usable_cores(_cores(), _quota())
    settings = LoadSettings(
        path=_model_file(options.model, context),
        context_tokens=options.context_tokens,
        slots=options.slots,
        threads=options.threads or max(1, cores - 1),
        reading_threads=options.threads or cores,
        batch=options.batch,
        prefixes=_prefix_folder(context.environment) if options.keep_prefixes else None,
    )
    return ToolsBySchema(LlamaModel(name, settings, seed=options.seed))


PLUGIN = ModelPlugin(options=LlamaOptions, build=build, local=True)


def usable_cores(cores: int, quota: float) -> int:
    """Return how many cores to compute with.

    cores: that this process may run on.  quota: cores that its container may use on average.
    """
    return min(MOST_CORES, math.ceil(min(cores, quota)))


def _model_file(model: str, context: BuildContext) -> Path:
    if any(entry.name == model for entry in CATALOGUE):
        return _fetched(model, context.environment)
    path = context.root / Path(model).expanduser()
    if not path.is_file():
        known = ", ".join(entry.name for entry in CATALOGUE)
        raise ConfigError(
            [f"model {model!r}: neither a file ({path}) nor in the catalogue ({known})"],
            hint="give the path of a .gguf file, relative to the project's folder, or a name of the catalogue",
        )
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ConfigError(
                [f"model {model!r}: {path} is not a GGUF file"], hint="take the .gguf file of a chat model"
            )
    return path


def _prefix_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder, which only this user can open; None when it cannot be made: it only saves time."""
    folder = cache_folder(environment) / "prefixes"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


def _fetched(name: str, environment: Mapping[str, str]) -> Path:
    path = path_if_present(name, environment)
    if path is None:
        megabytes = find(name).size // 1_000_000
        raise ConfigError(
            [f"model {name!r}: has not been fetched yet"],
            hint=f"agentcore models pull {name}   ({megabytes} MB, once)",
        )
    return path


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float:
    """Return the cores that the container allows on average, infinite without a limit."""
    try:
        allowed, period = CPU_QUOTA.read_text().split()
    except (OSError, ValueError):
        return math.inf
    return math.inf if allowed == "max" else int(allowed) / int(period)
