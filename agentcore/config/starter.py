"""The project that `agentcore init` writes."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from agentcore.config.schema import write_schemas
from agentcore.domain.errors import ConfigError
from agentcore.ports.plugin import Plugins

IGNORED = ".agentcore/\n__pycache__/\n"


def write_template(directory: Path, plugins: Plugins) -> list[Path]:
    """Write a small working project, with the package's policies and the files' schemas; return the paths.

    Raises ConfigError when there is something in the directory already, or it cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        what = "is not empty" if directory.is_dir() else "is not a folder"
        raise ConfigError([f"{directory} {what}"], hint="name a new folder: agentcore init FOLDER")
    try:
        written = _copy(files("agentcore.config") / "template", directory, {".cedar", ".py", ".yaml"})
        written += _copy(files("agentcore.policy") / "default", directory / "policies", {".cedar"})
        written += write_schemas(directory / "schemas", plugins)
        ignore = directory / ".gitignore"
        ignore.write_text(IGNORED, encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{directory} cannot be written: {(error.strerror or str(error)).lower()}"]) from error
    return [*written, ignore]


def _copy(source: Traversable, target: Path, suffixes: set[str]) -> list[Path]:
    written: list[Path] = []
    target.mkdir(parents=True, exist_ok=True)
    for entry in sorted(source.iterdir(), key=lambda each: each.name):
        path = target / entry.name
        if entry.is_dir() and not entry.name.startswith("_"):
            written += _copy(entry, path, suffixes)
        elif path.suffix in suffixes:
            path.write_bytes(entry.read_bytes())
            written.append(path)
    return written
