"""Times contestants side by side: one process each, asked in turn, round after round.

A process of its own gives each contestant its own heap, its own garbage collector and its own
threads; what one library does to memory does not speed up or slow down another. While one works,
the others wait for their turn and use no processor.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import contestants
import numpy as np
import workloads
from contestants import SINGLE_THREAD, Contestant
from workloads.workload import Kind, Missing, Workload, relative_error

__all__ = ["Entry", "Process", "Row", "bytes_per_node", "measure", "single_threaded", "summary"]

STATM = Path("/proc/self/statm")
LONGEST_CALIBRATION = 1_000_000


@dataclass(slots=True)
class Entry:
    """One contestant on one workload: seconds per call, round by round, or why there are none."""

    contestant: str
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)  # to the base, within the same round
    missing: str = ""
    failed: str = ""
    remark: str = ""
    error: float | None = None  # of the gradients, in units of epsilon
    bytes_per_node: float | None = None


@dataclass(slots=True)
class Row:
    """One workload: all contestants, and to which of them the ratios are."""

    workload: Workload
    base: str
    entries: dict[str, Entry]


@contextmanager
def single_threaded() -> Iterator[None]:
    """Inside, processes that are started compute on one thread."""
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(SINGLE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def resident() -> int:
    """Bytes of memory that this process occupies; Linux only."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def import_seconds(module: str) -> float:
    """Without the start of the interpreter; from the second time on, with compiled bytecode."""
    program = (
        "import time\nstart = time.perf_counter()\n"
        f"import {module}\nprint(time.perf_counter() - start)"
    )
    # What forbids Python to keep bytecode would have a package compiled each time, and be timed.
    keeping = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=keeping,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def seconds_of(call: Callable[[], Any], count: int) -> float:
    turns = range(count)
    start = time.perf_counter()
    for _ in turns:
        call()
    return time.perf_counter() - start


def worker(connection: Connection, workload_name: str, contestant_name: str, small: bool) -> None:
    """The other end of `Process`: answers one question after the other, until told None."""
    workload, contestant = workloads.named(workload_name), contestants.named(contestant_name)
    if workload.kind is Kind.IMPORT:
        connection.send(([], ""))
        import_seconds(contestant.module)
        while (question := connection.recv()) is not None:
            what, number = question
            seconds = import_seconds(contestant.module) if what == "time" else 0.0
            connection.send(1 if what == "calibrate" else seconds)
        return
    try:
        engine = contestant.load()
        call, remark = engine.call(workload, workload.make(small=small))
    except Missing as reason:
        connection.send(str(reason))
        return
    results = call()
    connection.send(([engine.to_numpy(result) for result in results], remark))
    del results
    call()
    # What was imported is no rubbish, and no reason to slow down a contestant's collections.
    gc.collect()
    gc.freeze()
    while (question := connection.recv()) is not None:
        what, number = question
        if what == "calibrate":
            connection.send(calibrate(call, number))
        elif what == "time":
            gc.collect()
            connection.send(seconds_of(call, number))


def calibrate(call: Callable[[], Any], least: float) -> int:
    """How many calls take at least that many seconds."""
    count = 1
    while (seconds := seconds_of(call, count)) < least and count < LONGEST_CALIBRATION:
        count = max(count + 1, math.ceil(count * min(10.0, 1.1 * least / max(seconds, 1e-9))))
    return count


def memory_worker(connection: Connection, workload_name: str, contestant_name: str) -> None:
    """Sends the bytes per operation that a recorded graph occupies."""
    workload, contestant = workloads.named(workload_name), contestants.named(contestant_name)
    sizes = {**workload.small, workload.nodes: 20}
    forward = Workload(
        name=workload.name,
        title=workload.title,
        kind=Kind.FORWARD,
        problem=workload.problem,
        full=workload.full,
        small=sizes,
        by_hand=workload.by_hand,
        programs=workload.programs,
    )
    engine = contestant.load()
    engine.call(forward, forward.make(small=True))[0]()
    call, _ = engine.call(forward, forward.make())
    gc.collect()
    gc.disable()
    before = resident()
    kept = call()
    connection.send((resident() - before) / workload.full[workload.nodes])
    del kept


class Process:
    """A contestant at work on one workload, in a process of its own."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.is_alive() and kind is None:
            with suppress(BrokenPipeError):  # it has ended by itself
                self.connection.send(None)
        else:
            self.process.terminate()
        self.process.join()
        self.connection.close()

    def answer(self) -> Any:
        """Raises EOFError if the process has ended; its traceback is on standard error."""
        return self.connection.recv()

    def ask(self, what: str, number: float) -> Any:
        self.connection.send((what, number))
        return self.answer()


def bytes_per_node(workload: Workload, contestant: str) -> float | None:
    if not STATM.exists():
        return None
    with Process(memory_worker, workload.name, contestant) as process:
        try:
            return float(process.answer())
        except EOFError:
            return None


def measure(
    workload: Workload,
    among: Sequence[Contestant],
    *,
    rounds: int,
    seconds: float,
    base: str | None = None,
    small: bool = False,
) -> Row:
    """Checks the gradients, then times all contestants in `rounds` rounds."""
    entries: dict[str, Entry] = {}
    running: dict[str, Process] = {}
    judge: list[Any] | None = None
    try:
        for contestant in sorted(among, key=lambda one: one.engine is not contestants.ByHand):
            name = contestant.name
            entry = entries[name] = Entry(name)
            if not contestant.installed():
                entry.missing = "not installed"
                continue
            process = Process(worker, workload.name, name, small)
            try:
                first = process.answer()
            except EOFError:
                entry.failed = "ended with an error"
                process.__exit__(None, None, None)
                continue
            if isinstance(first, str):
                entry.missing = first
                process.__exit__(None, None, None)
                continue
            running[name] = process
            results, entry.remark = first
            if judge is None:
                judge = results
            check(entry, results, judge, workload.tolerance)
        chosen = next(
            (one for one in (base or workload.base, "numpy", *running) if one in running), ""
        )
        times = timed_rounds(running, rounds, seconds)
    finally:
        for process in running.values():
            process.__exit__(*sys.exc_info())
    for name, found in times.items():
        entries[name].seconds = found
        entries[name].ratios = [a / b for a, b in zip(found, times[chosen], strict=True)]
    if workload.nodes and not small:
        for name in running:
            if name != "numpy":
                entries[name].bytes_per_node = bytes_per_node(workload, name)
    in_order = {one.name: entries[one.name] for one in among}
    return Row(workload, chosen, in_order)


def check(entry: Entry, results: Sequence[Any], judge: Sequence[Any], tolerance: float) -> None:
    """Whether the gradients are those of the hand-written NumPy."""
    if len(results) != len(judge):
        entry.failed = f"{len(results)} results, not {len(judge)}"
        return
    errors = [relative_error(got, want) for got, want in zip(results, judge, strict=True)]
    entry.error = max(errors, default=0.0)
    # A NaN is no success either.
    if not entry.error <= tolerance:
        place = int(np.argmax(errors))
        entry.failed = (
            f"result {place} is off by {errors[place]:.3g} epsilon; {tolerance:g} are allowed"
        )


def timed_rounds(
    running: dict[str, Process], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Seconds per call, round by round. In each round the contestants begin with another one."""
    names = list(running)
    counts = {name: running[name].ask("calibrate", seconds) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            taken = running[name].ask("time", counts[name])
            times[name].append(taken / counts[name])
    return times


def summary(numbers: Sequence[float]) -> tuple[float, float, float]:
    """(lower quartile, median, upper quartile)."""
    if len(numbers) == 1:
        return numbers[0], numbers[0], numbers[0]
    lower, middle, upper = statistics.quantiles(numbers, n=4, method="inclusive")
    return lower, middle, upper
