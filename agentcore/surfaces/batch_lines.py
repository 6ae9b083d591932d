"""The lines of a batch: each a JSON object of inputs, and the run that follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentcore.config.scenarios import Scenario
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSON, canonical, read_object
from agentcore.domain.run_id import run_id_for
from agentcore.domain.task import Task

ID = "id"
"""The key that names a line. It is an input, too, when the scenario has one of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """A line that can be run.

    number: in the file, from 1.  id: as it is written, None when the line has none.  source, key: what its runs' ids
    follow from.
    """

    number: int
    id: str | int | None
    task: Task
    source: str
    key: str

    def run(self, attempt: int) -> RunId:
        """Return the id of its run; a second one (attempt 2) is for when the first was cancelled, and so on."""
        return run_id_for(self.source, self.key if attempt == 1 else f"{self.key}#{attempt}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be run. problems: sentences; at least one."""

    number: int
    id: str | int | None
    problems: tuple[str, ...]


def read_batch(text: Iterable[bytes], scenario: Scenario, *, project: str, name: str) -> Iterator[BatchLine | BadLine]:
    """Yield each line that is not empty.

    A line's run follows from the names of project, batch and scenario, the line's inputs, and its id; without one,
    from how many equal lines stand above it, so that a line may be put in without making others anew.
    """
    source = canonical(["batch", project, name, scenario.name])
    ids: dict[str | int, int] = {}
    equal: Counter[str] = Counter()
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            inputs = read_object(line)
        except ValueError as error:
            yield BadLine(number=number, id=None, problems=(str(error),))
            continue
        written = inputs.get(ID) if ID in scenario.inputs else inputs.pop(ID, None)
        if not isinstance(written, str | int | None) or isinstance(written, bool):
            yield BadLine(number=number, id=None, problems=("`id` must be text or a whole number",))
            continue
        if written is not None and ids.setdefault(written, number) != number:
            problem = f"`id` {canonical(written)} stands in line {ids[written]} already"
            yield BadLine(number=number, id=written, problems=(problem,))
            continue
        try:
            task = scenario.task(inputs)
        except ConfigError as error:
            yield BadLine(number=number, id=written, problems=error.problems)
            continue
        content = canonical(inputs)
        equal[content] += written is None
        place: JSON = equal[content] if written is None else [written]
        yield BatchLine(number=number, id=written, task=task, source=source, key=canonical([place, inputs]))
