"""Running products and sums of exponentials."""

from __future__ import annotations

from typing import Any

from reference import build
from reference.definitions.axes import along
from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]


def _scan(x: Any, y: Any, dim: int) -> Any:
    """out[k] = x[k] + y[k] out[k + 1], from the last one on."""
    parts: list[Any] = []
    for k in reversed(range(int(x.shape[dim]))):
        own = build.getitem(x, along(dim, slice(k, k + 1)))
        if parts:
            factor = build.getitem(y, along(dim, slice(k, k + 1)))
            own = build.add(own, build.multiply(factor, parts[-1]))
        parts.append(own)
    return build.concat(parts[::-1], dim)


_CASES = tuple(
    Case((shape,), {"dim": dim}) for shape, dim in (((), 0), ((3,), 0), ((2, 2), 0), ((2, 3), 1))
)
STATEMENTS = (
    Statement(
        "cumulative.SCAN",
        _scan,
        tuple(
            Case((shape, shape), {"dim": dim})
            for shape, dim in (((3,), 0), ((2, 2), 0), ((2, 3), 1))
        ),
    ),
    Statement("cumulative.CUMPROD", named("cumprod"), _CASES),
    Statement("cumulative.LOGCUMSUMEXP", named("logcumsumexp"), _CASES),
)
