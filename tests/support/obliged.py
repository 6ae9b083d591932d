"""Runs under policies that ask for something: a finder that calls a tool with what it is told, and a writer."""

from __future__ import annotations

import re
from dataclasses import replace

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Limits
from agentcore.domain.detection import NOTHING, Detection, Span
from agentcore.domain.effect import Safety
from agentcore.domain.ids import RunId, ToolName
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.engine.guards import Guard, Guards
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan
from support.outside import Outside, Post

ALL = '@id("all") permit (principal, action, resource);\n'
SEEKER = replace(FINDER, tools=(ToolName("post"),), limits=Limits(attempts=1, escalations=0))
AGENTS = (BOSS, SEEKER, ADDER, WRITER)


class Mails:
    """A detector of e-mail addresses and of numbers of nine digits."""

    name, version = "mails", "1"

    def __init__(self, error=None, whole=False):
        self.error, self.whole = error, whole
        self.seen = []

    def detect(self, text):
        self.seen.append(text)
        if self.error is not None:
            raise self.error
        spans = [Span(type="EMAIL_ADDRESS", start=m.start(), end=m.end()) for m in re.finditer(r"\w+@\w+", text)]
        spans += [Span(type="ACCOUNT", start=m.start(), end=m.end()) for m in re.finditer(r"\d{9}", text)]
        if not spans:
            return NOTHING
        return Detection(score=1.0, flagged=True, spans=() if self.whole else tuple(spans))


def obligation(id, kind, scope, **parameters):
    """Return the text of a policy that asks for something."""
    when = parameters.pop("when", None)
    given = "".join(f'@{name}("{value}") ' for name, value in parameters.items())
    condition = f" when {{ {when} }}" if when else ""
    return f'@id("{id}") @obligation("{kind}") {given}permit {scope}{condition};\n'


def on(action, resource="resource"):
    """Return the first line of a policy about an action."""
    return f'(principal, action == Action::"{action}", {resource})'


class Case:
    """A store, an outside, and a model that posts what it is told, `times` times, and repeats what it is answered."""

    def __init__(
        self, *policies, detector=None, safety=Safety.UNSAFE, posts="told", answer="Done.", times=1, **options
    ):
        self.policies = {"p.cedar": ALL + "".join(policies)}
        self.detectors = [] if detector is None else [detector]
        self.clock = FakeClock(auto=True)
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        self.outside = Outside()
        self.post = Post(self.outside, safety)
        self.asked = []
        self._posts, self._answer, self._times = posts, answer, times
        self._options = options

    def model(self):
        return ScriptedModel(self.reply)

    def reply(self, request):
        self.asked.append(request)
        system = request.messages[0].content
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            told = [message for message in request.messages if message.role == "tool"]
            if len(told) < self._times:
                return Call("post", {"text": self._posts if self._times == 1 else f"{self._posts} {len(told)}"})
            return f"It says {told[-1].content}"
        return self._answer

    def process(self, **options):
        given = {
            "models": {"m": self.model()},
            "agents": AGENTS,
            "tools": [self.post],
            "limits": RunLimits(replans=0),
            "journal": self.store,
            "guards": Guards([Guard(detector=each, at=frozenset({"input"})) for each in self.detectors]),
        }
        given |= self._options | options
        return engine(given.pop("models"), policies=self.policies, clock=self.clock, inbox=self.inbox, **given)

    async def run(self, goal="go", **task):
        async with self.process() as running:
            return await (await running.start(Task(goal=goal, **task), id=RunId("r"))).result()

    async def resume(self, **options):
        async with self.process(**options) as running:
            return await (await running.resume(RunId("r"))).result()

    async def replay(self, **options):
        async with self.process(**options) as running:
            return await running.replay(RunId("r"))

    async def facts(self, kind):
        return [event.fact for event in await self.store.read(RunId("r")) if isinstance(event.fact, kind)]

    def sent(self, system):
        """Return all texts that were sent to the model by an agent, one by one."""
        return [
            message.content
            for request in self.asked
            if request.messages[0].content.startswith(system)
            for message in request.messages
        ]
