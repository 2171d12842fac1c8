"""Transforms held to what they are defined by: loops over members, and sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import autodiff
from operation_samples import Sample, arrays

__all__ = ["close", "flat", "members", "tensors"]


def flat(result: Any, module: Any = autodiff) -> list[Any]:
    """The tensors in a result."""
    if isinstance(result, module.Tensor):
        return [result]
    if isinstance(result, tuple | list):
        return [tensor for part in result for tensor in flat(part, module)]
    return []


def tensors(given: Sequence[np.ndarray]) -> list[Any]:
    """Tensors of copies of arrays."""
    return [autodiff.from_numpy(np.array(one, order="K")) for one in given]


def members(sample: Sample, dtype: str, count: int = 3) -> tuple[list[np.ndarray], list[Any]]:
    """The inputs of a sample as a batch of variations, and the mapped axis of each."""
    stacks: list[np.ndarray] = []
    dims: list[Any] = []
    for one, array in zip(sample.inputs, arrays(sample, dtype), strict=True):
        if one.cast and array.dtype.kind in "fc":
            stacks.append(np.stack([array * (1 - k / 4) + k / 16 for k in range(count)]))
            dims.append(0)
        else:
            stacks.append(array)
            dims.append(None)
    return stacks, dims


def close(mine: np.ndarray, theirs: np.ndarray, bound: float) -> bool:
    """Whether two arrays of one shape and dtype agree up to `bound`, relative to the largest."""
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    size = np.abs(theirs[np.isfinite(theirs)])
    scale = max(1.0, float(size.max())) if size.size else 1.0
    return np.allclose(mine, theirs, rtol=bound, atol=bound * scale, equal_nan=True)
