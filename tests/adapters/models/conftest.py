import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentcore.adapters.models.catalogue import find
from agentcore.adapters.models.fetch import pull


@pytest.fixture(scope="session")
def smoke_model():
    """The small embedded model's file, fetched when this machine does not have it yet."""
    fetching = pull(find("smollm2-135m-instruct"), os.environ, lambda done, total, note: None)
    with ThreadPoolExecutor(1) as thread:  # a loop of its own: it outlives those of the tests
        return thread.submit(asyncio.run, fetching).result()
