from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.tools.documents import PLUGIN, Documents, DocumentsOptions, scan
from agentcore.adapters.tools.passage_index import PassageIndex
from agentcore.adapters.tools.passages import MAX_CHARACTERS, Passage, split_passages
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, GuardDenied, ToolError
from agentcore.domain.label import Confidentiality, Label
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext
from agentcore.testing.contracts.tool import ToolContract

CONTEXT = ToolContext(key="k", tenant="t", principal="p")

PRICING = """\
# Pricing

## List prices
Prices are quoted per unit.
VAT is added.

## Volume discounts
An order of 25 or more units earns a discount of 12 %.
"""


class Letters:
    """Embeds a text as the frequencies of its letters."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.texts = 0

    def embed(self, texts):
        self.threads.add(threading.current_thread().name)
        self.texts += len(texts)
        counts = np.array(
            [[text.lower().count(chr(97 + i)) + 1e-6 for i in range(26)] for text in texts], dtype=np.float32
        )
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "deep").mkdir(parents=True)
    (folder / "pricing.md").write_text(PRICING)
    (folder / "deep" / "returns.txt").write_text(
        "Unopened goods can be sent back within 30 days. Model XJ-900 cannot."
    )
    (folder / "image.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.md").write_text("# Hidden\nsecret")
    return folder


def make(folder: Path, embedder=None, **options) -> Documents:
    return Documents("handbook", folder, embedder or Letters(), DocumentsOptions(path=folder.name, **options))


async def find(tool, query: str):
    return (await tool.call({"query": query}, CONTEXT)).value["passages"]


class TestDocuments(ToolContract):
    arguments = {"query": "volume discount"}
    wrong = ({}, {"query": ""}, {"query": 3}, {"query": "x" * 501})

    @pytest.fixture
    async def tool(self, folder):
        tool = make(folder)
        yield tool
        await tool.aclose()


async def test_the_best_passage_comes_first_with_its_source(folder: Path) -> None:
    embedder = Letters()
    result = await make(folder, embedder, top=2, confidentiality="public").call(
        {"query": "volume discounts for an order"}, CONTEXT
    )
    first, second = result.value["passages"]
    assert first["id"] == "pricing.md#volume-discounts"
    assert first["title"] == "Volume discounts"
    assert first["text"] == "An order of 25 or more units earns a discount of 12 %."
    assert 0 < first["score"] <= 1
    assert result.label.sources == {f"document:{first['id']}", f"document:{second['id']}"}
    assert result.label.confidentiality is Confidentiality.PUBLIC
    assert threading.current_thread().name not in embedder.threads


async def test_a_code_is_found_by_its_letters(folder: Path) -> None:
    (found,) = await find(make(folder, top=1), "XJ-900")
    assert found["id"] == "deep/returns.txt"


async def test_nothing_similar_enough_is_nothing(folder: Path) -> None:
    result = await make(folder, min_score=1.0).call({"query": "zzz"}, CONTEXT)
    assert result.value == {"passages": []}
    assert result.label.sources == {"tool:handbook"}


async def test_the_index_follows_the_files_and_is_kept_otherwise(folder: Path) -> None:
    embedder = Letters()
    tool = make(folder, embedder, top=20)
    await find(tool, "a")
    after_first = embedder.texts
    await find(tool, "a")
    assert embedder.texts == after_first + 1  # the query alone
    (folder / "new.md").write_text("# New rule\nThe cellar is closed on Sundays.")
    assert "new.md#new-rule" in [each["id"] for each in await find(tool, "cellar")]
    (folder / "new.md").write_text("# New rule\nThe cellar is open on Sundays!")
    assert "open on Sundays!" in str(await find(tool, "cellar"))
    (folder / "new.md").unlink()
    assert "new.md#new-rule" not in [each["id"] for each in await find(tool, "cellar")]


async def test_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("# Outside\nThe password is swordfish.")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "other.md").write_text("# Other\nswordfish")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / "linked").symlink_to(tmp_path / "more", target_is_directory=True)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    (folder / "alias.md").symlink_to(folder / "pricing.md")
    assert [name for name, _, _ in scan(folder)] == ["alias.md", "deep/returns.txt", "pricing.md"]
    assert "swordfish" not in str(await find(make(folder, top=20), "password swordfish"))


async def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ToolError, match=r"bad\.md cannot be read"):
        await find(make(folder), "a")
    (folder / "bad.md").unlink()
    (folder / "huge.txt").write_bytes(b"a" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ToolError, match=r"huge\.txt is larger than 4 MB"):
        await find(make(folder), "a")


class Censor:
    """A KnowledgeGuard that finds one word, takes another out, and lets nothing in that has a third."""

    def __init__(self):
        self.looked = []

    async def admitted(self, text, what):
        self.looked.append(what)
        if "DENIED" in text:
            raise GuardDenied(f"nobody lets {what} in")
        found = frozenset({"word"} if "FOUND" in text else ())
        raised = Confidentiality.SECRET if found else Confidentiality.PUBLIC
        return text.replace("TAKEN", "[OUT]"), Label(confidentiality=raised, findings=found)


async def test_what_is_found_in_a_file_goes_with_its_passages_and_with_no_others(folder: Path) -> None:
    (folder / "found.md").write_text("# Cellar\nFOUND in the cellar.")
    tool = Documents("handbook", folder, Letters(), DocumentsOptions(path="handbook", top=1), Censor())
    marked = await tool.call({"query": "FOUND in the cellar"}, CONTEXT)
    assert marked.value["passages"][0]["id"] == "found.md#cellar"
    assert (marked.label.findings, marked.label.confidentiality) == ({"word"}, Confidentiality.SECRET)
    other = await tool.call({"query": "XJ-900"}, CONTEXT)
    assert (other.label.findings, other.label.confidentiality) == (frozenset(), Confidentiality.INTERNAL)


async def test_a_file_is_looked_at_once_as_long_as_it_stays_the_same(folder: Path) -> None:
    guard = Censor()
    tool = Documents("handbook", folder, Letters(), DocumentsOptions(path="handbook"), guard)
    await find(tool, "a")
    await find(tool, "b")
    assert sorted(guard.looked) == ["the document deep/returns.txt", "the document pricing.md"]
    (folder / "new.md").write_text("More.")
    await find(tool, "a")
    assert guard.looked[2:] == ["the document new.md"]


async def test_a_file_that_a_guard_denies_is_left_out_and_said_so_each_time(folder: Path) -> None:
    (folder / "bad.md").write_text("# Bad\nDENIED")
    (folder / "mixed.md").write_text("# Mixed\nTAKEN away.")
    tool = Documents("handbook", folder, Letters(), DocumentsOptions(path="handbook", top=20), Censor())
    for _ in range(2):
        result = await tool.call({"query": "bad and mixed"}, CONTEXT)
        assert result.value["left_out"] == {"bad.md": "nobody lets the document bad.md in"}
        shown = str(result.value["passages"])
        assert "DENIED" not in shown
        assert "[OUT] away." in shown
        assert "TAKEN" not in shown
    (folder / "bad.md").write_text("# Good\nNothing.")
    assert "left_out" not in (await tool.call({"query": "bad"}, CONTEXT)).value


async def test_several_searches_at_once_take_the_files_in_once(folder: Path) -> None:
    guard = Censor()
    tool = Documents("handbook", folder, Letters(), DocumentsOptions(path="handbook"), guard)
    await asyncio.gather(*(find(tool, "a") for _ in range(5)))
    assert len(guard.looked) == 2


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    context = BuildContext(root=tmp_path, environment={})
    with pytest.raises(ConfigError, match="nowhere: no such folder"):
        PLUGIN.build("handbook", DocumentsOptions(path="nowhere"), context)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="empty: no texts"):
        PLUGIN.build("handbook", DocumentsOptions(path="empty"), context)


def test_the_plug_in_says_what_is_searched(folder: Path) -> None:
    context = BuildContext(root=folder.parent, environment={})
    (tool,) = PLUGIN.build("handbook", DocumentsOptions(path="handbook", about="the sales handbook"), context)
    assert "the sales handbook" in tool.definition.description
    assert (tool.definition.instruction_parameter, tool.definition.safety) == ("query", Safety.READ)


def test_passages_are_sections() -> None:
    text = (
        "\ufeffBefore.\n\n# Title #\n\n## Größe & Farbe\nOne\ntwo.\n\nThree.\n- a\n- b\n  more\n\n"
        "## Größe & Farbe\n```\n# no heading\n   code\n```\n## Empty\n"
    )
    assert split_passages("a.md", text) == (
        Passage(id="a.md", title="a.md", text="Before."),
        Passage(id="a.md#größe-farbe", title="Größe & Farbe", text="One two.\nThree.\n- a\n- b more"),
        Passage(id="a.md#größe-farbe-2", title="Größe & Farbe", text="```\n# no heading\n   code\n```"),
    )


def test_long_sections_are_split_at_sentences() -> None:
    sentence = "This sentence says the same thing again and again."
    parts = split_passages("a.txt", " ".join([sentence] * 100))
    assert [part.id for part in parts] == ["a.txt", *(f"a.txt#{n}" for n in range(2, len(parts) + 1))]
    assert all(len(part.text) <= MAX_CHARACTERS and part.text.endswith("again.") for part in parts)
    assert " ".join(part.text for part in parts) == " ".join([sentence] * 100)
    endless = split_passages("b.txt", "x" * 5000)
    assert "".join(part.text.replace(" ", "") for part in endless) == "x" * 5000


@given(st.text(alphabet="#ab \n`~-1.\t", max_size=200))
def test_passages_have_unique_ids_and_text(text: str) -> None:
    passages = split_passages("a.md", text)
    assert len({passage.id for passage in passages}) == len(passages)
    assert all(passage.text.strip() for passage in passages)


@given(st.text(alphabet="ab \n`~-1.\t", max_size=200))
def test_text_without_headings_loses_no_words(text: str) -> None:
    passages = split_passages("a.md", text)
    assert " ".join(passage.text for passage in passages).split() == text.split()


def test_an_empty_index_finds_nothing() -> None:
    assert PassageIndex([], Letters()).search("a", top=3, min_score=-1) == ()


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("a cheaper price on bulk orders", "volume"),
        ("how long can I send something back", "returns"),
        ("penalty for late payment", "late"),
        ("guarantee period of a battery", "warranty"),
    ],
)
def test_paraphrases_are_found_with_the_real_embeddings(query: str, id: str) -> None:
    from agentcore.adapters.embedding.wordllama import WordLlamaEmbedder

    texts = {
        "volume": ("Volume discounts", "An order of 25 or more units earns a volume discount of 12 %."),
        "returns": ("Return window", "Unopened goods can be sent back within 30 days of delivery."),
        "late": ("Late payment", "When an invoice is overdue we charge a late fee of 40 euros."),
        "warranty": (
            "Standard warranty",
            "Every device carries a warranty of 36 months. Batteries are covered for 12.",
        ),
        "office": ("Office hours", "The office is open from nine to five."),
    }
    passages = [Passage(id=key, title=title, text=text) for key, (title, text) in texts.items()]
    hits = PassageIndex(passages, WordLlamaEmbedder()).search(query, top=1, min_score=-1)
    assert hits[0].passage.id == id


def test_a_scan_needs_no_order_of_the_file_system(folder: Path, monkeypatch) -> None:
    walk = list(os.walk(folder))
    monkeypatch.setattr(
        os,
        "walk",
        lambda root: [(str(Path(parent).resolve()), folders, files[::-1]) for parent, folders, files in walk[::-1]],
    )
    assert [name for name, _, _ in scan(folder)] == ["deep/returns.txt", "pricing.md"]
