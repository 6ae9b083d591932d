"""Event: an immutable fact of a run. The journal is a run's events in order; everything else is computed from them.

The order of a run:

    RunStarted
      (EffectStarted EffectFinished | EffectRefused)*  PlanRejected?  PlanAccepted      the supervisor plans
      AttemptStarted                                                                     a step is tried
        (EffectStarted EffectFinished | EffectRefused)*  AttemptFinished                 its calls and its output
        (EffectStarted EffectFinished | EffectRefused)*  VerdictReached                  what verifiers say
      StepFailed?                                                                        no attempt was accepted
      PlanAccepted?                                                                      the supervisor plans again
    (RunEnding (EffectStarted EffectFinished | EffectRefused)*)?                         what was done is undone
    RunFinished

An attempt may ask a person (ApprovalRequested) and ends there; once all that is left of a run waits so, it is parked
(RunParked). The answers (ApprovalDecided), or the death of a process, are followed by RunResumed, and the attempts
that were under way go on from what is recorded: they start again (AttemptStarted, with the same number) and get the
recorded outcomes of the effects that they repeat. An effect without one may be started again, under the same id and
key.

Wherever a text goes on, guards may have had their word (TextGuarded). What they say of a task, or of the outcome of a
call, is in its label.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

from agentcore.domain.answer_candidate import AnswerCandidate
from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.budget import NOTHING_USD, Budget, Usage
from agentcore.domain.cache_hit import CacheHit, Trimmed
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import AgentName, ApprovalId, EffectId, ModelName, RunId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan
from agentcore.domain.route import Route
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded
from agentcore.domain.verdict import Verdict

RunStatus = Literal[
    "running", "waiting", "succeeded", "refused", "failed", "cancelled", "over_budget", "denied", "planned"
]
"""Where a run stands.

waiting: for people's decisions; no process drives it.
refused: no answer passed verification, or the agents said that there is none.  failed: something broke.
planned: a dry run, which stops before the first step.
"""

OPEN: Final[frozenset[RunStatus]] = frozenset({"running", "waiting"})
"""The statuses of runs that may go on."""

ENDED: Final[tuple[RunStatus, ...]] = tuple(status for status in get_args(RunStatus) if status not in OPEN)
"""The statuses of runs that have ended: nothing is added to them any more."""


@frozen
class Lineage:
    """Where a fork comes from.

    step: what it does anew, with all that depends on it.  events: how many it shares with that run, its first one
    aside.  changes: what was set differently: `model=…`, `prompt=…` (its beginning), `input.NAME=…`, `budget.usd=…`.
    """

    run: RunId
    step: StepId
    events: int
    changes: tuple[str, ...] = ()


@frozen
class RunStarted:
    """A task was accepted.

    name: the scenario's or the project's.  agents: name → version.  snapshot: content hash of all that shapes the run.
    on_exceeded: instead of the project's.  owner: the process that drives the run.  lineage: of a fork.
    dry: the run stops before the first step.
    """

    task: Task
    name: str
    budget: Budget
    agents: Mapping[AgentName, str]
    snapshot: str
    runtime: str
    on_exceeded: OnExceeded | None = None
    owner: str = ""
    lineage: Lineage | None = None
    dry: bool = False
    kind: Literal["run_started"] = "run_started"


@frozen
class RunResumed:
    """A process takes a run over, from one that has died or after people have decided.

    epoch: 1 is the first time. Recording this fact is the claim: it takes the next sequence number, so nothing that
    the process before still tries to record has a place any more.
    """

    owner: str
    epoch: int
    kind: Literal["run_resumed"] = "run_resumed"


@frozen
class RunParked:
    """Nothing can go on before somebody decides. waits_for: the open questions."""

    waits_for: tuple[ApprovalId, ...]
    kind: Literal["run_parked"] = "run_parked"


@frozen
class ApprovalRequested:
    """An attempt ends here until a person has decided."""

    approval: Approval
    kind: Literal["approval_requested"] = "approval_requested"


@frozen
class ApprovalDecided:
    """A person, or the lapse of time, has decided. escalated: the question as somebody else is asked it now."""

    approval: ApprovalId
    step: StepId
    ruling: Ruling
    escalated: Approval | None = None
    kind: Literal["approval_decided"] = "approval_decided"


@frozen
class PlanRejected:
    """The supervisor's proposal was not valid. proposal: what the model wrote."""

    problems: tuple[str, ...]
    proposal: str
    kind: Literal["plan_rejected"] = "plan_rejected"


@frozen
class PlanAccepted:
    """A plan took effect.

    revision: 0 is the first; a later one keeps the steps that have succeeded.  label: of all that the supervisor was
    shown, and so of every instruction; None is the task's.
    """

    plan: Plan
    revision: int
    label: Label | None = None
    decisions: tuple[Decision, ...] = ()
    kind: Literal["plan_accepted"] = "plan_accepted"


Resort = Literal["", "model", "person", "best"]
"""How an attempt comes by its output.

Empty: in the ordinary way.  model: by the one that is named for when nothing is sure enough.  person: somebody is
asked about the best so far.  best: that is taken, and nobody is asked.
"""


@frozen
class AttemptStarted:
    """A step is tried. attempt: 1 is the first.  resort: empty, unless nothing so far was sure enough."""

    step: StepId
    attempt: int
    agent: AgentName
    resort: Resort = ""
    kind: Literal["attempt_started"] = "attempt_started"


@frozen
class EffectStarted:
    """An effect passed policy, routing and budget, and is about to be called.

    request: what is sent (to a model the messages, the names of the tools and the schema; to a tool its arguments).
    reserved: what was set aside.  trimmed: what was left out of it to fit, None when nothing was.
    """

    effect: Effect
    request: JSON
    decisions: tuple[Decision, ...]
    reserved: Usage
    route: Route | None = None
    trimmed: Trimmed | None = None
    kind: Literal["effect_started"] = "effect_started"


@frozen
class EffectRefused:
    """An effect was not called, or not again after it had broken off. by: who refused."""

    effect: Effect
    by: Literal["policy", "router", "budget", "tool", "person"]
    reason: str
    request: JSON = None
    decisions: tuple[Decision, ...] = ()
    kind: Literal["effect_refused"] = "effect_refused"


@frozen
class EffectFinished:
    """An effect returned or failed.

    output: for a model its text and tool calls; for a tool its result.  error: empty when it succeeded.
    used: what it really used.  seconds: its duration.  unknown: it was broken off, so what it did is not known.
    cached: where a reply comes from that no model was asked for.  spared: dollars that the provider's own cache of
    prompts took off the price; `used` is without them.
    """

    effect: EffectId
    output: JSON
    used: Usage
    seconds: float
    label: Label
    error: str = ""
    unknown: bool = False
    cached: CacheHit | None = None
    spared: Decimal = NOTHING_USD
    kind: Literal["effect_finished"] = "effect_finished"


@frozen
class TextGuarded:
    """Guards have found something in a text that is neither a task nor a call's outcome, or let it go no further.

    id: `PLANS/STEP/ATTEMPT/AGENT/PLACE.N`, made like an effect's.  found: what was found, to be joined with the text's
    own label.  value: what goes on instead, None when it is as it was.  denied: why it goes no further, else empty.
    """

    id: EffectId
    step: StepId
    attempt: int
    found: Label
    value: JSON = None
    denied: str = ""
    kind: Literal["text_guarded"] = "text_guarded"

    @property
    def place(self) -> str:
        """Where they have looked."""
        return self.id.rpartition("/")[2].partition(".")[0]


@frozen
class EffectReused:
    """An effect was not called, because the run had done just that before: a call with the same key.

    receipt: the effect whose outcome is used.
    """

    effect: Effect
    receipt: EffectId
    kind: Literal["effect_reused"] = "effect_reused"


@frozen
class AttemptFinished:
    """An attempt has an output, or an error that ended it.

    declined: the agent said that this cannot be answered from what it was given, and why.
    model: who wrote the output, None when no model did.
    candidates: the answers that it was chosen from, when there were several.  chosen: the number of that one.
    why_chosen: a sentence.
    """

    step: StepId
    attempt: int
    output: JSON
    label: Label
    model: ModelName | None = None
    error: str = ""
    declined: str = ""
    candidates: tuple[AnswerCandidate, ...] = ()
    chosen: int = 0
    why_chosen: str = ""
    kind: Literal["attempt_finished"] = "attempt_finished"


@frozen
class VerdictReached:
    """The panel has concluded about an attempt."""

    step: StepId
    attempt: int
    verdict: Verdict
    kind: Literal["verdict_reached"] = "verdict_reached"


@frozen
class StepFailed:
    """The step is given up, with the reasons of its attempts."""

    step: StepId
    reasons: tuple[str, ...]
    kind: Literal["step_failed"] = "step_failed"


@frozen
class RunFinished:
    """The run is over. answer: JSON of the last step, None unless it succeeded. reason: a sentence."""

    status: RunStatus
    answer: JSON
    reason: str = ""
    decisions: tuple[Decision, ...] = ()
    kind: Literal["run_finished"] = "run_finished"


@frozen
class RunEnding:
    """The run will end so, once what it did is undone: nothing else can go on upon that, whatever happens."""

    end: RunFinished
    kind: Literal["run_ending"] = "run_ending"


Fact: TypeAlias = (
    RunStarted
    | RunResumed
    | RunParked
    | ApprovalRequested
    | ApprovalDecided
    | PlanRejected
    | PlanAccepted
    | AttemptStarted
    | EffectStarted
    | EffectRefused
    | EffectFinished
    | EffectReused
    | TextGuarded
    | AttemptFinished
    | VerdictReached
    | StepFailed
    | RunEnding
    | RunFinished
)


@frozen
class Event:
    """A fact with its place in the journal.

    sequence: 1 is the first of the run, without gaps.  at: seconds since the Unix epoch.
    """

    run: RunId
    sequence: int
    at: float
    fact: Fact
