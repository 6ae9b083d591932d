"""`agentcore policy template`: policies for common needs, to copy and to fill in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.named_value import NamedValue
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.domain.json import JSON
    from agentcore.policy.policy_template import PolicyTemplate


@click.command()
@click.argument("name", required=False)
@click.option(
    "--set", "values", type=NamedValue(), metavar="NAME=VALUE", multiple=True, help="A parameter of the template."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it into this file."
)
@click.option("--force", is_flag=True, help="With --out: also into a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@logged
def template(
    name: str | None, *, values: tuple[tuple[str, str], ...], out: Path | None, force: bool, as_json: bool
) -> None:
    """Print the policy template NAME, filled in with what --set says; without NAME, say which there are.

    A template is shown as it is, with holes, while nothing is set that it needs. What is made of one is a file like
    any other: change it as you like, and let `agentcore policy check` compare it with the project.
    """
    from agentcore.config.policy_templates import policy_template, policy_templates, write_policy  # noqa: PLC0415

    given = dict(values)
    if name is None:
        if given or out is not None:
            raise click.UsageError("name the template: agentcore policy template NAME")
        _list(policy_templates(), as_json=as_json)
        return
    found = policy_template(name)
    is_shown = found.required and not given and out is None
    text = found.text if is_shown else _checked(found, given)
    if out is not None:
        write_policy(out, text, force=force)
    if as_json:
        click.echo(json.dumps({**template_json(found), "text": text, "filled": not is_shown}, indent=2))
    elif out is not None:
        click.echo(clean(str(out)))
    else:
        click.echo(text, nl=False)
        if is_shown:
            missing = " ".join(f"--set {each}=…" for each in found.required)
            say(messages(), f"to fill it in: agentcore policy template {name} {missing}")


def template_json(found: PolicyTemplate) -> dict[str, JSON]:
    """Return `name`, `title`, `about` and the `parameters`: of each its kind, its default, whether it is needed."""
    return {
        "name": found.name,
        "title": found.title,
        "about": " ".join(found.about),
        "parameters": [
            {
                "name": each.name,
                "type": each.kind.name,
                "default": each.default,
                "required": each.required,
                "description": each.about,
            }
            for each in found.parameters.values()
        ],
    }


def _checked(found: PolicyTemplate, given: Mapping[str, str]) -> str:
    """Return the filled template, which the policy engine has loaded."""
    from agentcore.policy.engine import PolicyEngine  # noqa: PLC0415  # for start-up time

    text = found.fill(given)
    PolicyEngine.load({f"{found.name}.cedar": text})
    return text


def _list(templates: list[PolicyTemplate], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"templates": [template_json(each) for each in templates]}, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("template", no_wrap=True)
    table.add_column("what it says")
    for each in templates:
        table.add_row(each.name, each.title)
    output().print(table)
