"""How much personal data `pii` finds in texts whose spans are known, beside naive regular expressions.

A span counts as found when one of the same type shares characters with it. Precision is over what is found of the
structured types.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from agentcore.detectors.pii import Pii

STRUCTURED = (
    "CREDIT_CARD",
    "IBAN_CODE",
    "US_SSN",
    "PHONE_NUMBER",
    "EMAIL_ADDRESS",
    "IP_ADDRESS",
    "DOMAIN_NAME",
    "US_DRIVER_LICENSE",
    "US_PASSPORT",
)
"""The types that have a form of their own."""

RECALL = 0.97
PRECISION = 0.95
MS_PER_KB = 1.0

NAIVE = {
    "CREDIT_CARD": re.compile(r"\b(?:\d[ -]?){13,16}\b"),
    "IBAN_CODE": re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"),
    "US_SSN": re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
    "PHONE_NUMBER": re.compile(r"\+?\d?[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b"),
    "EMAIL_ADDRESS": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"),
    "IP_ADDRESS": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
    "DOMAIN_NAME": re.compile(r"https?://\S+"),
}
"""What is written in an afternoon."""

Found = list[tuple[str, int, int]]


def measure(data: Path) -> dict[str, Any]:
    """Return the figures over all texts in a folder. Raises FileNotFoundError when it holds none."""
    rows = [
        json.loads(line)
        for path in sorted(data.glob("*.jsonl"))
        for line in path.read_text("utf-8").split("\n")
        if line
    ]
    if not rows:
        raise FileNotFoundError(f"{data} holds no *.jsonl")
    detector = Pii()

    def pii(text: str) -> Found:
        return [(span.type, span.start, span.end) for span in detector.detect(text).spans]

    ours = _figures(rows, pii)
    return ours | {
        "texts": len(rows),
        "baseline": _figures(rows, _naive),
        "targets": {"recall_structured": RECALL, "precision": PRECISION, "ms_per_kb": MS_PER_KB},
        "passed": ours["recall_structured"] >= RECALL
        and ours["precision"] >= PRECISION
        and ours["ms_per_kb"] < MS_PER_KB,
    }


def table(figures: dict[str, Any]) -> str:
    """Return the figures as text for people."""
    naive = figures["baseline"]
    lines = [f"{'type':28}{'spans':>7}{'pii':>9}{'naive':>9}"]
    lines += [
        f"{type:28}{count:>7}{figures['recall'][type]:>9.1%}{naive['recall'][type]:>9.1%}"
        for type, count in figures["spans"].items()
    ]
    for name, key in (("recall, structured types", "recall_structured"), ("precision", "precision")):
        lines.append(f"{name:35}{figures[key]:>9.1%}{naive[key]:>9.1%}")
    lines.append(f"{'ms per KB, median':35}{figures['ms_per_kb']:>9.2f}{naive['ms_per_kb']:>9.2f}")
    return "\n".join(lines)


def _naive(text: str) -> Found:
    return [(type, *found.span()) for type, pattern in NAIVE.items() for found in pattern.finditer(text)]


def _figures(rows: Sequence[dict[str, Any]], detect: Callable[[str], Found]) -> dict[str, Any]:
    spans: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    right = wrong = 0
    times: list[float] = []
    for row in rows:
        text = row["full_text"]
        known = [(span["entity_type"], span["start_position"], span["end_position"]) for span in row["spans"]]
        seen = detect(text)
        times.append(_ms_per_kb(text, detect))
        for span in known:
            spans[span[0]] += 1
            hits[span[0]] += any(_same(span, other) for other in seen)
        for span in seen:
            if span[0] in STRUCTURED:
                good = any(_same(span, other) for other in known)
                right, wrong = right + good, wrong + (not good)
    structured = sum(spans[type] for type in STRUCTURED)
    return {
        "spans": {type: spans[type] for type in sorted(spans, key=lambda name: (name not in STRUCTURED, name))},
        "recall": {type: hits[type] / spans[type] for type in spans},
        "recall_structured": sum(hits[type] for type in STRUCTURED) / structured if structured else 0.0,
        "precision": right / (right + wrong) if right + wrong else 0.0,
        "ms_per_kb": median(times),
    }


def _ms_per_kb(text: str, detect: Callable[[str], Found]) -> float:
    started = time.perf_counter()
    detect(text)
    return (time.perf_counter() - started) * 1000 / max(len(text.encode()) / 1024, 1e-6)


def _same(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
