"""Fits a router on a table of outcomes, and replays one on another.

A dataset's `Recipe` says how its table is read, fitted and replayed; the list of them is `recipes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from agentcore.domain.errors import ConfigError
from agentcore.routing.fitted import FittedRouter, read_fitted

if TYPE_CHECKING:
    from agentcore.routing.frontier import Figures
    from agentcore.routing.outcomes import OutcomeTable

DATASETS: Final = ("bfcl", "mmlu", "gsm8k", "zeroeval")


class Recipe(Protocol):
    """How one dataset is routed."""

    def read(self, folder: Path) -> OutcomeTable:
        """Return the table in a folder. Raises ConfigError saying what is wrong with it."""
        ...

    def fit(self, table: OutcomeTable, *, seed: int) -> FittedRouter:
        """Return a router fitted on a table: the same table and seed give the same router.

        Raises ConfigError when there are too few labels, saying how many more are needed.
        """
        ...

    def settings(self, table: OutcomeTable, fitted: FittedRouter) -> tuple[Figures, ...]:
        """Return the figures of each setting of a router on a table; those of single arms are added elsewhere."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a fitted router does on a table. settings: the router's, then each arm's, chance and the oracle.

    in_sample: the table is the very one that the router was fitted on: the figures flatter it.
    """

    dataset: str
    queries: int
    in_sample: bool
    fitted: FittedRouter
    settings: tuple[Figures, ...]

    def as_json(self) -> dict[str, object]:
        """Return what `agentcore route replay --json` prints."""
        trained = self.fitted.trained_on
        return {
            "dataset": self.dataset,
            "queries": self.queries,
            "in_sample": self.in_sample,
            "model": {
                "version": self.fitted.version,
                "sha256": self.fitted.sha256(),
                "trained_on_sha256": trained.sha256,
                "trained_on_queries": trained.queries,
                "labels": trained.labels,
                "metrics": dict(self.fitted.metrics),
            },
            "settings": [each.as_json() for each in self.settings],
        }


def recipe_of(dataset: str) -> Recipe:
    """Return a dataset's recipe. Raises ConfigError for one that is not known."""
    # Each is imported when it is asked for: some load libraries that take a second.
    match dataset:
        case "bfcl":
            from agentcore.app.route_bfcl import BfclRecipe  # noqa: PLC0415

            return BfclRecipe()
        case "mmlu":
            from agentcore.app.route_mmlu import MmluRecipe  # noqa: PLC0415

            return MmluRecipe()
        case "gsm8k":
            from agentcore.app.route_gsm8k import Gsm8kRecipe  # noqa: PLC0415

            return Gsm8kRecipe()
        case "zeroeval":
            from agentcore.app.route_zeroeval import ZeroEvalRecipe  # noqa: PLC0415

            return ZeroEvalRecipe()
        case _:
            raise ConfigError([f"no recipe for the dataset {dataset!r}"], hint=f"there are: {', '.join(DATASETS)}")


def fit_table(folder: Path, dataset: str, out: Path, *, seed: int = 0) -> FittedRouter:
    """Fit a router on the table in a folder and write it. Raises ConfigError with what to do next."""
    recipe = recipe_of(dataset)
    fitted = recipe.fit(recipe.read(folder), seed=seed)
    try:
        out.write_text(fitted.to_text(), encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{out}: cannot be written: {(error.strerror or str(error)).lower()}"]) from error
    return fitted


def replay_table(folder: Path, model: Path) -> Replayed:
    """Return what the fitted router in a file does on the table in a folder.

    Raises ConfigError when the file is none, or the table is not one that it was fitted for.
    """
    from agentcore.routing.frontier import baselines  # noqa: PLC0415  # for start-up time

    try:
        text = model.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{model}: cannot be read: {error}"]) from error
    fitted = read_fitted(text, str(model))
    recipe = recipe_of(fitted.dataset)
    table = recipe.read(folder)
    _same_arms(model, fitted, table)
    settings = recipe.settings(table, fitted)
    return Replayed(
        dataset=fitted.dataset,
        queries=len(table),
        in_sample=table.sha256() == fitted.trained_on.sha256,
        fitted=fitted,
        settings=(*settings, *baselines(table)),
    )


def _same_arms(model: Path, fitted: FittedRouter, table: OutcomeTable) -> None:
    if fitted.trained_on.arms != table.arms:
        raise ConfigError(
            [f"{model}: fitted for other arms than the table's"],
            hint=f"fitted for {', '.join(fitted.trained_on.arms)}; the table has {', '.join(table.arms)}",
        )
