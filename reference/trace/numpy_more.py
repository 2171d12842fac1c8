"""More of NumPy's functions on the oracle's tensors: those that are made of others.

Where NumPy has a parameter that the definition of the same name has not, it is understood here or
refused, never left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["MORE"]

Apply = Callable[..., Any]


def _average(
    apply: Apply,
    a: Any,
    axis: int | None = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    """The mean, or the sum of what is weighted over that of the weights."""
    if returned:
        raise TypeError("average(returned=True) is not understood on the oracle's tensors")
    keep = keepdims is True
    if weights is None:
        return apply("mean", a, axis, keep)
    own = weights if hasattr(weights, "ndim") else np.asarray(weights)
    if own.ndim == 1 and axis is not None and a.ndim > 1:
        shape = [1] * a.ndim
        shape[axis] = -1
        own = apply("reshape", own, tuple(shape))
    spread = apply("expand", own, tuple(int(n) for n in a.shape))
    total = apply("sum", apply("mul", a, spread), axis, keep)
    return apply("div", total, apply("sum", spread, axis, keep))


def _meshgrid(apply: Apply, *xi: Any, indexing: str = "xy", **kwargs: Any) -> Any:
    """Coordinates of a grid; NumPy's first two axes are exchanged unless indexing is "ij"."""
    if kwargs.get("sparse"):
        raise TypeError("meshgrid(sparse=True) is not understood on the oracle's tensors")
    return tuple(apply("meshgrid", *xi, indexing=indexing))


def _array_split(apply: Apply, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    total = int(ary.shape[axis])
    if isinstance(indices_or_sections, int):
        sizes = [len(part) for part in np.array_split(np.arange(total), indices_or_sections)]
    else:
        ends = [*indices_or_sections, total]
        sizes = [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return list(apply("split", ary, sizes, axis))


def _split_along(axis: int) -> Callable[..., Any]:
    def function(apply: Apply, ary: Any, indices_or_sections: Any) -> Any:
        place = 0 if ary.ndim == 1 else axis
        return _array_split(apply, ary, indices_or_sections, place)

    return function


def _ptp(apply: Apply, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    own = () if axis is None else axis
    keep = keepdims is True
    return apply("sub", apply("amax", a, own, keep), apply("amin", a, own, keep))


def _extreme(name: str) -> Callable[..., Any]:
    """Of numbers, none of which is missing."""

    def function(
        apply: Apply, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        return apply(name, a, () if axis is None else axis, keepdims is True)

    return function


def _percentile(
    apply: Apply, a: Any, q: Any, axis: Any = None, out: Any = None, **kwargs: Any
) -> Any:
    keep = kwargs.get("keepdims") is True
    way = kwargs.get("method", "linear")
    share = np.asarray(q, dtype=np.float64) / 100
    return apply("quantile", a, share, axis, keep, interpolation=way)


def _round(apply: Apply, a: Any, decimals: int = 0, out: Any = None) -> Any:
    return apply("round", a, decimals=decimals)


def _append(apply: Apply, arr: Any, values: Any, axis: int | None = None) -> Any:
    if axis is None:
        return apply("cat", [apply("flatten", arr), apply("flatten", values)], 0)
    return apply("cat", [arr, values], axis)


def _picked(apply: Apply, a: Any, places: np.ndarray, axis: int | None) -> Any:
    held, place = (apply("flatten", a), 0) if axis is None else (a, axis)
    lead = (slice(None),) * (place % max(held.ndim, 1))
    return apply("getitem", held, (*lead, places))


def _delete(apply: Apply, arr: Any, obj: Any, axis: int | None = None) -> Any:
    size = int(arr.numel() if axis is None else arr.shape[axis])
    return _picked(apply, arr, np.delete(np.arange(size), obj), axis)


def _compress(apply: Apply, condition: Any, a: Any, axis: int | None = None) -> Any:
    return _picked(apply, a, np.flatnonzero(np.asarray(condition)), axis)


def _extract(apply: Apply, condition: Any, arr: Any) -> Any:
    return _picked(apply, arr, np.flatnonzero(np.asarray(condition)), None)


def _unstack(apply: Apply, x: Any, /, *, axis: int = 0) -> Any:
    return tuple(apply("unbind", x, axis))


def _matvec(apply: Apply, x1: Any, x2: Any, /) -> Any:
    return apply("einsum", "...ij,...j->...i", x1, x2)


def _vecmat(apply: Apply, x1: Any, x2: Any, /) -> Any:
    return apply("einsum", "...i,...ij->...j", x1, x2)


def _convolve(apply: Apply, a: Any, v: Any, mode: str = "full") -> Any:
    """Σ a[k] v[n - k]."""
    return _slid(apply, a, apply("flip", v, (0,)), mode)


def _correlate(apply: Apply, a: Any, v: Any, mode: str = "valid") -> Any:
    """Σ a[n + k] v[k]."""
    return _slid(apply, a, v, mode)


def _slid(apply: Apply, a: Any, v: Any, mode: str) -> Any:
    """Sums of products of an array and a shorter one that slides over it."""
    long, short = int(np.shape(a)[0]), int(np.shape(v)[0])
    if long < short:
        raise TypeError(
            "convolve and correlate on the oracle's tensors take the longer array first"
        )
    count = long + short - 1
    sides = {"full": 0, "same": (short - 1) // 2, "valid": short - 1}
    kept = {"full": count, "same": long, "valid": long - short + 1}
    if mode not in sides:
        raise ValueError(f"mode must be one of 'full', 'same' or 'valid', but is {mode!r}")
    # same: of the whole result the middle, its longer rest behind it
    first = (count - long) // 2 if mode == "same" else sides[mode]
    padded = apply("pad", a, (short - 1, short - 1))
    places = first + np.arange(kept[mode])[:, None] + np.arange(short)
    return apply("matmul", apply("getitem", padded, places), v)


def _polyval(apply: Apply, p: Any, x: Any) -> Any:
    """Horner's scheme, the highest power's coefficient first."""
    result = apply("mul", x, 0)
    for place in range(int(np.shape(p)[0])):
        result = apply("add", apply("mul", result, x), apply("getitem", p, place))
    return result


def _ediff1d(apply: Apply, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    steps = apply("diff", apply("flatten", ary))
    parts = [part for part in (to_begin, steps, to_end) if part is not None]
    return steps if len(parts) == 1 else apply("cat", parts, 0)


def _diagflat(apply: Apply, v: Any, k: int = 0) -> Any:
    return apply("diag_embed", apply("flatten", v), k)


def _broadcast_arrays(apply: Apply, *args: Any, subok: bool = False) -> Any:
    return tuple(apply("broadcast_tensors", *args))


def _divmod(apply: Apply, x1: Any, x2: Any) -> Any:
    return apply("floor_divide", x1, x2), apply("remainder", x1, x2)


def _astype(apply: Apply, x: Any, dtype: Any, /, **kwargs: Any) -> Any:
    return apply("to", x, dtype=dtype)


def _named(name: str) -> Callable[..., Any]:
    def function(apply: Apply, x: Any, out: Any = None) -> Any:
        return apply(name, x)

    return function


MORE: dict[str, Callable[..., Any]] = {
    "append": _append,
    "around": _round,
    "array_split": _array_split,
    "astype": _astype,
    "average": _average,
    "broadcast_arrays": _broadcast_arrays,
    "compress": _compress,
    "convolve": _convolve,
    "correlate": _correlate,
    "degrees": _named("rad2deg"),
    "delete": _delete,
    "diagflat": _diagflat,
    "divmod": _divmod,
    "dsplit": _split_along(2),
    "ediff1d": _ediff1d,
    "extract": _extract,
    "hsplit": _split_along(1),
    "matvec": _matvec,
    "meshgrid": _meshgrid,
    "nanmax": _extreme("amax"),
    "nanmin": _extreme("amin"),
    "percentile": _percentile,
    "polyval": _polyval,
    "ptp": _ptp,
    "radians": _named("deg2rad"),
    "rint": _named("round"),
    "round": _round,
    "unstack": _unstack,
    "vecmat": _vecmat,
    "vsplit": _split_along(0),
}
