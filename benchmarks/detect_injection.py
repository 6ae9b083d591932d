"""How well the injection detector does on sources that it has not seen, beside its rules alone, and what it costs.

Each source's texts are scored by weights that were learned without it. One threshold for all of them lets 1 % of the
harmless ones through; the one that ships is stricter. The baseline is the number of rules that find something, with
its own threshold at 1 %.

`python -m benchmarks.detect_injection DATA`
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np

from agentcore.adapters.detectors.injection import shipped
from agentcore.detectors.injection import Injection
from agentcore.detectors.injection_rules import matches
from scripts.injection_training import Floats, Sample, leave_source_out, level
from scripts.train_injection import FLAGGED, RATE, by_source, load, made_up

TRIGGERS = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass|instruct|password|secret|system prompt|prompt|pretend|role|act as"
    r"|reveal|confidential|rules|restrict|jailbreak|developer|you are)",
    re.IGNORECASE,
)


def measure(data: Path) -> dict[str, Any]:
    """Return recall and false positives by source, of the detector and of rules alone, and milliseconds per KB."""
    samples = load(data)
    odds = leave_source_out(samples, made_up())
    rules = np.array([float(len({number for number, _, _ in matches(each.text)})) for each in samples])
    return {
        "left_out": by_source(samples, odds),
        "rules_alone": by_source(samples, rules),
        "left_out_at_the_threshold": by_source(samples, odds, FLAGGED),
        "false_alarms_on_trigger_words": _false_alarms(samples, odds, RATE),
        "false_alarms_on_trigger_words_at_the_threshold": _false_alarms(samples, odds, FLAGGED),
        "rules_alone_false_alarms_on_trigger_words": _false_alarms(samples, rules, RATE),
        "ms_per_kb": _cost(samples),
    }


def _false_alarms(samples: list[Sample], odds: Floats, rate: float) -> float:
    """Return how many of the harmless texts with words that attacks use are flagged, as a share."""
    harmless = np.array([each.label == 0 for each in samples])
    trigger = np.array([TRIGGERS.search(each.text) is not None for each in samples])
    return round(float((odds[harmless & trigger] > level(odds[harmless], rate)).mean()), 4)


def _cost(samples: list[Sample]) -> float:
    """Return CPU milliseconds per KB of the shipped detector over all texts, the short ones with their overhead."""
    detector = Injection(shipped())
    for each in samples[:100]:
        detector.detect(each.text)
    begun = time.process_time()
    for each in samples:
        detector.detect(each.text)
    seconds = time.process_time() - begun
    return round(seconds * 1000 / (sum(len(each.text.encode("utf-8", "replace")) for each in samples) / 1024), 3)


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    print(json.dumps(measure(parser.parse_args().data), indent=2))


if __name__ == "__main__":
    main()
