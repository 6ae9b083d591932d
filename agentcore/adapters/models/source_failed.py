"""The exception between the sources of model files and those who try the next one; it never leaves `pull`."""

from __future__ import annotations


class SourceFailed(Exception):
    """This source does not give the file. The message says why, without naming the source."""
