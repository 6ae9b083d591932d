"""RouteLLM's tables: which of a weak and a strong model is right about MMLU or GSM8K.

Questions that are `contaminated` (much like some that RouteLLM's own routers were trained on) are left out, as its
evaluation leaves them out.
"""

from __future__ import annotations

from itertools import compress
from pathlib import Path
from typing import Any, Final

import numpy as np

from agentcore.adapters.tables.parquet import read_columns
from agentcore.domain.errors import ConfigError
from agentcore.routing.outcomes import Answer, OutcomeTable, Question

MMLU: Final = "routellm_mmlu.parquet"
GSM8K: Final = "routellm_gsm8k.parquet"
MMLU_COLUMNS: Final = ("prompt", "weak", "strong", "domain", "contaminated")
GSM8K_COLUMNS: Final = ("prompt", "weak", "strong", "weak_response", "strong_response", "contaminated")
ARMS: Final = ("mixtral-8x7b", "gpt-4-1106")
"""The weak arm, then the strong one."""


def read_mmlu(folder: Path) -> OutcomeTable:
    """Return the table of MMLU: what the arms answered is not recorded, nor what that took.

    A question's kind is its subject. Raises ConfigError for a missing file or column, or no rows.
    """
    columns = _clean(read_columns(folder, MMLU, MMLU_COLUMNS))
    questions = tuple(
        Question(id=str(at), text=prompt, kind=domain)
        for at, (prompt, domain) in enumerate(zip(columns["prompt"], columns["domain"], strict=True))
    )
    answers = tuple(tuple(Answer(arm=arm, text="") for arm in ARMS) for _ in questions)
    return _table("mmlu", folder / MMLU, questions, answers, columns)


def read_gsm8k(folder: Path) -> OutcomeTable:
    """Return the table of GSM8K, with both answers. Raises ConfigError as `read_mmlu` does."""
    columns = _clean(read_columns(folder, GSM8K, GSM8K_COLUMNS))
    questions = tuple(Question(id=str(at), text=prompt) for at, prompt in enumerate(columns["prompt"]))
    said = zip(columns["weak_response"], columns["strong_response"], strict=True)
    answers = tuple(
        tuple(Answer(arm=arm, text=text or "") for arm, text in zip(ARMS, texts, strict=True)) for texts in said
    )
    return _table("gsm8k", folder / GSM8K, questions, answers, columns)


def _clean(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    kept = [not contaminated for contaminated in columns["contaminated"]]
    return {name: list(compress(values, kept)) for name, values in columns.items()}


def _table(
    dataset: str,
    file: Path,
    questions: tuple[Question, ...],
    answers: tuple[tuple[Answer, ...], ...],
    columns: dict[str, list[Any]],
) -> OutcomeTable:
    if not questions:
        raise ConfigError([f"{file}: it has no rows"])
    return OutcomeTable(
        dataset=dataset,
        arms=ARMS,
        questions=questions,
        answers=answers,
        labels=np.array([columns["weak"], columns["strong"]], dtype=np.bool_).T.copy(),
        columns={file.name: tuple(columns)},
    )
