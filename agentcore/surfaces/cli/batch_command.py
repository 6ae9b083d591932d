"""`agentcore batch`: a run for each line of a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.domain.errors import ConfigError, GuardDenied
from agentcore.surfaces.batch_lines import BadLine, BatchLine, read_batch
from agentcore.surfaces.batch_results import ResultsFile, invalid, kept, read_results, result
from agentcore.surfaces.cli.batch_progress import BatchProgress, show_summary, summary_json
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.interrupt import Interruption
from agentcore.surfaces.cli.project_choice import chosen_scenario, project_option
from agentcore.surfaces.cli.run_watch import run_until_interrupted
from agentcore.surfaces.cli.terminal import messages, output, say, watched
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.config.scenarios import Scenario
    from agentcore.domain.json import JSON
    from agentcore.domain.run import Run
    from agentcore.ports.starter import Starter


@click.command()
@click.argument("scenario")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="RESULTS.jsonl",
    help="Where the results go; by default beside FILE, as NAME.results.jsonl.",
)
@click.option("--parallel", type=click.IntRange(1), default=4, show_default=True, help="How many runs at once.")
@click.option("--name", metavar="BATCH", help="Of the batch; by default FILE's name. Another name: all new runs.")
@click.option("--model", "models", multiple=True, metavar="NAME=PROVIDER:MODEL", help="Another model behind a name.")
@click.option("--json", "as_json", is_flag=True, help="Print the sum as one JSON object.")
@project_option
@click.pass_context
@logged
def batch(
    context: click.Context,
    scenario: str,
    file: Path,
    *,
    out: Path | None,
    parallel: int,
    name: str | None,
    models: tuple[str, ...],
    as_json: bool,
    project: Path | None,
) -> None:
    """Run SCENARIO once for each line of FILE, which is a JSON object of inputs and may have an `id`.

    The same command goes on where an earlier one ended: what is done is not done again.
    """
    found_project, found = chosen_scenario(scenario, project, models)
    results = file.with_name(f"{file.stem}.results.jsonl") if out is None else out
    if results.exists() and results.samefile(file):
        raise click.UsageError("--out is the file of the lines itself")
    with file.open("rb") as text:
        lines = list(read_batch(text, found, project=found_project.name, name=name or file.stem))
    if not lines:
        raise ConfigError([f"{file}: there are no lines"])
    for line in lines:
        for problem in line.problems if isinstance(line, BadLine) else ():
            say(messages(), f"error: {file}:{line.number}: {problem}")
    work = _Batch(name=name or file.stem, scenario=found, results=results, lines=lines, parallel=parallel)
    context.exit(work.do(found_project, as_json=as_json))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is to be done. lines: in the order of the file."""

    name: str
    scenario: Scenario
    results: Path
    lines: Sequence[BatchLine | BadLine]
    parallel: int

    def do(self, project: Project, *, as_json: bool) -> ExitCode:
        """Run what is not done yet, write the results, and print the sum."""
        good = [line for line in self.lines if isinstance(line, BatchLine)]
        before = kept(self.results, read_results(self.results), good)
        todo = [line for line in good if line.number not in before]
        records = [*before.values(), *(invalid(line) for line in self.lines if isinstance(line, BadLine))]
        file = ResultsFile(self.results)
        file.begin(records)
        interruption = Interruption()
        try:
            finished = not todo or run_until_interrupted(self._run(project, todo, file, records), interruption)
        finally:
            file.close()
        summary = summary_json(
            batch=self.name,
            scenario=self.scenario.name,
            results=str(self.results),
            records=records,
            lines=len(self.lines),
        )
        if as_json:
            click.echo(json.dumps(summary, indent=2))
        else:
            show_summary(output(), summary, before=len(before))
        if not finished:
            return interruption.code
        return ExitCode.OK if all(record["status"] == "succeeded" for record in records) else ExitCode.FAILED

    async def _run(
        self, project: Project, todo: Sequence[BatchLine], file: ResultsFile, records: list[dict[str, JSON]]
    ) -> None:
        from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time
        from agentcore.triggers.runtime_starter import RuntimeStarter  # noqa: PLC0415  # as above
        from agentcore.triggers.together import together  # noqa: PLC0415  # as above

        screen = messages()
        waiting = iter(todo)
        progress = BatchProgress(
            screen, self.name, total=len(self.lines), done=len(self.lines) - len(todo), live=watched(screen)
        )

        async def work(starter: Starter, lines: Iterator[BatchLine]) -> None:
            for line in lines:
                try:
                    record = result(line, await self._finish(starter, line))
                except GuardDenied as error:  # of this line alone
                    record = invalid(BadLine(number=line.number, id=line.id, problems=(error.message,)))
                file.write(record)
                records.append(record)
                progress.show(record)

        async with Runtime(project) as runtime:
            starter = RuntimeStarter(runtime)
            with progress:
                await together(work(starter, waiting) for _ in range(min(self.parallel, len(todo))))

    async def _finish(self, starter: Starter, line: BatchLine) -> Run:
        """Return the line's run: the recorded one, unless that was cancelled; else a new one."""
        for attempt in count(1):
            run = line.run(attempt)
            started = await starter.start(
                line.task,
                name=self.scenario.name,
                id=run,
                budget=self.scenario.budget,
                on_exceeded=self.scenario.on_exceeded,
            )
            found = await starter.wait(run)
            if started or found.status != "cancelled":
                return found
        raise AssertionError("counting does not end")
