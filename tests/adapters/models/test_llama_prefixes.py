"""What a model computed for an agent's instructions is kept on disk; what users say is not."""

from __future__ import annotations

import pytest

from agentcore.adapters.models.llama_model import LlamaModel
from agentcore.adapters.models.llama_prefixes import MOST_FILES, Prefixes
from agentcore.adapters.models.llama_server import LoadSettings
from agentcore.domain.message import Message
from agentcore.ports.model import ModelRequest

LONG = [{"role": "system", "content": "Be brief. " * 60}]


class FakeServer:
    """A server that writes files as llama.cpp does, and remembers what it was asked."""

    def __init__(self, folder, *, restores=True):
        self.folder = folder
        self.restores = restores
        self.asked = []

    def chat(self, body, receive):
        self.asked.append(("read", body["id_slot"], body["messages"]))
        receive({})

    def slot_file(self, slot, action, name):
        self.asked.append((action, slot, name.rpartition(".")[2]))
        if action == "save":
            (self.folder / name).write_bytes(b"state")
            return True
        return self.restores and (self.folder / name).is_file()

    @property
    def actions(self):
        return [action for action, *_ in self.asked]


def never():
    return False


@pytest.fixture
def server(tmp_path):
    return FakeServer(tmp_path)


def test_a_beginning_is_read_once_in_a_process_and_once_on_a_machine(tmp_path, server):
    first = Prefixes(tmp_path, "model")
    first.prepare(server, 0, LONG, never)
    first.prepare(server, 0, LONG, never)
    assert server.actions == ["read", "save"]
    Prefixes(tmp_path, "model").prepare(server, 3, LONG, never)
    assert server.actions == ["read", "save", "restore"]


def test_another_model_build_or_beginning_is_another_file(tmp_path, server):
    Prefixes(tmp_path, "model").prepare(server, 0, LONG, never)
    Prefixes(tmp_path, "other").prepare(server, 0, LONG, never)
    Prefixes(tmp_path, "model").prepare(server, 0, [*LONG, {"role": "user", "content": "x"}], never)
    assert server.actions.count("read") == 3
    assert len(list(tmp_path.glob("*.kv"))) == 3


def test_a_short_beginning_is_not_worth_a_file(tmp_path, server):
    Prefixes(tmp_path, "model").prepare(server, 0, [{"role": "system", "content": "Be brief."}], never)
    assert server.asked == []


def test_a_file_that_cannot_be_read_back_is_removed_and_made_again(tmp_path):
    Prefixes(tmp_path, "model").prepare(FakeServer(tmp_path), 0, LONG, never)
    broken = FakeServer(tmp_path, restores=False)
    Prefixes(tmp_path, "model").prepare(broken, 0, LONG, never)
    assert broken.actions == ["restore", "read", "save"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cancelled_call_keeps_nothing(tmp_path, server):
    Prefixes(tmp_path, "model").prepare(server, 0, LONG, lambda: True)
    assert server.actions == ["read"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_does_not_fail_the_call(tmp_path):
    class Unwell(FakeServer):
        def slot_file(self, slot, action, name):
            raise OSError("no space left")

    prefixes = Prefixes(tmp_path, "model")
    prefixes.prepare(Unwell(tmp_path), 0, LONG, never)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_does_not_grow_without_bound(tmp_path, server):
    prefixes = Prefixes(tmp_path, "model")
    for number in range(MOST_FILES + 5):
        prefixes.prepare(server, 0, [*LONG, {"role": "user", "content": str(number)}], never)
    assert len(list(tmp_path.iterdir())) == MOST_FILES


SYSTEM = Message(role="system", content=" ".join(f"Rule {number}: never say {number}." for number in range(60)))


@pytest.mark.smoke_model
@pytest.mark.timeout(180)
async def test_the_next_process_does_not_read_the_instructions_again(smoke_model, tmp_path):
    settings = LoadSettings(
        path=smoke_model, context_tokens=1024, slots=1, threads=1, reading_threads=2, batch=64, prefixes=tmp_path
    )
    replies = []
    for secret in ("My secret is 4711.", "Hello."):
        model = LlamaModel("smoke", settings)  # as a new process would
        request = ModelRequest(
            messages=(SYSTEM, Message(role="user", content=secret)), max_output_tokens=4, slot="a", shared_messages=1
        )
        replies.append(await model.complete(request))
        await model.aclose()
    assert len(list(tmp_path.iterdir())) == 1, "what the user said makes no file of its own"
    assert replies[1].cached_tokens > 0.9 * replies[1].input_tokens
    plain = LlamaModel(
        "smoke", LoadSettings(path=smoke_model, context_tokens=1024, slots=1, threads=1, reading_threads=2, batch=64)
    )
    again = await plain.complete(
        ModelRequest(messages=(SYSTEM, Message(role="user", content="Hello.")), max_output_tokens=4)
    )
    await plain.aclose()
    assert again.text == replies[1].text, "a state that was read back answers as one that was computed"
