"""Our own runtime with everything on: policies, routing, budget, verification by a panel, journal."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path

from loguru import logger

from agentcore.app import Runtime, Store, memory_store, sqlite_store
from agentcore.config.models import ModelSettings, model
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Role, Uses, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.ids import AgentName
from agentcore.domain.team import Team
from agentcore.routing.profile import Price
from agentcore.surfaces.garbage import tune_gc
from benchmarks.workload import ANSWER_PROMPT, GOAL, JUDGE_PROMPT, PLAN_PROMPT, WORK_PROMPT, RunOnce

PLANNER, WORKER, WRITER, CRITIC = map(AgentName, ("planner", "worker", "writer", "critic"))
AGENTS = (
    Agent(name=PLANNER, role=Role.SUPERVISOR, instructions=PLAN_PROMPT),
    Agent(name=WORKER, description="looks a fact up", instructions=WORK_PROMPT),
    Agent(
        name=WRITER,
        description="writes the answer",
        instructions=ANSWER_PROMPT,
        uses=Uses.EARLIER,
        verification=Verification(panel=(CRITIC,), required=1),
    ),
    Agent(name=CRITIC, role=Role.VERIFIER, instructions=JUDGE_PROMPT),
)


def served(name: str, url: str, *, quality: float, usd: int) -> ModelSettings:
    """Return one of the models between which the router chooses. usd: for a million tokens of input."""
    return model(
        name,
        "openai",
        quality=quality,
        family=name,
        context_tokens=32_768,
        price=Price(input=Decimal(usd), output=Decimal(4 * usd)),
        parallel=2_000,
        options={"model": name, "base_url": url},
    )


@asynccontextmanager
async def arm(url: str, store: Store) -> AsyncIterator[RunOnce]:
    """Yield the workload over one runtime with two models behind the same server, in a process set up as ours are."""
    tune_gc()
    logger.disable("agentcore")
    project = Project(
        name="benchmark",
        agents=AGENTS,
        team=Team(supervisor=PLANNER, workers=(WORKER,), answer=WRITER),
        models=[served("large", url, quality=0.9, usd=2), served("small", url, quality=0.6, usd=1)],
        budget=Budget(tokens=100_000, usd=Decimal(1), calls=20, seconds=300),
    )
    async with Runtime(project, store=store) as runtime:

        async def run_once() -> None:
            run = await runtime.run(GOAL)
            if run.status != "succeeded":
                raise ValueError(f"{run.status}: {run.reason}")

        yield run_once


@asynccontextmanager
async def in_memory(url: str) -> AsyncIterator[RunOnce]:
    """Yield the workload over a journal in memory."""
    async with arm(url, memory_store()) as run_once:
        yield run_once


@asynccontextmanager
async def on_disk(url: str) -> AsyncIterator[RunOnce]:
    """Yield the workload over a SQLite journal with full sync."""
    with folder() as store:
        async with arm(url, sqlite_store(store / "journal.db")) as run_once:
            yield run_once


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder on the disk that holds the project; a temporary file system may have no disk below it."""
    beside = Path(".agentcore")
    beside.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside) as made:
        yield Path(made)
