from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from pydantic import BaseModel

from agentcore.adapters.plugins import MODELS, TOOLS, EntryPointPlugins
from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import ToolPlugin

PLUGIN = ToolPlugin(options=BaseModel, build=lambda name, options, context: [])


@pytest.fixture
def made(monkeypatch):
    module = ModuleType("made_plugin")
    module.PLUGIN = PLUGIN
    module.WRONG = "text"
    monkeypatch.setitem(sys.modules, "made_plugin", module)
    return module


def point(name: str, value: str, group: str = TOOLS) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=group)


def plugins(*points: EntryPoint) -> EntryPointPlugins:
    return EntryPointPlugins(lambda group: [each for each in points if each.group == group])


def test_built_ins_come_by_the_same_path() -> None:
    installed = EntryPointPlugins()
    assert set(installed.names(TOOLS)) >= {"calculator", "documents", "python", "semantic-kernel", "sql"}
    assert set(installed.names(MODELS)) >= {"llama", "openai", "semantic-kernel"}
    for name in ("calculator", "documents", "python", "semantic-kernel", "sql"):
        plugin = installed.tool(name)
        assert plugin.options.model_config["extra"] == "forbid"
        assert plugin is installed.tool(name)


def test_names_are_sorted_and_by_group(made) -> None:
    some = plugins(point("b", "made_plugin:PLUGIN"), point("a", "nowhere:X"), point("m", "nowhere:X", MODELS))
    assert some.names(TOOLS) == ["a", "b"]
    assert some.names(MODELS) == ["m"]
    assert some.tool("b") is PLUGIN


def test_a_missing_one_lists_what_there_is() -> None:
    with pytest.raises(
        PluginError, match=r"no plug-in calculater in agentcore\.tools; installed: calculator, sql"
    ) as raised:
        plugins(point("sql", "a:b"), point("calculator", "a:b")).tool("calculater")
    assert raised.value.hint == "did you mean calculator?"
    with pytest.raises(PluginError, match="installed: none"):
        plugins().model("local")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "module_that_is_not_there:PLUGIN",
            r"broken \(module_that_is_not_there:PLUGIN\) does not load: ModuleNotFoundError",
        ),
        ("made_plugin:MISSING", "does not load: AttributeError"),
        ("made_plugin:WRONG", "is a str, not a ToolPlugin"),
    ],
)
def test_one_that_does_not_load_is_loud(made, value: str, message: str) -> None:
    some = plugins(point("broken", value), point("good", "made_plugin:PLUGIN"))
    with pytest.raises(PluginError, match=message):
        some.tool("broken")
    assert some.tool("good") is PLUGIN


def test_a_tool_is_not_a_model(made) -> None:
    with pytest.raises(PluginError, match="is a ToolPlugin, not a ModelPlugin"):
        plugins(point("x", "made_plugin:PLUGIN", MODELS)).model("x")


def test_two_packages_that_claim_one_name_are_an_error() -> None:
    some = plugins(point("x", "one:PLUGIN"), point("x", "two:PLUGIN"))
    with pytest.raises(PluginError, match=r"two plug-ins in agentcore\.tools are called x: one:PLUGIN and two:PLUGIN"):
        some.names(TOOLS)
    assert plugins(point("x", "one:PLUGIN"), point("x", "one:PLUGIN")).names(TOOLS) == ["x"]
