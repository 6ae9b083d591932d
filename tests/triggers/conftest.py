"""A trigger of a small scenario."""

from __future__ import annotations

import pytest
from loguru import logger
from support.triggers import SCENARIO

from agentcore.config.triggers import TriggerSettings
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.fake_starter import FakeStarter
from agentcore.triggers.launch import Launch


@pytest.fixture
def starter():
    return FakeStarter()


@pytest.fixture
def clock():
    return FakeClock(auto=True)


@pytest.fixture
def launched(starter, clock):
    """Return the launch of a trigger."""

    def make(**settings) -> Launch:
        trigger = TriggerSettings(**{"name": "orders", "scenario": "price", "provider": "memory"} | settings)
        return Launch(project="desk", trigger=trigger, scenario=SCENARIO, starter=starter, clock=clock)

    return make


@pytest.fixture
def logged():
    """Collect what is logged, as `LEVEL message`."""
    lines: list[str] = []
    logger.enable("agentcore")
    sink = logger.add(lambda message: lines.append(message.rstrip()), format="{level} {message}", level="INFO")
    yield lines
    logger.remove(sink)
    logger.disable("agentcore")
