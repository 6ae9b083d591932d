"""`agentcore runs fork`: a run that shares another's record, and does a step of it anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from agentcore.domain.run import Run
from agentcore.surfaces.cli.dollars import Dollars
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.run_end import told
from agentcore.surfaces.cli.run_watch import Watched, follow, run_until_interrupted
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.tree import lineage_text
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import run_json

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.domain.budget import Budget
    from agentcore.domain.json import JSON
    from agentcore.ports.journal import Journal

FORM = "model=NAME, prompt=TEXT, prompt=@FILE or input.NAME=VALUE"


@dataclass(slots=True)
class _Changes:
    model: str | None = None
    prompt: str | None = None
    inputs: dict[str, JSON] = field(default_factory=dict["str", "JSON"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """run: the beginning of an id.  usd: None for the budget of the run."""

    run: str
    step: str
    changes: _Changes
    usd: Decimal | None
    detach: bool


class _Arguments(TypedDict):
    model: str | None
    prompt: str | None
    inputs: dict[str, JSON]
    budget: Budget | None


class _Change(click.ParamType[tuple[str, str]]):
    name = "change"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return what is changed, and the text that it becomes."""
        name, equals, text = str(value).partition("=")
        if not equals or not (name in {"model", "prompt"} or name.removeprefix("input.") not in {"", name}):
            self.fail(f"{value!r} is not of the form {FORM}", param, ctx)
        if name == "prompt" and text.startswith("@"):
            try:
                text = Path(text[1:]).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                self.fail(f"{text[1:]} cannot be read: {error}", param, ctx)
        return name, text


@click.command()
@click.argument("run")
@click.option("--from", "step", required=True, metavar="STEP", help="What is done anew; `plan` is all of it.")
@click.option("--set", "changes", type=_Change(), metavar="WHAT=VALUE", multiple=True, help=f"{FORM}.")
@click.option("--budget-usd", type=Dollars(), metavar="USD", help="The most that the new run may cost.")
@click.option("--detach", is_flag=True, help="Leave it to a worker, or to any process that has the project open.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
@click.pass_context
@logged
def fork(
    context: click.Context,
    run: str,
    *,
    step: str,
    changes: tuple[tuple[str, str], ...],
    budget_usd: Decimal | None,
    detach: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Do STEP of RUN, and all that depends on it, anew, in a run of its own that shares the rest.

    RUN is an id, the beginning of one, or `latest`. It stays as it is.
    """
    seen = Watched()
    wanted = _Wanted(run=run, step=step, changes=_changes(changes), usd=budget_usd, detach=detach)
    finished = run_until_interrupted(_forked(chosen_project(project), wanted, seen), seen.interruption)
    found = seen.trace
    if not detach or found is None:
        context.exit(told(finished, seen, as_json=as_json))
    if as_json:
        click.echo(json.dumps(run_json(found), indent=2))
    else:
        if found.run.started.lineage is not None:
            say(output(), lineage_text(found.run.started.lineage))
        say(output(), f"agentcore runs show {found.run.id}")
    context.exit(ExitCode.OK if finished else seen.interruption.code)


def _changes(given: Iterable[tuple[str, str]]) -> _Changes:
    made = _Changes()
    for name, text in given:
        match name:
            case "model":
                made.model = text
            case "prompt":
                made.prompt = text
            case _:
                made.inputs[name.removeprefix("input.")] = text
    return made


async def _forked(project: Project, wanted: _Wanted, seen: Watched) -> None:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    async with Runtime(project, resume=not wanted.detach) as runtime:
        origin = await _origin(runtime.journal, wanted.run)
        arguments = _Arguments(
            model=wanted.changes.model,
            prompt=wanted.changes.prompt,
            inputs=wanted.changes.inputs,
            budget=None if wanted.usd is None else replace(origin.started.budget, usd=wanted.usd),
        )
        if wanted.detach:
            id = await runtime.enqueue_fork(origin.id, wanted.step, **arguments)
            seen.events[:] = await runtime.journal.read(id)
            return
        handle = await runtime.fork(origin.id, wanted.step, **arguments)
        if handle.run.started.lineage is not None:
            say(messages(), lineage_text(handle.run.started.lineage))
        await follow(runtime, handle, seen)


async def _origin(journal: Journal, prefix: str) -> Run:
    return Run.fold(await journal.read(await journal.find(prefix)))
