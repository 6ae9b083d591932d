"""The webhook against a server on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import aiohttp.web
import pytest
from inline_snapshot import snapshot

from agentcore.adapters.webhook import Webhook
from agentcore.domain.announcement import Announcement
from agentcore.domain.approval import Approval, ApprovalRecord, Ruling, closing
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import NotificationFailed
from agentcore.domain.notice import notices

ASKED = Approval(
    id="run.1",
    subject="call",
    step="payer",
    attempt=1,
    agent="payer",
    name="pay",
    value={"account": "DE12"},
    reason="every call of pay needs approval",
    rule=ApprovalRule(approvers=("lead", "cfo"), due_seconds=10),
    asked_at=1.0,
    due_at=11.0,
)
PENDING = ApprovalRecord(run="run", tenant="acme", approval=ASKED)
(OPEN,) = notices(PENDING, 0)


class Receiver:
    """A server that keeps what it is sent, and answers as told."""

    def __init__(self):
        self.received = []
        self.status = 204
        self.headers = {}
        self.url = ""

    async def answer(self, request):
        self.received.append((request.path, dict(request.headers), await request.read()))
        return aiohttp.web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver():
    made = Receiver()
    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def webhook(receiver):
    made = Webhook(f"{receiver.url}/hook?key=1", "geheim", environment={}, now=lambda: 1700000000.9)
    yield made
    await made.aclose()
    await made.aclose()


async def test_a_question_is_told_without_its_values(webhook, receiver):
    await webhook.notify(OPEN)
    ((path, headers, body),) = receiver.received
    assert (path, headers["Content-Type"], headers["Agentcore-Delivery"]) == ("/hook", "application/json", "run.1.1")
    assert b"DE12" not in body
    assert json.loads(body) == snapshot(
        {
            "event": "asked",
            "delivery": "run.1.1",
            "approval": "run.1",
            "run": "run",
            "tenant": "acme",
            "step": "payer",
            "agent": "payer",
            "subject": "call",
            "name": "pay",
            "reason": "every call of pay needs approval",
            "approver": "lead",
            "version": 1,
            "asked_at": 1.0,
            "due_at": 11.0,
            "commands": {
                "show": "agentcore approvals show run.1",
                "approve": "agentcore approvals approve run.1 --version 1",
                "reject": "agentcore approvals reject run.1 --version 1",
                "escalate": "agentcore approvals escalate run.1 --version 1",
                "terminate": "agentcore approvals terminate run.1 --version 1",
            },
            "ruling": None,
        }
    )


async def test_the_signature_is_of_time_and_body(webhook, receiver):
    await webhook.notify(OPEN)
    _, headers, body = receiver.received[0]
    stamp, signed = headers["Agentcore-Signature"].split(",")
    assert stamp == "t=1700000000"
    expected = hmac.new(b"geheim", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert signed == f"v1={expected}"


async def test_a_decision_is_told_with_who_and_why(webhook, receiver):
    ruling = Ruling(verb="edit", actor="ann", reason="less", value={"account": "DE13"}, at=5.0)
    decided = notices(replace(PENDING, status="decided", ruling=ruling), 1)[0]
    await webhook.notify(decided)
    sent = json.loads(receiver.received[0][2])
    assert (sent["event"], sent["due_at"]) == ("decided", None)
    assert sent["ruling"] == {"verb": "edit", "actor": "ann", "reason": "less", "at": 5.0}
    assert list(sent["commands"]) == ["show"]
    await webhook.notify(notices(replace(PENDING, status="closed", ruling=closing(9.0)), 1)[0])
    assert json.loads(receiver.received[1][2])["event"] == "closed"


async def test_what_a_policy_wants_told_is_told_without_values(webhook, receiver):
    announcement = Announcement(
        id="run/1/pay/1/payer/tool.1",
        run="run",
        tenant="acme",
        user="ann",
        step="pay",
        agent="payer",
        action="call_tool",
        resource="pay",
        policies=("payments-are-told",),
        to=("security",),
        at=5.0,
    )
    await webhook.announce(announcement)
    ((_, headers, body),) = receiver.received
    assert headers["Agentcore-Delivery"] == "run/1/pay/1/payer/tool.1"
    assert "Agentcore-Signature" in headers
    assert json.loads(body) == {
        "event": "announced",
        "delivery": "run/1/pay/1/payer/tool.1",
        "run": "run",
        "tenant": "acme",
        "user": "ann",
        "step": "pay",
        "agent": "payer",
        "action": "call_tool",
        "resource": "pay",
        "policies": ["payments-are-told"],
        "to": ["security"],
        "at": 5.0,
    }
    receiver.status = 400
    with pytest.raises(NotificationFailed, match=r"run/1/pay/1/payer/tool\.1 could not be told"):
        await webhook.announce(announcement)


async def test_values_are_sent_when_wanted(receiver):
    webhook = Webhook(receiver.url, "geheim", include_value=True, environment={})
    ruling = Ruling(verb="respond", actor="ann", value="by hand")
    for notice in notices(replace(PENDING, status="decided", ruling=ruling), 0):
        await webhook.notify(notice)
    first, second = (json.loads(body) for _, _, body in receiver.received)
    assert first["value"] == second["value"] == {"account": "DE12"}
    assert second["ruling"]["value"] == "by hand"
    await webhook.aclose()


@pytest.mark.parametrize(
    ("status", "refused"),
    [(302, True), (307, True), (400, True), (410, True), (429, False), (408, False), (503, False)],
)
async def test_an_answer_that_is_no_yes(webhook, receiver, status, refused):
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(
        NotificationFailed, match=rf"run\.1 could not be told to {receiver.url}: it answered {status}"
    ) as e:
        await webhook.notify(OPEN)
    assert e.value.refused is refused
    assert [path for path, _, _ in receiver.received] == ["/hook"]  # a redirect is not followed


async def test_a_server_that_is_down(receiver):
    webhook = Webhook("http://127.0.0.1:9/hook?key=1", "geheim", environment={})
    with pytest.raises(NotificationFailed) as caught:
        await webhook.notify(OPEN)
    assert not caught.value.refused
    assert "key=1" not in caught.value.message
    await webhook.aclose()
