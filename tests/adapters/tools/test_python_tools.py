from __future__ import annotations

from pathlib import Path

import pytest

from agentcore.adapters.tools.python import PLUGIN
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext
from agentcore.testing.contracts.tool import ToolContract

SHOP = '''
from __future__ import annotations
from dataclasses import dataclass
from agentcore.define import tool

@dataclass
class Stock:
    units: int

@tool(safety="idempotent", seconds=7)
def reserve(product: str, units: int = 1) -> Stock:
    """Reserve some units."""
    return Stock(units=units)

@tool
def cancel(product: str) -> None:
    """Cancel."""

def look_up(product: str) -> str:
    """Look a product up."""
    return product.upper()
'''

CONTEXT = ToolContext(key="k", tenant="t", principal="p")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "tools").mkdir(parents=True)
    (root / "tools" / "shop.py").write_text(SHOP)
    return root


def make(root: Path, **options):
    options = {"file": "tools/shop.py", **options}
    return PLUGIN.build("shop", PLUGIN.options.model_validate(options), BuildContext(root=root, environment={}))


class TestPythonTool(ToolContract):
    arguments = {"product": "Falcon"}
    wrong = ({}, {"product": 1})

    @pytest.fixture
    async def tool(self, root):
        (tool,) = make(root, functions=["reserve"])
        yield tool
        await tool.aclose()


async def test_all_marked_functions_by_default(root: Path) -> None:
    reserve, cancel = make(root)
    assert (reserve.definition.name, cancel.definition.name) == ("shop-reserve", "shop-cancel")
    assert (reserve.definition.safety, reserve.definition.seconds) == (Safety.IDEMPOTENT, 7)
    assert cancel.definition.safety is Safety.UNSAFE  # it does not say
    assert (await reserve.call({"product": "a", "units": 2}, CONTEXT)).value == {"units": 2}
    await reserve.aclose()


async def test_a_plain_function_that_is_named_and_the_tools_name_for_one(root: Path) -> None:
    (tool,) = make(root, functions=["look_up"])
    assert (tool.definition.name, tool.definition.safety) == ("shop", Safety.UNSAFE)
    assert (await tool.call({"product": "a"}, CONTEXT)).value == "A"
    await tool.aclose()


def test_the_same_file_is_loaded_once_and_again_when_it_changed(root: Path) -> None:
    (first,) = make(root, functions=["cancel"])
    (again,) = make(root, functions=["cancel"])
    assert first._function is again._function
    (root / "tools" / "shop.py").write_text(SHOP.replace("Cancel.", "Cancel all."))
    (changed,) = make(root, functions=["cancel"])
    assert changed.definition.description == "Cancel all."


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("../outside.py", "", r"tool shop: \.\./outside\.py: outside of the project's folder"),
        ("/etc/passwd", "", "outside of the project's folder"),
        ("link.py", "", "outside of the project's folder"),
        ("tools/missing.py", "", "no such Python file"),
        ("tools/x.txt", "1", "no such Python file"),
        ("tools", "", "no such Python file"),
        ("tools/x.py", "def broken(:\n", r"x\.py:1: SyntaxError"),
        ("tools/x.py", "\n\nraise RuntimeError('no key')\n", r"x\.py:3: RuntimeError: no key"),
        ("tools/x.py", "import nothing_of_that_name\n", r"x\.py:1: ModuleNotFoundError"),
        ("tools/x.py", "\0", r"x\.py"),
        ("tools/x.py", "x = 1\n", "tools/x.py has no tools"),
        ("tools/x.py", "from agentcore.define import tool\n@tool\ndef f(a): ...\n", r"x\.py:2: f: a has no type hint"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(root: Path, file: str, content: str, message: str) -> None:
    (root.parent / "outside.py").write_text(SHOP)
    (root / "link.py").symlink_to(root.parent / "outside.py")
    if content:
        (root / file).write_text(content)
    with pytest.raises(ConfigError, match=message):
        make(root, file=file)


def test_a_missing_function_is_named_with_the_nearest(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"tools/shop\.py has no function lookup") as raised:
        make(root, functions=["lookup"])
    assert raised.value.hint == "did you mean look_up?"
