"""PastRuns: what a project's recorded runs say about the choice of models. Only reads the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agentcore.app.store import Store
from agentcore.config.route_policy import own_policy, read_route_policy
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import ModelName, RunId, StepId
from agentcore.domain.trace import trace
from agentcore.routing.past_answers import PastAnswer, Reviews, past_answers

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.routing.fit_runs import FittedRuns
    from agentcore.routing.rechoose import Replay

_KEYS = frozenset({"run", "step", "correct", "attempt"})


class PastRuns:
    """The answers of past runs. answers: filled by `read`, in the order of the runs."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project = project
        self._store = store
        self.runs: list[RunId] = []
        self.answers: list[PastAnswer] = []

    async def read(self, prefixes: Sequence[str], *, limit: int, reviews: Path | None = None) -> None:
        """Read the runs whose ids start so, or the newest, with reviews from a file of JSON lines.

        Raises RunNotFound, JournalError, or ConfigError with each line that is no review, or of no run that was read.
        """
        journal = self._store.journal
        if prefixes:
            self.runs = list(dict.fromkeys([await journal.find(prefix) for prefix in prefixes]))
        else:
            self.runs = [summary.run for summary in await journal.list(limit=limit)]
        said: Reviews = {} if reviews is None else read_reviews(reviews)
        read = set(self.runs)
        for run in dict.fromkeys(run for run, _, _ in said):
            if run not in read:
                self.runs.append(await journal.find(run))
                read.add(run)
        for run in self.runs:
            self.answers.extend(past_answers(trace(await journal.read(run)), said))
        if reviews is not None:
            self._all_used(reviews, said)

    def fit(self, *, alphas: Sequence[float] = (), default_alpha: float | None = None) -> FittedRuns:
        """Return what the answers say. Raises ConfigError when none has a label."""
        from agentcore.routing.fit_runs import fit_runs  # noqa: PLC0415  # imports numpy

        declared = {ModelName(name): profile.quality for name, profile in self._project.profiles.items()}
        try:
            return fit_runs(self.answers, declared, alphas=alphas, default_alpha=default_alpha)
        except ValueError as error:
            raise ConfigError(
                [f"{error}, in {len(self.runs)} runs"],
                hint="labels are verdicts of checks and panels, people's decisions about outputs (`approval:` of an "
                "agent), and reviews: `--labels FILE` with lines like "
                '{"run": "…", "step": "…", "correct": true}',
            ) from None

    def replay(self, policy: Path | None) -> Replay:
        """Return what a policy would have chosen; None is the project's own as it is now. Raises ConfigError."""
        from agentcore.routing.rechoose import replay_routes  # noqa: PLC0415  # imports numpy

        chosen = own_policy(self._project) if policy is None else read_route_policy(policy, self._project)
        try:
            return replay_routes(self.answers, chosen)
        except ValueError as error:
            raise ConfigError([f"{error}, in {len(self.runs)} runs"], hint="run the project first") from None

    def _all_used(self, file: Path, said: Reviews) -> None:
        used = {(answer.run, answer.step) for answer in self.answers}
        strange = [
            f"{file}: run {run} has no answer at step {step}" for run, step, _ in said if (run, step) not in used
        ]
        if strange:
            raise ConfigError(strange, hint="`agentcore trace RUN` shows a run's steps")


def read_reviews(path: Path) -> Reviews:
    """Return the reviews in a file of JSON lines: run, step, correct, and optionally the attempt.

    Raises ConfigError with `file:line` of each line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    found: dict[tuple[RunId, StepId, int | None], bool] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            run, step, attempt, right = _review(line)
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
            continue
        if found.setdefault((run, step, attempt), right) != right:
            problems.append(f"{path}:{number}: run {run}, step {step} is said to be right and wrong")
    if problems:
        raise ConfigError(
            problems, hint='a line is {"run": "…", "step": "…", "correct": true}, with "attempt" if wanted'
        )
    return found


def _review(line: str) -> tuple[RunId, StepId, int | None, bool]:
    given: object = json.loads(line)
    if not isinstance(given, dict):
        raise ValueError("not a JSON object")
    keys = cast("dict[str, Any]", given)
    if unknown := sorted(keys.keys() - _KEYS):
        raise ValueError(f"unknown key `{unknown[0]}`; known are {', '.join(sorted(_KEYS))}")
    run, step, correct, attempt = (keys.get(name) for name in ("run", "step", "correct", "attempt"))
    if not (isinstance(run, str) and run and isinstance(step, str) and step):
        raise ValueError("`run` and `step` are required, as text")
    if not isinstance(correct, bool):
        raise ValueError("`correct` is true or false")
    if attempt is not None and (not isinstance(attempt, int) or isinstance(attempt, bool)):
        raise ValueError("`attempt` is a whole number")
    return RunId(run), StepId(step), attempt, correct


def write_router(path: Path, fitted: FittedRuns) -> None:
    """Write a fitted router. Raises ConfigError when the file cannot be written."""
    try:
        path.write_text(fitted.router.to_text(), encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {(error.strerror or str(error)).lower()}"]) from error
