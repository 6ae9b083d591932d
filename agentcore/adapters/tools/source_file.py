"""Python files of the user's project, loaded as modules."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from agentcore.domain.errors import ConfigError


def load_file(owner: str, root: Path, file: str) -> ModuleType:
    """Return the module that a file of the project makes; the same one while the file does not change.

    owner: for messages, e.g. `tool shop`.  file: relative to `root`, and inside it after links are followed.

    Raises ConfigError with the file, and with the line where its code failed.
    """
    base = root.resolve()
    path = (base / file).resolve()
    if not path.is_relative_to(base):
        raise ConfigError([f"{owner}: {file}: outside of the project's folder"])
    if path.suffix != ".py" or not path.is_file():
        raise ConfigError([f"{owner}: {path}: no such Python file"])
    content = path.read_bytes()
    name = f"agentcore_file_{re.sub(r'[^A-Za-z0-9]', '_', path.stem)}_{_digest(path, content)}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError([f"{owner}: {path}: cannot be loaded"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as import does: dataclasses and type hints look their module up
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102  # the user's own code, by their config
    except ConfigError:
        del sys.modules[name]
        raise
    except Exception as problem:
        del sys.modules[name]
        raise ConfigError([f"{_place(path, problem)}: {type(problem).__name__}: {problem}"]) from problem
    return module


def _digest(path: Path, content: bytes) -> str:
    return hashlib.sha256(str(path).encode() + b"\0" + content).hexdigest()[:16]


def _place(path: Path, problem: Exception) -> str:
    if isinstance(problem, SyntaxError):
        return f"{path}:{problem.lineno}"
    line = 0
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else str(path)
