"""Project: everything that shapes runs, read from a folder or written in Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from agentcore.config.audit import AuditSettings
from agentcore.config.budgets import DEFAULT_BUDGET
from agentcore.config.caching import CacheSettings
from agentcore.config.guards import GuardSettings
from agentcore.config.known import Known
from agentcore.config.models import ModelSettings, ToolSettings, model
from agentcore.config.project_file import STORE
from agentcore.config.references import agent_problems, team_problems
from agentcore.config.retention import RetentionSettings
from agentcore.config.triggers import TriggerSettings
from agentcore.config.versions import plain, policies_digest, versioned
from agentcore.config.webhook import WebhookSettings
from agentcore.domain.agent import Agent, Role
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSON, digest
from agentcore.domain.store_url import StoreUrl
from agentcore.domain.team import RunLimits, Team
from agentcore.ports.model import Model
from agentcore.ports.tool import Tool
from agentcore.prompts.sections import FORMAT_VERSION
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import FittedSteps, read_steps
from agentcore.routing.profile import ModelProfile
from agentcore.version import __version__

EMBEDDED = "qwen2.5-coder-1.5b-instruct"
"""The model of a project that names none: it runs in this process."""


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Project:
    """What runs are made of.

    built_models, built_tools: made in Python already, beside those that plug-ins make of `models` and `tools`.
    root: the folder that relative paths refer to.  store: the journal's file, or its database.  policies: the folder
    of the project's own policies, None for the package's.  scenarios: the files by their names without ending.
    triggers, guards: by name.  webhook: who is told what runs ask people.  retention: how long runs stay, None for
    ever.  audit: what it notes.  cache: which replies are served again.  fitted: the text of the fitted router's
    file, empty without one.  explore: the largest share of first choices that do, 0 when nothing is learned while runs
    go on. Guards, webhook, audit, cache and explore are no part of the snapshot: a run has those of its project now.
    """

    name: str
    root: Path
    agents: Mapping[AgentName, Agent]
    team: Team
    models: Mapping[ModelName, ModelSettings]
    tools: Mapping[ToolName, ToolSettings]
    built_models: Mapping[ModelName, tuple[ModelProfile, Model]]
    built_tools: Mapping[ToolName, Tool]
    limits: RunLimits
    budget: Budget
    weights: Weights
    fitted: str
    explore: float
    store: Path | StoreUrl
    policies: Path | None
    scenarios: Mapping[str, Path]
    triggers: Mapping[str, TriggerSettings]
    guards: Mapping[str, GuardSettings]
    webhook: WebhookSettings | None
    retention: RetentionSettings | None
    audit: AuditSettings
    cache: CacheSettings

    def __init__(
        self,
        *,
        name: str,
        agents: Iterable[Agent] | Mapping[AgentName, Agent],
        team: Team | None = None,
        models: Iterable[ModelSettings] | Mapping[ModelName, ModelSettings] = (),
        tools: Iterable[ToolSettings | Tool] | Mapping[ToolName, ToolSettings] = (),
        built_models: Iterable[tuple[ModelProfile, Model]] | Mapping[ModelName, tuple[ModelProfile, Model]] = (),
        built_tools: Iterable[Tool] | Mapping[ToolName, Tool] = (),
        root: Path | None = None,
        limits: RunLimits | None = None,
        budget: Budget = DEFAULT_BUDGET,
        weights: Weights | None = None,
        fitted: str = "",
        explore: float = 0.0,
        store: Path | StoreUrl | str | None = None,
        policies: Path | None = None,
        scenarios: Mapping[str, Path] | None = None,
        triggers: Iterable[TriggerSettings] | Mapping[str, TriggerSettings] = (),
        guards: Iterable[GuardSettings] | Mapping[str, GuardSettings] = (),
        webhook: WebhookSettings | None = None,
        retention: RetentionSettings | None = None,
        audit: AuditSettings | None = None,
        cache: CacheSettings | None = None,
    ) -> None:
        """Take the parts; agents get their versions here.

        team: by default the only supervisor plans, the last worker answers, the others (or it alone) are given steps.
        models: by default the embedded one, unless `built_models` has any.  root: by default the working folder.
        store: a file, by default `.agentcore/journal.sqlite`, or a URL `postgres://…`.  tools: settings, or made.
        Raises ConfigError with everything that does not fit together.
        """
        folder = Path() if root is None else root
        hired = [versioned(agent, folder) for agent in cast("list[Agent]", _values(agents))]
        ready = cast("list[tuple[ModelProfile, Model]]", _values(built_models))
        settings = cast("list[ModelSettings]", _values(models)) or ([] if ready else [_embedded()])
        prepared, made = _parted(tools, built_tools)
        as_given = {"name": name, "root": folder, "budget": budget, "policies": policies, "webhook": webhook}
        values: dict[str, Any] = {
            **as_given,
            "fitted": fitted,
            "explore": explore,
            "retention": retention,
            "agents": {agent.name: agent for agent in hired},
            "team": team or _team(name, hired),
            "models": {each.profile.name: each for each in settings},
            "tools": {each.name: each for each in prepared},
            "built_models": {profile.name: (profile, built) for profile, built in ready},
            "built_tools": {each.definition.name: each for each in made},
            "limits": limits or RunLimits(),
            "weights": weights or Weights(),
            "store": _store(store, folder),
            "scenarios": dict(scenarios or {}),
            "triggers": {each.name: each for each in cast("list[TriggerSettings]", _values(triggers))},
            "guards": {each.name: each for each in cast("list[GuardSettings]", _values(guards))},
            "audit": audit or AuditSettings(),
            "cache": cache or CacheSettings(),
        }
        self._take(values, hired)

    def _take(self, values: Mapping[str, Any], hired: list[Agent]) -> None:
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if problems := list(self._problems(hired)):
            raise ConfigError(problems)

    @property
    def profiles(self) -> dict[ModelName, ModelProfile]:
        """What is declared about every model."""
        declared = {name: settings.profile for name, settings in self.models.items()}
        return declared | {name: profile for name, (profile, _) in self.built_models.items()}

    @property
    def fitted_steps(self) -> FittedSteps:
        """What was learnt of the project's steps. Raises ConfigError when the file of that is none."""
        try:
            return read_steps(self.fitted)
        except ValueError as error:
            raise ConfigError([f"project `{self.name}`: the fitted router cannot be read: {error}"]) from None

    @property
    def known(self) -> Known:
        """What definitions of this project can refer to."""
        return Known(
            agents=dict(self.agents.items()),
            models=dict(self.profiles.items()),
            tools={*self.tools, *self.built_tools},
            safeties={
                **{name: each.safety for name, each in self.tools.items() if each.safety is not None},
                **{name: each.definition.safety for name, each in self.built_tools.items()},
            },
            fitted=self.fitted_steps,
        )

    @property
    def snapshot(self) -> str:
        """The digest of all that shapes a run, 64 hexadecimal digits.

        Policies are read from their folder each time. Data that tools read, and what a built model or tool does, are
        not part of it.
        """
        models: dict[str, JSON] = {name: plain(asdict(profile)) for name, profile in self.profiles.items()}
        return digest(
            {
                "package": __version__,
                "facts": FORMAT_VERSION,
                "agents": {name: agent.version for name, agent in self.agents.items()},
                "team": plain(asdict(self.team)),
                "models": models,
                "providers": {name: [each.provider, each.options.declared] for name, each in self.models.items()},
                "tools": {
                    name: [
                        each.provider,
                        each.options.declared,
                        plain([each.seconds, each.max_calls, each.safety]),
                        plain(asdict(each.flow)) if each.flow else None,
                        plain(asdict(each.approval)) if each.approval else each.approval,
                    ]
                    for name, each in self.tools.items()
                },
                "built_tools": {name: plain(asdict(each.definition)) for name, each in self.built_tools.items()},
                "limits": plain(asdict(self.limits)),
                "weights": plain(asdict(self.weights)),
                **({"fitted": digest(self.fitted)} if self.fitted else {}),
                "policies": policies_digest(self.policies),
            }
        )

    def _problems(self, hired: list[Agent]) -> Iterator[str]:
        for index, agent in enumerate(hired):
            if agent.name in {other.name for other in hired[:index]}:
                yield f"two agents are called `{agent.name}`"
        for path, message in team_problems(self.team, self.known):
            yield f"team.{path[0]}: {message}"
        for agent in self.agents.values():
            for path, message in agent_problems(agent, self.known):
                yield f"agent `{agent.name}`: {'.'.join(str(part) for part in path)}: {message}"


def _embedded() -> ModelSettings:
    return model("local", "llama", parallel=1, options={"model": EMBEDDED})


def _parted(
    tools: Iterable[ToolSettings | Tool] | Mapping[ToolName, ToolSettings],
    built: Iterable[Tool] | Mapping[ToolName, Tool],
) -> tuple[list[ToolSettings], list[Tool]]:
    """Return the tools that plug-ins make, and those made in Python."""
    given = cast("list[ToolSettings | Tool]", [*_values(tools), *_values(built)])
    settings = [each for each in given if isinstance(each, ToolSettings)]
    return settings, [each for each in given if not isinstance(each, ToolSettings)]


def _store(given: Path | StoreUrl | str | None, folder: Path) -> Path | StoreUrl:
    match given:
        case None:
            return folder / STORE
        case str():
            return StoreUrl(given) if "://" in given else Path(given)
        case _:
            return given


def _values(given: Iterable[Any] | Mapping[Any, Any]) -> list[Any]:
    """Return the things themselves, which know their names."""
    things: Iterable[Any] = cast("Mapping[Any, Any]", given).values() if isinstance(given, Mapping) else given
    return list(things)


def _team(name: str, agents: list[Agent]) -> Team:
    """Return the team that goes without saying. Raises ConfigError when it does not."""
    supervisors = [agent.name for agent in agents if agent.role is Role.SUPERVISOR]
    workers = [agent.name for agent in agents if agent.role is Role.WORKER]
    if not supervisors and len(workers) == 1:
        return Team(supervisor=workers[0], workers=(), answer=workers[0])
    if len(supervisors) != 1 or not workers:
        raise ConfigError(
            [f"project `{name}` has {len(supervisors)} supervisors and {len(workers)} workers, and no team is given"],
            hint="say who does what: Project(team=Team(supervisor=…, workers=(…,), answer=…), …)",
        )
    return Team(supervisor=supervisors[0], workers=tuple(workers[:-1] or workers), answer=workers[-1])
