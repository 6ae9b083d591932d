"""Kill workers and restart PostgreSQL in the middle of many runs, and count what is lost, repeated, stuck or doubled.

Worker processes drive N runs of seven recorded steps (see chaos_desk); they are killed at random with kill -9 and
replaced at once, and PostgreSQL is stopped at once, as in a crash, and started again. A sink, a process of its own,
counts what reaches the outside. An unsafe call whose outcome is unknown asks a person: here an operator, who looks the
key up in the sink. At the end the journal, the logs that workers kept outside of it and the sink's log are compared.

`python -m benchmarks.chaos --runs 500 --kills 10 --restarts 2 --workers 2 --json`

--store: `postgres` (a server of its own, thrown away afterwards; the default), `sqlite`, or the URL of a database of
somebody else's, of which the schemas must be empty; that server is restarted only by a command that --restart-command
gives. Exit code 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from agentcore import Runtime, Task
from agentcore.adapters.heartbeat import LEASE_SECONDS
from agentcore.app.store import open_store
from agentcore.domain.errors import ApprovalError, JournalConflict, JournalError, RunNotFound
from agentcore.domain.event import Event
from agentcore.domain.ids import RunId
from agentcore.testing.postgres_server import PostgresServer, postgres_binaries
from benchmarks.chaos_desk import STEPS, TENANTS, ask_sink, goal, project
from benchmarks.chaos_judge import (
    Death,
    Judge,
    bodies,
    down_between,
    duplicates,
    in_flight,
    near,
    percentile,
    sink_log,
)
from benchmarks.chaos_worker import QUEUE

Restart = Callable[[], Awaitable[None]]

SURE_SECONDS = 0.5
"""How long the operator waits before looking a key up, so that what was still on its way has arrived."""


class Pool:
    """Worker processes, which are killed and replaced."""

    def __init__(self, folder: Path, command: list[str], tail: list[str], chance: random.Random) -> None:
        self._folder = folder
        self._command = command
        self._tail = tail
        self._chance = chance
        self._processes: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}
        self.deaths: list[Death] = []
        self.logs: list[Path] = []
        self.cpu_seconds = 0.0
        self.exits = 0

    def start(self) -> None:
        """Start one more."""
        log = self._folder / f"worker-{len(self.logs):04}.log"
        self.logs.append(log)
        with (self._folder / "workers.err").open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603  # this benchmark's own
                [*self._command, str(log), *self._tail], stdout=errors, stderr=errors
            )
        self._processes[process.pid] = (process, log)

    def kill(self) -> bool:
        """Kill one that has begun, with everything in it, and start another."""
        ready = [pid for pid, (_, log) in self._processes.items() if log.exists()]
        if not ready:
            return False
        pid = self._chance.choice(ready)
        _, log = self._processes.pop(pid)
        os.kill(pid, signal.SIGKILL)
        self.deaths.append(Death(at=time.time(), log=log))
        self._reap(pid)
        self.start()
        return True

    def look(self) -> None:
        """Replace those that have ended by themselves, as when the server was down while they started."""
        for pid, (process, _) in list(self._processes.items()):
            done, _, usage = os.wait4(pid, os.WNOHANG)
            if done:
                process.returncode = 0
                self.cpu_seconds += usage.ru_utime + usage.ru_stime
                del self._processes[pid]
                self.exits += 1
                self.start()

    def stop(self) -> None:
        """Tell all to stop, and wait."""
        for pid in self._processes:
            os.kill(pid, signal.SIGTERM)
        for pid, (process, _) in self._processes.items():
            self._reap(pid)
            process.returncode = 0
        self._processes.clear()

    def _reap(self, pid: int) -> None:
        _, _, usage = os.wait4(pid, 0)
        self.cpu_seconds += usage.ru_utime + usage.ru_stime


class Chaos:
    """One benchmark."""

    def __init__(self, given: argparse.Namespace, folder: Path, store: str, restart: Restart | None) -> None:
        self._given = given
        self._folder = folder
        self._store = store
        self._restart = restart
        self._chance = random.Random(given.seed)
        self._finished = 0
        self._failures: list[str] = []
        self._restarts: list[tuple[float, float]] = []
        self._ids: dict[RunId, int] = {}
        self._rulings = 0
        self._began = time.time()
        self._ask: Callable[..., Any]

    async def run(self) -> dict[str, Any]:
        """Return the report."""
        given = self._given
        sink_path = self._folder / "sink.log"
        sink = subprocess.Popen(  # noqa: ASYNC220, S603  # before anything else runs
            [sys.executable, "-m", "benchmarks.chaos_sink", str(sink_path), str(given.seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        pool = Pool(
            self._folder,
            [sys.executable, "-m", "benchmarks.chaos_worker", self._store, str(port)],
            [str(given.at_once), str(given.seconds)],
            self._chance,
        )
        desk = project(self._store, sink=port, seconds=given.seconds)
        store = open_store(desk)
        self._ask = store.journal.ask  # type: ignore[attr-defined]
        try:
            async with Runtime(desk, store=store, resume=False, queue=QUEUE) as runtime:
                for _ in range(given.workers):
                    pool.start()
                began = self._began = time.time()
                duties = [self._enqueue(runtime), self._operate(runtime, port), self._torment(pool), self._break()]
                tasks = [asyncio.create_task(duty) for duty in duties]
                await self._watch(pool, tasks)
                seconds = time.time() - began
                for task in tasks[1:]:
                    task.cancel()
                await asyncio.gather(*tasks[1:], return_exceptions=True)
                pool.stop()
                return await self._judged(runtime, pool, sink_path, seconds)
        finally:
            pool.stop()
            sink.kill()
            sink.wait()

    async def _enqueue(self, runtime: Runtime) -> None:
        """Enqueue all runs, some at once; one that is told to have failed is tried again under its id."""
        prefix = f"{random.SystemRandom().randrange(16**8):08x}"
        numbers = iter(range(self._given.runs))

        async def some() -> None:
            for number in numbers:
                id = RunId(f"{prefix}{number:08}")
                await asyncio.sleep(self._began + number * self._given.over / self._given.runs - time.time())
                while True:
                    try:
                        await runtime.enqueue(Task(goal=goal(number), tenant=f"t{number % TENANTS}"), id=id)
                    except JournalConflict:  # it was recorded before
                        break
                    except JournalError as error:
                        self._failures.append(f"enqueue: {error.message}")
                        await asyncio.sleep(0.2)
                    else:
                        break
                self._ids[id] = number

        await asyncio.gather(*(some() for _ in range(8)))

    async def _operate(self, runtime: Runtime, port: int) -> None:
        """Answer what runs ask about unsafe calls of unknown outcome."""
        seen: dict[str, float] = {}
        while True:
            await asyncio.sleep(0.1)
            try:
                for record in await runtime.approvals(limit=1000):
                    asked = record.approval
                    now = time.time()
                    if now - seen.setdefault(asked.id, now) < SURE_SECONDS:
                        continue
                    found = await ask_sink(port, do="look", key=asked.key)
                    if found is None:
                        await runtime.rule(asked.id, "approve", actor="operator")
                    else:
                        await runtime.rule(asked.id, "respond", actor="operator", value=found)
                    self._rulings += 1
            except ApprovalError:
                continue
            except JournalError as error:
                self._failures.append(f"operator: {error.message}")
                await asyncio.sleep(0.2)

    async def _torment(self, pool: Pool) -> None:
        """Kill workers."""
        async for _ in self._moments(self._given.kills):
            while not pool.kill():  # noqa: ASYNC110  # of a file that appears, no event tells
                await asyncio.sleep(0.05)

    async def _break(self) -> None:
        """Restart PostgreSQL."""
        if self._restart is None:
            return
        async for _ in self._moments(self._given.restarts):
            began = time.time()
            await self._restart()
            self._restarts.append((began, time.time()))

    async def _moments(self, count: int) -> AsyncIterator[None]:
        """Wait for so many moments at random: each in a part of its own of the time, or of the runs' advance."""
        over, runs = self._given.over, self._given.runs
        for number in range(count):
            part = (number + self._chance.random()) / count
            if over:
                await asyncio.sleep(self._began + over * part - time.time())
            else:
                while self._finished < (0.01 + 0.94 * part) * runs:  # noqa: ASYNC110  # it is looked up now and then
                    await asyncio.sleep(0.02)
            yield
            await asyncio.sleep(self._given.gap)

    async def _watch(self, pool: Pool, tasks: list[asyncio.Task[None]]) -> None:
        """Return when all runs have ended, or none has for too long."""
        since = time.monotonic()
        while self._finished < self._given.runs or not all(task.done() for task in (tasks[0], *tasks[2:])):
            await asyncio.sleep(0.1)
            pool.look()
            for task in tasks:
                if task.done():
                    task.result()
            with contextlib.suppress(JournalError):
                rows = await self._ask(
                    lambda store: store.rows("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL")
                )
                finished = rows[0][0]
                if finished != self._finished:
                    since = time.monotonic()
                    if finished // 1000 != self._finished // 1000 and not self._given.json:
                        print(f"{finished} runs, {len(pool.deaths)} kills, {len(self._restarts)} restarts", flush=True)
                    self._finished = finished
            if time.monotonic() - since > self._given.stuck_seconds:
                self._failures.append(f"nothing has ended for {self._given.stuck_seconds:g} s")
                return

    async def _judged(self, runtime: Runtime, pool: Pool, sink_path: Path, seconds: float) -> dict[str, Any]:
        judge = Judge(pool.deaths, pool.logs)
        stuck = list[str]()
        for run, number in self._ids.items():
            try:
                events = await runtime.journal.read(run)
            except RunNotFound:
                judge.findings.lost.append(f"{run}: enqueued, and not there")
                continue
            if events[-1].fact.kind != "run_finished":
                stuck.append(f"{run}: {len(events)} events, last {events[-1].fact.kind}")
                with contextlib.suppress(Exception):
                    await self._autopsy(run, events, pool)
            judge.run(number, events)
        received = sink_log(sink_path)
        judge.rest(received)
        found, doubled = judge.findings, duplicates(received)
        takes, all_seconds = found.take_overs, [take.seconds for take in found.take_overs]
        executed = bodies(pool.logs)
        # The system tells of a death by itself where all share a machine.
        lease = LEASE_SECONDS if "://" in self._store else 0.0
        net = [
            take.seconds - down_between(take.died_at, take.died_at + take.seconds, self._restarts) for take in takes
        ]
        away = [take.seconds for take in takes if not near(take, self._restarts, lease)]
        report: dict[str, Any] = {
            "store": "postgres" if "://" in self._store else "sqlite",
            "runs": found.runs,
            "steps": found.steps,
            "events": found.events,
            "workers": self._given.workers,
            "seed": self._given.seed,
            "kills": len(pool.deaths),
            "restarts": len(self._restarts),
            "exits": pool.exits,
            "seconds": round(seconds, 1),
            "runs_per_second": round(found.runs / seconds, 1),
            "steps_per_second": round(found.steps / seconds),
            "events_per_second": round(found.events / seconds),
            "cpu_seconds_per_1000_steps": round(pool.cpu_seconds * 1000 / max(1, found.steps), 2),
            "lost": len(found.lost),
            "recorded_twice": len(found.twice),
            "stuck": len(stuck),
            **doubled,
            "asked_people": self._rulings,
            "bodies": executed.total(),
            "bodies_repeated": sum(count - 1 for count in executed.values()),
            "in_flight_at_kills": in_flight(pool.deaths),
            "taken_over": len(takes),
            "take_over_p50": round(percentile(all_seconds, 50), 2),
            "take_over_p95": round(percentile(all_seconds, 95), 2),
            "take_over_max": round(max(all_seconds, default=0.0), 2),
            "take_over_p95_less_down_time": round(percentile(net, 95), 2),
            "take_over_p95_away_from_restarts": round(percentile(away, 95), 2),
            "down_seconds": round(sum(up - down for down, up in self._restarts), 1),
            "take_over_bound": lease + 1.0,
            "examples": [*found.lost[:5], *found.twice[:5], *stuck[:5], *self._failures[:5]],
        }
        report["broken"] = _broken(report, self._given)
        return report

    async def _autopsy(self, run: RunId, events: Sequence[Event], pool: Pool) -> None:
        """Write what is known of a run that is stuck to `stuck.txt`, for --keep."""
        lines = [f"{event.sequence} {event.at:.3f} {event.fact}"[:300] for event in events]
        lines += [f"{death.at:.3f} killed {death.owner}" for death in pool.deaths]
        rows = ["SELECT * FROM runs WHERE run = ?1", "SELECT id, status, ruling FROM approvals WHERE run = ?1"]
        if "://" in self._store:
            rows += [
                "SELECT * FROM agentcore_queue.workflow_status WHERE workflow_uuid LIKE ?1 || ':%'",
                "SELECT * FROM workers WHERE ?1 <> ''",
            ]
        for sql in rows:
            lines += [str(tuple(row)) for row in await self._ask(lambda store, sql=sql: store.rows(sql, (run,)))]
        with (self._folder / "stuck.txt").open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n\n")


def _broken(report: dict[str, Any], given: argparse.Namespace) -> list[str]:
    """Return the promises that do not hold."""
    none = ("lost", "recorded_twice", "stuck", "applied_twice", "unsafe_twice")
    broken = [f"{name}: {report[name]}" for name in none if report[name]]
    if report["runs"] < given.runs or report["steps"] < given.runs * (len(STEPS) + 1):
        broken.append(f"runs: {report['runs']} of {given.runs}, {report['steps']} steps")
    if report["kills"] < given.kills:
        broken.append(f"kills: {report['kills']} of {given.kills}")
    if report["bodies_repeated"] > report["in_flight_at_kills"]:
        broken.append(f"bodies_repeated: {report['bodies_repeated']} > {report['in_flight_at_kills']} in flight")
    if report["take_over_p95_away_from_restarts"] > report["take_over_bound"]:
        broken.append(f"take_over_p95: {report['take_over_p95_away_from_restarts']} s > {report['take_over_bound']} s")
    return broken


@contextlib.asynccontextmanager
async def _place(given: argparse.Namespace, folder: Path) -> AsyncIterator[tuple[str, Restart | None]]:
    """Yield the store, and how its server is restarted."""
    if given.store == "sqlite":
        yield str(folder / "journal.sqlite"), None
        return
    if given.store != "postgres":
        yield given.store, None if given.restart_command is None else lambda: _command(given.restart_command)
        return
    binaries = postgres_binaries()
    if binaries is None:
        sys.exit("initdb and postgres are not installed: install PostgreSQL's server, or name one with --store")
    async with PostgresServer(binaries, settings={"max_connections": "200"}) as server:
        down = random.Random(given.seed)
        yield server.url, lambda: server.restart(down_seconds=down.uniform(0, 0.5))


async def _command(command: str) -> None:
    process = await asyncio.create_subprocess_exec(*shlex.split(command))
    if await process.wait():
        sys.exit(f"{command} failed")


async def torment(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    async with _place(given, folder) as (store, restart):
        return await Chaos(given, folder, store, restart).run()


def main() -> None:
    """Read the command line, torment, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=24, help="runs at the same time in one worker")
    parser.add_argument("--store", default="postgres")
    parser.add_argument("--restart-command", help="of a server that is not the benchmark's own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.005, help="that a model, or the sink, takes")
    parser.add_argument("--gap", type=float, default=0.5, help="seconds between two kills, or restarts, at least")
    parser.add_argument("--stuck-seconds", type=float, default=60.0)
    parser.add_argument("--over", type=float, default=0.0, help="seconds over which runs are enqueued, workers killed")
    parser.add_argument("--keep", type=Path, help="a folder for the logs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    # In this folder, as the system's temporary one may be in memory.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as temporary:
        folder = Path(temporary) if given.keep is None else given.keep
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(torment(given, folder))
    if given.json:
        print(json.dumps(report, indent=2))
    else:
        for name, value in report.items():
            print(f"{name:32}{value}")
    sys.exit(1 if report["broken"] else 0)


if __name__ == "__main__":
    main()
