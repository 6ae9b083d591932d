"""The fitted router: a JSON data file. Loading it reads numbers and names; it never runs code."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from agentcore.domain.errors import ConfigError

FORMAT: Final = "agentcore.router"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """What a router was fitted on.

    sha256: of the table.  queries, labels: how many.  columns: file → the columns that were read.
    """

    sha256: str
    queries: int
    labels: int
    arms: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRouter:
    """A router as data. Everything in it is what JSON can hold.

    version: names this fit; thresholds carry it in traces.  metrics: how good it is, by name, e.g. the ECE per source
    of evidence, measured out of fold.  estimators: e.g. trees or weights, by name.  calibrations: knots, by name.
    thresholds, settings: what decides, by name of the setting.  What is inside an entry is its reader's business.
    """

    dataset: str
    trained_on: TrainedOn
    metrics: Mapping[str, object] = field(default_factory=dict[str, object])
    estimators: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibrations: Mapping[str, Any] = field(default_factory=dict[str, Any])
    thresholds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_text(self) -> str:
        """Return the file's text, the same for the same router. Raises ValueError for what is no JSON."""
        body = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        return json.dumps(body, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"

    def sha256(self) -> str:
        """Return the hash of the file, in hexadecimal."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    @property
    def version(self) -> str:
        """A short name of this fit, e.g. "bfcl-1-3f2a9c01d7be": dataset, format version, the hash's start."""
        return f"{self.dataset}-{FORMAT_VERSION}-{self.sha256()[:12]}"


_MAPPINGS: Final = ("metrics", "estimators", "calibrations", "thresholds", "settings")


def read_fitted(text: str, where: str) -> FittedRouter:
    """Return the router in a file's text. where: the file, for errors.

    Raises ConfigError when it is no such file, or was written by a later version.
    """
    try:
        body: object = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise ConfigError([f"{where}: not a fitted router: {error}"], hint=_FIT_AGAIN) from error
    if not isinstance(body, dict) or cast("dict[str, object]", body).get("format") != FORMAT:
        raise ConfigError([f'{where}: not a fitted router: "format" is not "{FORMAT}"'], hint=_FIT_AGAIN)
    found = cast("dict[str, Any]", body)
    version = found.get("format_version")
    if version != FORMAT_VERSION:
        raise ConfigError(
            [f"{where}: format version {version!r}, and this installation reads {FORMAT_VERSION}"], hint=_FIT_AGAIN
        )
    try:
        trained: dict[str, Any] = found["trained_on"]
        return FittedRouter(
            dataset=str(found["dataset"]),
            trained_on=TrainedOn(
                sha256=str(trained["sha256"]),
                queries=int(trained["queries"]),
                labels=int(trained["labels"]),
                arms=tuple(map(str, trained["arms"])),
                columns={str(file): tuple(map(str, names)) for file, names in trained["columns"].items()},
            ),
            **{name: _mapping(found[name]) for name in _MAPPINGS},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError([f"{where}: not a whole fitted router: {error!r}"], hint=_FIT_AGAIN) from error


_FIT_AGAIN: Final = "fit it again: agentcore route fit --table DIR --dataset NAME --out FILE"


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        msg = f"an object is needed, not {type(value).__name__}"
        raise TypeError(msg)
    return cast("dict[str, Any]", value)


def _refuse(constant: str) -> float:
    msg = f"{constant} is no number of JSON"
    raise ValueError(msg)


def rounded(value: float, digits: int = 9) -> float:
    """Return a number with so many significant digits, which keeps files short. NaN and infinity raise ValueError."""
    if not math.isfinite(value):
        msg = f"{value} cannot be written"
        raise ValueError(msg)
    return float(f"{value:.{digits}g}")
