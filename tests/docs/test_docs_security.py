"""The page on coverage has every threat of both lists, and each row names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:LLM|ASI)\d\d [^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

THREATS = (
    "LLM01 Prompt Injection",
    "LLM02 Sensitive Information Disclosure",
    "LLM03 Supply Chain",
    "LLM04 Data and Model Poisoning",
    "LLM05 Improper Output Handling",
    "LLM06 Excessive Agency",
    "LLM07 System Prompt Leakage",
    "LLM08 Vector and Embedding Weaknesses",
    "LLM09 Misinformation",
    "LLM10 Unbounded Consumption",
    "ASI01 Agent Goal Hijack",
    "ASI02 Tool Misuse and Exploitation",
    "ASI03 Identity and Privilege Abuse",
    "ASI04 Agentic Supply Chain Vulnerabilities",
    "ASI05 Unexpected Code Execution (RCE)",
    "ASI06 Memory & Context Poisoning",
    "ASI07 Insecure Inter-Agent Communication",
    "ASI08 Cascading Failures",
    "ASI09 Human-Agent Trust Exploitation",
    "ASI10 Rogue Agents",
)
ROWS = {match[1]: match for match in ROW.finditer(PAGE)}


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the names of the tests in a file, those of classes included."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def test_every_threat_has_a_row_and_they_stand_in_order():
    assert tuple(ROWS) == THREATS


@pytest.mark.parametrize("threat", THREATS)
def test_a_row_says_how_far_and_names_tests_that_exist(threat):
    _, how_far, held, remains, shown = (cell.strip() for cell in ROWS[threat].groups())
    assert how_far in {"covered", "partly", "not"}
    assert held
    assert remains
    named = NAME.findall(shown)
    assert shown == " ".join(f"`{file}::{name}`" for file, name in named)
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []
    assert named or how_far == "not"


def test_templates_that_are_named_are_shipped():
    page = " ".join(PAGE.split())
    told = re.findall(r"templates? ((?:`[a-z-]+`(?: and )?)+)", page)
    named = {name for each in told for name in re.findall(r"`([a-z-]+)`", each)}
    shipped = {path.stem for path in (ROOT / "agentcore/policy/templates").glob("*.cedar")}
    assert named
    assert named <= shipped


def test_each_border_of_trust_is_looked_at_by_each_letter_of_stride():
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    borders = {name: "".join(re.findall(r"^\| ([A-Z]) \|", part, re.MULTILINE)) for name, part in sections(text)}
    assert borders == dict.fromkeys(["B1", "B2", "B3", "B4", "B5", "B6", "B7"], "STRIDE")
    drawn = text[: text.index("## Entry points")]
    assert [name for name in borders if name not in drawn] == []


def sections(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^### (B\d): .*?\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "THREAT_MODEL.md", "CONTRIBUTING.md"])
def test_links_of_the_pages_at_the_top_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [target for target in targets if not (ROOT / target).exists()] == []
