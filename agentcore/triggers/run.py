"""All triggers of a project at work."""

from __future__ import annotations

import os
from collections.abc import Collection, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from agentcore.adapters.clock import SystemClock
from agentcore.adapters.plugins import EntryPointPlugins
from agentcore.config.load import load_scenario
from agentcore.config.problem import unknown
from agentcore.config.project import Project
from agentcore.config.scenarios import Scenario
from agentcore.config.triggers import TriggerSettings, input_problems
from agentcore.domain.errors import ConfigError
from agentcore.ports.clock import Clock
from agentcore.ports.plugin import BuildContext, Plugins
from agentcore.ports.starter import Starter
from agentcore.triggers.launch import Launch
from agentcore.triggers.message_loop import TriggerLoop
from agentcore.triggers.schedule_loop import ScheduleLoop
from agentcore.triggers.together import together


async def run_triggers(
    project: Project,
    starter: Starter,
    *,
    only: Collection[str] = (),
    clock: Clock | None = None,
    plugins: Plugins | None = None,
) -> None:
    """Start runs as the project's triggers say, until cancelled; at once done when it has none.

    only: names of triggers; by default all.  clock, plugins: by default this machine's.

    Cancelling ends it in good order: nothing more is received, a start or an acknowledgement under way is finished,
    connections are closed. Runs that were started are the starter's: they are neither waited for nor cancelled.

    Raises ConfigError (also for an extra that is not installed) and PluginError before anything is started,
    SourceUnavailable when a server cannot be reached at the beginning, and JournalError when the journal is damaged or
    of another version.
    """
    chosen = _chosen(project, only)
    scenarios = {trigger.name: _scenario(project, trigger) for trigger in chosen}
    installed = EntryPointPlugins() if plugins is None else plugins
    ticking = SystemClock() if clock is None else clock
    context = BuildContext(root=project.root, environment=dict(os.environ))
    async with AsyncExitStack() as stack:
        loops: list[ScheduleLoop | TriggerLoop] = []
        for trigger in chosen:
            launch = Launch(
                project=project.name,
                trigger=trigger,
                scenario=scenarios[trigger.name],
                starter=starter,
                clock=ticking,
            )
            if trigger.schedule is not None:
                loops.append(ScheduleLoop(schedule=trigger.schedule, launch=launch))
                continue
            plugin = installed.trigger(trigger.provider)
            source = plugin.build(trigger.name, trigger.build_options(plugin), context)
            stack.push_async_callback(source.aclose)
            loops.append(TriggerLoop(source=source, launch=launch))
        await together(_running(loop) for loop in loops)


def _running(loop: ScheduleLoop | TriggerLoop) -> Coroutine[Any, Any, None]:
    return loop.run()


def _chosen(project: Project, only: Collection[str]) -> list[TriggerSettings]:
    problems = [unknown("trigger", name, project.triggers) for name in only if name not in project.triggers]
    if problems:
        raise ConfigError(problems)
    return [trigger for name, trigger in project.triggers.items() if not only or name in only]


def _scenario(project: Project, trigger: TriggerSettings) -> Scenario:
    """Return a trigger's scenario. Raises ConfigError when there is none, or its inputs are others."""
    path = project.scenarios.get(trigger.scenario)
    if path is None:
        problem = unknown("scenario", trigger.scenario, project.scenarios)
        raise ConfigError([f"trigger `{trigger.name}`: {problem}"])
    scenario = load_scenario(path, project)
    problems = [
        f"trigger `{trigger.name}`: {'.'.join(map(str, at))}: {message}"
        for at, message in input_problems(trigger, scenario)
    ]
    if problems:
        raise ConfigError(problems)
    return scenario
