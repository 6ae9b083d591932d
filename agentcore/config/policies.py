"""Policies: the `*.cedar` files of a folder as texts. What they say is for the policy engine to judge."""

from __future__ import annotations

from pathlib import Path

from agentcore.config.problem import Place, Problems
from agentcore.config.project_file import PROJECT_FILE
from agentcore.config.source import read_text, read_yaml

NO_POLICY = "there is no `*.cedar` file in `{}`, so everything would be denied; for the default set, leave it out"


def policy_files(folder: Path) -> list[Path]:
    """Return the files of policies in a folder and those inside it, sorted."""
    return sorted(path for path in folder.rglob("*.cedar") if path.is_file())


def read_policies(folder: Path) -> dict[str, str]:
    """Return the texts by their files. Raises ConfigError: there is none, or one that cannot be read."""
    problems = Problems()
    files = policy_files(folder)
    if not files:
        problems.error(Place(file=folder.as_posix()), NO_POLICY.format(folder.as_posix()))
    texts = {path.as_posix(): read_text(path, path.as_posix(), problems) for path in files}
    problems.raise_if_any()
    return {file: text for file, text in texts.items() if text is not None}


def present_policies(root: Path) -> dict[str, str] | None:
    """Return the texts of the policies of the project in a folder by their files, whatever else is wrong there.

    Files that cannot be read are left out; None when the project has no policies of its own.
    """
    ignored = Problems()
    path = root / PROJECT_FILE
    source = read_yaml(path, path.as_posix(), ignored)
    written = None if source is None else source.get(("policies",))
    folder = root / (written if isinstance(written, str) else "policies")
    files = policy_files(folder) if folder.is_dir() else []
    texts = {file.as_posix(): read_text(file, file.as_posix(), ignored) for file in files}
    return {file: text for file, text in texts.items() if text is not None} if files else None
