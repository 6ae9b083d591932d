import pytest
from inline_snapshot import snapshot

from agentcore.adapters.models.catalogue import CATALOGUE, Hub, Wheels, find
from agentcore.domain.errors import ConfigError


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError) as told:
        find("gpt-9")
    assert told.value.message == snapshot(
        "there is no model 'gpt-9' in the catalogue; it has qwen2.5-coder-1.5b-instruct, smollm2-135m-instruct"
    )


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_entries_are_complete(model):
    assert find(model.name) is model
    assert len(model.sha256) == 64
    assert model.licence
    assert model.hash_origin
    for source in model.sources:
        match source:
            case Hub():
                assert source.url.startswith("https://")
            case Wheels():
                assert sum(part.size for part in source.parts) == model.size
                assert len({part.sha256 for part in source.parts}) == len(source.parts)
