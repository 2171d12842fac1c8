"""The oracle's tensors with the methods of NumPy's arrays, for functions written with NumPy.

The methods of a tensor are PyTorch's: its `var` divides by the count less one, its `max` along
an axis gives two results. Code written for NumPy means NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from reference import dtypes
from reference.tensor import Tensor

__all__ = ["NotFollowed", "NumpyView", "as_numpy", "as_tensor"]

_METHODS = frozenset(
    {
        *("all", "any", "argmax", "argmin", "argsort", "clip", "conj", "cumprod", "cumsum"),
        *("diagonal", "dot", "max", "mean", "min", "prod", "ravel", "repeat", "reshape", "round"),
        *("squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var"),
    }
)


class NotFollowed(TypeError):
    """A conversion to a Python number, in which the derivative would be lost without a word."""


class NumpyView(NDArrayOperatorsMixin):
    """A tensor with NumPy's methods; what NumPy's arrays do not have is the tensor's own.

    >>> from reference import tensor
    >>> float(NumpyView(tensor([1.0, 3.0])).var()), float(tensor([1.0, 3.0]).var())
    (1.0, 2.0)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, inner: Tensor) -> None:
        self.tensor = inner
        self.reference_tensor = inner

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        given = [as_tensor(value) for value in inputs]
        target = kwargs.pop("out", None)
        kwargs = {key: as_tensor(value) for key, value in kwargs.items()}
        found = as_numpy(self.tensor.__array_ufunc__(ufunc, method, *given, **kwargs))
        return found if target is None else _written(target, found, ufunc)

    def __array_function__(
        self, function: Any, types: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        found = self.tensor.__array_function__(function, types, as_tensor(args), as_tensor(kwargs))
        return as_numpy(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.tensor.__array__(dtype)

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return self._method(name)
        if name == "T":
            return np.transpose(self)
        if name == "copy":
            return lambda *_: as_numpy(self.tensor.clone())
        if name in ("item", "tolist"):
            self._refuse_numbers(f".{name}()")
        if name == "size":
            return self.tensor.numel()
        if name == "dtype":
            return _dtype(self.tensor)
        if name == "astype":
            return lambda dtype, **_: as_numpy(self.tensor.to(getattr(dtypes, _name(dtype))))
        found = getattr(self.tensor, name)
        return _wrapped(found) if callable(found) else as_numpy(found)

    def _method(self, name: str) -> Callable[..., Any]:
        function = getattr(np, name)

        def method(*args: Any, **kwargs: Any) -> Any:
            if name in ("reshape", "transpose") and args and not isinstance(args[0], tuple):
                args = (args,) if args[0] is not None else ()
            return self.__array_function__(function, (type(self),), (self, *args), kwargs)

        return method

    def __getitem__(self, key: Any) -> Any:
        return as_numpy(self.tensor[as_tensor(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.tensor[as_tensor(key)] = as_tensor(value)

    def __len__(self) -> int:
        return len(self.tensor)

    def __iter__(self) -> Iterator[Any]:
        return (as_numpy(part) for part in self.tensor)

    def __bool__(self) -> bool:
        return bool(self.tensor)

    def __float__(self) -> float:
        self._refuse_numbers("float()")
        return float(self.tensor)

    def _refuse_numbers(self, how: str) -> None:
        if self.tensor.requires_grad:
            raise NotFollowed(
                f"{how} makes a Python number of what depends on an argument, and its derivative "
                "is lost: compute with arrays and NumPy's functions"
            )

    def __int__(self) -> int:
        return int(self.tensor)

    def __format__(self, spec: str) -> str:
        shown = repr(self) if self.tensor.ndim else self.tensor.detach().item()
        return format(shown, spec)

    def __repr__(self) -> str:
        return repr(self.tensor)


def as_numpy(value: Any) -> Any:
    """Tensors, also those in tuples and lists, with NumPy's methods."""
    if isinstance(value, Tensor):
        return NumpyView(value)
    if isinstance(value, (tuple, list)):
        parts = [as_numpy(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def as_tensor(value: Any) -> Any:
    """The tensors themselves again."""
    if isinstance(value, NumpyView):
        return value.tensor
    if isinstance(value, (tuple, list)):
        parts = [as_tensor(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) is dict:
        return {key: as_tensor(part) for key, part in value.items()}
    return value


def _written(target: Any, found: Any, ufunc: Any) -> Any:
    """A result in the place that `out=` names: `x += 1` is NumPy's `add(x, 1, out=(x,))`."""
    held = target[0] if isinstance(target, tuple) and len(target) == 1 else target
    if not isinstance(held, NumpyView):
        raise TypeError(
            f"{ufunc.__name__}(out=...) writes into {type(held).__name__}, which cannot hold what "
            "depends on an argument: leave out= away"
        )
    held[...] = found
    return held


def _dtype(tensor: Tensor) -> Any:
    """NumPy's dtype of the name; the tensor's own where NumPy has none."""
    try:
        return np.dtype(tensor.dtype.name)
    except TypeError:
        return tensor.dtype


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", None) or np.dtype(dtype).name)


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(*args: Any, **kwargs: Any) -> Any:
        return as_numpy(function(*as_tensor(args), **as_tensor(kwargs)))

    return method
