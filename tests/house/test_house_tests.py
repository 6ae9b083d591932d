"""The rules that hold while tests run."""

from __future__ import annotations

import asyncio
import socket

import hypothesis
import pytest


async def test_the_network_is_out_of_reach():
    with pytest.raises(AssertionError, match=r"reached for the network: 192\.0\.2\.1:80"):
        await asyncio.open_connection("192.0.2.1", 80)


def test_this_machine_is_in_reach():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_examples_repeat():
    assert hypothesis.settings.get_current_profile_name() in {"repeatable", "explore"}
