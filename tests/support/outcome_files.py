"""Small folders of outcomes, as parquet files, with made-up questions."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

CALL_ARMS = (
    "gpt-4o-mini-2024-07-18",
    "gemini-1.5-flash-preview-0514",
    "claude-3-haiku-20240307",
    "claude-3-5-sonnet-20240620",
)
_MISTAKES = (0.15, 0.2, 0.4, 0.05)
_USD = (0.0001, 0.0001, 0.0002, 0.002)
_SECONDS = (1.0, 0.8, 0.9, 1.6)


def write_parquet(file: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns as a parquet file."""
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), file)


def write_calls(folder: Path, count: int, *, seed: int = 0) -> None:
    """Write a table of function calls: each arm adds two numbers, and sometimes takes a number that nobody named."""
    rng = random.Random(seed)  # noqa: S311  # no secrets
    questions: dict[str, list[Any]] = {"qid": [], "category": [], "question": [], "functions_json": []}
    outcomes: dict[str, list[Any]] = {
        name: []
        for name in ("qid", "category", "model", "correct", "in_tok", "out_tok", "latency_s", "cost_usd", "result")
    }
    declared = [
        {
            "name": "sum.add",
            "description": "Add two numbers.",
            "parameters": {
                "type": "dict",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                "required": ["a", "b"],
            },
        }
    ]
    for at in range(count):
        a, b = rng.randrange(10, 100), rng.randrange(100, 1000)
        questions["qid"].append(f"q{at}")
        questions["category"].append("simple")
        questions["question"].append(f"What is the sum of {a} and {b}?")
        questions["functions_json"].append(json.dumps(declared))
        for arm, mistakes, usd, seconds in zip(CALL_ARMS, _MISTAKES, _USD, _SECONDS, strict=True):
            wrong = rng.random() < mistakes
            said = f"[sum.add(a={a}, b={b + rng.randrange(1, 50) if wrong else b})]"
            row = (f"q{at}", "simple", arm, not wrong, 100.0, 20.0, seconds + rng.random() / 5, usd, json.dumps(said))
            for name, value in zip(outcomes, row, strict=True):
                outcomes[name].append(value)
    write_parquet(folder / "bfcl_queries.parquet", questions)
    write_parquet(folder / "bfcl_long.parquet", outcomes)
