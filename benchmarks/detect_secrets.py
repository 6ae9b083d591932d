"""How well the detector of secrets finds freshly made ones, how often it flags harmless lines, how long it takes.

    python -m benchmarks.detect_secrets [FOLDER] [SEED]

Harmless lines are those of the installed environment: the Python standard library, the packages with their READMEs and
JSON files, this project's lock file; and generated ids, hashes, images and placeholders. FOLDER: take its files
instead of the environment's.
"""

from __future__ import annotations

import json
import random
import sys
import sysconfig
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from agentcore.detectors.secret_scan import Secrets
from benchmarks.secret_samples import harmless, secrets

EACH = 40
LINES = 8_000
SUFFIXES = {"code": (".py", ".pyi"), "docs": (".md", ".rst", ".txt", "METADATA"), "data": (".json", ".lock", ".toml")}


def measure(data: Path | None, *, seed: int = 1, samples: bool = False) -> dict[str, Any]:
    """Return recall by format, the share of harmless lines that are flagged, and ms for each KB.

    data: a folder of harmless files; None for those of the installed environment.  samples: tell what is wrong, too.
    """
    detector, chance = Secrets(), random.Random(seed)
    found, made, inexact = Counter[str](), Counter[str](), 0
    missed: list[str] = []
    for kind, text, secret in secrets(chance, EACH):
        made[kind] += 1
        detection = detector.detect(text)
        at = text.index(secret)
        hit = any(span.start < at + len(secret) and span.end > at for span in detection.spans)
        found[kind] += hit and detection.flagged
        inexact += hit and not any((span.start, span.end) == (at, at + len(secret)) for span in detection.spans)
        if not hit:
            missed.append(f"{kind}: {text}")
    sorts = {**environment_lines(data, chance), "generated": harmless(chance, EACH)}
    flagged = {sort: [line for line in lines if detector.detect(line).flagged] for sort, lines in sorts.items()}
    total = sum(map(len, sorts.values()))
    report: dict[str, Any] = {
        "recall": round(found.total() / made.total(), 4),
        "secrets": made.total(),
        "formats": len(made),
        "inexact_spans": inexact,
        "recall_by_format": {kind: found[kind] / count for kind, count in made.items()},
        "false_positive_rate": round(sum(map(len, flagged.values())) / total, 5),
        "false_positive_rates": {sort: round(len(flagged[sort]) / len(lines), 5) for sort, lines in sorts.items()},
        "harmless_lines": total,
        "ms_per_kb": speed(detector, sorts),
    }
    if samples:
        report |= {"missed": missed, "flagged": flagged}
    return report


def environment_lines(data: Path | None, chance: random.Random) -> dict[str, list[str]]:
    """Return distinct lines that hold something, so many of each sort of files."""
    paths = sysconfig.get_paths()
    roots = [data] if data else [Path(paths["stdlib"]), Path(paths["purelib"]), Path(__file__).parents[1] / "uv.lock"]
    files = sorted({path for root in roots for path in ([root] if root.is_file() else root.rglob("*"))})
    lines: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for sort, endings in SUFFIXES.items():
        chosen = [path for path in files if path.name.endswith(endings)]
        for path in chance.sample(chosen, len(chosen)):
            if len(lines[sort]) >= 8 * LINES:
                break
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            of_file = [line for line in text[:2_000_000].splitlines() if len(line.strip()) > 3]
            lines[sort] |= dict.fromkeys(line[:4000] for line in chance.sample(of_file, min(400, len(of_file))))
    return {sort: chance.sample(list(all), min(LINES, len(all))) for sort, all in lines.items() if all}


def speed(detector: Secrets, sorts: dict[str, list[str]]) -> dict[str, float]:
    """Return the CPU time for each KB: of single lines, and of texts of 8 KB."""
    lines = [line for each in sorts.values() for line in each[:1500]]
    joined = "\n".join(lines)
    texts = [joined[at : at + 8192] for at in range(0, len(joined), 8192)]
    took: dict[str, float] = {}
    for name, each in (("lines", lines), ("texts_of_8_kb", texts)):
        begun = time.process_time()
        for text in each:
            detector.detect(text)
        took[name] = round((time.process_time() - begun) * 1000 / (sum(map(len, each)) / 1024), 3)
    return took


if __name__ == "__main__":
    folder = next((Path(word) for word in sys.argv[1:] if not word.isdigit() and word != "-v"), None)
    start = next((int(word) for word in sys.argv[1:] if word.isdigit()), 1)
    print(json.dumps(measure(folder, seed=start, samples="-v" in sys.argv), indent=1))
