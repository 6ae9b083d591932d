"""`-v`, `-vv` and `--log-json`, which every command takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

_VERBOSE = "agentcore.verbose"


def logged(command: Callable[..., None], *, least: int = 0) -> Callable[..., None]:
    """Add the options to a command, and configure the logs before it runs. least: as if `-v` was given so often."""

    @click.option("-v", "--verbose", count=True, help="Log what happens; twice: how, and the traceback of an error.")
    @click.option("--log-json", is_flag=True, help="Write logs as one JSON object a line.")
    @functools.wraps(command)
    def configured(*args: Any, verbose: int, log_json: bool, **kwargs: Any) -> None:
        from agentcore.surfaces.cli.logs import configure_logs  # noqa: PLC0415  # for start-up time

        click.get_current_context().meta[_VERBOSE] = verbose
        configure_logs(max(verbose, least), as_json=log_json)
        command(*args, **kwargs)

    return configured


def wants_traceback(context: click.Context) -> bool:
    """Whether the command was called with `-vv`."""
    return context.meta.get(_VERBOSE, 0) > 1
