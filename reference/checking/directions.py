"""Directions that do not lead out of what a function is meant for, such as symmetric matrices.

Engines' forward rules of a Cholesky factor suppose a symmetric tangent: along another,
the definition, which reads the symmetric part, and the rule differ, and neither is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reference.adapters.adapter import NotOffered
from reference.checking.draws import random_arrays
from reference.checking.truth import Row, Truth
from reference.differentiate import jvp
from reference.domains import certified
from reference.graph import Constant, Map, Restricted, argument, topological

__all__ = ["Directions"]

Arrays = list[np.ndarray]
_BITS = 128
_ROUNDING = 1e-6  # of a tangent that is symmetric but for how its matrix is computed


@dataclass(frozen=True)
class _Kind:
    """Matrices in the last two axes: `fitted` makes one of any, `projected` the nearest one.

    Both take the real and the imaginary part; of real matrices, that is None.
    """

    name: str
    fitted: Callable[[np.ndarray, float], np.ndarray]
    projected: Callable[[np.ndarray, float], np.ndarray]


def _copied(array: np.ndarray, sign: float) -> np.ndarray:
    """One triangle copied to the other one: exact, whatever the numbers."""
    half = np.tril(array, -1)
    if not half.any():
        half = sign * np.swapaxes(np.triu(array, 1), -1, -2)
    return np.asarray(half + sign * np.swapaxes(half, -1, -2) + _diagonal(array, sign))


def _diagonal(array: np.ndarray, sign: float) -> np.ndarray:
    return np.tril(np.triu(array)) if sign > 0 else np.zeros(array.shape)


def _halved(array: np.ndarray, sign: float) -> np.ndarray:
    return np.asarray(array / 2 + sign * np.swapaxes(array, -1, -2) / 2)


def _lower(array: np.ndarray, _: float) -> np.ndarray:
    return np.tril(array)


def _upper(array: np.ndarray, _: float) -> np.ndarray:
    return np.triu(array)


_KINDS = (
    _Kind("symmetric", _copied, _halved),
    _Kind("lower triangular", _lower, _lower),
    _Kind("upper triangular", _upper, _upper),
)


def _by_parts(
    function: Callable[[np.ndarray, float], np.ndarray], array: np.ndarray, paired: bool
) -> np.ndarray:
    """A function of matrices; of complex ones (parts along a last axis), the Hermitian way."""
    if not paired:
        return function(array, 1.0)
    return np.stack([function(array[..., 0], 1.0), function(array[..., 1], -1.0)], -1)


class Directions:
    """Which directions may be asked for.

    kinds: of every argument, None where any direction will do. loose: whether a gradient is told
    by the same kind only. possible: False where no kind of directions is known that stays within.
    """

    def __init__(self, truth: Truth, seed: int) -> None:
        self._truth = truth
        self._seed = seed
        self._marks = [n for n in topological(truth.outputs) if isinstance(n, Restricted)]
        self._shapes = [array.shape for array in truth.arrays]

    @cached_property
    def _found(self) -> tuple[list[_Kind | None], bool]:
        if not self._marks:
            return [None] * len(self._shapes), True
        kinds, possible = [], True
        drawn = random_arrays(self._shapes, self._seed, 100)
        for number, array in enumerate(drawn):
            kind = None
            if not self._within(number, array, self._marks):
                kind = next(
                    (k for k in self._kinds_of(number) if self._fits(k, number, array)), None
                )
                possible = possible and kind is not None
            kinds.append(kind)
        return kinds, possible

    def _kinds_of(self, number: int) -> Sequence[_Kind]:
        paired = self._truth.paired[number]
        shape = self._shapes[number][: -1 if paired else None]
        return _KINDS if len(shape) >= 2 and shape[-1] == shape[-2] else ()

    def _fits(self, kind: _Kind, number: int, array: np.ndarray) -> bool:
        fitted = _by_parts(kind.fitted, array, self._truth.paired[number])
        return self._within(number, fitted, self._marks)

    def _within(self, number: int, direction: np.ndarray, marks: Sequence[Restricted]) -> bool:
        """Whether the sources of the marks move as the parts that are read of them."""
        wrt = self._truth.inputs[number]
        pairs = [(mark.inputs[0], mark.source) for mark in marks]
        gaps = [Map(argument(0) - argument(1), pair) for pair in pairs]
        sources = [source for _, source in pairs]
        given = [Constant(direction)]
        moved = [
            (gap, whole)
            for gap, whole in zip(
                (jvp([node], [wrt], given)[0] for node in gaps),
                (jvp([node], [wrt], given)[0] for node in sources),
                strict=True,
            )
            if gap is not None and whole is not None
        ]
        nodes = [node for pair in moved for node in pair]
        values = [_floats(array) for array in certified.evaluate(nodes, precision=_BITS)]
        return all(
            bool(np.max(gap, initial=0.0) <= _ROUNDING * np.max(whole, initial=0.0))
            for gap, whole in zip(values[::2], values[1::2], strict=True)
        )

    @cached_property
    def _loose(self) -> list[_Kind | None]:
        """The kinds by which gradients are told."""
        kinds, _ = self._found
        marks = [mark for mark in self._marks if mark.loose]
        drawn = random_arrays(self._shapes, self._seed, 100)
        return [
            None if kind is None or self._within(number, drawn[number], marks) else kind
            for number, kind in enumerate(kinds)
        ]

    def offered(self) -> None:
        """Raises NotOffered where no directions are known that forward rules are meant for."""
        if not self._found[1]:
            raise NotOffered(
                "a matrix of which only a part is read, as by cholesky, stays of that kind along "
                "no direction that is known"
            )

    def within(self, direction: Sequence[np.ndarray]) -> Arrays:
        """The direction, or one that is like it and does not lead out."""
        return [
            array if kind is None else _by_parts(kind.fitted, array, paired)
            for array, kind, paired in zip(
                direction, self._found[0], self._truth.paired, strict=True
            )
        ]

    def each_within(self, along: Sequence[tuple[str, Arrays]]) -> list[tuple[str, Arrays]]:
        """The same of several with their names; without those of which nothing is left."""
        kinds = sorted({kind.name for kind in self._found[0] if kind is not None})
        if not kinds:
            return list(along)
        name = ", ".join(["", *kinds])
        fitted = [(detail + name, self.within(arrays)) for detail, arrays in along]
        return [(detail, arrays) for detail, arrays in fitted if any(a.any() for a in arrays)]

    def random(self, number: int) -> Arrays:
        """A direction of few bits."""
        return self.within(random_arrays(self._shapes, self._seed, number))

    def told(self, gradients: Sequence[np.ndarray | None], row: Row) -> list[np.ndarray | None]:
        """Gradients with the truth in the place of what is not defined of them."""
        return [
            array if kind is None or array is None else self._told(number, kind, array, row)
            for number, (array, kind) in enumerate(zip(gradients, self._loose, strict=True))
        ]

    def _told(self, number: int, kind: _Kind, array: np.ndarray, row: Row) -> np.ndarray:
        truth, paired = row.certificate.gradients[number].mid, self._truth.paired[number]
        if array.shape != truth.shape:
            return array
        across = truth - _by_parts(kind.projected, truth, paired)
        return np.asarray(_by_parts(kind.projected, array, paired) + across)


def _floats(balls: np.ndarray) -> np.ndarray:
    return np.abs(np.array([float(ball) for ball in balls.ravel().tolist()], dtype=np.float64))
