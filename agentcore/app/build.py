"""The parts of a runtime, made of a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore.adapters.tools.source_file import load_file
from agentcore.app.project import installed_plugins
from agentcore.config.policies import read_policies
from agentcore.config.routing import repeated_calls
from agentcore.domain.agent import Agent
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.flow import ToolFlow, declared_flow, undeclared
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSON, canonical
from agentcore.domain.verdict import Vote
from agentcore.engine.definition import Definition
from agentcore.engine.guards import Guard, Guards
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.engine.verifier import CustomCheck
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.announcer import Announcer
from agentcore.ports.clock import Clock
from agentcore.ports.knowledge_guard import KnowledgeGuard
from agentcore.ports.notifier import Notifier
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import Compensates, LooksUp, Tool, ToolDefinition
from agentcore.verification.subject import Subject
from agentcore.version import __version__

if TYPE_CHECKING:
    from agentcore.adapters.webhook import Webhook
    from agentcore.config.models import ToolSettings
    from agentcore.config.project import Project


def load_policies(project: Project) -> PolicyEngine:
    """Return the policy engine over a project's policies, or over the package's own when it has none.

    Raises ConfigError with every fault of the files.
    """
    return PolicyEngine.load(policy_texts(project))


def policy_texts(project: Project) -> Mapping[str, str]:
    """Return the policies that apply to a project, file by file."""
    return default_policies() if project.policies is None else read_policies(project.policies)


def default_policies() -> Mapping[str, str]:
    """Return the package's own policies, file by file."""
    folder = resources.files("agentcore.policy") / "default"
    return {
        entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".cedar")
    }


def _context(project: Project, knowledge: KnowledgeGuard | None = None) -> BuildContext:
    return BuildContext(root=project.root, environment=dict(os.environ), knowledge=knowledge)


def definition_of(project: Project) -> Definition:
    """Return what shapes a project's runs. Raises ConfigError when a check's function is missing."""
    return Definition(
        name=project.name,
        version=__version__,
        snapshot=project.snapshot,
        agents=project.agents,
        team=project.team,
        limits=project.limits,
        budget=project.budget,
        weights=project.weights,
        checks=custom_checks(project.agents, project.root),
        fitted=project.fitted_steps,
        fitted_text=project.fitted,
    )


def build_models(project: Project, clock: Clock) -> ModelPool:
    """Return a project's models. Raises ConfigError, PluginError or ModelError with what to do next."""
    plugins = installed_plugins()
    entries: dict[ModelName, ModelEntry] = {
        # Not known to be local: what a program hands over may well call a server.
        name: ModelEntry(profile=profile, model=model, provider="python")
        for name, (profile, model) in project.built_models.items()
    }
    for name, settings in project.models.items():
        plugin = plugins.model(settings.provider)
        entries[name] = ModelEntry(
            profile=settings.profile,
            model=plugin.build(name, settings.build_options(plugin), _context(project)),
            provider=settings.provider,
            parallel=settings.parallel,
            local=plugin.local,
            service=canonical([settings.provider, settings.options.declared.get("base_url")]),
        )
    return ModelPool(entries, clock)


def build_tools(project: Project, knowledge: KnowledgeGuard | None = None) -> dict[ToolName, Tool]:
    """Return a project's tools. Raises ConfigError or PluginError with what to do next.

    knowledge: what looks at the texts that they take in; None when they are not to be called.
    """
    tools: dict[ToolName, Tool] = dict(project.built_tools)
    for settings in project.tools.values():
        tools |= {tool.definition.name: tool for tool in build_tool(project, settings, knowledge)}
    safeties = {str(name): tool.definition.safety for name, tool in tools.items()}
    found = [
        f"agent `{agent.name}`: {'.'.join(str(part) for part in path)}: {message}"
        for agent in project.agents.values()
        for path, message in repeated_calls(agent, safeties)
    ]
    if found:
        raise ConfigError(found)
    return tools


def build_tool(project: Project, settings: ToolSettings, knowledge: KnowledgeGuard | None = None) -> list[Tool]:
    """Return the tools of one entry: one, or several of a plug-in with many functions. See `build_tools`."""
    plugin = installed_plugins().tool(settings.provider)
    tools: list[Tool] = []
    for tool in plugin.build(settings.name, settings.build_options(plugin), _context(project, knowledge)):
        overridden = replace(
            tool.definition,
            seconds=tool.definition.seconds if settings.seconds is None else settings.seconds,
            max_calls=tool.definition.max_calls if settings.max_calls is None else settings.max_calls,
            safety=tool.definition.safety if settings.safety is None else settings.safety,
            approval=tool.definition.approval if settings.approval is None else settings.approval or None,
            **_flow(tool.definition, settings),
        )
        if overridden.safety is Safety.COMPENSABLE and not overridden.compensates:
            raise ConfigError(
                [f"tool {overridden.name}: `safety: compensable` needs a tool that can undo its calls"],
                hint='give it a function: @tool(safety="compensable", compensate=…)',
            )
        tools.append(tool if overridden == tool.definition else _Redefined(tool, overridden))
    return tools


def _flow(definition: ToolDefinition, settings: ToolSettings) -> dict[str, Any]:
    """Return the parameters without what they say of the flow of data, and that, unless the project says otherwise."""
    try:
        declared = declared_flow(definition.parameters)
    except ValueError as problem:
        raise ConfigError([f"tool {definition.name}: {problem}"]) from None
    own = definition.flow if declared == ToolFlow() else declared
    return {"parameters": undeclared(definition.parameters), "flow": settings.flow or own}


def build_guards(project: Project) -> Guards:
    """Return a project's guards. Raises ConfigError or PluginError with what to do next."""
    plugins = installed_plugins()
    guards: list[Guard] = []
    for settings in project.guards.values():
        plugin = plugins.detector(settings.provider)
        guards.append(
            Guard(
                detector=plugin.build(settings.name, settings.build_options(plugin), _context(project)),
                at=frozenset(settings.at),
                action=settings.action,
                raises=settings.raises,
                on_failure=settings.on_failure,
                seconds=settings.seconds,
            )
        )
    return Guards(guards, largest_input=project.limits.input_characters)


def build_notifier(project: Project) -> Notifier | None:
    """Return who is told what runs ask people, None when nobody is. Raises ConfigError: a variable is not set."""
    return _webhook(project)


def build_announcer(project: Project) -> Announcer | None:
    """Return who is told what policies want told, None when nobody is. Raises ConfigError: a variable is not set."""
    return _webhook(project)


def _webhook(project: Project) -> Webhook | None:
    settings = project.webhook
    if settings is None:
        return None
    if settings.missing:
        raise ConfigError(settings.missing, hint="export the variable, or write ${NAME:-default} in the file")
    from agentcore.adapters.webhook import Webhook  # noqa: PLC0415  # aiohttp takes a while to import

    return Webhook(settings.url, settings.secret, include_value=settings.include_value)


class _Redefined:
    """A tool whose definition the project has changed in part."""

    def __init__(self, tool: Tool, definition: ToolDefinition) -> None:
        self.definition = definition
        self.describe = tool.describe
        self.call = tool.call
        self.aclose = tool.aclose
        if isinstance(tool, LooksUp):
            self.look_up = tool.look_up
        if isinstance(tool, Compensates):
            self.compensate = tool.compensate


def custom_checks(agents: Mapping[AgentName, Agent], root: Path) -> dict[str, CustomCheck]:
    """Return the functions of `python` checks, by their options. Raises ConfigError when one is missing."""
    checks: dict[str, CustomCheck] = {}
    for agent in agents.values():
        for check in agent.verification.checks:
            if check.name == "python":
                file, name = str(check.options["file"]), str(check.options["function"])
                function = getattr(load_file(f"agent {agent.name}", root, file), name, None)
                if not callable(function):
                    raise ConfigError([f"agent {agent.name}: check python: {file} has no function {name}"])
                checks[canonical(check.options)] = _vote_of(function, name)
    return checks


def _vote_of(function: Callable[[JSON, Subject], object], name: str) -> CustomCheck:
    """Let a project's function return True, or what is wrong: a sentence, several, or False."""

    def check(subject: Subject) -> Vote:
        found = function(subject.output, subject)
        verifier = f"check:{name}"
        match found:
            case True | None:
                return Vote(verifier=verifier, accepts=True, checked=name)
            case False:
                return Vote(verifier=verifier, accepts=False, reasons=(f"{name} rejects the output",), checked=name)
            case str():
                return Vote(verifier=verifier, accepts=False, reasons=(found,), checked=name)
            case Vote():
                return found
            case _:
                raise TypeError(f"{name} must return True, False, a reason or a Vote, not {type(found).__name__}")

    return check
