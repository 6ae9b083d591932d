"""ZeroEval as an outcome table: what models answered to questions of reasoning, and how long their answers are.

Two files: `zeroeval_long.parquet` has a row for each question and model, `zeroeval_queries.parquet` the questions. The
table has neither tokens nor prices: tokens are estimated as characters / 4, prices are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from agentcore.adapters.tables.parquet import chosen_arms, read_columns
from agentcore.domain.errors import ConfigError
from agentcore.routing.outcomes import Answer, OutcomeTable, Question

OUTCOMES: Final = "zeroeval_long.parquet"
QUESTIONS: Final = "zeroeval_queries.parquet"
OUTCOME_COLUMNS: Final = ("task", "qid", "model", "pred", "correct", "out_chars")
QUESTION_COLUMNS: Final = ("task", "qid", "question", "prompt_chars")
CHARS_PER_TOKEN: Final = 4


def read_zeroeval(folder: Path, arms: Sequence[str], prices: Mapping[str, tuple[float, float]]) -> OutcomeTable:
    """Return the table of these arms: every question that all of them answered.

    prices: model → US dollars per million input and output tokens. A question's kind is its task. Raises ConfigError
    for a missing file or column, an unknown arm, an arm without a price, or no question at all.
    """
    unpriced = [arm for arm in arms if arm not in prices]
    if unpriced:
        raise ConfigError([f"{folder / OUTCOMES}: no price of {', '.join(unpriced)}"], hint="choose arms with a price")
    asked, prompt_tokens = _questions(folder)
    columns = read_columns(folder, OUTCOMES, OUTCOME_COLUMNS)
    chosen_arms(folder / OUTCOMES, arms, set(columns["model"]))
    found: dict[str, dict[str, tuple[Answer, bool]]] = {}
    wanted = set(arms)
    rows: zip[tuple[Any, ...]] = zip(*(columns[name] for name in OUTCOME_COLUMNS), strict=True)
    for task, qid, arm, pred, right, chars in rows:
        key = f"{task}|{qid}"
        if arm in wanted and key in asked:
            tokens = (prompt_tokens[key], -(-int(chars or 0) // CHARS_PER_TOKEN))
            usd = sum(count * price for count, price in zip(tokens, prices[arm], strict=True)) / 1e6
            answer = Answer(arm=arm, text=pred or "", usd=usd, input_tokens=tokens[0], output_tokens=tokens[1])
            found.setdefault(key, {})[arm] = (answer, bool(right))
    whole = [key for key in asked if len(found.get(key, ())) == len(arms)]
    if not whole:
        raise ConfigError([f"{folder / OUTCOMES}: no question of {QUESTIONS} has an answer of every arm"])
    table = [[found[key][arm] for arm in arms] for key in whole]
    return OutcomeTable(
        dataset="zeroeval",
        arms=tuple(arms),
        questions=tuple(asked[key] for key in whole),
        answers=tuple(tuple(answer for answer, _ in row) for row in table),
        labels=np.array([[right for _, right in row] for row in table], dtype=np.bool_),
        columns={OUTCOMES: OUTCOME_COLUMNS, QUESTIONS: QUESTION_COLUMNS},
    )


def _questions(folder: Path) -> tuple[dict[str, Question], dict[str, int]]:
    columns = read_columns(folder, QUESTIONS, QUESTION_COLUMNS)
    asked: dict[str, Question] = {}
    tokens: dict[str, int] = {}
    rows: zip[tuple[Any, ...]] = zip(*(columns[name] for name in QUESTION_COLUMNS), strict=True)
    for task, qid, text, chars in rows:
        key = f"{task}|{qid}"
        asked[key] = Question(id=key, text=text or "", kind=task)
        tokens[key] = -(-int(chars or 0) // CHARS_PER_TOKEN)
    return asked, tokens
