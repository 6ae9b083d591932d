"""What holds for every test: examples that repeat, and no network but this machine's own."""

from __future__ import annotations

import ipaddress
import socket

import hypothesis
import pytest

# The same examples in every run; `pytest --hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeatable")

_connect = socket.socket.connect


def _connect_locally(sock, address):
    if sock.family in {socket.AF_INET, socket.AF_INET6}:
        host, port = address[:2]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test reached for the network: {host}:{port}")
    return _connect(sock, address)


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Fail any connection of this process to another machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _connect_locally)
        yield
