"""Running products and sums of exponentials: rows, as compositions take n² steps."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.cumulative import cumulative_product, log_sums, scan
from autodiff.primitive import Primitive, primitive

__all__ = ["CUMPROD", "LOGCUMSUMEXP", "SCAN"]


def _along(dim: int, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * dim, part)


def _shifted(xp: Any, x: Any, dim: int, first: float) -> Any:
    """x moved on by one along a dimension; what comes first is a number."""
    kept = x[_along(dim, slice(0, -1))]
    start = xp.zeros_like(x[_along(dim, slice(0, 1))]) + first
    return xp.concat([start, kept], axis=dim)


def _moved_up(xp: Any, x: Any, dim: int) -> Any:
    """x moved back by one along a dimension; a zero comes last."""
    kept = x[_along(dim, slice(1, None))]
    return xp.concat([kept, xp.zeros_like(x[_along(dim, slice(0, 1))])], axis=dim)


def _onwards(xp: Any, g: Any, y: Any, dim: int) -> Any:
    """z[k] = g[k] + y[k - 1] z[k - 1]: the scan in the other direction."""
    turned = xp.flip(_shifted(xp, y, dim, 0.0), axis=dim)
    return xp.flip(SCAN(xp.flip(g, axis=dim), turned, dim=dim), axis=dim)


SCAN: Primitive = primitive(
    "scan",  # out[k] = x[k] + y[k] out[k + 1], from the last one on
    "ScanBackward0",
    lambda xp, x, y, dim: scan(xp, x, y, dim),
    (
        lambda xp, g, y, dim: _onwards(xp, g, y, dim),
        lambda xp, g, y, out, dim: _onwards(xp, g, y, dim) * _moved_up(xp, out, dim),
    ),
    inputs=("x", "y"),
    holomorphic=True,
)


def _product_rule(xp: Any, g: Any, x: Any, out: Any, dim: int) -> Any:
    """The product of all before, times Σ g[i] of the products between: zeros are no exception."""
    if not x.ndim:
        return g
    return _shifted(xp, out, dim, 1.0) * SCAN(g, _moved_up(xp, x, dim), dim=dim)


CUMPROD = primitive(
    "cumprod",
    "CumprodBackward0",
    lambda xp, x, dim: cumulative_product(xp, x, dim),
    (lambda xp, g, x, out, dim: _product_rule(xp, g, xp.conj(x), xp.conj(out), dim),),
    inputs=("x",),
)


def _log_rule(xp: Any, g: Any, x: Any, out: Any, dim: int) -> Any:
    """Each share exp(x[k] - out[k]) of a sum, handed down: no factor is larger than one."""
    if not x.ndim:
        return g
    following = xp.concat([out[_along(dim, slice(1, None))], out[_along(dim, slice(-1, None))]],
                          axis=dim)  # fmt: skip
    kept = xp.exp(xp.where(xp.equal(out, following), 0, out - following))
    share = xp.exp(xp.where(xp.equal(x, out), 0, x - out))
    return share * SCAN(g, kept, dim=dim)


LOGCUMSUMEXP = primitive(
    "logcumsumexp",
    "LogcumsumexpBackward0",
    lambda xp, x, dim: log_sums(xp, x, dim),
    (_log_rule,),
    inputs=("x",),
)
