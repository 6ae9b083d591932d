import pytest

from agentcore.adapters.models.llama import LlamaOptions, build
from agentcore.domain.agent import Capability
from agentcore.ports.plugin import BuildContext
from agentcore.testing.contracts.model import ModelContract


@pytest.mark.smoke_model
@pytest.mark.timeout(300)  # the first may have to fetch the model
class TestLlama(ModelContract):
    capabilities = frozenset({Capability.TOOLS, Capability.JSON_SCHEMA, Capability.LOGPROBS})

    @pytest.fixture
    async def model(self, smoke_model, tmp_path):
        options = LlamaOptions(model=str(smoke_model), context_tokens=1024, slots=2)
        model = build("smoke", options, BuildContext(root=tmp_path, environment={}))
        yield model
        await model.aclose()
