"""The measured workload: one supervisor call, two worker calls at once, one call for the answer, one verifier call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from benchmarks.server import CRITIC, SUPERVISOR

CALLS = 5
"""Model calls of one run."""

GOAL = "Acme ordered Falcon routers. How many were they, and what does one cost before any discount?"
PLAN_PROMPT = f"""{SUPERVISOR}
Break the task into steps. Each step is given to one agent, who sees the outputs of the steps that it uses and nothing
else. Agents: `worker`, who looks a fact up and says it in one sentence. Answer as JSON with `steps`, a list of objects
with `id`, `agent`, `task` and `uses`."""
WORK_PROMPT = "You look a fact up and say it in one sentence, with its number. Say only what you were asked."
ANSWER_PROMPT = "You answer the question from the facts that you are given, in one sentence, and add nothing to them."
JUDGE_PROMPT = f"""{CRITIC}
Read the answer and say whether it follows from what its author was given. Answer as JSON with `checked`, a sentence,
`problems`, a list of sentences, and `accepts`, a Boolean."""

Ask = Callable[[str, str], Awaitable[str]]
"""One model call: (system prompt, user prompt) → text."""

RunOnce = Callable[[], Awaitable[None]]
"""One run of the workload; raises when it does not end as it should."""

Arm = Callable[[str], AbstractAsyncContextManager[RunOnce]]
"""A client that is measured: takes the base URL of the server, up to where `/chat/completions` begins."""


def by_hand(ask: Ask) -> RunOnce:
    """Return the workload with its calls written out, for a client that only asks."""

    async def run_once() -> None:
        plan = json.loads(await ask(PLAN_PROMPT, GOAL))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_work(ask, step["task"])) for step in plan["steps"]]
        facts = "\n".join(task.result() for task in tasks)
        answer = await ask(ANSWER_PROMPT, f"Facts:\n{facts}\nQuestion: {GOAL}")
        opinion = json.loads(await ask(JUDGE_PROMPT, f"Facts:\n{facts}\nQuestion: {GOAL}\nAnswer: {answer}"))
        if not opinion["accepts"]:
            raise ValueError("the verifier did not accept")

    return run_once


async def _work(ask: Ask, task: str) -> str:
    return await ask(WORK_PROMPT, f"Goal: {GOAL}\nTask: {task}")
