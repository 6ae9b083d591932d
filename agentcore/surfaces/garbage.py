"""How often a process of ours looks for garbage. A choice of the process, so no library module makes it."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 20, 50)
"""Allocations until a young collection, young ones until a middle one, middle ones until a full one (gc's own are
700, 10, 10). Reference counting frees nearly all that a run allocates; the collector would mostly walk over what is
still needed: the events of hundreds of concurrent runs, and at start-up the modules. It took a fifth of a run's CPU
time and takes a twentieth, while cyclic garbage can hold up to 10,000 objects more, a megabyte or two."""


def tune_gc() -> None:
    """Let the collector run seldom. For the start of a process that is ours: the command line, a worker, a server."""
    gc.set_threshold(*THRESHOLDS)
