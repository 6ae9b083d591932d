"""The entry point `agentcore`: the list of commands, and what happens when one fails.

Nothing is imported here that `agentcore --help` does not need.
"""

from __future__ import annotations

import errno
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from agentcore.surfaces.cli.exit_codes import MEANINGS, ExitCode
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.verbosity import wants_traceback
from agentcore.surfaces.garbage import tune_gc
from agentcore.version import __version__

_HERE = "agentcore.surfaces.cli"


class _Root(LazyGroup):
    """The outermost group: errors become lines and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("cancelled", err=True)
            ctx.exit(ExitCode.CANCELLED)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read our output has left: click ends silently
            from agentcore.surfaces.cli.errors import report  # noqa: PLC0415  # for start-up time

            ctx.exit(report(error, with_traceback=wants_traceback(ctx)))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """Write what the exit codes mean."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning) for code, meaning in MEANINGS])


@click.group(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    lazy={
        "init": (f"{_HERE}.init_command:init", "Make a new project in a folder."),
        "validate": (f"{_HERE}.validate_command:validate", "Find everything that is wrong with a project's files."),
        "run": (f"{_HERE}.run_command:run", "Run a scenario, or its cases, and show the answer."),
        "batch": (f"{_HERE}.batch_command:batch", "Run a scenario for each line of a file; go on where it ended."),
        "runs": (f"{_HERE}.runs_command:runs", "List recorded runs; show, resume, fork, replay and compare them."),
        "worker": (f"{_HERE}.worker_command:worker", "Drive runs on: those left, enqueued or decided about."),
        "approvals": (f"{_HERE}.approvals_command:approvals", "List what runs ask people; decide."),
        "trace": (f"{_HERE}.trace_command:trace", "Show what happened in a run, step by step."),
        "graph": (f"{_HERE}.graph_command:graph", "Draw a run's plan."),
        "route": (f"{_HERE}.route_command:route", "Say why models were chosen, and what others would have cost."),
        "policy": (f"{_HERE}.policy_command:policy", "Check, try and explain what guards a project."),
        "audit": (f"{_HERE}.audit_command:audit", "List the audit chain; check, sign and export it."),
        "data": (f"{_HERE}.data_command:data", "Hand out, or erase, what is recorded of a user."),
        "cache": (f"{_HERE}.cache_command:cache", "Say which replies of models are kept; delete them."),
        "models": (f"{_HERE}.models_command:models", "List models; fetch an embedded one."),
        "doctor": (f"{_HERE}.doctor_command:doctor", "Check this installation and project, and say what to mend."),
        "schema": (f"{_HERE}.schema_command:schema", "Print the JSON Schemas of a project's files, for editors."),
    },
)
@click.version_option(__version__, prog_name="agentcore", message="%(prog)s %(version)s")
def cli() -> None:
    """Run teams of agents that plan, work, and check each other."""


def main() -> None:
    """Run the command line of this process."""
    tune_gc()
    # Python has no stream where the caller has closed one: what would be said there is said to nobody,
    # for as long as the process lives.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a mark that the terminal cannot show must not end a run
    cli()
