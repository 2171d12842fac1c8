"""Counting and looking up: what has no gradient, or one only through indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import as_dtype, int64
from autodiff.functions.arguments import axis, is_number, raw, require_tensor
from autodiff.functions.indexing import nonzero
from autodiff.functions.undefined import refuse

__all__ = [
    "argwhere",
    "bincount",
    "bucketize",
    "histc",
    "searchsorted",
    "tril_indices",
    "triu_indices",
    "unique",
    "unique_consecutive",
]


def _array(function: str, input: Any, name: str = "input", position: int = 1) -> Any:
    return np.asarray(raw(require_tensor(function, input, name, position)))


def argwhere(input: Any) -> Any:
    """The indices of the elements that are not zero, one row for each."""
    return nonzero(require_tensor("argwhere", input))


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each whole number comes, or the sum of the weights of its places.

    >>> import autodiff
    >>> bincount(autodiff.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    data = _array("bincount", input)
    if data.dtype.kind not in "iu":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{input.dtype.title}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if data.ndim != 1 or (data.size and data.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return from_array(np.bincount(data, minlength=minlength))
    given = _array("bincount", weights, "weights", 2)
    if given.shape != data.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    sums = np.bincount(data, given.astype(np.float64), minlength)
    return from_array(sums.astype(np.float32 if given.dtype == np.float32 else np.float64))


def histc(input: Any, bins: int = 100, min: Any = 0, max: Any = 0) -> Any:
    """How many elements lie in each of equal bins between two numbers.

    The bins are those between the smallest and the largest element where both are 0.
    """
    data = _array("histc", input)
    if data.dtype.kind not in "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{input.dtype.title}'")
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    low, high = float(min), float(max)
    if low == high and data.size:
        low, high = float(data.min()), float(data.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("max must be larger than min")
    counts, _ = np.histogram(data.reshape(-1), bins, (low, high))
    return from_array(counts.astype(data.dtype))


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where values would be put into sorted ones (the last dimension) so that they stay sorted.

    >>> import autodiff
    >>> searchsorted(autodiff.tensor([1, 3, 5]), autodiff.tensor([3, 4]))
    tensor([1, 2])
    """
    known = _array("searchsorted", sorted_sequence, "sorted_sequence")
    if sorter is not None:
        known = np.take_along_axis(known, _array("searchsorted", sorter, "sorter"), -1)
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(
            "torch.searchsorted(): side can only be 'left' or 'right' but got " + side
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    wanted = np.asarray(input) if is_number(input) else _array("searchsorted", input, "input", 2)
    which: Any = "right" if right or side == "right" else "left"
    if known.ndim == 1:
        found = np.asarray(np.searchsorted(known, wanted, which))
    else:
        if known.shape[:-1] != wanted.shape[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
                "dimensions of boundaries tensor and input value tensor must match, but we got "
                f"boundaries tensor {list(known.shape)} and input value tensor "
                f"{list(wanted.shape)}"
            )
        flat = zip(
            known.reshape(-1, known.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True
        )
        rows = [np.searchsorted(row, values, which) for row, values in flat]
        found = np.array(rows, np.int64).reshape(wanted.shape)
    return from_array(found.astype(np.int32 if out_int32 else np.int64))


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the interval between sorted boundaries that each value lies in."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def _triangle(function: str, places: Any, row: int, col: int, offset: int, dtype: Any) -> Any:
    if row < 0:
        raise RuntimeError(f"row must be non-negative, got{row}")
    if col < 0:
        raise RuntimeError(f"col must be non-negative, got{col}")
    kind = as_dtype(int64 if dtype is None else dtype).numpy
    return from_array(np.array(places(row, offset, col), kind))


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Any:
    """Rows and columns of the places on and below a diagonal, as two rows."""
    return _triangle("tril_indices", np.tril_indices, row, col, offset, dtype)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: Any = None,
    device: Any = None,
    layout: Any = None,
) -> Any:
    """Rows and columns of the places on and above a diagonal, as two rows."""
    return _triangle("triu_indices", np.triu_indices, row, col, offset, dtype)


def _told(found: list[Any], wanted: tuple[bool, ...]) -> Any:
    results = [from_array(np.asarray(found[0]))]
    results += [
        from_array(np.asarray(one)) for one, want in zip(found[1:], wanted, strict=True) if want
    ]
    return results[0] if len(results) == 1 else tuple(results)


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements (or slices along a dimension), in order.

    return_inverse: also where each element is among them. return_counts: also how often it comes.
    """
    data = _array("unique", input)
    refuse("unique" if dim is None else "unique_dim", "c", input)
    where = None if dim is None else axis(dim, data.ndim)
    values, inverse, counts = np.unique(
        data, return_inverse=True, return_counts=True, axis=where, equal_nan=False
    )
    inverse = inverse.reshape(data.shape if where is None else -1)
    return _told([values, inverse, counts], (return_inverse, return_counts))


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements (or slices along a dimension) that differ from the one before them."""
    data = _array("unique_consecutive", input)
    refuse("unique", "c", input)
    lines = data.reshape(-1) if dim is None else np.moveaxis(data, axis(dim, data.ndim), 0)
    flat = lines.reshape(len(lines), -1)
    new = np.ones(len(lines), bool)
    new[1:] = (flat[1:] != flat[:-1]).any(1)
    number = np.cumsum(new) - 1
    values = lines[new] if dim is None else np.moveaxis(lines[new], 0, axis(dim, data.ndim))
    inverse = number.reshape(data.shape) if dim is None else number
    counts = np.bincount(number, minlength=int(new.sum()))
    return _told([values, inverse, counts], (return_inverse, return_counts))
