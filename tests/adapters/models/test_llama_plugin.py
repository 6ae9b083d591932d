import math

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from agentcore.adapters.models.llama import PLUGIN, usable_cores
from agentcore.domain.errors import ConfigError
from agentcore.ports.plugin import BuildContext


@pytest.fixture
def context(tmp_path):
    return BuildContext(root=tmp_path, environment={"AGENTCORE_CACHE_DIR": str(tmp_path / "cache")})


def build(context, **options):
    return PLUGIN.build("local", PLUGIN.options(**options), context)


async def test_a_file_of_the_user_s_own_is_found_beside_the_project(context, tmp_path):
    (tmp_path / "mine.gguf").write_bytes(b"GGUF and more")
    await build(context, model="mine.gguf").aclose()


def test_a_model_that_was_not_fetched_says_how(context):
    with pytest.raises(ConfigError) as told:
        build(context, model="smollm2-135m-instruct")
    assert (told.value.message, told.value.hint) == snapshot(
        (
            "model 'smollm2-135m-instruct': has not been fetched yet",
            "agentcore models pull smollm2-135m-instruct   (98 MB, once)",
        )
    )


def test_a_name_that_is_neither_a_file_nor_in_the_catalogue_is_an_error(context):
    with pytest.raises(ConfigError, match=r"neither a file .*/mine\.gguf.* nor in the catalogue .*qwen2"):
        build(context, model="mine.gguf")


def test_a_file_of_another_kind_is_an_error(context, tmp_path):
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(ConfigError, match="is not a GGUF file"):
        build(context, model="notes.txt")


def test_unknown_options_are_errors():
    with pytest.raises(ValidationError, match="contxt"):
        PLUGIN.options(model="m", contxt=1)


@pytest.mark.parametrize(
    ("cores", "quota", "usable"),
    [(1, math.inf, 1), (4, math.inf, 4), (64, math.inf, 16), (64, 2.0, 2), (64, 0.5, 1), (8, 3.5, 4)],
)
def test_a_container_s_quota_is_respected(cores, quota, usable):
    assert usable_cores(cores, quota) == usable


def test_policies_are_told_that_the_model_runs_here():
    assert PLUGIN.local
