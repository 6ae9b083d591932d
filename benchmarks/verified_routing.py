"""What verified routing saves with two embedded models: a small one that is asked first, and a large one.

`python -m benchmarks.verified_routing [--json] [--orders N] [--alpha A]`: the orders of `order_inbox/orders.jsonl`,
messages of customers with what is right, are read by the agent of that project, through the whole runtime, four ways:

    always large     the large model reads every order
    always small     the small one does
    verified         the small one first; checks decide, and the large one is asked when they reject
    verified, fitted the same, and an answer must be likely enough right, as far as a router says that was fitted on
                     the other half of the orders by `agentcore route fit`; two folds, so that every order counts once

Shown are the share of calls that the large model had, the seconds in all (models are loaded before), how many answers
were right, how many were accepted and wrong, and how many were refused.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from agentcore import Runtime, Task, load_project
from agentcore.app.route_runs import PastRuns, write_router
from agentcore.app.store import open_store
from agentcore.domain.event import AttemptFinished, EffectStarted
from agentcore.domain.run import Run

PROJECT = Path(__file__).parent / "order_inbox"
LARGE_ONLY = "model: { any_of: [large] }\n"
SMALL_ONLY = "model: { any_of: [small] }\n"
VERIFIED = "routing: { objective: fastest }\n"
ALPHA = 0.1
"""By default, the share of orders that may be accepted and wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How one order was read. right: of the answer, False when there is none.  large, calls: model calls."""

    run: str
    right: bool
    accepted: bool
    output_right: bool
    large: int
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one way came to. accuracy, large_share, accepted_wrong, refused: shares of 1."""

    way: str
    orders: int
    accuracy: float
    accepted_wrong: float
    refused: float
    large_share: float
    calls: int
    seconds: float


def is_right(answer: object, order: Mapping[str, Any]) -> bool:
    """Return whether an answer says what the order does; case and blanks aside."""
    if not isinstance(answer, Mapping):
        return False
    said = cast("Mapping[str, object]", answer)
    same = all(str(said.get(key, "")).strip().lower() == order[key].lower() for key in ("product", "city"))
    return same and said.get("quantity") == order["quantity"]


async def read_orders(root: Path, orders: Sequence[Mapping[str, Any]]) -> list[Read]:
    """Return how the agent of the project in a folder reads the orders, one after the other."""
    found: list[Read] = []
    async with Runtime(load_project(root)) as runtime:
        for goal in ("We take 8 Dunlin lamps to Mainz.", "Three Plover desks for Ulm, please."):  # loads both models
            await runtime.run(Task(goal=goal))
        for order in orders:
            began = time.perf_counter()
            run = await runtime.run(Task(goal=order["text"]))
            seconds = time.perf_counter() - began
            facts = [event.fact for event in await runtime.journal.read(run.id)]
            found.append(_read(run, facts, order, seconds))
    return found


def _read(run: Run, facts: Sequence[object], order: Mapping[str, Any], seconds: float) -> Read:
    models = [fact.effect.name for fact in facts if isinstance(fact, EffectStarted)]
    outputs = [fact.output for fact in facts if isinstance(fact, AttemptFinished)]
    accepted = run.status == "succeeded"
    return Read(
        run=run.id,
        right=accepted and is_right(run.answer, order),
        accepted=accepted,
        output_right=bool(outputs) and is_right(outputs[-1], order),
        large=models.count("large"),
        calls=len(models),
        seconds=seconds,
    )


def figures(way: str, found: Sequence[Read]) -> Figures:
    """Return what the orders read one way come to."""
    count = len(found)
    calls = sum(each.calls for each in found)
    return Figures(
        way=way,
        orders=count,
        accuracy=sum(each.right for each in found) / count,
        accepted_wrong=sum(each.accepted and not each.right for each in found) / count,
        refused=sum(not each.accepted for each in found) / count,
        large_share=sum(each.large for each in found) / calls,
        calls=calls,
        seconds=sum(each.seconds for each in found),
    )


def project_in(folder: Path, name: str, agent: str, *, more: str = "", router: Path | None = None) -> Path:
    """Return a copy of the project with more keys, of its agent and of its own, and maybe with a fitted router."""
    root = folder / name
    shutil.copytree(PROJECT, root, ignore=shutil.ignore_patterns(".agentcore"))
    reader = root / "agents" / "reader.yaml"
    reader.write_text(reader.read_text() + agent)
    if router is not None:
        shutil.copy(router, root / "router.json")
        more += "routing: { model: router.json }\n"
    settings = root / "agentcore.yaml"
    settings.write_text(settings.read_text() + more)
    return root


async def fit(root: Path, reviewed: Sequence[Read], out: Path, alpha: float) -> None:
    """Fit a router on recorded runs of a project, with what is right of them, and write it."""
    labels = out.with_suffix(".labels.jsonl")
    lines = [json.dumps({"run": each.run, "step": "answer", "correct": each.output_right}) for each in reviewed]
    labels.write_text("\n".join(lines))
    project = load_project(root)
    store = open_store(project)
    try:
        past = PastRuns(project, store)
        await past.read([each.run for each in reviewed], limit=len(reviewed), reviews=labels)
        write_router(out, past.fit(default_alpha=alpha))
    finally:
        await store.aclose()


async def measure(orders: Sequence[Mapping[str, Any]], alpha: float) -> list[Figures]:
    """Return the figures of each way."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        once = "limits: { output_tokens: 60, attempts: 1, escalations: 0 }\n"
        alone = {
            name: project_in(folder, name, agent, more=f"store: {folder}/alone.sqlite\n")
            for name, agent in (("large", LARGE_ONLY), ("small", SMALL_ONLY))
        }
        for root in alone.values():
            reader = root / "agents" / "reader.yaml"
            kept = [line for line in reader.read_text().splitlines(keepends=True) if not line.startswith("limits:")]
            reader.write_text("".join([*kept, once]))
        large = await read_orders(alone["large"], orders)
        small = await read_orders(alone["small"], orders)
        verified = await read_orders(project_in(folder, "verified", VERIFIED), orders)
        fitted: list[Read] = []
        for fold in (0, 1):
            router = folder / f"router{fold}.json"
            await fit(alone["small"], [*small[1 - fold :: 2], *large[1 - fold :: 2]], router, alpha)
            root = project_in(folder, f"fitted{fold}", VERIFIED, router=router)
            fitted += await read_orders(root, orders[fold::2])
    return [
        figures("always large", large),
        figures("always small", small),
        figures("verified", verified),
        figures("verified, fitted", fitted),
    ]


def show(found: Sequence[Figures]) -> None:
    """Print the table, with each way's time against that of the large model alone."""
    base = found[0]
    print(f"{base.orders} orders\n")
    print(f"{'':18}{'right':>8}{'wrong':>8}{'refused':>9}{'calls':>7}{'to large':>10}{'seconds':>9}{'ratio':>7}")
    for each in found:
        print(
            f"{each.way:18}{each.accuracy:8.1%}{each.accepted_wrong:8.1%}{each.refused:9.1%}{each.calls:7}"
            f"{each.large_share:10.1%}{each.seconds:9.1f}{each.seconds / base.seconds:7.2f}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--orders", type=int, help="only so many of the orders")
    parser.add_argument("--alpha", type=float, default=ALPHA, help="how many may be accepted and wrong")
    chosen = parser.parse_args(arguments)
    text = (PROJECT / "orders.jsonl").read_text().splitlines()
    orders = [json.loads(line) for line in text if line][: chosen.orders]
    found = asyncio.run(measure(orders, chosen.alpha))
    if chosen.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
