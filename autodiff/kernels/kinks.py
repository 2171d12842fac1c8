"""Functions that go on as straight lines, without choosing between two for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["cut", "cut_squares"]

_WIDE = (np.dtype(np.float32), np.dtype(np.float64))


def cut(difference: Any, scale: float) -> Any:
    """Differences up to a distance of `scale`, of arrays; None of anything else.

    >>> cut(np.array([0.5, -3.0]), 1.0)
    array([ 0.5, -1. ])
    """
    if type(difference) is np.ndarray and difference.dtype in _WIDE and scale:
        return difference.clip(-scale, scale)
    return None


def cut_squares(difference: Any, kept: Any) -> Any:
    """kept · (difference - kept / 2): half a square where nothing was cut off.

    >>> cut_squares(np.array([0.5, -3.0]), np.array([0.5, -1.0]))
    array([0.125, 2.5  ])
    """
    half = 0.5 * kept
    np.subtract(difference, half, out=half)
    return np.multiply(half, kept, out=half)
