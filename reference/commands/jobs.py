"""Work in pieces, on any `concurrent.futures` executor, that outlives a piece that crashes.

A piece that brings its process down (a segmentation fault in an engine, a hang that the watchdog
ends) breaks the pool that it ran in. The pool is made anew, and the pieces that were under way run
again one by one; the one that breaks a pool for itself is the one to blame.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["Done", "run_pieces"]

P = TypeVar("P")
R = TypeVar("R")

_WATCHDOG = 1  # the status with which faulthandler ends a process


@dataclass(frozen=True)
class Done(Generic[P, R]):
    """A piece that is over: its result, or in `error` why there is none."""

    piece: P
    result: R | None
    error: str | None = None


def run_pieces(
    work: Callable[[P], R],
    pieces: Sequence[P],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    limit: float | None = None,
) -> Iterator[Done[P, R]]:
    """work(piece) for each of the pieces, as they are done, in any order.

    jobs: 1 runs them here, one after the other; more, in as many processes, made by spawning.
    executor: runs them instead; it is left open. limit: seconds after which a process with a
    piece that does not end is ended (with jobs > 1 only).

    >>> [done.result for done in run_pieces(abs, [-1, -2])]
    [1, 2]
    """
    if executor is not None:
        yield from _on(executor, work, pieces)
    elif jobs <= 1:
        for piece in pieces:
            yield _here(work, piece)
    else:
        yield from _in_processes(work, pieces, jobs, limit)


def _here(work: Callable[[P], R], piece: P) -> Done[P, R]:
    try:
        return Done(piece, work(piece))
    except Exception as error:  # noqa: BLE001  # a piece that fails does not end the rest
        return Done(piece, None, _line(error))


def _on(executor: Executor, work: Callable[[P], R], pieces: Sequence[P]) -> Iterator[Done[P, R]]:
    """On an executor of the caller's: what breaks it is its own."""
    waiting = {executor.submit(work, piece): piece for piece in pieces}
    try:
        while waiting:
            ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                yield _result(waiting.pop(future), future)
    finally:
        for future in waiting:
            future.cancel()


def _result(piece: P, future: Future[R]) -> Done[P, R]:
    try:
        return Done(piece, future.result())
    except Exception as error:  # noqa: BLE001  # whatever the piece raised
        return Done(piece, None, _line(error))


def _in_processes(
    work: Callable[[P], R], pieces: Sequence[P], jobs: int, limit: float | None
) -> Iterator[Done[P, R]]:
    rest = list(pieces)
    while rest:
        suspects: list[P] = []
        with _pool(jobs) as pool:
            waiting: dict[Future[R], P] = {}
            while (rest or waiting) and not suspects:
                while rest and len(waiting) < jobs:  # no more: all of them are under way
                    piece = rest.pop(0)
                    waiting[pool.submit(_watched, work, piece, limit)] = piece
                ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    piece = waiting.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(piece)
                    else:
                        yield _result(piece, future)
            suspects += waiting.values()
        for piece in suspects:
            yield _alone(work, piece, limit)


def _alone(work: Callable[[P], R], piece: P, limit: float | None) -> Done[P, R]:
    """A piece in a process of its own, which it may bring down."""
    start = time.monotonic()
    before = set(multiprocessing.active_children())
    with _pool(1) as pool:
        future = pool.submit(_watched, work, piece, limit)
        workers = set(multiprocessing.active_children()) - before
        wait([future])
        if not isinstance(future.exception(), BrokenProcessPool):
            return _result(piece, future)
    passed = time.monotonic() - start
    status = next((worker.exitcode for worker in workers if worker.exitcode), None)
    if limit is not None and passed >= limit and status in (None, _WATCHDOG):
        return Done(piece, None, f"did not end within {limit:g} s: its process was ended")
    how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
    return Done(piece, None, f"brought its process down ({how}): a crash in the engine")


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of spawned processes, which end when it is left, whatever they do."""
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    ended = False
    try:
        yield pool
        ended = True
    finally:
        if not ended:  # Ctrl-C, say: nothing of what runs is waited for
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
        # The pool's thread, too, waits for the processes: who asks after one of them at the same
        # time may be told that it still runs.
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Ctrl-C reaches every process of a terminal: workers end in silence."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _watched(work: Callable[[P], R], piece: P, limit: float | None) -> R:
    """work(piece) under a watchdog that needs no Python to run: it ends code in C as well."""
    if limit is None:
        return work(piece)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(limit, exit=True, file=nowhere)
        try:
            return work(piece)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"
