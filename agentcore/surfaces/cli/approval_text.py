"""Questions as people read them: what is asked, of whom, until when, and what each decision would do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import assert_never

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentcore.domain.approval import Approval, ApprovalRecord, Ruling, Verb, choices
from agentcore.domain.json import JSON
from agentcore.domain.run import Run
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.terminal import say

_VERB_WIDTH = len("terminate")


def moment(at: float) -> str:
    """Return a point in time in the local time zone."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def about(asked: Approval) -> str:
    """Return in a few words what a question is about."""
    match asked.subject:
        case "call":
            return f"to call {asked.name}"
        case "outcome":
            return f"whether {asked.name} was called"
        case "output":
            return f"the output of {asked.name}"
        case _ as unreachable:
            assert_never(unreachable)


def decided(ruling: Ruling) -> str:
    """Return who decided what, and why."""
    said = f": {ruling.reason}" if ruling.reason else ""
    return f"{ruling.actor} chose to {ruling.verb}{said}"


def approvals_table(records: Sequence[ApprovalRecord]) -> Table:
    """Return a row for each question."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("approval", "asked", "due", "of", "what", "status"):
        table.add_column(column, no_wrap=column != "what")
    for record in records:
        asked = record.approval
        table.add_row(
            Text(asked.id),
            moment(asked.asked_at)[5:-3],
            "-" if asked.due_at is None else moment(asked.due_at)[5:-3],
            Text(one_line(asked.approver) or "anybody"),
            Text(one_line(f"{about(asked)} ({asked.step})")),
            Text(one_line(record.status if record.ruling is None else f"{record.status}: {decided(record.ruling)}")),
        )
    return table


def show_approval(screen: Console, record: ApprovalRecord, run: Run) -> None:
    """Print a question and what can be done about it."""
    for line in _lines(record, run):
        say(screen, line)


def _lines(record: ApprovalRecord, run: Run) -> Iterator[Text]:
    asked = record.approval
    yield Text.assemble((asked.id, "bold"), f" · {record.status} · version {asked.version}")
    yield Text(asked.reason, style="bold magenta")
    yield Text()
    yield _field("run", f"{run.started.name} {record.run} · {run.status}")
    yield _field("goal", one_line(run.started.task.goal))
    yield _field("step", f"{asked.step} · attempt {asked.attempt} · {asked.agent}")
    others = [each for each in asked.rule.approvers if each != asked.approver]
    yield _field(
        "asks", (asked.approver or "anybody") + (f" (of {', '.join(asked.rule.approvers)})" if others else "")
    )
    yield _field("asked", moment(asked.asked_at))
    if asked.due_at is not None:
        yield _field("due", f"{moment(asked.due_at)}, then: {asked.rule.on_due}")
    if asked.key:
        yield _field("key", asked.key)
    yield _field("output" if asked.subject == "output" else asked.name, _value(asked.value))
    if record.ruling is not None:
        yield _field("ruling", f"{decided(record.ruling)}  ({moment(record.ruling.at)})")
        if record.ruling.value is not None:
            yield _field("value", _value(record.ruling.value))
    if record.status == "pending":
        yield Text()
        for verb in choices(asked):
            yield Text.assemble((verb.ljust(_VERB_WIDTH), "bold"), f"  {_effect(asked, verb)}")
        yield Text()
        yield Text(f"agentcore approvals approve {asked.id} --version {asked.version}", style="dim")
        if "edit" in choices(asked):
            yield Text(f"agentcore approvals edit {asked.id} --version {asked.version} --value @file", style="dim")
        yield Text(f"agentcore approvals reject {asked.id} --version {asked.version} --reason '…'", style="dim")


def _effect(asked: Approval, verb: Verb) -> str:
    """Return what a decision would do."""
    call, agent = asked.name, asked.agent
    match verb, asked.subject:
        case "approve", "call":
            return f"{call} is called with these arguments"
        case "approve", "outcome":
            return f"{call} is called again, with the same key"
        case "approve", _:
            return "the output is accepted"
        case "edit", "output":
            return "the output of --value is accepted instead"
        case "edit", _:
            return f"{call} is called with the arguments of --value"
        case "reject", "output":
            return f"the output is not accepted; {agent} is told --reason, and tries again if it may"
        case "reject", "outcome":
            return f"the call counts as failed; {agent} is told --reason"
        case "reject", _:
            return f"{call} is not called; {agent} is told --reason"
        case "respond", "outcome":
            return "the call counts as done; --value is its result"
        case "respond", _:
            return f"{call} is not called; --value is its result"
        case "escalate", _:
            return f"{asked.rule.approvers[asked.version]} is asked instead"
        case "terminate", _:
            return "the run ends; what can be undone is undone"
        case _ as unreachable:
            assert_never(unreachable)


def _value(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _field(name: str, text: str) -> Text:
    """Return `name: text`; a text of several lines stands beneath."""
    lines = text.splitlines()
    shown = text if len(lines) < 2 else "\n" + "\n".join(f"  {line}" for line in lines)
    return Text.assemble((f"{name}: ".ljust(8), "dim"), shown)
