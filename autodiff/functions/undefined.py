"""Dtypes for which PyTorch has no kernel, and its words for them."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import is_number
from autodiff.functions.pointwise import kind_of
from autodiff.promotion import result_type
from autodiff.state import TensorState

__all__ = ["refuse", "refuse_together"]


def refuse(kernel: str, kinds: str, input: Any) -> None:
    """NotImplementedError if the dtype of a tensor is of one of the kinds (NumPy's letters).

    >>> import autodiff
    >>> refuse("median_cpu", "bc", autodiff.tensor([True]))
    Traceback (most recent call last):
    NotImplementedError: "median_cpu" not implemented for 'Bool'
    """
    if isinstance(input, TensorState) and input._data.dtype.kind in kinds:
        title = input.dtype.title  # type: ignore[attr-defined]
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title}'")


def refuse_together(kernel: str, kinds: str, input: Any, other: Any) -> None:
    """The same for the dtype that two have in common, of which one may be a number.

    >>> import autodiff
    >>> refuse_together("hypot_cpu", "iub", autodiff.tensor([True]), autodiff.tensor([1]))
    Traceback (most recent call last):
    NotImplementedError: "hypot_cpu" not implemented for 'Long'
    >>> refuse_together("hypot_cpu", "iub", autodiff.tensor([True]), autodiff.tensor([1.0]))
    """
    found = kind_of(input) + kind_of(other)
    if not any(kind in kinds for kind in found):
        return
    if not all(isinstance(one, TensorState) or is_number(one) for one in (input, other)):
        return
    dtype = result_type(input, other)
    if dtype.numpy.kind in kinds:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.title}'")
