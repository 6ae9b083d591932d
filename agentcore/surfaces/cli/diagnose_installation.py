"""The doctor's look at this installation: Python, packages, plug-ins, extras, the cache and what is in it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from agentcore.adapters.cache_folder import CACHE_VARIABLE, cache_folder
from agentcore.adapters.models.catalogue import CATALOGUE
from agentcore.adapters.models.model_files import path_if_present
from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import Plugins
from agentcore.surfaces.cli.finding import Finding
from agentcore.version import __version__

PACKAGES = ("aiohttp", "cedarpy", "networkx", "openai", "pydantic", "semantic-kernel", "tiktoken", "xllamacpp")
"""Those whose versions matter when something does not work."""

EXTRAS = {
    "anthropic": "anthropic",
    "aws": "boto3",
    "google": "google.genai",
    "mistral": "mistralai",
    "nats": "nats",
    "ollama": "ollama",
    "postgres": "asyncpg",
    "presidio": "presidio_analyzer",
    "redis": "redis",
}
"""Optional extra of this package → the module that it brings."""

SPARE_BYTES = 2_000_000_000
"""Room that fetching the largest embedded model takes, with its parts."""


def installation(plugins: Plugins, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what there is to say about what is installed."""
    where = f"{platform.system()} {platform.machine()}"
    yield Finding(what="python", state="ok", found=f"{platform.python_version()} on {where}; agentcore {__version__}")
    yield _packages()
    for group, load in (
        ("agentcore.models", plugins.model),
        ("agentcore.tools", plugins.tool),
        ("agentcore.triggers", plugins.trigger),
        ("agentcore.detectors", plugins.detector),
    ):
        yield _plugins(plugins, group, load)
    yield _extras()
    yield _cache(environment)
    for model in CATALOGUE:
        there = path_if_present(model.name, environment) is not None
        found = "fetched" if there else f"not fetched; if wanted: agentcore models pull {model.name}"
        yield Finding(what="embedded model", state="ok", found=f"{model.name} {found}")


def _packages() -> Finding:
    versions: list[str] = []
    missing: list[str] = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(
            what="packages",
            state="fail",
            found=f"not installed: {', '.join(missing)}",
            mend="pip install --force-reinstall agentcore-runtime",
        )
    return Finding(what="packages", state="ok", found=", ".join(versions))


def _plugins(plugins: Plugins, group: str, load: Callable[[str], object]) -> Finding:
    try:
        names = plugins.names(group)
    except PluginError as error:
        return Finding(what=group, state="fail", found=error.message, mend=error.hint)
    broken: list[str] = []
    for name in names:
        try:
            load(name)
        except PluginError as error:
            broken.append(error.message)
    if broken:
        mend = "install again, or uninstall, the package that brings the plug-in"
        return Finding(what=group, state="fail", found="; ".join(broken), mend=mend)
    return Finding(what=group, state="ok", found=", ".join(names))


def _extras() -> Finding:
    there = [name for name, module in EXTRAS.items() if _importable(module)]
    absent = [name for name in EXTRAS if name not in there]
    found = f"installed: {', '.join(there) or 'none'}"
    if absent:
        found += f"; if wanted: pip install 'agentcore-runtime[{','.join(absent)}]'"
    return Finding(what="extras", state="ok", found=found)


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False


def _cache(environment: Mapping[str, str]) -> Finding:
    folder = cache_folder(environment)
    there = nearest_folder(folder)
    free = shutil.disk_usage(there).free
    found = f"{folder}, {free / 1e9:,.1f} GB free"
    if free < SPARE_BYTES:
        mend = f"free {SPARE_BYTES / 1e9:g} GB before fetching models, or set {CACHE_VARIABLE} to another disk"
        return Finding(what="cache", state="warn", found=found, mend=mend)
    return Finding(what="cache", state="ok", found=found)


def nearest_folder(path: Path) -> Path:
    """Return the path itself, or the nearest of its parents that exists."""
    return next(each for each in (path, *path.absolute().parents) if each.is_dir())
