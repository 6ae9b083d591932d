"""Logs: for operators, to standard error, configured here and nowhere else.

Quiet by default: warnings and worse. `-v` adds what happens, `-vv` how. The journal is what is kept of a run.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

from agentcore.surfaces.cli.clean import clean

if TYPE_CHECKING:
    from loguru import Message, Record

LEVELS = ("WARNING", "INFO", "DEBUG")
"""By how many times `-v` was given."""


def configure_logs(verbose: int, *, as_json: bool = False, stream: TextIO | None = None) -> None:
    """Send this process' logs to a stream (standard error by default), those of the standard library included.

    verbose: how many times `-v` was given; tracebacks are shown from two on.  as_json: one JSON object a line.
    """
    level = LEVELS[min(verbose, len(LEVELS) - 1)]
    write = _json_line if as_json else _line

    def sink(message: Message) -> None:
        target = stream or sys.stderr  # looked up late: tests and services replace it
        target.write(write(message.record, with_traceback=level == "DEBUG"))
        target.flush()

    importlib.import_module("agentcore.engine")  # its import silences the package, so it must not come after this
    logger.enable("agentcore")
    logger.remove()
    # diagnose would print the values of variables, and with them prompts and keys.
    logger.add(sink, level=level, format="{message}", backtrace=False, diagnose=False)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Forward)]:
        root.removeHandler(handler)
    root.addHandler(_Forward())


def _line(record: Record, *, with_traceback: bool) -> str:
    ids = "".join(f"{name}={value} " for name, value in sorted(record["extra"].items()))
    head = f"{record['time']:HH:mm:ss.SSS} {record['level'].name:<7} "
    exception = _exception(record, with_traceback=with_traceback)
    return clean(f"{head}{ids}{record['message']}{exception}") + "\n"


def _json_line(record: Record, *, with_traceback: bool) -> str:
    entry: dict[str, Any] = {
        "time": record["time"].isoformat(),
        "level": record["level"].name.lower(),
        "where": f"{record['name']}:{record['line']}",
        "message": record["message"],
        **record["extra"],
    }
    if record["exception"] is not None:
        entry["exception"] = _exception(record, with_traceback=with_traceback).strip()
    return json.dumps(entry, default=str) + "\n"


def _exception(record: Record, *, with_traceback: bool) -> str:
    exception = record["exception"]
    if exception is None or exception.type is None:
        return ""
    if not with_traceback:
        return f" ({exception.type.__name__}: {exception.value})"
    return "\n" + "".join(traceback.format_exception(exception.type, exception.value, exception.traceback)).rstrip()


class _Forward(logging.Handler):
    """Hands what libraries log by the standard library over to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        known = record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        bound = logger.opt(exception=record.exc_info).bind(library=record.name)
        bound.log(record.levelname if known else record.levelno, "{}", record.getMessage())
