"""`agentcore init`: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.verbosity import logged


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@logged
def init(folder: Path) -> None:
    """Make a small working project in FOLDER, which must be new or empty."""
    from agentcore.app import installed_plugins  # noqa: PLC0415  # for start-up time
    from agentcore.config.starter import write_template  # noqa: PLC0415  # as above

    for path in write_template(folder, installed_plugins()):
        click.echo(clean(str(path)))
    scenarios = sorted(path.stem for path in (folder / "scenarios").glob("*.yaml"))
    click.echo()
    click.echo("next:")
    click.echo(clean(f"  cd {folder}"))
    click.echo("  agentcore doctor")
    for name in scenarios[:1]:
        click.echo(clean(f"  agentcore run {name}"))
