from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROGRAM = """
import asyncio
from loguru import logger

from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ScriptedModel
from support.desk import engine, plan
from agentcore.domain.task import Task
async def main():
    async with engine({{"m": ScriptedModel([plan("finder"), "found", "done"])}}) as running:
        handle = await running.start(Task(goal="g"))
        print((await handle.result()).status)
{after}
asyncio.run(main())
"""


def run(after: str) -> tuple[str, str]:
    program = PROGRAM.format(after=after)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60, cwd=TESTS
    )
    return done.stdout.strip(), done.stderr


def test_the_package_is_silent_until_its_host_enables_it():
    assert run("") == ("succeeded", "")
    status, logs = run('logger.enable("agentcore")')
    assert status == "succeeded"
    assert "agentcore.engine" in logs
