"""Errors as people see them: one line that says what is wrong, one that says what to do, and no traceback."""

from __future__ import annotations

import errno
import traceback

import click

from agentcore.domain.errors import AgentcoreError, ConfigError
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.exit_codes import ExitCode, of_error


def report(error: Exception, *, with_traceback: bool) -> ExitCode:
    """Write an error to standard error and return the exit code that it means."""
    if with_traceback:
        click.echo(clean("".join(traceback.format_exception(error))), err=True, nl=False)
    for line in lines(error):
        click.echo(line, err=True)
    return of_error(error) if isinstance(error, AgentcoreError) else ExitCode.FAILED


def lines(error: Exception) -> list[str]:
    """Return the lines to show: `error: …` (one for each problem of a file) and, where there is one, `hint: …`."""
    match error:
        case ConfigError():
            told = [f"error: {problem}" for problem in error.problems]
            hint = error.hint
        case AgentcoreError():
            told, hint = [f"error: {error.message}"], error.hint
        case OSError(errno=errno.ENOSPC | errno.EFBIG | errno.EDQUOT):
            told, hint = [f"error: cannot write: {error.strerror}"], "free some space where the output goes"
        case _:
            told = [f"error: unexpected {type(error).__name__}: {error}"]
            hint = "this is a defect of agentcore; -vv shows where it happened"
    return [clean(line) for line in (*told, *([f"hint: {hint}"] if hint else []))]
