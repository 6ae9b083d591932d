"""A project's policies, checked against everything that the project has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore.app.build import policy_texts
from agentcore.app.project import installed_plugins, load_project
from agentcore.app.vocabulary import words_of
from agentcore.config.load import Report
from agentcore.config.load import validate as validate_files
from agentcore.config.policies import read_policies
from agentcore.config.policy_tests import policy_test_files, read_policy_cases
from agentcore.config.problem import Problems
from agentcore.domain.errors import ConfigError

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.policy.finding import PolicyFinding

_PLACE = re.compile(r"(.*?):(\d+):(\d+): ")

DEFAULT_SET = "the default policies"
"""Where the package's own policies are said to stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReport:
    """What a check found.

    problems, warnings: `file:line:column: message`.  counts: of what → how many; empty when the project is wrong.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    counts: Mapping[str, int]


def check_policies(root: Path) -> PolicyReport:
    """Return everything that is wrong, or doubtful, with the policies of the project in a folder.

    When another file of the project is wrong, that is told instead of what would follow from it.
    """
    return judge_policies(root, validate_files(root, installed_plugins()))


def judge_policies(root: Path, files: Report) -> PolicyReport:
    """As `check_policies`. files: what is known of the project's other files; its problems stand first."""
    if not files.problems:
        return check_against(load_project(root))
    alone = () if files.policies is None else _alone(files.policies)
    return PolicyReport(problems=(*files.problems, *alone), warnings=(), counts={})


def check_against(project: Project) -> PolicyReport:
    """Return everything that is wrong, or doubtful, with a valid project's policies, or the package's."""
    from agentcore.policy.bundle import parse_policies  # noqa: PLC0415  # cedarpy takes 50 ms to import
    from agentcore.policy.check import check  # noqa: PLC0415  # as above

    try:
        texts = policy_texts(project)
    except ConfigError as error:
        return PolicyReport(problems=tuple(error.problems), warnings=(), counts={})
    policies, problems = parse_policies(texts)
    words = words_of(project)
    where = DEFAULT_SET if project.policies is None else project.policies.as_posix()
    found = list(check(policies, words.vocabulary, where))
    cases = Problems()
    # A tool that cannot be built here is told as such, and not by what the tests would have to say instead of it.
    for path in () if words.unbuilt else policy_test_files(project.policies):
        read_policy_cases(path, words.vocabulary, [policy.id for policy in policies], cases)
    unbuilt = (f"{message}; so neither its arguments nor the tests are checked" for message in words.unbuilt)
    return PolicyReport(
        problems=(*_in_order(problems, (each for each in found if each.error)), *cases.errors),
        warnings=(*_in_order((), (each for each in found if not each.error)), *unbuilt),
        counts={
            "files": len(texts),
            "policies": len(policies),
            "agents": len(project.agents),
            "tools": len(words.vocabulary.tools) + len(words.vocabulary.groups),
            "models": len(words.vocabulary.models),
        },
    )


def _in_order(told: Iterable[str], found: Iterable[PolicyFinding]) -> tuple[str, ...]:
    """Return messages file by file from top to bottom, those without a line last."""
    return tuple(sorted((*told, *map(str, found)), key=_position))


def _position(message: str) -> tuple[bool, str, int, int]:
    match = _PLACE.match(message)
    return (False, match[1], int(match[2]), int(match[3])) if match else (True, "", 0, 0)


def _alone(folder: Path) -> tuple[str, ...]:
    """Return what is wrong with policies whatever project they are for."""
    from agentcore.policy.engine import PolicyEngine  # noqa: PLC0415  # only here

    try:
        PolicyEngine.load(read_policies(folder))
    except ConfigError as error:
        return tuple(error.problems)
    return ()
