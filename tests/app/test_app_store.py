"""The journal that a project asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.postgres import new_database

from agentcore.adapters.journal.postgres import PostgresJournal
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.app import describe_store, open_store, store, store_at
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Role
from agentcore.domain.errors import ConfigError, PluginError
from agentcore.domain.store_url import StoreUrl
from agentcore.testing.contracts.journal import begin


def project(store):
    agents = [Agent(name="planner", role=Role.SUPERVISOR), Agent(name="writer")]
    return Project(name="desk", agents=agents, store=store)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (None, SqliteJournal),
        (Path("runs.sqlite"), SqliteJournal),
        ("runs.sqlite", SqliteJournal),
        ("postgres://host/db", PostgresJournal),
        (StoreUrl("postgresql://host/db"), PostgresJournal),
    ],
)
def test_a_store_is_a_file_or_a_database(place, kind):
    assert isinstance(open_store(project(place)).journal, kind)


async def test_a_folder_s_store_is_a_database(tmp_path, monkeypatch):
    async with new_database() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        (tmp_path / "agentcore.yaml").write_text("store: ${DATABASE_URL}\nmodels: nonsense\n", encoding="utf-8")
        journal = open_store(tmp_path).journal
        assert await describe_store(StoreUrl(url)) == "tables will be made by the first run"
        assert await journal.list() == []
        assert await describe_store(StoreUrl(url)) == "no runs yet"
        await journal.append([begin("a")], durable=True)
        assert await describe_store(StoreUrl(url)) == "in use"
        await journal.aclose()


def test_a_variable_that_is_not_set_is_told_when_the_store_is_opened():
    url = StoreUrl(
        "${DATABASE_URL}", missing=("agentcore.yaml:1:8: the environment variable DATABASE_URL is not set",)
    )
    with pytest.raises(ConfigError, match="1:8: the environment variable DATABASE_URL") as caught:
        store_at(url)
    assert "export" in caught.value.hint


def test_another_kind_of_database_is_refused():
    with pytest.raises(ConfigError, match="mysql://me@host/db") as caught:
        open_store(project("mysql://me:secret@host/db"))
    assert "secret" not in str(caught.value)


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    with pytest.raises(PluginError, match="postgres://me@host/db needs the package asyncpg") as caught:
        store_at(StoreUrl("postgres://me:secret@host/db"))
    assert caught.value.hint == "pip install 'agentcore-runtime[postgres]'"
