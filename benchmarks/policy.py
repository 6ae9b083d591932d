"""How long a decision takes, beside what all policies in one set would take, and what the guards add to a call.

`python -m benchmarks.policy [--json]`: decisions about tool calls whose arguments differ each time, so that none is
remembered, under 10, 100 and 1,000 policies about a tenth as many tools. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.task import Task
from agentcore.engine.guards import Guards
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest

SIZES = (10, 100, 1_000)
TARGETS_MS = {100: 0.5, 1_000: 0.6}
GUARDS_MS = 1.0


def policy_text(count: int, *, operator: str = "==") -> str:
    """Return so many policies: most about one tool each, by its arguments and where the data came from.

    operator: `==` names a tool so that other tools' decisions can leave the policy out; `in` means the same to Cedar.
    """
    return "\n".join(_policy(number, max(1, count // 10), operator) for number in range(count))


def _policy(number: int, tools: int, operator: str) -> str:
    tool = f'resource {operator} Tool::"tool{number % tools}"'
    scope = f'(principal, action == Action::"call_tool", {tool if number % 10 else "resource"})'
    effect = "forbid" if number % 3 else "permit"
    amount = f'context.numbers.hasTag("amount") && context.numbers.getTag("amount") > {number}000000'
    source = f'context.sources.contains("tool:web{number}")'
    return f'@id("p{number}") {effect} {scope} when {{ {amount} && {source} || context.tenant == "t{number}" }};'


def requests(tools: int) -> Iterator[PolicyRequest]:
    """Yield requests that differ."""
    for number in itertools.count():
        yield PolicyRequest(
            agent="clerk",
            role=Role.WORKER,
            tenant="acme",
            principal="ann",
            action="call_tool",
            resource=f"tool{number % tools}",
            label=Label(sources=frozenset({"user", f"tool:web{number % 7}"})),
            declared=True,
            safety=Safety.UNSAFE,
            arguments={"amount": number, "to": f"account {number}", "note": "thank you"},
        )


def milliseconds(work: Callable[[], object], times: int) -> dict[str, float]:
    """Return the CPU time of something, in milliseconds: median and 95th percentile."""
    taken: list[float] = []
    for _ in range(times):
        began = time.process_time_ns()
        work()
        taken.append((time.process_time_ns() - began) / 1e6)
    taken.sort()
    return {"p50": round(statistics.median(taken), 3), "p95": round(taken[int(0.95 * len(taken))], 3)}


def decisions(times: int) -> list[dict[str, Any]]:
    """Return what decisions cost under each number of policies, with those of other tools left out and not."""
    rows: list[dict[str, Any]] = []
    for count in SIZES:
        row: dict[str, Any] = {"policies": count}
        for name, operator in (("sliced", "=="), ("whole", "in")):
            engine = PolicyEngine.load({"all.cedar": policy_text(count, operator=operator)})
            asked = requests(max(1, count // 10))
            for _ in range(count // 10 + 1):  # a tool's slice is made at its first request
                engine.decide(next(asked))
            row[f"{name}_ms"] = milliseconds(lambda engine=engine, asked=asked: engine.decide(next(asked)), times)
        row["times"] = round(row["whole_ms"]["p50"] / row["sliced_ms"]["p50"], 1)
        rows.append(row)
    return rows


async def guards(times: int) -> dict[str, float]:
    """Return what guards without detectors add to a task and to a call's result, in milliseconds of CPU."""
    none, task = Guards(), Task(goal="What does Acme owe?", inputs={"customer": "Acme", "notes": "x" * 2_000})
    result: JSON = {"rows": [{"order": number, "customer": "Acme", "total": 12.5} for number in range(50)]}
    began = time.process_time_ns()
    for _ in range(times):
        await none.task(task)
        await none.looked("tool_result", result, "the result")
        await none.looked("model_output", result, "the reply")
    return {"added_ms": round((time.process_time_ns() - began) / 1e6 / times, 4)}


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    report: dict[str, Any] = {
        "decisions": decisions(given.times),
        "guards_without_detectors": asyncio.run(guards(given.times)),
    }
    missed = [
        f"a decision under {row['policies']} policies takes {row['sliced_ms']['p50']} ms, at most {bound}"
        for row in report["decisions"]
        if (bound := TARGETS_MS.get(row["policies"])) is not None and row["sliced_ms"]["p50"] > bound
    ]
    if report["guards_without_detectors"]["added_ms"] > GUARDS_MS:
        missed.append("guards add more than 1 ms to a call")
    report["missed"] = missed
    if given.json:
        print(json.dumps(report, indent=2))
        return bool(missed)
    print(f"{'policies':>8} {'decision p50, p95 (ms)':>24} {'in one set':>16} {'times':>6}")
    for row in report["decisions"]:
        sliced, whole = row["sliced_ms"], row["whole_ms"]
        shown = f"{sliced['p50']:.3f}, {sliced['p95']:.3f}", f"{whole['p50']:.3f}, {whole['p95']:.3f}"
        print(f"{row['policies']:>8} {shown[0]:>24} {shown[1]:>16} {row['times']:>6}")
    print(f"guards without detectors add {report['guards_without_detectors']['added_ms']} ms to a call")
    for each in missed:
        print(f"missed: {each}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
