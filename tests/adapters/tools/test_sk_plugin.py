from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from agentcore.adapters.tools.sk_plugin import PLUGIN
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolInputInvalid
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext
from agentcore.testing.contracts.tool import ToolContract

LIGHTS = '''
import threading
from typing import Annotated
from semantic_kernel.functions import kernel_function

class Lights:
    def __init__(self, rooms: int = 2):
        self.rooms = rooms

    @property
    def trap(self):
        raise RuntimeError("a property was touched")

    @kernel_function(description="Switches a light.\\n\\nWith more that no model needs.")
    def switch(self, room: Annotated[int, "number of the room"], on: bool = True) -> str:
        return f"{room} of {self.rooms}: {on!r} in {threading.current_thread().name}"

    @kernel_function
    async def scene(self, names: list[str], kernel, note: str | None = None) -> dict:
        """Sets a scene."""
        return {"names": names, "note": note, "kernel": type(kernel).__name__}

    @kernel_function
    def count(self, n: int):
        """Counts."""
        if n > 9:
            raise ValueError("too many")
        yield from range(n)

    def helper(self) -> None: ...

class Plain: ...
'''

CONTEXT = ToolContext(key="k", tenant="t", principal="p")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lights.py").write_text(LIGHTS)
    return tmp_path


def make(root: Path, **options):
    options = {"class": "Lights", "file": "lights.py", **options}
    built = PLUGIN.build("home", PLUGIN.options.model_validate(options), BuildContext(root=root, environment={}))
    return {tool.definition.name: tool for tool in built}


@pytest.fixture
async def lights(root: Path):
    tools = make(root, arguments={"rooms": 5})
    yield tools
    for tool in tools.values():
        await tool.aclose()


class TestKernelFunction(ToolContract):
    arguments = {"n": 3}
    wrong = ({}, {"n": "3"}, {"n": None}, {"n": True})
    failing = {"n": 10}

    @pytest.fixture
    async def tool(self, root):
        logging.getLogger("semantic_kernel").setLevel(logging.CRITICAL)
        tool = make(root, functions=["count"])["home"]
        yield tool
        await tool.aclose()


class TestCorePlugin(ToolContract):
    arguments = {"input": "  x "}
    wrong = ({}, {"input": 3})

    @pytest.fixture
    async def tool(self, root):
        tool = make(root, **{"class": "TextPlugin", "file": None, "functions": ["trim"]})["home"]
        yield tool
        await tool.aclose()


def test_each_kernel_function_is_a_tool(lights) -> None:
    assert sorted(lights) == ["home-count", "home-scene", "home-switch"]
    switch = lights["home-switch"].definition
    assert switch.description == "Switches a light."
    assert switch.safety is Safety.UNSAFE
    assert switch.parameters == {
        "type": "object",
        "properties": {"room": {"type": "integer", "description": "number of the room"}, "on": {"type": "boolean"}},
        "required": ["room"],
        "additionalProperties": False,
    }
    assert list(lights["home-scene"].definition.parameters["properties"]) == ["names", "note"]


async def test_synchronous_functions_run_in_threads(lights) -> None:
    result = await lights["home-switch"].call({"room": 1, "on": False}, CONTEXT)
    assert result.value == "1 of 5: False in kernel-function_0"
    assert result.label.sources == {"tool:home-switch"}


async def test_the_kernel_gives_what_is_its_own(lights) -> None:
    scene = lights["home-scene"]
    assert (await scene.call({"names": ["a"]}, CONTEXT)).value == {"names": ["a"], "note": None, "kernel": "Kernel"}
    with pytest.raises(ToolInputInvalid, match="'kernel' was unexpected"):
        await scene.call({"names": ["a"], "kernel": "mine"}, CONTEXT)


@pytest.mark.parametrize("arguments", [{"room": 1, "on": "false"}, {"room": "1"}, {"room": 1.5}, {"room": 1, "on": 0}])
async def test_the_kernels_coercion_never_gets_its_way(lights, arguments) -> None:
    with pytest.raises(ToolInputInvalid, match="is not of type"):
        await lights["home-switch"].call(arguments, CONTEXT)


async def test_generators_and_failures(lights) -> None:
    assert (await lights["home-count"].call({"n": 3}, CONTEXT)).value == [0, 1, 2]
    with pytest.raises(ToolError, match=r"^ValueError: too many$"):
        await lights["home-count"].call({"n": 10}, CONTEXT)


async def test_semantic_kernels_own_plug_ins(root: Path) -> None:
    sums = make(root, **{"class": "MathPlugin", "file": None, "safety": "read"})
    assert (await sums["home-Add"].call({"input": 1, "amount": 2.5}, CONTEXT)).value == 3.5
    assert sums["home-Add"].definition.safety is Safety.READ
    times = make(root, **{"class": "TimePlugin", "file": None})
    assert len((await times["home-iso_date"].call({}, CONTEXT)).value) == 10
    for tool in (*sums.values(), *times.values()):
        await tool.aclose()


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"class": "Light"}, r"lights\.py has no class Light", "did you mean Lights?"),
        ({"class": "TimePlugIn", "file": None}, "core_plugins has no class TimePlugIn", "did you mean TimePlugin?"),
        ({"functions": ["swich"]}, "Lights has no kernel function swich", "did you mean switch?"),
        ({"arguments": {"floors": 1}}, "Lights cannot be made: TypeError", ""),
        ({"file": "../lights.py"}, "outside of the project's folder", ""),
        ({"class": "Plain"}, "Plain has no method marked with @kernel_function", ""),
    ],
)
def test_what_is_wrong_is_named(root: Path, options, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        make(root, **options)
    assert raised.value.hint == hint


def test_options_are_strict() -> None:
    with pytest.raises(ValidationError):
        PLUGIN.options.model_validate({"class": "A", "module": "os"})
