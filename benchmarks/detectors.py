"""What the detectors find in texts of which it is known, and what it costs. Exit code 1: a target is missed.

A part is a module `benchmarks.detect_<part>` with `measure(data) -> dict`, whose `passed` says whether its targets are
met, and `table(figures) -> str` if it has more to say than JSON. Without its data a part is skipped, and says so.

`python -m benchmarks.detectors --part pii --data DIR --json`
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

PREFIX = "detect_"
HERE = Path(__file__).resolve().parent


def parts() -> list[str]:
    """Return the names of the parts that there are."""
    names = (module.name for module in pkgutil.iter_modules([str(HERE)]))
    return sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX))


def shared() -> Path:
    """Return the folder of shared data: `AGENTCORE_SHARED`, or `shared` beside the repository."""
    return Path(os.environ.get("AGENTCORE_SHARED") or HERE.parents[1] / "shared") / "data"


def run(part: str, data: Path) -> dict[str, Any]:
    """Return a part's figures, or that it was skipped and why."""
    module = importlib.import_module(f"benchmarks.{PREFIX}{part}")
    try:
        figures: dict[str, Any] = module.measure(data)
    except FileNotFoundError as error:
        print(f"SKIPPED {part}: there is no data: {error}; name its folder with --data", file=sys.stderr)
        return {"skipped": str(error)}
    return figures


def show(part: str, figures: dict[str, Any]) -> None:
    """Print a part's figures for people."""
    as_text = getattr(sys.modules[f"benchmarks.{PREFIX}{part}"], "table", None)
    shown = as_text(figures) if as_text and "skipped" not in figures else json.dumps(figures, indent=2)
    outcome = "skipped" if "skipped" in figures else "met" if figures.get("passed") else "MISSED"
    print(f"{part}: {outcome}\n{shown}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=parts(), help="only this part; all by default")
    parser.add_argument("--data", type=Path, help="the folder of the part's data; data/<part> in the shared folder")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    if given.data and not given.part:
        parser.error("--data needs --part: each part has data of its own")
    chosen = [given.part] if given.part else parts()
    figures = {part: run(part, given.data or shared() / part) for part in chosen}
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        for part, each in figures.items():
            show(part, each)
    return 1 if any(not each.get("passed", "skipped" in each) for each in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
