"""`agentcore audit verify`: whether the audit chains are what was written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app.audit import Verified

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _PublicKey(click.ParamType[bytes]):
    """32 bytes as hexadecimal digits."""

    name = "key"

    def convert(self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        try:
            key = value if isinstance(value, bytes) else bytes.fromhex(value)
        except ValueError:
            key = b""
        if len(key) != 32:
            self.fail("a public key is 64 hexadecimal digits", param, ctx)
        return key


@click.command()
@click.option("--tenant", metavar="TENANT", help="Only this tenant's chain.")
@click.option(
    "--checkpoint", "anchors", type=_FILE, multiple=True, metavar="FILE", help="A checkpoint kept elsewhere."
)
@click.option("--file", type=_FILE, metavar="FILE", help="What `audit export` wrote, instead of the project's store.")
@click.option("--key", "keys", type=_PublicKey(), multiple=True, metavar="KEY", help="A public key to be trusted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def verify(
    tenant: str | None,
    anchors: Sequence[Path],
    file: Path | None,
    keys: Sequence[bytes],
    *,
    as_json: bool,
    project: Path | None,
) -> None:
    """Go along every chain, and say what is the first entry that is wrong, and how. The exit code is 1 then."""
    found = asyncio.run(_verify(project, tenant, anchors, file, keys))
    if as_json:
        chains = [asdict(each) for each in found]
        click.echo(json.dumps({"valid": all(each.fault is None for each in found), "chains": chains}, indent=2))
    else:
        _tell(found)
    if any(each.fault is not None for each in found):
        click.get_current_context().exit(ExitCode.FAILED)


async def _verify(
    project: Path | None, tenant: str | None, anchors: Sequence[Path], file: Path | None, keys: Sequence[bytes]
) -> Sequence[Verified]:
    from agentcore.adapters.audit.export_lines import read_checkpoints, read_export  # noqa: PLC0415  # start-up time
    from agentcore.app.audit import chains_of, verify_exported, verify_store  # noqa: PLC0415  # as above

    kept = [each for path in anchors for each in read_checkpoints(path.read_text(encoding="utf-8"), str(path))]
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            exported = read_export(lines, str(file))
        return verify_exported(exported, tenant=tenant, anchors=kept, keys=keys)
    store = chosen_store(project)
    try:
        return await verify_store(chains_of(store), tenant=tenant, anchors=kept, keys=keys)
    finally:
        await store.aclose()


def _tell(found: Sequence[Verified]) -> None:
    if not found:
        click.echo("no entries yet")
    for each in found:
        if each.fault is None:
            checked = counted(each.checkpoints, "signed checkpoints")
            click.echo(clean(f"valid: tenant {each.tenant}: {counted(each.size, 'entries')}, {checked}"))
        else:
            click.echo(clean(f"broken: tenant {each.tenant}: {each.fault.what}"))
