"""Large arrays by parts that stay in the processor's cache from one pass over them to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["BLOCK", "in_blocks"]

BLOCK = 1 << 15  # elements of which a few arrays fit into the cache


def in_blocks(work: Callable[..., Any], *arrays: Any, block: int = BLOCK) -> Any:
    """What `work` writes into its last argument, of arrays of one shape.

    >>> in_blocks(np.add, np.ones(3), np.ones(3), block=2)
    array([2., 2., 2.])
    """
    out = np.empty_like(arrays[0])
    if not all(one.flags.c_contiguous for one in arrays):
        work(*arrays, out)
        return out
    flat = [one.reshape(-1) for one in (*arrays, out)]
    for start in range(0, out.size, block):
        part = slice(start, start + block)
        work(*(one[part] for one in flat))
    return out
