"""Train the injection detector's weights, and print how well it does on sources that it has not seen.

`python -m scripts.train_injection DATA OUT` reads DATA/*.jsonl (text, label, one file a source), adds made-up texts,
and writes OUT. It takes about three minutes. `docs/models/injection.md` says what came of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np

from agentcore.detectors.injection_weights import Weights
from scripts.injection_texts import Grammar
from scripts.injection_training import Floats, Sample, calibrate, leave_source_out, level, sample, train

VERSION: Final = "2"
RATE: Final = 0.01
FLAGGED: Final = 0.007
"""The share of harmless texts above the threshold that ships; stricter, for the sake of those with trigger words."""

ATTACKS: Final = 6000
HARMLESS: Final = 12500
_HERE: Final = Path(__file__).parent


def load(data: Path) -> list[Sample]:
    """Return the texts of a folder; a file's name is their source."""
    rows = [
        (path.stem, json.loads(line))
        for path in sorted(data.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    ]
    return [sample(row["text"], row["label"], source) for source, row in rows]


def made_up() -> list[Sample]:
    """Return texts of our own grammars. Each kind of them is a source."""
    documents = _HERE / "injection_documents.txt"
    attacks = Grammar(_HERE / "injection_attacks.txt", documents).texts(ATTACKS, seed=1)
    harmless = Grammar(_HERE / "injection_harmless.txt", documents).texts(HARMLESS, seed=2)
    return [sample(text, label, f"own-{kind}") for label, of in ((1, attacks), (0, harmless)) for text, kind in of]


def by_source(samples: list[Sample], odds: Floats, rate: float = RATE) -> dict[str, dict[str, float]]:
    """Return recall and false positives of each source, and of all. rate: how many of all harmless texts pass."""
    labels = np.array([each.label for each in samples])
    sources = np.array([each.source for each in samples])
    flagged = odds > level(odds[labels == 0], rate)
    table: dict[str, dict[str, float]] = {}
    for source in [*sorted(set(sources.tolist())), "all"]:
        of = (sources == source) | (source == "all")
        row: dict[str, float] = {}
        for name, label in (("recall", 1), ("false_positives", 0)):
            if (of & (labels == label)).any():
                row[name] = round(float(flagged[of & (labels == label)].mean()), 4)
        table[source] = row
    recalls = [row["recall"] for source, row in table.items() if source != "all" and "recall" in row]
    table["mean of sources"] = {"recall": round(float(np.mean(recalls)), 4)}
    return table


def digest(samples: list[Sample]) -> str:
    """Return the hash of what is learned from."""
    rows = sorted(json.dumps([each.source, each.label, each.text]) for each in samples)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def main() -> None:
    """Train, evaluate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    samples, extra = load(arguments.data), made_up()
    odds = leave_source_out(samples, extra)
    labels = np.array([float(each.label) for each in samples])
    slope, offset = calibrate(odds, labels)
    threshold = 1 / (1 + np.exp(-(slope * level(odds[labels == 0], FLAGGED) + offset)))
    table, shipped = by_source(samples, odds), by_source(samples, odds, FLAGGED)
    learned = train([*samples, *extra])
    weights = Weights(
        table=learned[:-1],
        bias=float(learned[-1]),
        slope=slope,
        offset=offset,
        threshold=round(float(threshold), 4),
        version=VERSION,
        data=digest([*samples, *extra]),
        metrics={
            "recall_left_out": table["all"]["recall"],
            "recall_left_out_mean_of_sources": table["mean of sources"]["recall"],
            "false_positives_left_out": table["all"]["false_positives"],
            "recall_left_out_at_the_threshold": shipped["all"]["recall"],
            "false_positives_left_out_at_the_threshold": shipped["all"]["false_positives"],
        },
    )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(weights.packed())
    for source, row in table.items():
        print(f"{source:18}", "  ".join(f"{name} {value:6.1%}" for name, value in row.items()))  # noqa: T201
    print(f"threshold {weights.threshold}, data {weights.data}, {arguments.out.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
