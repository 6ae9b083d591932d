"""Cleaning, consoles, errors and logs: what reaches a terminal, and in which form."""

from __future__ import annotations

import io
import json
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from loguru import logger
from rich.table import Table
from rich.text import Text

from agentcore.domain.decision import Decision
from agentcore.domain.errors import (
    BudgetExceeded,
    ConfigError,
    JournalCorrupt,
    ModelUnavailable,
    PluginError,
    PolicyDenied,
    RunNotFound,
)
from agentcore.surfaces.cli.clean import clean, one_line
from agentcore.surfaces.cli.errors import lines
from agentcore.surfaces.cli.exit_codes import ExitCode, of_error, of_status
from agentcore.surfaces.cli.logs import configure_logs
from agentcore.surfaces.cli.terminal import console, watched

HOSTILE = "a\x1b[2Jb\x07c\x9b31md\u202ee\x7f\r\ud800"


@given(st.text())
def test_clean_text_has_no_control_characters_and_keeps_its_length(text):
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert all(character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"} for character in cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_stays_as_it_is(text):
    assert clean(text) == text


def test_control_characters_are_shown_and_not_obeyed():
    assert clean(HOSTILE) == snapshot("a␛[2Jb␇c�31md�e␡␍�")
    assert one_line("one\n two\x1b", 6) == snapshot("one t…")


def test_a_console_cleans_whatever_is_printed():
    stream = io.StringIO()
    screen = console(stream)
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE))
    screen.print(table, Text(HOSTILE), "[red]plain[/red]")
    assert set(stream.getvalue()) & set("\x1b\x07\x9b\u202e\x7f\r") == set()
    assert "[red]plain[/red]" in stream.getvalue()


def test_colour_is_for_people(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    screen = console(Terminal())
    assert watched(screen)
    screen.print(Text("x", style="red"))
    assert "\x1b[31m" in screen.file.getvalue()
    monkeypatch.setenv("CI", "true")
    assert not watched(screen)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = console(Terminal())
    plain.print(Text("x", style="red"))
    assert "\x1b[31m" not in plain.file.getvalue()


DENIED = PolicyDenied(Decision(permitted=False, action="plan", resource="x", principal="p"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(["a.yaml:1:1: wrong"]), 2),
        (PluginError("none"), 2),
        (RunNotFound("none"), 2),
        (JournalCorrupt("torn"), 1),
        (ModelUnavailable("down"), 1),
        (DENIED, 4),
        (BudgetExceeded("usd", "$2", "$1"), 5),
    ],
)
def test_each_error_has_its_exit_code(error, code):
    assert of_error(error) == code


def test_each_status_has_its_exit_code():
    statuses = ("succeeded", "planned", "refused", "denied", "over_budget", "cancelled", "failed", "running")
    assert [int(of_status(status)) for status in statuses] == [0, 0, 3, 4, 5, 130, 1, 1]
    assert ExitCode.CANCELLED == 130


def test_errors_are_lines_that_say_what_to_do():
    assert lines(ConfigError(["a.yaml:1:2: wrong", "b.yaml: gone"], hint="mend them")) == snapshot(
        ["error: a.yaml:1:2: wrong", "error: b.yaml: gone", "hint: mend them"]
    )
    assert lines(ModelUnavailable("down\x1b[2J", hint="wait")) == snapshot(["error: down␛[2J", "hint: wait"])
    assert lines(KeyError("x")) == snapshot(
        ["error: unexpected KeyError: 'x'", "hint: this is a defect of agentcore; -vv shows where it happened"]
    )


@pytest.fixture
def logs():
    """Return a function that configures logs and gives the stream that they go to."""
    streams = []

    def start(verbose=0, *, as_json=False):
        stream = io.StringIO()
        streams.append(stream)
        configure_logs(verbose, as_json=as_json, stream=stream)
        return stream

    yield start
    logger.remove()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if type(handler).__module__.startswith("agentcore")]:
        root.removeHandler(handler)


@pytest.mark.parametrize(
    ("verbose", "seen"), [(0, ["loud"]), (1, ["said", "loud"]), (3, ["whispered", "said", "loud"])]
)
def test_logs_are_as_loud_as_asked_for(logs, verbose, seen):
    stream = logs(verbose)
    logger.debug("whispered")
    logger.info("said")
    logger.warning("loud")
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == seen


def test_a_log_line_names_run_and_step_and_is_clean(logs):
    stream = logs()
    with logger.contextualize(run="r1", step="s1"):
        logger.warning("what {}", HOSTILE)
    assert stream.getvalue()[13:] == snapshot("WARNING run=r1 step=s1 what a␛[2Jb␇c�31md�e␡␍�\n")


def test_libraries_that_log_by_the_standard_library_are_heard_too(logs):
    stream = logs(as_json=True)
    logging.getLogger("some.library").warning("took %d tries", 3)
    entry = json.loads(stream.getvalue())
    assert (entry["message"], entry["library"], entry["level"]) == ("took 3 tries", "some.library", "warning")


@pytest.mark.parametrize(("verbose", "shown"), [(0, False), (2, True)])
def test_tracebacks_are_for_those_who_ask_and_values_of_variables_for_nobody(logs, verbose, shown):
    stream = logs(verbose, as_json=True)

    def fails(key):
        return {}["missing"], key

    try:
        fails("sk-" + "123")
    except KeyError:
        logger.exception("it broke")
    entry = json.loads(stream.getvalue())
    assert "KeyError" in entry["exception"]
    assert ("Traceback" in entry["exception"]) is shown
    assert "sk-123" not in stream.getvalue()
