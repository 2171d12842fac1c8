"""In-place methods of `Tensor` that fill it with random numbers, from the one random stream."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import generator as common_stream
from autodiff.dtypes import from_numpy_dtype
from autodiff.errors import VMAP_RANDOM_UNBATCHED
from autodiff.inplace import write
from autodiff.modes import random
from autodiff.operation import wrap
from autodiff.ops.writing import DRAWN
from autodiff.state import TensorState

__all__ = ["Random"]


def _floating(tensor: Any, kernel: str, *, complex_too: bool = False) -> None:
    kind = tensor._data.dtype.kind
    if kind not in ("fcV" if complex_too else "fV"):
        title = from_numpy_dtype(tensor._data.dtype).title
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title}'")


@random
def _drawn(draw: Any, generator: Any) -> Any:
    return wrap(draw(common_stream(generator)))


def _fill(tensor: Any, name: str, draw: Any, generator: Any) -> Any:
    values = _drawn(draw, generator)
    if tensor._layered:
        return tensor.copy_(values)
    if values._layered:
        raise RuntimeError(VMAP_RANDOM_UNBATCHED)
    return write(DRAWN[name], tensor, values=values._data)


class Random(TensorState):
    """In-place methods of `Tensor` that fill it with random numbers.

    The numbers come from NumPy's generator that `manual_seed` starts, or from the one given.
    """

    __slots__ = ()

    def normal_(self, mean: float = 0, std: float = 1, *, generator: Any = None) -> Any:
        """Normal numbers; of a complex dtype, with a variance of std² in all."""
        if std < 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        _floating(self, "normal_kernel_cpu", complex_too=True)
        shape, kind = self._data.shape, self._data.dtype.kind

        def draw(stream: Any) -> Any:
            values = stream.standard_normal(shape)
            if kind == "c":
                values = (values + 1j * stream.standard_normal(shape)) * math.sqrt(0.5)
            return np.asarray(mean + std * values)

        return _fill(self, "normal", draw, generator)

    def uniform_(
        self, to_: float = 0, to: float = 1, *, generator: Any = None, **given: Any
    ) -> Any:
        """Uniform numbers on [from, to); the first bound may be given as `**{"from": …}`."""
        low, high = given.pop("from", to_), to
        if given:
            raise TypeError(f"uniform_() got an unexpected keyword argument '{next(iter(given))}'")
        _floating(self, "check_uniform_bounds")
        if low > high:
            raise RuntimeError(
                "uniform_ expects to return a [from, to) range, but found "
                f"from={low:g} > to={high:g}"
            )
        shape, dtype = self._data.shape, self._data.dtype

        def draw(stream: Any) -> Any:
            values = np.asarray(low + (high - low) * stream.random(shape)).astype(dtype)
            if low < high:  # rounding to a narrow dtype must not give the excluded bound
                values = np.where(values >= high, np.asarray(low, dtype), values)
            return values

        return _fill(self, "uniform", draw, generator)

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """One with probability p (a number, or a tensor of probabilities), otherwise zero."""
        if isinstance(p, TensorState):
            chance, name = np.asarray(p._data), "bernoulli_tensor"
        else:
            if not 0 <= p <= 1:
                raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
            chance, name = np.asarray(p), "bernoulli"
        shape = self._data.shape
        return _fill(
            self, name, lambda stream: np.asarray(stream.random(shape) < chance), generator
        )

    def exponential_(self, lambd: float = 1, *, generator: Any = None) -> Any:
        """Exponential numbers with rate `lambd`."""
        if lambd <= 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        _floating(self, "exponential_")
        shape = self._data.shape
        return _fill(
            self,
            "exponential",
            lambda stream: np.asarray(stream.standard_exponential(shape) / lambd),
            generator,
        )

    def cauchy_(self, median: float = 0, sigma: float = 1, *, generator: Any = None) -> Any:
        """Cauchy numbers."""
        if sigma <= 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        _floating(self, "cauchy_")
        shape = self._data.shape
        return _fill(
            self,
            "cauchy",
            lambda stream: np.asarray(median + sigma * stream.standard_cauchy(shape)),
            generator,
        )

    def log_normal_(self, mean: float = 1, std: float = 2, *, generator: Any = None) -> Any:
        """Numbers whose logarithm is normal."""
        if std <= 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        _floating(self, "log_normal")
        shape = self._data.shape
        return _fill(
            self,
            "log_normal",
            lambda stream: np.asarray(np.exp(mean + std * stream.standard_normal(shape))),
            generator,
        )

    def geometric_(self, p: float, *, generator: Any = None) -> Any:
        """The number of trials up to the first success of probability p."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        shape = self._data.shape
        return _fill(
            self, "geometric", lambda stream: np.asarray(stream.geometric(p, shape)), generator
        )

    def random_(self, from_: Any = None, to: Any = None, *, generator: Any = None) -> Any:
        """Whole numbers from `from_` to `to`, exclusive, or up to what the dtype holds exactly."""
        dtype = self._data.dtype
        if from_ is None:
            low, high, name = 0, _exact_limit(dtype), "random"
        elif to is None:
            low, high, name = 0, from_, "random_to"
        else:
            low, high, name = from_, to, "random_from"
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        shape = self._data.shape
        return _fill(
            self,
            name,
            lambda stream: np.asarray(stream.integers(low, high - 1, shape, endpoint=True)),
            generator,
        )


def _exact_limit(dtype: Any) -> int:
    """One more than the largest whole number up to which the dtype holds all of them."""
    if dtype.kind == "b":
        return 2
    if dtype.kind in "iu":
        return int(min(np.iinfo(dtype).max, 2**63 - 2)) + 1
    digits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
    return int(2 ** digits.get(dtype.name, 24)) + 1
