"""`agentcore policy explain`: what policies decided in a run, and by which text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from rich.text import Text

from agentcore.domain.effect import UNSAFE_ADVICE, Safety
from agentcore.domain.errors import RunNotFound
from agentcore.domain.label import Label
from agentcore.domain.recorded_decision import RecordedDecision, recorded_decisions
from agentcore.policy.parsed import ParsedPolicy
from agentcore.surfaces.cli.approval_text import moment
from agentcore.surfaces.cli.project_choice import chosen_folder, chosen_journal, project_option, recorded_events
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.policy_json import explained_json


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def explain(run: str, step: str | None, *, as_json: bool, project: Path | None) -> None:
    """Show every decision of policy in RUN, or in one STEP of it: an id, the beginning of one, or `latest`.

    Policies are shown as they stand in the project now, unless they have changed since the decision.
    """
    from agentcore.app.present_policies import policies_now  # noqa: PLC0415  # for start-up time

    events = asyncio.run(recorded_events(chosen_journal(project), run))
    id_ = events[0].run
    decisions = recorded_decisions(events)
    if step is not None:
        known = dict.fromkeys(each.step for each in decisions)
        decisions = [each for each in decisions if each.step == step]
        if not decisions:
            raise RunNotFound(
                f"no decision is recorded of a step {step!r} of run {id_}",
                hint=f"there are some of {', '.join(known)}" if known else "",
            )
    now = policies_now(chosen_folder(project))
    if as_json:
        click.echo(json.dumps(explained_json(id_, decisions, now.policies, now.bundle), indent=2))
        return
    screen = output()
    if not decisions:
        screen.print(f"no decision is recorded of run {id_}")
    for line in _explained(decisions, now.policies, now.bundle):
        screen.print(line, soft_wrap=True)


def _explained(
    decisions: Sequence[RecordedDecision], policies: Mapping[str, ParsedPolicy], bundle: str
) -> Iterator[Text]:
    shown: dict[str, ParsedPolicy] = {}
    for each in decisions:
        same = each.decision.bundle == bundle
        ids = (*each.decision.policies, *(one.policy for one in each.decision.obligations))
        mine = {id_: policies[id_] for id_ in ids if id_ in policies} if same else {}
        shown |= mine
        yield from _decision(each, mine, same=same)
    for policy in shown.values():
        yield Text()
        yield Text(policy.place, style="dim")
        yield Text(policy.source.policy)


def _decision(each: RecordedDecision, policies: Mapping[str, ParsedPolicy], *, same: bool) -> Iterator[Text]:
    decision = each.decision
    answer, style = ("permitted", "green") if decision.permitted else ("denied", "red")
    yield Text.assemble(
        (f"{moment(each.at)}  ", "dim"),
        (each.step, "bold"),
        f"  {decision.principal} {decision.action} {decision.resource}: ",
        (answer, style),
        ("" if same else "  (the policies have changed since)", "yellow"),
    )
    for error in decision.errors:
        yield Text(f"  evaluation failed, which denies: {error}", style="red")
    for id_ in decision.policies:
        yield Text.assemble(f"  by {id_}", (f"  {policies[id_].place}" if id_ in policies else "", "dim"))
    if not decision.policies and not decision.errors:
        unsafe = each.effect is not None and each.effect.safety is Safety.UNSAFE
        yield Text(f"  no policy permits it{f'; {UNSAFE_ADVICE}' if unsafe else ''}")
    for one in decision.obligations:
        yield Text.assemble(
            f"  {one.policy} asks to {one.kind} it",
            (f"  {policies[one.policy].place}" if one.policy in policies else "", "dim"),
        )
    for ruling in each.rulings:
        yield Text(f"  {ruling.actor} chose to {ruling.verb} it" + (f": {ruling.reason}" if ruling.reason else ""))
    for unmet in decision.unmet:
        yield Text(f"  which was not done, and so it was denied: {unmet}", style="red")
    if each.label is not None:
        yield _label(each.label, of_call=each.effect is not None)


def _label(label: Label, *, of_call: bool) -> Text:
    sources = ", ".join(sorted(label.sources)) or "none"
    what = "what came of it" if of_call else "what it is about"
    return Text(f"  {what}: {label.confidentiality.name.lower()}, from {sources}", style="dim")
