"""Arguments for definitions: dyadic numbers, so that casts to short floats stay exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.definitions.registry import REALS, Domain, Sample, Samples

__all__ = ["calls", "distinct", "dyadic", "layouts", "pairs", "unary"]

_STEP = 2.0**-5
_REACH = 3.0


def dyadic(
    rng: np.random.Generator, shape: tuple[int, ...] = (), domain: Domain = REALS
) -> np.ndarray:
    """Random multiples of 1/32 inside a domain, at most 3 from 0 or from its finite end.

    >>> dyadic(np.random.default_rng(0), (2,), Domain(0, 1)).shape
    (2,)
    """
    low = domain.low if np.isfinite(domain.low) else min(-_REACH, domain.high - 2 * _REACH)
    high = domain.high if np.isfinite(domain.high) else max(_REACH, domain.low + 2 * _REACH)
    first, last = int(np.floor(low / _STEP)) + 1, int(np.ceil(high / _STEP)) - 1
    numbers = rng.integers(first, last + 1, size=shape)
    nonzero = np.where(numbers == 0, 1 if last >= 1 else -1, numbers)  # 0 is a point of its own
    return np.asarray(nonzero * _STEP, dtype=np.float64)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Different multiples of 1/8 in random order, none of them 0."""
    size = int(np.prod(shape, dtype=np.int64))
    numbers = rng.permutation(size) - size // 2
    nonzero = np.where(numbers >= 0, numbers + 1, numbers)
    return np.asarray(nonzero.reshape(shape) / 8.0)


def layouts(
    make: Callable[[tuple[int, ...]], np.ndarray],
) -> list[np.ndarray]:
    """0-d, 1-d, 2-d, empty, transposed and strided arrays."""
    return [
        make(()),
        make((5,)),
        make((2, 3)),
        make((0, 3)),
        make((4, 3)).T,
        make((3, 6))[:, ::2],
        make((2, 1, 3)),
    ]


def unary(
    domain: Domain = REALS, tails: Sequence[float] = (), kinks: Sequence[float] = ()
) -> Samples:
    """Calls of a function of one array: every layout, zero, then the tails and the kinks."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [Sample((a,)) for a in layouts(lambda shape: dyadic(rng, shape, domain))]
        if 0.0 in domain and 0.0 not in kinks:
            result.append(Sample((np.array([0.0, 2.0**-10, -(2.0**-10)]),)))
        if tails:
            result.append(Sample((np.array(tails, dtype=np.float64),), kind="tail"))
        if kinks:
            result.append(Sample((np.array(kinks, dtype=np.float64),), kind="kink"))
        return result

    return samples


def pairs(first: Domain = REALS, second: Domain = REALS, ties: bool = False) -> Samples:
    """Calls of a function of two arrays: equal shapes, broadcasting both ways, layouts, zeros."""
    shapes = [
        ((), ()),
        ((4,), (4,)),
        ((2, 3), (3,)),
        ((3,), (2, 1)),
        ((2, 1, 3), (4, 1)),
        ((0, 3), (3,)),
        ((), (2, 2)),
    ]

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [
            Sample((dyadic(rng, one, first), dyadic(rng, other, second))) for one, other in shapes
        ]
        turned = dyadic(rng, (4, 3), first).T
        result.append(Sample((turned, dyadic(rng, (3, 8), second)[:, ::2])))
        if not ties and 0.0 in first and 0.0 in second:
            result.append(Sample((np.array([0.0, 1.5, 0.0]), np.array([-2.5, 0.0, 0.0]))))
        if ties:
            result = [_apart(sample) for sample in result]
            same = dyadic(rng, (3,), first)
            result.append(Sample((same, same.copy()), kind="kink"))
        return result

    return samples


def _apart(sample: Sample) -> Sample:
    """The same call with no two arguments equal: the second moves by 1/64."""
    one, other = sample.args
    return Sample((one, np.asarray(other + _STEP / 2)), sample.kwargs, sample.kind)


def calls(*makers: Callable[[np.random.Generator], Any]) -> Samples:
    """Calls made one by one, each from a function of the random generator.

    A maker gives a Sample, or the positional arguments as a tuple, or (args, kwargs).
    """

    def samples(rng: np.random.Generator) -> list[Sample]:
        result: list[Sample] = []
        for maker in makers:
            made = maker(rng)
            if isinstance(made, Sample):
                result.append(made)
            elif len(made) == 2 and isinstance(made[0], tuple) and isinstance(made[1], dict):
                result.append(Sample(made[0], made[1]))
            else:
                result.append(Sample(tuple(made)))
        return result

    return samples
