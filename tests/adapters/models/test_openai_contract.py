import pytest
from yarl import URL

from agentcore.adapters.models.openai import OpenAIModel
from agentcore.adapters.models.rejection import Server
from agentcore.adapters.models.retry import Backoff
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.adapters.models.wire import Dialect
from agentcore.domain.agent import Capability
from agentcore.testing.contracts.model import ModelContract
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.loopback import ChatServer


def open_model(server):
    return OpenAIModel(
        url=URL(server.url) / "chat" / "completions",
        dialect=Dialect(model="m"),
        server=Server(url=server.url, model="m"),
        headers={"Content-Type": "application/json"},
        backoff=Backoff(),
        clock=FakeClock(auto=True),
        count=lambda text: len(text.split()),
    )


class TestOpenAIModel(ModelContract):
    capabilities = frozenset({Capability.TOOLS, Capability.JSON_SCHEMA, Capability.LOGPROBS})

    @pytest.fixture
    async def model(self):
        async with ChatServer() as server:
            model = open_model(server)
            yield model
            await model.aclose()


class TestOpenAIModelWithToolsBySchema(ModelContract):
    capabilities = frozenset({Capability.TOOLS, Capability.JSON_SCHEMA, Capability.LOGPROBS})

    @pytest.fixture
    async def model(self):
        async with ChatServer() as server:
            model = ToolsBySchema(open_model(server))
            yield model
            await model.aclose()
