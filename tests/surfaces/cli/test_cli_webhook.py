"""The webhook of a project, seen from the command line: down at first, then up."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.bank import BankScript


@pytest.fixture
def port():
    """Return a port on which nobody listens yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def receiving(port):
    """Serve until the block ends; yields what is received."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Agentcore-Delivery"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def told(bank, tmp_path, port, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "geheim")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bank(BankScript(), approval="true")
    file = tmp_path / "agentcore.yaml"
    webhook = f"approvals: {{ webhook: {{ url: 'http://127.0.0.1:{port}/', secret: '${{HOOK_SECRET}}' }} }}\n"
    file.write_text(file.read_text(encoding="utf-8") + webhook, encoding="utf-8")


def test_a_server_that_was_down_is_told_when_it_is_back(told, agentcore, port):
    done = agentcore("run", "pay")
    assert done.exit_code == 6  # nobody could be told, which holds up nothing
    assert f"could not be told to http://127.0.0.1:{port}" in done.stderr
    with receiving(port) as received:
        assert agentcore("worker", "--until-idle").exit_code == 0
        ((delivery, sent),) = received
        assert (delivery, sent["event"]) == (f"{sent['approval']}.1", "asked")
        assert sent["commands"]["approve"] == f"agentcore approvals approve {sent['approval']} --version 1"
        assert "value" not in sent
        assert agentcore("approvals", "approve", sent["approval"], "--reason", "due").exit_code == 0
        assert agentcore("worker", "--until-idle").exit_code == 0
        assert [(event["event"], event["version"]) for _, event in received] == [("asked", 1), ("decided", 1)]
        assert received[1][1]["ruling"]["actor"] == "ann"
        assert agentcore("worker", "--until-idle").exit_code == 0
        assert len(received) == 2


def test_a_run_that_waits_has_told_before_its_process_ends(told, agentcore, port):
    with receiving(port) as received:
        assert agentcore("run", "pay").exit_code == 6
        assert [event["event"] for _, event in received] == ["asked"]


def test_a_secret_that_is_not_set_is_named(told, agentcore, monkeypatch):
    monkeypatch.delenv("HOOK_SECRET")
    assert "the environment variable HOOK_SECRET is not set" in agentcore("validate").output
    done = agentcore("run", "pay")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: agentcore.yaml:")
    assert "HOOK_SECRET is not set" in done.stderr
