"""Tests of a project's policies: cases from files, decided by the policies as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore.app.build import load_policies
from agentcore.app.vocabulary import words_of
from agentcore.config.policy_tests import FOLDER, policy_test_files, read_policy_cases
from agentcore.config.problem import Problems
from agentcore.domain.errors import ConfigError
from agentcore.policy.case import CaseOutcome, decide_case

if TYPE_CHECKING:
    from agentcore.config.project import Project


def run_policy_tests(project: Project, files: Sequence[Path] = ()) -> list[CaseOutcome]:
    """Return what was decided of each case, file by file. files: by default all in the folder of the tests.

    Raises ConfigError with everything that is wrong with the policies or with the cases, or when there are none.
    """
    chosen = list(files) or policy_test_files(project.policies)
    if not chosen:
        folder = (project.policies or project.root / "policies") / FOLDER
        raise ConfigError(
            [f"{folder.as_posix()}: there are no tests of policies"],
            hint="docs/policies.md shows how to write one; `agentcore policy test FILE` takes it from anywhere",
        )
    engine = load_policies(project)
    vocabulary = words_of(project).vocabulary
    problems = Problems()
    cases = [case for file in chosen for case in read_policy_cases(file, vocabulary, engine.policies, problems)]
    problems.raise_if_any()
    return [decide_case(case, engine) for case in cases]
