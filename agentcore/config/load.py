"""Reads a project's folder: all of its problems at once, or a Project."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from agentcore.config.agents import AgentKeys
from agentcore.config.checks import PYTHON
from agentcore.config.json_schema import misspelt
from agentcore.config.known import Known
from agentcore.config.names import NAME
from agentcore.config.options import Options
from agentcore.config.plugin_options import OptionsReader
from agentcore.config.policies import NO_POLICY, policy_files
from agentcore.config.problem import Place, Problems
from agentcore.config.project import Project
from agentcore.config.project_file import PROJECT_FILE, STORE, ProjectKeys
from agentcore.config.references import agent_problems, team_problems, unused_agents
from agentcore.config.router_file import read_router
from agentcore.config.routing import routing_warnings
from agentcore.config.scenarios import Scenario, ScenarioKeys, judge, scenario
from agentcore.config.source import Source, read_text, read_yaml
from agentcore.config.store import read_store
from agentcore.config.strict import fit
from agentcore.config.triggers import input_problems, trigger_problems
from agentcore.config.verifiers import verification_warnings
from agentcore.config.webhook import read_webhook
from agentcore.domain.agent import Agent
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.store_url import StoreUrl
from agentcore.domain.team import OnExceeded
from agentcore.ports.plugin import DetectorPlugin, ModelPlugin, Plugins, ToolPlugin, TriggerPlugin
from agentcore.routing.fitted_steps import NOTHING_FITTED

K = TypeVar("K")

_NO_EXPLORING = "{:g} of the choices would explore, which `audit.regulated` rules out: set it to 0"

PRICES = {"input_usd_per_million", "output_usd_per_million"}
"""Keys that say what a model costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `validate` found.

    problems, warnings: `file:line:column: message`.  counts: of what → how many.  policies: the folder of the
    project's own, which are not judged here; None when it has none.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    counts: Mapping[str, int]
    policies: Path | None = None


def find_root(start: Path) -> Path:
    """Return the nearest folder with an `agentcore.yaml`, from `start` (a file or folder) upwards.

    Raises ConfigError when there is none.
    """
    for folder in (start, *start.absolute().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise ConfigError(
        [f"{start}: there is no {PROJECT_FILE} here or in a folder above"],
        hint="make a project with: agentcore init FOLDER",
    )


def find_store(root: Path, *, environment: Mapping[str, str] | None = None) -> Path | StoreUrl:
    """Return where the project in a folder records its runs, whatever else is wrong there.

    It is the default file when `agentcore.yaml` names none. environment: for `${NAME}`, the process's by default.
    Raises ConfigError when `agentcore.yaml` cannot be understood, unless there is a journal at the default place, and
    when its `store` is none.
    """
    problems = Problems()
    path = root / PROJECT_FILE
    source = read_yaml(path, path.as_posix(), problems)
    written = None if source is None else source.get(("store",))
    if source is None or not (isinstance(written, str) and written):
        default = root / STORE
        if source is None and not default.is_file():
            problems.raise_if_any()
        return default
    known = os.environ if environment is None else environment
    store = read_store(written, root=root, source=source, environment=known, problems=problems)
    problems.raise_if_any()
    return store


def wants_access_log(root: Path) -> bool:
    """Return whether the project in a folder wants it noted who looks, whatever else is wrong there."""
    path = root / PROJECT_FILE
    source = read_yaml(path, path.as_posix(), Problems())
    return source is not None and source.get(("audit", "access_log")) is True


def find_archives(root: Path) -> Path | None:
    """Return the folder into which retention puts the runs of the project in a folder, None when there is none."""
    path = root / PROJECT_FILE
    source = read_yaml(path, path.as_posix(), Problems())
    written = None if source is None else source.get(("retention", "export"))
    return root / written if isinstance(written, str) and written else None


def load_project(root: Path, plugins: Plugins, *, environment: Mapping[str, str] | None = None) -> Project:
    """Return the project in a folder.

    environment: variables for `${NAME}` in options, the process's by default; one that is not set is an error only
    when its model or tool is built. Raises ConfigError with all problems.
    """
    reading = _Reading(root=root, plugins=plugins, environment=os.environ if environment is None else environment)
    project = reading.project()
    reading.problems.raise_if_any()
    if project is None:
        raise AssertionError("a project without problems can be made")
    return project


def load_scenario(path: Path, project: Project) -> Scenario:
    """Return the scenario in a file. Raises ConfigError with all problems."""
    problems = Problems()
    found = _scenario(path, project.budget, project.limits.on_exceeded, problems)
    problems.raise_if_any()
    if found is None:
        raise AssertionError("a scenario without problems can be made")
    return found


def validate(root: Path, plugins: Plugins, *, environment: Mapping[str, str] | None = None) -> Report:
    """Return everything that is wrong with a project's files, the scenarios included, and what may be.

    Policies are counted; the policy engine judges them, in `app`.
    """
    reading = _Reading(root=root, plugins=plugins, environment=os.environ if environment is None else environment)
    reading.project()
    keys = reading.keys or ProjectKeys()
    scenarios = reading.scenarios()
    read = {
        name: _scenario(path, keys.budget.budget(), keys.budget.on_exceeded, reading.problems)
        for name, path in scenarios.items()
    }
    reading.judge_inputs(read)
    policies = reading.policies()
    return Report(
        problems=reading.problems.errors,
        warnings=reading.problems.warnings,
        counts={
            "agents": len(reading.files),
            "models": len(keys.models),
            "tools": len(keys.tools),
            "policies": len(policy_files(policies)) if policies else 0,
            "scenarios": len(scenarios),
            **({"triggers": len(keys.triggers)} if keys.triggers else {}),
        },
        policies=policies,
    )


def _scenario(path: Path, budget: Budget, on_exceeded: OnExceeded, problems: Problems) -> Scenario | None:
    source = read_yaml(path, path.as_posix(), problems)
    if source is None:
        return None
    keys = fit(ScenarioKeys, source, problems)
    if keys is None:
        return None
    found = scenario(keys, path, budget, on_exceeded)
    judge(found, source, problems)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _AgentFile:
    source: Source
    agent: Agent
    instructions_at: str


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a folder. files: name → the agent's file, None when it cannot be understood at all."""

    root: Path
    plugins: Plugins
    environment: Mapping[str, str]
    problems: Problems = field(default_factory=Problems)
    source: Source | None = None
    keys: ProjectKeys | None = None
    files: dict[AgentName, _AgentFile | None] = field(default_factory=dict[AgentName, "_AgentFile | None"])

    def project(self) -> Project | None:
        """Return the project, None when there are problems."""
        path = self.root / PROJECT_FILE
        self.source = read_yaml(path, path.as_posix(), self.problems)
        if self.source is not None:
            self.keys = fit(ProjectKeys, self.source, self.problems)
        self._read_agents()
        if self.source is None or self.keys is None:
            return None
        source, keys = self.source, self.keys
        options = OptionsReader(root=self.root, source=source, environment=self.environment, problems=self.problems)
        models = _entries(options, "models", keys.models, self.plugins.model)
        tools = _entries(options, "tools", keys.tools, self.plugins.tool)
        triggers = _entries(options, "triggers", keys.triggers, self.plugins.trigger)
        guards = _entries(options, "guards", keys.guards, self.plugins.detector)
        self._judge_prices(source)
        if keys.routing.explore > 0.0 and keys.audit.regulated:
            self.problems.error(source.place(("routing", "explore")), _NO_EXPLORING.format(keys.routing.explore))
        settings = {ModelName(name): entry.settings(name, given) for name, (given, entry) in models.items() if entry}
        fitted = read_router(keys.routing.model, source=source, root=self.root, problems=self.problems)
        known = Known(
            agents={name: None if file is None else file.agent for name, file in self.files.items()},
            models={name: settings[name].profile if name in settings else None for name in map(ModelName, models)},
            tools=list(map(ToolName, tools)),
            safeties={name: given.safety for name, (_, given) in tools.items() if given and given.safety},
            fitted=fitted[1],
        )
        self._judge(source, keys, known)
        policies, scenarios = self.policies(), self.scenarios()
        store = read_store(
            keys.store, root=self.root, source=source, environment=self.environment, problems=self.problems
        )
        for name, entry in keys.triggers.items():
            for path, message in trigger_problems(entry, source.mapping(("triggers", name)), scenarios):
                self.problems.error(source.place(("triggers", name, *path)), message)
        webhook = read_webhook(keys.approvals, source=source, environment=self.environment, problems=self.problems)
        if self.problems.errors or keys.team is None:
            return None
        return Project(
            name=keys.name or self.root.absolute().name,
            root=self.root,
            agents=[file.agent for file in self.files.values() if file],
            team=keys.team.team(),
            models=settings,
            tools=[entry.settings(name, given) for name, (given, entry) in tools.items() if entry],
            limits=keys.limits.limits(keys.budget.on_exceeded),
            budget=keys.budget.budget(),
            weights=keys.routing.weights(),
            fitted=fitted[0],
            explore=keys.routing.explore,
            store=store,
            policies=policies,
            scenarios=scenarios,
            triggers=[entry.settings(name, given) for name, (given, entry) in triggers.items() if entry],
            guards=[entry.settings(name, given) for name, (given, entry) in guards.items() if entry],
            webhook=webhook,
            retention=None if keys.retention is None else keys.retention.settings(self.root),
            audit=keys.audit.settings(),
            cache=keys.cache.settings(),
        )

    def judge_inputs(self, scenarios: Mapping[str, Scenario | None]) -> None:
        """Add to `problems` where triggers give their scenarios other inputs than those have."""
        for name, entry in self.keys.triggers.items() if self.keys and self.source else ():
            found = scenarios.get(entry.scenario)
            if found is None or self.source is None:
                continue
            for path, message in input_problems(entry.settings(name, Options()), found):
                self.problems.error(self.source.place(("triggers", name, *path)), message)

    def policies(self) -> Path | None:
        """Return the folder of policies, None when there is none."""
        written = self.keys.policies if self.keys else None
        folder = self._folder("policies", written)
        if folder is None or policy_files(folder):
            return folder
        place = self.source.place(("policies",)) if self.source and written else Place(file=folder.as_posix())
        self.problems.error(place, NO_POLICY.format(folder.as_posix()))
        return None

    def scenarios(self) -> dict[str, Path]:
        """Return the scenarios' files by name without ending."""
        folder = self._folder("scenarios", self.keys.scenarios if self.keys else None)
        return {} if folder is None else {path.stem: path for path in _yaml_files(folder)}

    def _folder(self, key: str, written: str | None) -> Path | None:
        folder = self.root / (written or key)
        if folder.is_dir():
            return folder
        if written is not None and self.source is not None:
            self.problems.error(self.source.place((key,)), f"there is no folder `{written}`")
        return None

    def _read_agents(self) -> None:
        written = self.keys.agents if self.keys else "agents"
        folder = self.root / written
        if not folder.is_dir():
            if self.source is not None:
                self.problems.error(self.source.place(("agents",)), f"there is no folder `{written}` with agents")
            return
        for path in _yaml_files(folder):
            source = read_yaml(path, path.as_posix(), self.problems)
            keys = None if source is None else fit(AgentKeys, source, self.problems)
            if source is None or keys is None:
                self.files.setdefault(AgentName(path.stem), None)
                continue
            name = AgentName(keys.name or path.stem)
            if not NAME.fullmatch(name):
                self.problems.error(source.place(()), f"`name` is required: `{name}`, the file's own, cannot be one")
            other = self.files.get(name)
            if name in self.files:
                where = f", in {other.source.file}" if other else ""
                self.problems.error(source.place(("name",)), f"another agent is called `{name}`{where}")
                continue
            instructions_at = "instructions_file" if keys.instructions_file else "instructions"
            routing = self.keys.routing if self.keys else None
            agent = keys.agent(name, self._instructions(keys, source), routing)
            self.files[name] = _AgentFile(source=source, agent=agent, instructions_at=instructions_at)

    def _instructions(self, keys: AgentKeys, source: Source) -> str:
        if keys.instructions_file is None:
            return (keys.instructions or "").strip()
        place = source.place(("instructions_file",))
        if keys.instructions is not None:
            self.problems.error(place, "give `instructions` or `instructions_file`, not both")
        path = self.root / keys.instructions_file
        if not path.is_file():
            self.problems.error(place, f"there is no file `{path.as_posix()}` (paths start at the project's folder)")
            return ""
        return (read_text(path, path.as_posix(), self.problems) or "").strip()

    def _judge(self, source: Source, keys: ProjectKeys, known: Known) -> None:
        top = Place(file=source.file, line=1, column=1)
        if "models" not in source.value or source.value["models"] == {}:
            self.problems.error(top, "`models` is required: name at least one")
        if "team" not in source.value:
            self.problems.error(top, "`team` is required")
        if keys.team is not None:
            team = keys.team.team()
            found = list(team_problems(team, known))
            for path, message in found:
                self.problems.error(source.place(("team", *path)), message)
            agents = {name: file.agent for name, file in self.files.items() if file}
            for name in () if found else unused_agents(team, agents):  # a misspelt name would make its agent unused
                file = self.files[name]
                if file is not None:
                    self.problems.warn(file.source.place(("name",)), f"`{name}` is neither in the team nor on a panel")
        for file in self.files.values():
            if file is not None:
                self._judge_agent(file, known)

    def _judge_prices(self, source: Source) -> None:
        """Warn of models elsewhere whose calls would count as free."""
        for name in source.mapping(("models",)):
            provider = source.get(("models", name, "provider"))
            if PRICES & source.mapping(("models", name, "price")).keys() or not isinstance(provider, str):
                continue
            try:
                local = self.plugins.model(provider).local
            except PluginError:  # told with the options
                continue
            if not local:
                message = (
                    f"`{name}` has no price: its calls count as $0, and `budget.usd` cannot stop them; "
                    "if they are free, write `price: {input_usd_per_million: 0}`"
                )
                self.problems.warn(source.key_place(("models", name)), message)

    def _judge_agent(self, file: _AgentFile, known: Known) -> None:
        source, agent = file.source, file.agent
        for path, message in agent_problems(agent, known):
            at = (file.instructions_at,) if path == ("instructions",) else path
            self.problems.error(source.place(at), message)
        fitted = known.fitted or NOTHING_FITTED
        for path, message in (*routing_warnings(agent, fitted), *verification_warnings(agent, known)):
            self.problems.warn(source.place(path), message)
        for index, check in enumerate(agent.verification.checks):
            name = check.options.get("file")
            if check.name == PYTHON and isinstance(name, str) and not (self.root / name).is_file():
                place = source.place(("verify", "checks", index, PYTHON, "file"))
                path = (self.root / name).as_posix()
                self.problems.error(place, f"there is no file `{path}` (paths start at the project's folder)")
        schemas = {("inputs", name): schema for name, schema in agent.inputs.items()}
        for at, schema in (*schemas.items(), (("output",), agent.output)):
            for path, message in misspelt(schema, at):
                self.problems.warn(source.key_place(path), message)


def _entries(
    options: OptionsReader,
    kind: str,
    keys: Mapping[str, K],
    plugin: Callable[[str], ModelPlugin | ToolPlugin | TriggerPlugin | DetectorPlugin],
) -> dict[str, tuple[Options, K | None]]:
    """Return what stands under a key of the project's file: name → options, and the keys unless they are wrong."""
    names = options.source.mapping((kind,))
    return {name: (options.read((kind, name), plugin), keys.get(name)) for name in names}


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.is_file())
