from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import BaseModel, ConfigDict, Field

from agentcore.domain.errors import PluginError
from agentcore.ports.plugin import DetectorPlugin, ModelPlugin, ToolPlugin, TriggerPlugin


class ServerOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    port: int = Field(default=80, ge=1)
    key: str = Field(default="", max_length=12)


class FolderOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str


def no_build(name, options, context):
    raise AssertionError("the configuration builds nothing")


class FakePlugins:
    models = {
        "llama": ModelPlugin(options=ServerOptions, build=no_build, local=True),
        "openai": ModelPlugin(options=ServerOptions, build=no_build),
    }
    tools = {"documents": ToolPlugin(options=FolderOptions, build=no_build)}
    triggers = {"queue": TriggerPlugin(options=ServerOptions, build=no_build)}
    detectors = {"words": DetectorPlugin(options=FolderOptions, build=no_build)}

    def model(self, provider: str) -> ModelPlugin:
        if provider not in self.models:
            raise PluginError(f"no plug-in `{provider}` in agentcore.models; there are: llama, openai")
        return self.models[provider]

    def tool(self, provider: str) -> ToolPlugin:
        if provider not in self.tools:
            raise PluginError(f"no plug-in `{provider}` in agentcore.tools; there is: documents")
        return self.tools[provider]

    def trigger(self, provider: str) -> TriggerPlugin:
        if provider not in self.triggers:
            raise PluginError(f"no plug-in `{provider}` in agentcore.triggers; there is: queue")
        return self.triggers[provider]

    def detector(self, name: str) -> DetectorPlugin:
        if name not in self.detectors:
            raise PluginError(f"no plug-in `{name}` in agentcore.detectors; there is: words")
        return self.detectors[name]

    def names(self, group: str) -> Sequence[str]:
        groups = {
            "agentcore.models": self.models,
            "agentcore.tools": self.tools,
            "agentcore.triggers": self.triggers,
            "agentcore.detectors": self.detectors,
        }
        return sorted(groups[group])


@pytest.fixture
def plugins() -> FakePlugins:
    return FakePlugins()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files under a new working folder, so that messages name them as a user in it would see them."""
    monkeypatch.chdir(tmp_path)

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = Path(FILES.get(name, f"agents/{name}.yaml"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return Path()

    return write


FILES = {"project": "agentcore.yaml", "scenario": "scenarios/scenario.yaml", "checks": "checks.py"}

PROJECT = """
    name: desk
    models:
      local:
        provider: llama
        options: {model: small}
    tools:
      handbook: {provider: documents, options: {path: handbook}}
    team: {supervisor: planner, workers: [researcher], answer: writer}
"""
PLANNER = """
    name: planner
    role: supervisor
"""
RESEARCHER = """
    name: researcher
    tools: [handbook]
"""
WRITER = """
    name: writer
    output: {type: object, properties: {answer: {type: string}}}
"""


@pytest.fixture
def project(write):
    """Write a project that is right, but for what a test writes instead of its files."""

    def project(**files: str) -> Path:
        parts = {"project": PROJECT, "planner": PLANNER, "researcher": RESEARCHER, "writer": WRITER, **files}
        return write(**parts)

    return project
