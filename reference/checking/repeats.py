"""The same gradient again and again: runs of their own, several of which may share a pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, Pulled

__all__ = ["Runs"]

_PATIENCE = 1.0  # seconds after which repeats stop, once there were ten
_SHORT = 0.002  # seconds of a run that holds little memory: several are held at once
_LITTLE = 20_000  # numbers of such a run's arguments and outputs
_AT_ONCE = 32  # of 10,000 numbers each, or as many fewer as there are more numbers


class Runs:
    """Forward passes with a backward pass each, on arguments and cotangents of their own.

    contents: of the arguments that are floats, by number. outputs: of an earlier run; cotangent:
    an array for each of them.
    """

    def __init__(
        self,
        adapter: Adapter,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        contents: Mapping[int, np.ndarray],
        wrt: Sequence[int],
        outputs: Sequence[Any],
        cotangent: Sequence[np.ndarray],
    ) -> None:
        self._adapter = adapter
        self._f = f
        self._arguments = arguments
        self._contents = contents
        self._wrt = wrt
        self._outputs = outputs
        self._cotangent = cotangent
        self._first: list[Any] = []

    def batches(self, count: int) -> Iterator[tuple[list[Pulled], list[int]]]:
        """(runs, which of them differ from the first in some bit), until there were so many.

        The first run is alone; where it was short, the others are several at a time.
        """
        start = time.monotonic()
        done = 0
        at_once = 1
        while done < count and not (done >= 10 and time.monotonic() - start > _PATIENCE):
            began = time.process_time()
            batch = self._pulled(min(at_once, count - done))
            if not done:
                at_once = self._held_at_once(time.process_time() - began)
            yield batch, self._differing(batch)
            done += len(batch)

    def _held_at_once(self, seconds: float) -> int:
        """How many runs are held at once, where one takes so long."""
        numbers = sum(a.size for a in (*self._contents.values(), *self._cotangent))
        if seconds >= _SHORT or numbers > _LITTLE:
            return 1
        return min(_AT_ONCE, 16 * _LITTLE // max(numbers, 1))

    def _differing(self, batch: Sequence[Pulled]) -> list[int]:
        columns = [
            self._adapter.bits(column)
            for rows in ([run.outputs for run in batch], [run.gradients[0] for run in batch])
            for column in zip(*rows, strict=True)
        ]
        self._first = self._first or [column[0] for column in columns]
        places: set[int] = set()
        for column, first in zip(columns, self._first, strict=True):
            if column.count(first) < len(column):
                places.update(k for k, told in enumerate(column) if told != first)
        return sorted(places)

    def _pulled(self, count: int) -> list[Pulled]:
        if count > 1:
            with suppress(Exception):  # a function may forbid it: one by one, then
                return self._adapter.pull_each(self._f, *self._fresh(count))
        runs, wrt, cotangents = self._fresh(count)
        return [
            self._adapter.pull(self._f, arrays, wrt, [cotangent])
            for arrays, cotangent in zip(runs, cotangents, strict=True)
        ]

    def _fresh(self, count: int) -> tuple[list[list[Any]], Sequence[int], list[list[Any]]]:
        """Arguments and cotangents of their own for so many runs."""
        columns = [
            self._adapter.copies(self._contents[number], value, count)
            if number in self._contents
            else [value] * count
            for number, value in enumerate(self._arguments)
        ]
        given = [
            self._adapter.copies(array, output, count)
            for array, output in zip(self._cotangent, self._outputs, strict=True)
        ]
        rows = [list(map(list, zip(*every, strict=True))) for every in (columns, given)]
        return rows[0], self._wrt, rows[1]
