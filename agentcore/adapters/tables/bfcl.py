"""The Berkeley Function Calling Leaderboard as an outcome table: which function to call, and how.

Two files: `bfcl_long.parquet` has a row for each question and model configuration, `bfcl_queries.parquet` the
questions with the functions' JSON Schemas. The category of a question is not read: one of them says that no call is
right.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from agentcore.adapters.tables.parquet import chosen_arms, read_columns
from agentcore.domain.errors import ConfigError
from agentcore.routing.outcomes import Answer, OutcomeTable, Question

OUTCOMES: Final = "bfcl_long.parquet"
QUESTIONS: Final = "bfcl_queries.parquet"
OUTCOME_COLUMNS: Final = ("qid", "model", "correct", "in_tok", "out_tok", "latency_s", "cost_usd", "result")
QUESTION_COLUMNS: Final = ("qid", "question", "functions_json")

ARMS: Final = (
    "gpt-4o-mini-2024-07-18",
    "gemini-1.5-flash-preview-0514",
    "claude-3-haiku-20240307",
    "claude-3-5-sonnet-20240620",
)
"""The configurations that are routed between, cheapest first."""


def read_bfcl(folder: Path, arms: Sequence[str] = ARMS) -> OutcomeTable:
    """Return the table of these arms: every question that all of them answered.

    Raises ConfigError for a missing file or column, an unknown arm, an arm without prices or latencies, a question
    without declarations, or no question at all.
    """
    asked = _questions(folder)
    columns = read_columns(folder, OUTCOMES, OUTCOME_COLUMNS)
    chosen_arms(folder / OUTCOMES, arms, set(columns["model"]))
    found: dict[str, dict[str, tuple[Answer, bool]]] = {}
    wanted = set(arms)
    for row in zip(*(columns[name] for name in OUTCOME_COLUMNS), strict=True):
        qid, arm, right = row[0], row[1], row[2]
        if arm in wanted and qid in asked:
            found.setdefault(qid, {})[arm] = (_answer(arm, *row[3:]), bool(right))
    whole = [qid for qid in asked if len(found.get(qid, ())) == len(arms)]
    if not whole:
        raise ConfigError([f"{folder / OUTCOMES}: no question of {QUESTIONS} has an answer of every arm"])
    rows = [[found[qid][arm] for arm in arms] for qid in whole]
    _need_measures(folder / OUTCOMES, arms, [[answer for answer, _ in row] for row in rows])
    return OutcomeTable(
        dataset="bfcl",
        arms=tuple(arms),
        questions=tuple(asked[qid] for qid in whole),
        answers=tuple(tuple(answer for answer, _ in row) for row in rows),
        labels=np.array([[right for _, right in row] for row in rows], dtype=np.bool_),
        columns={OUTCOMES: OUTCOME_COLUMNS, QUESTIONS: QUESTION_COLUMNS},
    )


def _questions(folder: Path) -> dict[str, Question]:
    columns = read_columns(folder, QUESTIONS, QUESTION_COLUMNS)
    asked: dict[str, Question] = {}
    for qid, text, declared in zip(*(columns[name] for name in QUESTION_COLUMNS), strict=True):
        try:
            tools: Any = json.loads(declared)
        except (TypeError, ValueError) as error:
            raise ConfigError([f"{folder / QUESTIONS}: functions_json of {qid} is no JSON: {error}"]) from error
        declarations = cast("list[dict[str, object]]", tools if isinstance(tools, list) else [tools])
        asked[qid] = Question(id=qid, text=text or "", tools=tuple(declarations))
    return asked


def _answer(arm: str, *measured: Any) -> Answer:
    tokens_in, tokens_out, seconds, usd, text = measured
    return Answer(
        arm=arm,
        text=text or "",
        usd=_known(usd),
        seconds=_known(seconds),
        input_tokens=None if _known(tokens_in) is None else int(tokens_in),
        output_tokens=None if _known(tokens_out) is None else int(tokens_out),
    )


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _need_measures(file: Path, arms: Sequence[str], rows: Sequence[Sequence[Answer]]) -> None:
    problems: list[str] = []
    for at, arm in enumerate(arms):
        for column, missing in (
            ("cost_usd", sum(row[at].usd is None for row in rows)),
            ("latency_s", sum(row[at].seconds is None for row in rows)),
        ):
            if missing:
                problems.append(f"{file}: {column} of {arm} is missing in {missing} of {len(rows)} rows")
    if problems:
        raise ConfigError(problems, hint="choose arms that were measured, or fill in their prices and latencies")
