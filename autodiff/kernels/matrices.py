"""The kernel of the pseudo-inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["pinv"]


def _wide(x: Any) -> Any:
    return x.astype(np.float64 if x.dtype.kind == "f" else np.complex128)


def pinv(xp: Any, x: Any, rtol: float | None, atol: float | None, hermitian: bool) -> Any:
    """The pseudo-inverse; singular values up to max(atol, rtol · the largest) count as zero.

    >>> pinv(np, np.array([[2.0], [0.0]]), None, None, False)
    array([[0.5, 0. ]])
    """
    if not isinstance(x, np.ndarray):
        return xp.linalg.pinv(x)
    if not x.size:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    if rtol is None:
        eps = np.finfo(x.dtype).eps
        rtol = 0.0 if atol else float(max(x.shape[-2:]) * eps)
    u, s, vh = np.linalg.svd(_wide(x), full_matrices=False, hermitian=hermitian)
    limit = np.maximum(atol or 0.0, rtol * s.max(-1, keepdims=True, initial=0))
    kept = s > limit
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)
    found = (vh.conj().swapaxes(-1, -2) * inverse[..., None, :]) @ u.conj().swapaxes(-1, -2)
    return found.astype(x.dtype)
