"""Exit codes: what a script that calls the command line can rely on."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, assert_never

from agentcore.domain.errors import (
    AgentcoreError,
    ApprovalError,
    BudgetExceeded,
    ConfigError,
    ForkError,
    GuardDenied,
    PluginError,
    PolicyDenied,
    RunNotFound,
)

if TYPE_CHECKING:
    from agentcore.domain.event import RunStatus


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    DENIED = 4
    OVER_BUDGET = 5
    WAITING = 6
    CANCELLED = 130
    LEFT = 143


MEANINGS = (
    (ExitCode.OK, "done"),
    (ExitCode.FAILED, "failed, or a case did not meet its expectations"),
    (ExitCode.USAGE, "wrong usage, or a file of the project is wrong"),
    (ExitCode.REFUSED, "refused: no answer passed verification, or there is none"),
    (ExitCode.DENIED, "denied by policy"),
    (ExitCode.OVER_BUDGET, "over budget"),
    (ExitCode.WAITING, "waits for people's decisions"),
    (ExitCode.CANCELLED, "cancelled (Ctrl-C)"),
    (ExitCode.LEFT, "left by SIGTERM, to be resumed"),
)
"""For `agentcore --help`."""


def of_status(status: RunStatus) -> ExitCode:
    """Return the exit code of a run that ended so."""
    match status:
        case "succeeded" | "planned":
            return ExitCode.OK
        case "refused":
            return ExitCode.REFUSED
        case "denied":
            return ExitCode.DENIED
        case "over_budget":
            return ExitCode.OVER_BUDGET
        case "cancelled":
            return ExitCode.CANCELLED
        case "waiting":
            return ExitCode.WAITING
        case "failed" | "running":
            return ExitCode.FAILED
        case _ as unreachable:
            assert_never(unreachable)


def of_error(error: AgentcoreError) -> ExitCode:
    """Return the exit code of a command that ended with this error."""
    match error:
        case ConfigError() | PluginError() | RunNotFound() | ApprovalError() | ForkError():
            return ExitCode.USAGE
        case PolicyDenied() | GuardDenied():
            return ExitCode.DENIED
        case BudgetExceeded():
            return ExitCode.OVER_BUDGET
        case _:
            return ExitCode.FAILED
