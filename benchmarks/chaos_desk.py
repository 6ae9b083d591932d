"""The project of the chaos benchmark: four parallel steps, a check, an answer; models and tools take a moment.

Seven steps are recorded of each run: the plan, two drafts, a payment (idempotent), a mail (unsafe), the check, the
answer. Payments and mails reach the sink, a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentcore import Project, agent, tool
from agentcore.config.models import STRUCTURED
from agentcore.domain.json import JSON
from agentcore.domain.message import Message, ToolCall
from agentcore.domain.store_url import StoreUrl
from agentcore.ports.model import ModelReply, ModelRequest, OnText
from agentcore.ports.tool import ToolContext
from agentcore.routing.profile import ModelProfile, Price

TENANTS = 4
STEPS = ("draft", "pay", "mail", "quote", "check", "answer")
"""The steps of every plan; with the plan itself, what is recorded of a run."""

_ORDER = re.compile(r"order (\d+)")
_PLAN: list[dict[str, Any]] = [
    {"id": "draft", "agent": "drafter", "uses": []},
    {"id": "pay", "agent": "payer", "uses": []},
    {"id": "mail", "agent": "mailer", "uses": []},
    {"id": "quote", "agent": "drafter", "uses": []},
    {"id": "check", "agent": "checker", "uses": ["draft", "pay", "mail", "quote"]},
]


def goal(number: int) -> str:
    """Return the task of a run."""
    return f"do order {number}"


def answer(number: int) -> str:
    """Return what a run must answer."""
    return f"writer did order {number}"


def receipt(kind: str, number: str) -> str:
    """Return what the sink says of a call."""
    return f"{kind} {number} done"


class Talker:
    """A model whose every answer follows from what it is asked, after a moment."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return a plan, a tool call, or a sentence."""
        await asyncio.sleep(self._seconds)
        role = request.messages[0].content.partition(" ")[0]
        found = _ORDER.findall(request.messages[-1].content)
        order = found[-1] if found else "?"
        if role == "planner":
            steps = [{**step, "task": f"{step['id']} order {order}"} for step in _PLAN]
            return ModelReply(text=json.dumps({"steps": steps}), input_tokens=9, output_tokens=9)
        if request.tools:
            call = ToolCall(id="call_1", name=request.tools[0].name, arguments=json.dumps({"order": order}))
            return ModelReply(text="", tool_calls=(call,), finish="tool_calls", input_tokens=9, output_tokens=9)
        return ModelReply(text=f"{role} did order {order}", input_tokens=9, output_tokens=9)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return a number."""
        return 9 * len(messages)

    async def aclose(self) -> None:
        """Do nothing."""


async def ask_sink(port: int, **message: JSON) -> Any:
    """Return the sink's answer to one message."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(json.dumps(message).encode() + b"\n")
        return json.loads(await reader.readline())
    finally:
        writer.close()


@agent(role="supervisor")
def planner() -> None:
    """planner of orders"""  # noqa: D403, D415  # the model knows its role by the first word


@agent()
def drafter() -> None:
    """drafter of orders"""  # noqa: D403, D415


@agent()
def checker() -> None:
    """checker of orders"""  # noqa: D403, D415


@agent()
def writer() -> None:
    """writer of orders"""  # noqa: D403, D415


def project(store: str, *, sink: int, seconds: float, ask: bool = False) -> Project:
    """Return the project.

    store: a URL, or a file.  sink: its port, 0 for none.  seconds: what a model takes.  ask: whether a person has to
    approve each mail.
    """

    async def tell(do: str, order: str, context: ToolContext) -> str:
        return await ask_sink(sink, do=do, key=context.key, order=order) if sink else receipt(do, order)

    @tool(safety="idempotent")
    async def pay(order: str, context: ToolContext) -> str:
        """Pay."""
        return await tell("pay", order, context)

    @tool(safety="unsafe", approval=ask)
    async def mail(order: str, context: ToolContext) -> str:
        """Mail."""
        return await tell("mail", order, context)

    @agent(tools=[pay], tool_use="output")
    def payer() -> None:
        """payer of orders"""  # noqa: D403, D415

    @agent(tools=[mail], tool_use="output")
    def mailer() -> None:
        """mailer of orders"""  # noqa: D403, D415

    profile = ModelProfile(
        name="talker",  # type: ignore[arg-type]
        family="talker",
        quality=0.5,
        context_tokens=8000,
        capabilities=STRUCTURED,
        price=Price(),
        latency_seconds=0.01,
    )
    return Project(
        name="chaos",
        root=Path(),
        agents=[planner, drafter, payer, mailer, checker, writer],
        built_models=[(profile, Talker(seconds))],
        built_tools=[pay, mail],
        policies=Path(__file__).parent / "policies",
        store=StoreUrl(store) if "://" in store else Path(store),
    )
