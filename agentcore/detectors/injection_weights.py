"""Weights of the injection detector: the file's format, and how it is read and written.

Line 1 says what it is, line 2 is a header in JSON, and the rest is a zlib stream of one signed byte a weight. A byte
times its group's scale is the weight, so the file is small and the same wherever it is read.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np

from agentcore.detectors.injection_windows import FIRST_RULE, PLACES, Floats
from agentcore.detectors.ngrams import FIRST_CONCEPT, FIRST_WORD
from agentcore.domain.errors import ConfigError

MAGIC: Final = b"agentcore injection weights 1\n"
_GROUPS: Final = (0, FIRST_WORD, FIRST_CONCEPT, FIRST_RULE, PLACES)
_LARGEST_HEADER: Final = 65536
_HINT: Final = "install agentcore-runtime again, or train the weights anew with scripts/train_injection.py"


@dataclass(frozen=True, slots=True)
class Weights:
    """What the detector has learned.

    table: a weight for each place.  bias: the log-odds where nothing is known.  slope, offset: of the log-odds that
    make a probability.  threshold: the probability from which a text is flagged.  version: of the weights.
    data: the hash of what they were trained on.  metrics: what was measured when they were.
    """

    table: Floats
    bias: float
    slope: float
    offset: float
    threshold: float
    version: str
    data: str
    metrics: Mapping[str, float]

    @classmethod
    def parse(cls, content: bytes) -> Weights:
        """Return the weights of a file. Raises ConfigError when it is damaged or of another version."""
        try:
            return _parsed(content)
        except (ValueError, KeyError, TypeError, OverflowError, zlib.error) as error:
            raise ConfigError([f"the injection detector's weights cannot be read: {error}"], hint=_HINT) from error

    def packed(self) -> bytes:
        """Return the file. Its weights are rounded: `parse` gives back almost the same ones."""
        header: dict[str, Any] = {
            "version": self.version,
            "data": self.data,
            "bias": self.bias,
            "slope": self.slope,
            "offset": self.offset,
            "threshold": self.threshold,
            "metrics": dict(self.metrics),
        }
        scales: list[float] = []
        parts: list[bytes] = []
        for start, end in pairwise(_GROUPS):
            group = self.table[start:end]
            scale = float(np.abs(group).max()) / 127 or 1.0
            scales.append(scale)
            parts.append(np.round(group / scale).astype(np.int8).tobytes())
        raw = b"".join(parts)
        header |= {"scales": scales, "crc": zlib.crc32(raw)}
        return MAGIC + json.dumps(header, sort_keys=True).encode() + b"\n" + zlib.compress(raw, 9)


def _parsed(content: bytes) -> Weights:
    if not content.startswith(MAGIC):
        raise ValueError("it is no file of weights that this version knows")
    line, found, rest = content[len(MAGIC) :].partition(b"\n")
    if not found or len(line) > _LARGEST_HEADER:
        raise ValueError("its header is cut off")
    header = cast("dict[str, Any]", json.loads(line))
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(rest, PLACES + 1)  # no more than that, whatever the file says
    if len(raw) != PLACES or not unpacking.eof or unpacking.unused_data or zlib.crc32(raw) != header["crc"]:
        raise ValueError(f"it is damaged: {PLACES} weights and their checksum are not in it")
    table = np.frombuffer(raw, dtype=np.int8).astype(np.float64)
    for scale, start, end in zip(header["scales"], _GROUPS, _GROUPS[1:], strict=False):
        table[start:end] *= float(scale)
    numbers = [float(header[key]) for key in ("bias", "slope", "offset", "threshold")]
    if len(header["scales"]) != len(_GROUPS) - 1 or not np.isfinite([*numbers, *header["scales"]]).all():
        raise ValueError("its header does not fit its weights")
    bias, slope, offset, threshold = numbers
    metrics = {str(key): float(value) for key, value in header["metrics"].items()}
    return Weights(table, bias, slope, offset, threshold, str(header["version"]), str(header["data"]), metrics)
