"""PyTorch's text of a tensor, from values already rounded to its format.

The rules are those of PyTorch 2.13: precision 4, threshold 1000, 3 edge items, line width 80.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.dtypes import DType, bool_, default, int64

__all__ = ["tensor_text"]

_PRECISION = 4
_THRESHOLD = 1000
_EDGE = 3
_LINE = 80
_PREFIX = "tensor("


def tensor_text(
    values: np.ndarray, dtype: DType, requires_grad: bool = False, grad_fn: str | None = None
) -> str:
    """The text `tensor(…)`; `values` holds floats, ints or bools of the tensor's shape.

    >>> tensor_text(np.array([[1.0, 2.5], [3.0, 4.0]]), default, requires_grad=True)
    'tensor([[1.0000, 2.5000],\\n        [3.0000, 4.0000]], requires_grad=True)'
    """
    if values.size == 0:
        body = "[]"
    else:
        shown = _Formatter(_summary(values) if values.size > _THRESHOLD else values, dtype)
        body = _array_text(values, shown, len(_PREFIX), values.size > _THRESHOLD)
    suffixes: list[str] = []
    if values.size == 0 and values.ndim != 1:
        suffixes.append(f"size={tuple(values.shape)}")
    usual = (default,) if values.size == 0 else (default, int64, bool_)
    if dtype not in usual:
        suffixes.append(f"dtype={dtype!r}")
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(_PREFIX + body, suffixes)


def _with_suffixes(text: str, suffixes: Sequence[str]) -> str:
    """Suffixes on the last line while it holds them, else on lines of their own."""
    length = len(text) - text.rfind("\n") + 1  # more than the line has, as PyTorch counts
    pieces = [text]
    for suffix in suffixes:
        if length + len(suffix) + 2 > _LINE:
            pieces.append(",\n" + " " * len(_PREFIX) + suffix)
            length = len(_PREFIX) + len(suffix)
        else:
            pieces.append(", " + suffix)
            length += len(suffix) + 2
    return "".join(pieces) + ")"


class _Formatter:
    """How every element is written: chosen once from all the elements shown."""

    def __init__(self, values: np.ndarray, dtype: DType) -> None:
        self._floating = dtype.is_floating_point
        self._whole = True
        self._scientific = False
        self.width = 1
        if not self._floating:
            self.width = max(len(str(value)) for value in values.ravel().tolist())
            return
        numbers = np.abs(values.astype(np.float64)).ravel()
        finite = values.astype(np.float64).ravel()[np.isfinite(numbers) & (numbers != 0)]
        if finite.size == 0:
            return
        smallest, largest = float(np.abs(finite).min()), float(np.abs(finite).max())
        self._whole = bool(np.all(finite == np.ceil(finite)))
        self._scientific = largest / smallest > 1000.0 or largest > 1e8 or smallest < 1e-4
        self.width = max(len(self._number(value)) for value in finite.tolist())

    def _number(self, value: float) -> str:
        if self._scientific:
            return f"{value:.{_PRECISION}e}"
        return f"{value:.0f}." if self._whole else f"{value:.{_PRECISION}f}"

    def text(self, value: Any) -> str:
        """One element, right-justified."""
        if not self._floating:
            return str(value).rjust(self.width)
        if not math.isfinite(value):
            return str(float(value)).rjust(self.width)
        return self._number(float(value)).rjust(self.width)


def _summary(values: np.ndarray) -> np.ndarray:
    """The elements that a long array's text shows."""
    for axis, size in enumerate(values.shape):
        if size > 2 * _EDGE:
            kept = [*range(_EDGE), *range(size - _EDGE, size)]
            values = np.take(values, kept, axis)
    return values


def _array_text(values: np.ndarray, shown: _Formatter, indent: int, summarise: bool) -> str:
    if values.ndim == 0:
        return shown.text(values.item())
    long = summarise and len(values) > 2 * _EDGE
    if values.ndim == 1:
        return _row_text(values, shown, indent, long)
    pieces = [*values[:_EDGE], *values[-_EDGE:]] if long else list(values)
    texts = [_array_text(piece, shown, indent + 1, summarise) for piece in pieces]
    if long:
        texts.insert(_EDGE, "...")
    separator = "," + "\n" * (values.ndim - 1) + " " * (indent + 1)
    return "[" + separator.join(texts) + "]"


def _row_text(values: np.ndarray, shown: _Formatter, indent: int, long: bool) -> str:
    per_line = max(1, (_LINE - indent) // (shown.width + 2))
    if long:
        texts = [shown.text(value) for value in values[:_EDGE].tolist()]
        texts.append(" ...")
        texts += [shown.text(value) for value in values[-_EDGE:].tolist()]
    else:
        texts = [shown.text(value) for value in values.tolist()]
    lines = [
        ", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)
    ]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
