"""The policy templates that this package ships, and files that are made of them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from agentcore.domain.errors import ConfigError
from agentcore.domain.nearest import unknown
from agentcore.policy.policy_template import PolicyTemplate

_ENDING = ".cedar"


def policy_templates() -> list[PolicyTemplate]:
    """Return all templates, by name."""
    entries = (files("agentcore.policy") / "templates").iterdir()
    found = [entry for entry in entries if entry.name.endswith(_ENDING)]
    return [
        PolicyTemplate.parse(entry.name.removesuffix(_ENDING), entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda each: each.name.removesuffix(".cedar"))
    ]


def policy_template(name: str) -> PolicyTemplate:
    """Return the template of a name. Raises ConfigError, naming the nearest that there is."""
    known = {each.name: each for each in policy_templates()}
    if name not in known:
        raise ConfigError([unknown("template", name, known)], hint="`agentcore policy template` says what there is")
    return known[name]


def write_policy(path: Path, text: str, *, force: bool = False) -> None:
    """Write Cedar text into a new file. force: into one that is there, too.

    Raises ConfigError: the file is there, its folder is not, it does not end in `.cedar`, or it cannot be written.
    """
    if path.suffix != _ENDING:
        raise ConfigError([f"{path} would not be read: files of policies end in `{_ENDING}`"])
    if not path.parent.is_dir():
        raise ConfigError(
            [f"{path.parent} is not a folder"],
            hint="make it, and copy the policies into it that you keep: a project with a folder of policies has only "
            "its own, and the default set no longer applies (docs/policies.md)",
        )
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError([f"{path} is there already"], hint="--force writes over it") from None
    except OSError as error:
        raise ConfigError([f"{path} cannot be written: {(error.strerror or str(error)).lower()}"]) from error
