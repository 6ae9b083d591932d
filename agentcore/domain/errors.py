"""The one error tree.

AgentcoreError                  everything that this package raises on purpose
├── ConfigError                 a file is wrong: what, where (file:line:column), what to do
├── PluginError                 a named plug-in is missing or does not load
├── PlanError                   the supervisor's plan cannot be run: a list of problems
├── PolicyDenied                the policy engine said no: the decision
├── GuardDenied                 a text goes no further: it is too large or no text, or a detector failed on it
├── BudgetExceeded              a limit would be passed: which, how much is left
├── NoRoute                     no model can take this call: why each was filtered
├── ModelError                  a model call failed
│   ├── ModelTimeout            no answer in time
│   ├── ModelUnavailable        down, rate-limited, cut off: another try may work
│   ├── ModelRequestRejected    the provider calls the request wrong: another try will not work
│   └── ModelOutputInvalid      the answer is not what was asked for (prose for JSON, half a tool call)
├── ToolError                   a tool call failed
│   ├── ToolInputInvalid        the arguments do not fit the tool's schema
│   ├── ToolOutcomeUnknown      it broke off: nobody knows whether the call happened
│   │   └── ToolTimeout         no result in time
│   ├── RateExceeded            a policy lets the call be made, but not now
│   └── RejectedByPerson        a person said no to the call
├── JournalError                the record of a run cannot be read or written
│   ├── JournalConflict         another process has written this run further
│   ├── JournalCorrupt          the file is damaged, truncated or not a journal
│   ├── JournalUnavailable      locked, full disk, no permission, no server
│   └── JournalTooNew           written by a later version of this package
├── SourceUnavailable           messages cannot be received: the server is down, or refuses
├── RunNotFound                 no run of that id (or more than one that starts so)
├── RunBusy                     another process drives the run, or it has ended, or it waits for people
├── RunTerminated               a person ended the run
├── ForkError                   a fork cannot begin: no such step, or a change that fits nothing
├── LegalHold                   data cannot be erased: somebody has to keep it
├── NotificationFailed          nobody outside could be told what a run asks
├── ReplayMismatch              a replay differs from the record: the first difference
└── ApprovalError               a decision cannot be taken: no such question, or it has been answered otherwise
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentcore.domain.decision import Decision


class AgentcoreError(Exception):
    """Base of all errors. `hint` says what to do next; it is shown on its own line."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a traceback shows it


class ConfigError(AgentcoreError):
    """One or more files are wrong.

    problems: one `file:line:column: message` each, in file order; at least one.
    """

    def __init__(self, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = tuple(problems)


class PluginError(AgentcoreError):
    """A plug-in is not installed or fails to load; the message lists those that exist."""


class PlanError(AgentcoreError):
    """A plan that cannot be run.

    problems: sentences that the supervisor (and a person) can act upon; at least one.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("the plan is not valid: " + "; ".join(problems))
        self.problems = tuple(problems)


class PolicyDenied(AgentcoreError):
    """The policy engine denied an effect or a flow.

    advice: what to do about it; in the message, which is recorded and which models are told.
    """

    def __init__(self, decision: Decision, *, advice: str = "") -> None:
        super().__init__("; ".join(filter(None, (f"denied by policy: {decision.explain()}", advice))))
        self.decision = decision


class GuardDenied(AgentcoreError):
    """A guard lets a text go no further: it is too large or no text, or a detector failed on it."""


class BudgetExceeded(AgentcoreError):
    """A limit would be passed.

    limit: "tokens", "usd", "seconds" or "calls".  needed, left: in that limit's unit, as text.
    """

    def __init__(self, limit: str, needed: str, left: str) -> None:
        super().__init__(f"the budget's {limit} ran out: {needed} needed, {left} left")
        self.limit = limit
        self.needed = needed
        self.left = left

    @classmethod
    def recorded(cls, message: str) -> BudgetExceeded:
        """Return the error of which only the message is recorded."""
        found = re.fullmatch(r"the budget's (\w+) ran out: (.*) needed, (.*) left", message, re.DOTALL)
        return cls(*found.groups()) if found else cls("budget", message, "nothing")


class NoRoute(AgentcoreError):
    """No model can take the call. filtered: model name → the reason why not."""

    def __init__(self, filtered: Mapping[str, str]) -> None:
        why = "; ".join(f"{name}: {reason}" for name, reason in filtered.items()) or "none is configured"
        super().__init__(f"no model can take this call ({why})")
        self.filtered = dict(filtered)

    @classmethod
    def recorded(cls, message: str) -> NoRoute:
        """Return the error of which only the message is recorded."""
        error = cls({})
        error.message, error.args = message, (message,)
        return error


class ModelError(AgentcoreError):
    """A model call failed. `retryable`: another try, or another model, may work."""

    retryable = False


class ModelTimeout(ModelError):
    """No answer within the time allowed."""

    retryable = True


class ModelUnavailable(ModelError):
    """The model is down, overloaded, rate-limited or cut the answer off.

    retry_after_seconds: what the server asked for, if it did.
    """

    retryable = True

    def __init__(self, message: str, *, hint: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class ModelRequestRejected(ModelError):
    """The provider says that the request is wrong: a bad key, an unknown model, too long a prompt."""


class ModelOutputInvalid(ModelError):
    """The answer is not of the form that was asked for."""


class ToolError(AgentcoreError):
    """A tool call failed. The message is shown to the model, which may try something else."""


class ToolInputInvalid(ToolError):
    """The arguments do not fit the tool's schema."""


class ToolOutcomeUnknown(ToolError):
    """The call broke off, and may have happened or not. Raise ToolError itself to say that it did not."""


class ToolTimeout(ToolOutcomeUnknown):
    """The tool did not finish within its time."""


class RateExceeded(ToolError):
    """A policy lets the call be made, but not now. The message says when to try again."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"not now: {'; '.join(decision.unmet)}")
        self.decision = decision


class RejectedByPerson(ToolError):
    """A person rejected the call. The message has the reason."""


class JournalError(AgentcoreError):
    """The journal cannot be read or written."""


class JournalConflict(JournalError):
    """Another process has appended to this run; this one must stop driving it."""


class JournalCorrupt(JournalError):
    """The journal is damaged, truncated, or not a journal."""


class JournalUnavailable(JournalError):
    """The journal cannot be reached: locked, no space, no permission."""


class JournalTooNew(JournalError):
    """The journal was written by a later version of this package."""


class SourceUnavailable(AgentcoreError):
    """The server that messages come from cannot be reached, or refuses what is asked of it."""


class RunNotFound(AgentcoreError):
    """No run has that id, or several start with the given prefix."""


class RunBusy(AgentcoreError):
    """The run cannot be driven now: another process does, or it has ended, or it waits for people."""


class RunTerminated(AgentcoreError):
    """A person ended the run.

    actor: who.
    """

    def __init__(self, actor: str, reason: str) -> None:
        super().__init__(f"terminated by {actor}" + (f": {reason}" if reason else ""))
        self.actor = actor


class ForkError(AgentcoreError):
    """A fork cannot begin: the run has no such step, or a change fits nothing in it."""


class LegalHold(AgentcoreError):
    """Data cannot be erased, because it has to be kept."""


class NotificationFailed(AgentcoreError):
    """Somebody outside could not be told what a run asks. refused: they answered that they will not have it."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class ReplayMismatch(AgentcoreError):
    """A replay differs from the record. The message has the first difference."""


class ApprovalError(AgentcoreError):
    """A decision cannot be taken: there is no such question, or it was answered otherwise, or has changed since."""
