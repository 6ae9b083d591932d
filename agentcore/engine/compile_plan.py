"""From the supervisor's proposal to a Plan: wiring, and every check that a plan must pass.

The model names steps, agents and which outputs a step uses; code wires the inputs, adds the step that makes the
answer, and checks the graph. A small model plans well this way, and no model can propose something that cannot run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from agentcore.domain.agent import Agent, Uses
from agentcore.domain.errors import PlanError
from agentcore.domain.ids import ANSWER, PLAN, AgentName, StepId
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.plan import FromStep, FromTask, Literal, Plan, Source, Step
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_RESERVED = frozenset({ANSWER, PLAN, "task"})


def proposal_schema(team: Team, agents: Mapping[AgentName, Agent], limits: RunLimits) -> JSONObject:
    """Return the JSON Schema of a proposal by this team's supervisor.

    Ids and uses are asked for only when some worker's inputs depend on them, so that a small model is asked for as
    little as possible.
    """
    workers = [agents[name] for name in team.workers]
    properties: dict[str, JSON] = {"agent": {"enum": list(team.workers)}, "task": {"type": "string", "minLength": 1}}
    required = ["agent", "task"]
    if any(worker.uses is Uses.CHOSEN for worker in workers):
        properties = {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,19}$"},
            **properties,
            "uses": {"type": "array", "items": {"type": "string"}, "maxItems": limits.max_steps},
        }
        required = ["id", *required, "uses"]
    if any(worker.inputs for worker in workers):
        properties["inputs"] = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "minItems": 1,
                "maxItems": max(1, limits.max_steps - 1),
                "items": {
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "additionalProperties": False,
                },
            }
        },
        "required": ["steps"],
        "additionalProperties": False,
    }


def compile_plan(
    proposal: JSON,
    *,
    task: Task,
    team: Team,
    agents: Mapping[AgentName, Agent],
    limits: RunLimits,
    done: Sequence[Step] = (),
) -> Plan:
    """Return the plan that a proposal describes, with the steps already `done` before it.

    Raises PlanError with every problem found, in words that a model can act upon.
    """
    steps, problems = _read(proposal, team, agents, done)
    by_id = {step.id: step for step in (*done, *(step for step, _ in steps))}
    wired: list[Step] = []
    for step, raw in steps:
        inputs, wrong = _wire(step, raw, task=task, agents=agents, by_id=by_id)
        problems += wrong
        wired.append(Step(id=step.id, agent=step.agent, instruction=step.instruction, inputs=inputs, uses=step.uses))
    before = (*done, *wired)
    answer = Step(id=ANSWER, agent=team.answer, instruction=task.goal, uses=tuple(step.id for step in before))
    everything = (*before, answer)
    problems += _check_graph(everything, limits)
    if problems:
        raise PlanError(problems)
    return Plan(steps=everything)


def plan_of_one(task: Task, team: Team) -> Plan:
    """Return the plan of a team of one: the task as it is."""
    return Plan(steps=(Step(id=ANSWER, agent=team.answer, instruction=task.goal),))


def _read(
    proposal: JSON, team: Team, agents: Mapping[AgentName, Agent], done: Sequence[Step]
) -> tuple[list[tuple[Step, JSONObject]], list[str]]:
    problems: list[str] = []
    entries = proposal.get("steps") if isinstance(proposal, Mapping) else None
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        return [], ['the plan must be {"steps": [...]} with at least one step']
    steps: list[tuple[Step, JSONObject]] = []
    seen: set[str] = {step.id for step in done}
    numbers: dict[str, int] = {}
    order: list[StepId] = [step.id for step in done]
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping):
            problems.append(f"step {number} must be an object with agent and task")
            continue
        id = str(entry.get("id") or _free_id(str(entry.get("agent", "")) or f"s{number}", seen, numbers))
        if not _ID.fullmatch(id) or id in _RESERVED:
            problems.append(f"step {number}: {id!r} is not a usable id; use a short word such as s{number}")
            continue
        if id in seen:
            problems.append(f"step id {id!r} is used twice")
            continue
        seen.add(id)
        name = AgentName(str(entry.get("agent", "")))
        instruction = str(entry.get("task", "")).strip()
        if name not in team.workers:
            problems.append(f"step {id}: there is no agent {name!r}; choose one of {', '.join(team.workers)}")
            continue
        if not instruction:
            problems.append(f"step {id}: task is empty")
        uses = _uses(entry, agents[name], order)
        steps.append((Step(id=StepId(id), agent=name, instruction=instruction, uses=uses), entry))
        order.append(StepId(id))
    return steps, problems


def _free_id(word: str, seen: set[str], numbers: dict[str, int]) -> str:
    """Return the agent's name, numbered from its second step on: facts are shown to models under this name.

    numbers: the last one given to each word; ids are never freed, so none below it is free either.
    """
    id, number = word, numbers.get(word, 1)
    while id in seen:
        number += 1
        id = f"{word}_{number}"
    numbers[word] = number
    return id


def _uses(entry: JSONObject, agent: Agent, earlier: Sequence[StepId]) -> tuple[StepId, ...]:
    match agent.uses:
        case Uses.NONE:
            return ()
        case Uses.EARLIER:
            return tuple(earlier)
        case Uses.CHOSEN:
            chosen = entry.get("uses") or ()
            if isinstance(chosen, str) or not isinstance(chosen, Sequence):
                return (StepId(str(chosen)),)
            return tuple(StepId(str(use)) for use in dict.fromkeys(map(str, chosen)))


def _wire(
    step: Step, raw: JSONObject, *, task: Task, agents: Mapping[AgentName, Agent], by_id: Mapping[StepId, Step]
) -> tuple[dict[str, Source], list[str]]:
    declared = agents[step.agent].inputs
    given = raw.get("inputs") or {}
    problems: list[str] = []
    if not isinstance(given, Mapping):
        return {}, [f"step {step.id}: inputs must be an object of name and reference"]
    inputs: dict[str, Source] = {}
    problems += [
        f"step {step.id}: agent {step.agent} has no input {name!r}; its inputs are {', '.join(declared) or 'none'}"
        for name in given
        if name not in declared
    ]
    for name, schema in declared.items():
        source = _reference(given[name], by_id) if name in given else _by_name(name, step, task, agents, by_id)
        if source is None:
            problems.append(
                f"step {step.id}: input {name!r} of agent {step.agent} is missing; give it as"
                f' "task.INPUT" or "STEP.FIELD"'
            )
            continue
        wrong = _type_problem(source, schema, task, agents, by_id)
        if wrong:
            problems.append(f"step {step.id}: input {name!r}: {wrong}")
        inputs[name] = source
    return inputs, problems


def _reference(text: JSON, by_id: Mapping[StepId, Step]) -> Source:
    if not isinstance(text, str):
        return Literal(value=text)
    head, *path = text.split(".")
    if head == "task" and len(path) == 1:
        return FromTask(name=path[0])
    if StepId(head) in by_id:
        return FromStep(step=StepId(head), path=tuple(path))
    return Literal(value=text)


def _by_name(
    name: str, step: Step, task: Task, agents: Mapping[AgentName, Agent], by_id: Mapping[StepId, Step]
) -> Source | None:
    """Wire an input that the supervisor left out: from the task, or from the only used step that has such a field."""
    if name in task.inputs or name == "goal":
        return FromTask(name=name)
    having = [use for use in step.uses if use in by_id and name in _fields(agents[by_id[use].agent])]
    return FromStep(step=having[0], path=(name,)) if len(having) == 1 else None


def _fields(agent: Agent) -> Mapping[str, JSON]:
    properties = (agent.output or {}).get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _type_problem(
    source: Source,
    schema: JSONObject,
    task: Task,
    agents: Mapping[AgentName, Agent],
    by_id: Mapping[StepId, Step],
) -> str:
    expected = schema.get("type")
    match source:
        case FromTask(name=name):
            if name != "goal" and name not in task.inputs:
                return f"the task has no input {name!r}; it has {', '.join(task.inputs) or 'none'}"
            found = _json_type(task.goal if name == "goal" else task.inputs[name])
        case Literal(value=value):
            found = _json_type(value)
        case FromStep(step=step, path=path):
            part: JSON = cast("JSON", agents[by_id[step].agent].output or {})
            for key in path:
                properties = part.get("properties") if isinstance(part, Mapping) else None
                if not isinstance(properties, Mapping):
                    return ""  # the output's shape is not declared so deep; the value is checked when it is there
                if key not in properties:
                    return f"the output of step {step} has no field {key!r}; it has {', '.join(properties)}"
                part = properties[key]
            declared = part.get("type") if isinstance(part, Mapping) else None
            found = declared if isinstance(declared, str) else ""
    if not isinstance(expected, str) or not found or expected == found or (expected, found) == ("number", "integer"):
        return ""
    return f"it must be of type {expected}, but the value given is of type {found}"


def _json_type(value: JSON) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case None:
            return "null"
        case Mapping():
            return "object"
        case _:
            return "array"


def _check_graph(steps: Sequence[Step], limits: RunLimits) -> list[str]:
    problems: list[str] = []
    known = {step.id for step in steps}
    depths: dict[StepId, int] = {}
    in_order = True
    for step in steps:
        depth = 1
        for need in step.needs:
            if need not in known:
                problems.append(f"step {step.id} uses {need!r}, which is no step of the plan")
            elif need in depths:
                depth = max(depth, depths[need] + 1)
            else:
                in_order = False
        depths[step.id] = depth
    if len(steps) > limits.max_steps:
        problems.append(f"the plan has {len(steps)} steps; at most {limits.max_steps} are allowed")
    cycle, depth = ([], max(depths.values(), default=0)) if in_order else _out_of_order(steps, known)
    if cycle:
        problems.append(f"the steps wait for each other in a circle: {' → '.join([*cycle, cycle[0]])}")
    elif depth > limits.max_depth:
        problems.append(f"the longest chain has {depth} steps; at most {limits.max_depth} are allowed")
    return problems


def _out_of_order(steps: Sequence[Step], known: Collection[StepId]) -> tuple[list[StepId], int]:
    """Return a cycle, or else the length of the longest chain, of steps that use some that are listed after them."""
    import networkx as nx  # noqa: PLC0415  # it takes a third of a second to import, and most plans are in order

    graph: nx.DiGraph[StepId] = nx.DiGraph([(need, step.id) for step in steps for need in step.needs if need in known])
    if nx.is_directed_acyclic_graph(graph):
        return [], nx.dag_longest_path_length(graph) + 1
    return [edge[0] for edge in cast("list[tuple[StepId, StepId]]", nx.find_cycle(graph))], 0  # pyright: ignore[reportUnknownMemberType]
