"""Functions of whole numbers and of the bits of floating-point ones: without derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import is_number, raw, require_tensor
from autodiff.functions.shapes import reshape
from autodiff.functions.undefined import refuse_together
from autodiff.named import return_type
from autodiff.promotion import result_type

__all__ = [
    "bitwise_left_shift",
    "bitwise_right_shift",
    "detach",
    "fill",
    "frexp",
    "gcd",
    "lcm",
    "nextafter",
    "sum_to_size",
]

_Frexp = return_type("frexp", "mantissa", "exponent")


def _whole(function: str, input: Any, other: Any) -> Any:
    if not is_number(input):
        require_tensor(function, input)
    if not is_number(other):
        require_tensor(function, other, "other", 2)
    refuse_together(f"{function}_cpu", "bfcV", input, other)
    return _alike(input, other)


def _alike(input: Any, other: Any) -> tuple[Any, Any]:
    """Two as arrays of the dtype that they have in common."""
    kind = result_type(input, other).numpy
    return tuple(  # type: ignore[return-value]
        np.asarray(one if is_number(one) else raw(one)).astype(kind, copy=False)
        for one in (input, other)
    )


def bitwise_left_shift(input: Any, other: Any) -> Any:
    """input · 2^other, of whole numbers."""
    return from_array(np.asarray(np.left_shift(*_whole("lshift", input, other))))


def bitwise_right_shift(input: Any, other: Any) -> Any:
    """input / 2^other, rounded down, of whole numbers."""
    return from_array(np.asarray(np.right_shift(*_whole("rshift", input, other))))


def gcd(input: Any, other: Any) -> Any:
    """The greatest common divisor.

    >>> import autodiff
    >>> gcd(autodiff.tensor([4, 9]), autodiff.tensor([6, 6]))
    tensor([2, 3])
    """
    return from_array(np.asarray(np.gcd(*_whole("gcd", input, other))))


def lcm(input: Any, other: Any) -> Any:
    """The least common multiple."""
    return from_array(np.asarray(np.lcm(*_whole("lcm", input, other))))


def nextafter(input: Any, other: Any) -> Any:
    """The next number of the dtype, towards another."""
    require_tensor("nextafter", input)
    require_tensor("nextafter", other, "other", 2)
    refuse_together("nextafter_cpu", "iubc", input, other)
    return from_array(np.asarray(np.nextafter(*_alike(input, other))))


def frexp(input: Any) -> Any:
    """A named pair (mantissa, exponent): input = mantissa · 2^exponent, the mantissa below 1."""
    data = np.asarray(raw(require_tensor("frexp", input)))
    if data.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    _, exponent = np.frexp(data)
    scale = from_array(np.asarray(np.ldexp(np.ones_like(data), -exponent)))
    return _Frexp((input * scale, from_array(np.asarray(exponent, np.int32))))


def detach(input: Any) -> Any:
    """The same memory without history."""
    return require_tensor("detach", input).detach()


def fill(input: Any, value: Any) -> Any:
    """A copy that holds one value everywhere."""
    return require_tensor("fill", input).clone().fill_(value)


def sum_to_size(input: Any, *size: Any) -> Any:
    """Summed over the dimensions along which `size` would be broadcast to the tensor's shape."""
    sizes = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    shape = tuple(require_tensor("sum_to_size", input).shape)
    lead = len(shape) - len(sizes)
    fits = lead >= 0 and all(
        n in (1, m) for m, n in zip(shape[max(lead, 0) :], sizes, strict=False)
    )
    if not fits:
        raise RuntimeError(f"size {{{list(sizes)}}} is not expandable to size {{{list(shape)}}}.")
    over = (*range(lead), *(lead + k for k, n in enumerate(sizes) if n == 1 != shape[lead + k]))
    found = input.sum(over) if over else input
    return reshape(found, sizes)
