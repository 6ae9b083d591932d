"""`agentcore approvals approve` and the other decisions."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentcore.domain.approval import RUNTIME, ApprovalRecord, Ruling, Verb
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.domain.json import JSON
from agentcore.surfaces.approval_json import approval_json
from agentcore.surfaces.cli.approval_next import what_next
from agentcore.surfaces.cli.approval_text import about, decided
from agentcore.surfaces.cli.project_choice import chosen_project, chosen_store, project_option
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Store

ACTOR = "AGENTCORE_ACTOR"
"""The environment variable that says who decides."""


class _Value(click.ParamType[Any]):
    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the JSON value of a text, or of the file after an `@`, in a list: null is a value, too."""
        text, where = str(value), "--value"
        if text.startswith("@"):
            where = text[1:]
            try:
                text = Path(where).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                self.fail(f"{where} cannot be read: {error}", param, ctx)
        try:
            return [json.loads(text, parse_constant=_refuse)]
        except (ValueError, RecursionError) as error:
            self.fail(f"{where} is not JSON: {error}; a text stands in quotation marks: '\"text\"'", param, ctx)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _command(verb: Verb, line: str) -> click.Command:
    """Return the command of a decision."""
    with_value = verb in {"edit", "respond"}

    @click.command(verb, help=f"{line} APPROVAL is an id, or the beginning of one.")
    @click.argument("approval")
    @click.option("--actor", metavar="NAME", help=f"Who decides; by default ${ACTOR}, or the user's name.")
    @click.option("--reason", default="", metavar="TEXT", help="Why; it is recorded, and told to the agent.")
    @click.option(
        "--version", type=click.IntRange(1), metavar="N", help="Decide only if this is still the question's version."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @project_option
    @logged
    def command(
        approval: str,
        *,
        actor: str | None,
        reason: str,
        version: int | None,
        as_json: bool,
        project: Path | None,
        value: list[JSON] | None = None,
    ) -> None:
        ruling = Ruling(
            verb=verb,
            actor=_actor(actor),
            reason=reason,
            value=None if value is None else value[0],
            version=version or 0,
            at=time.time(),
        )
        record, following = asyncio.run(_decide(chosen_store(project), approval, ruling, project))
        if as_json:
            click.echo(json.dumps({**approval_json(record), "next": following}, indent=2))
            return
        screen = output()
        say(screen, f"{record.approval.id}, {about(record.approval)}: {decided(record.ruling or ruling)}")
        say(screen, following)

    if with_value:
        option: Callable[[click.Command], click.Command] = click.option(
            "--value", type=_Value(), required=True, metavar="JSON|@FILE", help="The other value, or a file with it."
        )
        return option(command)
    return command


def _actor(given: str | None) -> str:
    """Return who decides. Raises UsageError when that is nobody, or the runtime itself."""
    actor = given if given is not None else os.environ.get(ACTOR, "")
    if not actor and given is None:
        try:
            actor = getpass.getuser()
        except (OSError, KeyError):  # a user without a name
            actor = f"uid-{os.getuid()}"
    if not actor.strip() or actor == RUNTIME:
        raise click.UsageError(f"{actor!r} cannot decide: say who you are with --actor, or in ${ACTOR}")
    return actor


async def _decide(store: Store, approval: str, ruling: Ruling, folder: Path | None) -> tuple[ApprovalRecord, str]:
    """Decide; return the question with its ruling, and what happens next. Raises ApprovalError or JournalError."""
    try:
        record = await store.inbox.approval(approval)
        ruling = replace(ruling, version=ruling.version or record.approval.version)
        if ruling.verb == "edit" and record.status == "pending":
            await _judge(record, ruling, folder)
        ruled = await store.inbox.rule(record.approval.id, ruling)
        return ruled, await what_next(store, ruled)
    finally:
        await store.aclose()


async def _judge(record: ApprovalRecord, ruling: Ruling, folder: Path | None) -> None:
    """Judge edited values by the project's schemas, where there are any. Raises ApprovalError."""
    from agentcore.app.asked import judge_edit  # noqa: PLC0415  # for start-up time

    try:
        await judge_edit(chosen_project(folder), record.approval, ruling.value)
    except (ConfigError, PluginError) as error:  # it is judged again before the call
        say(messages(), f"warning: the value is not checked, as the project cannot be read: {error.message}")


approve = _command("approve", "Let it go on: the call is made, the output accepted.")
edit = _command("edit", "Let it go on with other arguments, or another output.")
reject = _command("reject", "The call is not made, the output not accepted; the agent is told why.")
respond = _command("respond", "Answer in place of the call, which is not made.")
escalate = _command("escalate", "Let the next approver decide.")
terminate = _command("terminate", "End the run.")
