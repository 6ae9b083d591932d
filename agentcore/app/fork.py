"""Fork: what a run starts on that does a step of another one anew, with another model, prompt, inputs or budget."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from loguru import logger

from agentcore.app.definitions import Definitions
from agentcore.config.load import load_scenario
from agentcore.config.problem import unknown
from agentcore.config.references import agent_problems
from agentcore.config.versions import versioned
from agentcore.domain.agent import Agent
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError, ForkError, RunNotFound
from agentcore.domain.event import RunStarted
from agentcore.domain.ids import PLAN, AgentName, ModelName, RunId, StepId
from agentcore.domain.json import JSON, canonical, digest
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.engine.definition import Definition, Manifest
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.journal import Journal

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.config.scenarios import Scenario

_SHOWN: Final = 60
"""Characters of a prompt or a value that the lineage quotes; the record has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A fork that can begin. changes: in words.  rules: its definitions, which are kept, and their policies."""

    step: StepId
    started: RunStarted
    changes: tuple[str, ...]
    rules: tuple[Definition, PolicyEngine]


async def plan_fork(
    project: Project,
    definitions: Definitions,
    journal: Journal,
    run: RunId,
    step: StepId,
    *,
    model: ModelName | None,
    prompt: str | None,
    inputs: Mapping[str, JSON],
    budget: Budget | None,
) -> Fork:
    """Return how a fork begins, after its definitions were kept. None, and no inputs: as in the run.

    Raises RunNotFound, ForkError with what there is, ConfigError or JournalError.
    """
    origin = Run.fold(await journal.read(run))
    agent = _agent_of(origin, step)
    before = await definitions.manifest(origin.started.snapshot)
    if await _root(journal, origin.started) != project.snapshot:
        logger.bind(run=run).warning("the project has changed since; the fork starts from the definitions of then")
    manifest = _changed(project, before, agent or before.team.supervisor, model, prompt)
    task = await asyncio.to_thread(_task, project, origin.started, inputs) if inputs else origin.started.task
    changes = tuple(_words(model, prompt, inputs, origin.started.budget, budget or origin.started.budget))
    started = replace(origin.started, task=task, budget=budget or origin.started.budget)
    rules = await asyncio.to_thread(definitions.of, manifest)
    await definitions.keep_others(rules[0], manifest.policies)
    return Fork(step=step, started=started, changes=changes, rules=rules)


def _agent_of(run: Run, step: StepId) -> AgentName | None:
    """Return who does a step, None for the planning. Raises ForkError."""
    if step == PLAN:
        return None
    known = () if run.plan is None else run.plan.steps
    for each in known:
        if each.id == step:
            return each.agent
    raise ForkError(
        f"run {run.id} has no step {step}", hint=f"fork from one of: {', '.join((PLAN, *(each.id for each in known)))}"
    )


async def _root(journal: Journal, started: RunStarted) -> str:
    """Return the snapshot of the run that a fork, or a fork of a fork, has come from; a run's own otherwise."""
    while started.lineage is not None:
        try:
            started = Run.begin((await journal.read(started.lineage.run))[0]).started
        except RunNotFound:  # it has been deleted
            break
    return started.snapshot


def _changed(
    project: Project, before: Manifest, name: AgentName, model: ModelName | None, prompt: str | None
) -> Manifest:
    """Return the definitions with another model or prompt of an agent. Raises ForkError."""
    agent = before.agents[name]
    if model is not None:
        if model not in project.profiles:
            raise ForkError(unknown("model", model, project.profiles), hint="name one of the project's models")
        agent = replace(agent, requirements=replace(agent.requirements, models=(model,)))
    if prompt is not None:
        if not prompt.strip():
            raise ForkError("the prompt is empty", hint="leave it out to keep the one that the run had")
        agent = replace(agent, instructions=prompt.strip())
    if agent == before.agents[name]:
        return before
    agents = {**before.agents, name: versioned(agent, project.root)}
    _judge(project, agents, agents[name])
    # From the other one's digest, which also covers what a manifest does not have: models and tools.
    snapshot = digest({"fork of": before.snapshot, "agents": {name: agents[name].version}})
    return replace(before, agents=agents, snapshot=snapshot)


def _judge(project: Project, agents: Mapping[AgentName, Agent], agent: Agent) -> None:
    known = replace(project.known, agents=dict(agents.items()))
    problems = [f"{'.'.join(map(str, path))}: {message}" for path, message in agent_problems(agent, known)]
    if problems:
        raise ForkError(f"agent `{agent.name}`: {'; '.join(problems)}", hint="change that, or something else")


def _task(project: Project, started: RunStarted, inputs: Mapping[str, JSON]) -> Task:
    """Return the task with other inputs, and with the goal that its scenario makes of them. Raises ForkError."""
    task = started.task
    if strangers := [unknown("input", name, task.inputs) for name in inputs if name not in task.inputs]:
        raise ForkError("; ".join(strangers), hint=f"its inputs are: {', '.join(task.inputs) or 'none'}")
    scenario = _scenario(project, started)
    if scenario is None:
        read = {name: _as(name, value, task.inputs[name]) for name, value in inputs.items()}
        return replace(task, inputs={**task.inputs, **read})
    try:
        made = scenario.task({**task.inputs, **inputs})
    except ConfigError as error:
        raise ForkError("; ".join(error.problems), hint=error.hint) from None
    return replace(task, goal=made.goal, inputs=made.inputs)


def _scenario(project: Project, started: RunStarted) -> Scenario | None:
    """Return the scenario that a run's task was made of, None when there is none, or not any more."""
    path = project.scenarios.get(started.name)
    if path is None:
        return None
    try:
        found = load_scenario(path, project)
        made = found.task(started.task.inputs)
    except ConfigError:
        return None
    return found if (made.goal, made.inputs) == (started.task.goal, started.task.inputs) else None


def _as(name: str, given: JSON, before: JSON) -> JSON:
    """Return a value of the kind that was there before; text, as from a command line, is read as JSON."""
    value = given
    if isinstance(given, str) and not isinstance(before, str):
        try:
            value = json.loads(given)
        except (ValueError, RecursionError):
            value = given
    if before is not None and _kind(value) != _kind(before):
        raise ForkError(
            f"input `{name}` must be {_kind(before)}, not {canonical(value)[:_SHOWN]}",
            hint=f"it was {canonical(before)[:_SHOWN]}",
        )
    return value


def _kind(value: JSON) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case None:
            return "null"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _words(
    model: ModelName | None, prompt: str | None, inputs: Mapping[str, JSON], before: Budget, budget: Budget
) -> Iterator[str]:
    if model is not None:
        yield f"model={model}"
    if prompt is not None:
        yield f"prompt={_short(' '.join(prompt.split()))}"
    for name, value in inputs.items():
        yield f"input.{name}={_short(value if isinstance(value, str) else canonical(value))}"
    for name, limit in asdict(budget).items():
        if limit != getattr(before, name):
            yield f"budget.{name}={'unlimited' if limit is None else limit}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
