"""Counting calls instead of timing: the same in each run, on a busy machine too."""

from __future__ import annotations

import sys
from contextlib import contextmanager


@contextmanager
def counted_calls():
    """Count the calls of Python's and C's functions in a block; yields a list whose one item is their number."""
    counted = [0]

    def count(_frame, event, _argument):
        counted[0] += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(before)
