"""`torch.testing`: comparing tensors in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autodiff.creation import tensor
from autodiff.state import TensorState

__all__ = ["assert_close"]

# relative and absolute tolerance by dtype; whole numbers must be equal
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless |actual - expected| <= atol + rtol · |expected| everywhere.

    actual, expected: tensors, arrays, numbers, or sequences and mappings of these. rtol, atol:
    both or none; by default those of the dtype (the looser of two). check_dtype, check_stride:
    whether these must agree, too. msg: another message, or a function of the message.
    Raises ValueError for one tolerance alone, TypeError for what cannot be compared.

    >>> import autodiff
    >>> assert_close(autodiff.tensor([1., 2.]), autodiff.tensor([1., 2.000001]))
    >>> assert_close(autodiff.tensor(1.), autodiff.tensor(1., dtype=autodiff.float64))
    Traceback (most recent call last):
    ...
    AssertionError: The values for attribute 'dtype' do not match: torch.float32 != torch.float64.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
        )
    checks = _Checks(rtol, atol, equal_nan, check_dtype, check_stride)
    text = checks.compare(actual, expected, ())
    if text is not None:
        text = msg if isinstance(msg, str) else text if msg is None else msg(text)
        raise AssertionError(text)


class _Checks:
    """What one comparison asks for."""

    def __init__(
        self, rtol: float | None, atol: float | None, nan: bool, dtype: bool, stride: bool
    ) -> None:
        self.rtol, self.atol = rtol, atol
        self.nan, self.dtype, self.stride = nan, dtype, stride

    def compare(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> str | None:
        """What is wrong, or None."""
        both = (actual, expected)
        if all(isinstance(one, Mapping) for one in both):
            return self._mappings(actual, expected, path)
        if all(isinstance(one, Sequence) and not isinstance(one, str) for one in both):
            return self._sequences(actual, expected, path)
        if all(isinstance(one, int | float | complex) for one in both):
            return self._ended(self._numbers(actual, expected), path)
        if all(isinstance(one, TensorState | np.ndarray) for one in both):
            return self._ended(self._tensors(*map(_tensor, both)), path)
        if actual is None and expected is None:
            return None
        raise TypeError(
            f"No comparison pair was able to handle inputs of type {type(actual)} and "
            f"{type(expected)}."
        )

    @staticmethod
    def _ended(text: str | None, path: tuple[Any, ...]) -> str | None:
        if text is None or not path:
            return text
        return f"{text}\n\nThe failure occurred for item {''.join(f'[{one!r}]' for one in path)}"

    def _sequences(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> str | None:
        if len(actual) != len(expected):
            return self._ended(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path
            )
        for place, (mine, theirs) in enumerate(zip(actual, expected, strict=True)):
            text = self.compare(mine, theirs, (*path, place))
            if text is not None:
                return text
        return None

    def _mappings(self, actual: Any, expected: Any, path: tuple[Any, ...]) -> str | None:
        if set(actual) != set(expected):
            missing, more = (
                sorted(set(expected) - set(actual)),
                sorted(set(actual) - set(expected)),
            )
            return self._ended(
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {missing}\n"
                f"Additional keys in the actual mapping: {more}",
                path,
            )
        for key in actual:
            text = self.compare(actual[key], expected[key], (*path, key))
            if text is not None:
                return text
        return None

    def _tolerances(self, *names: str) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        known = [_TOLERANCES.get(name, (0.0, 0.0)) for name in names]
        return max(one[0] for one in known), max(one[1] for one in known)

    def _numbers(self, actual: Any, expected: Any) -> str | None:
        kinds = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}
        rtol, atol = self._tolerances(kinds[type(actual)], kinds[type(expected)])
        if self.dtype and type(actual) is not type(expected):
            names = [f"torch.{kinds[type(one)]}" for one in (actual, expected)]
            return f"The values for attribute 'dtype' do not match: {names[0]} != {names[1]}."
        difference = abs(actual - expected)
        both_nan = actual != actual and expected != expected  # noqa: PLR0124 - nan alone
        if actual == expected or difference <= atol + rtol * abs(expected):
            return None
        if both_nan and self.nan:
            return None
        return _scalars(actual, expected, rtol, atol)

    def _tensors(self, actual: Any, expected: Any) -> str | None:
        attributes = [("shape", True), ("dtype", self.dtype)]
        for name, wanted in attributes:
            mine, theirs = getattr(actual, name), getattr(expected, name)
            if wanted and mine != theirs:
                return f"The values for attribute '{name}' do not match: {mine} != {theirs}."
        if self.stride and actual.stride() != expected.stride():
            return (
                "The values for attribute 'stride()' do not match: "
                f"{actual.stride()} != {expected.stride()}."
            )
        rtol, atol = self._tolerances(actual._data.dtype.name, expected._data.dtype.name)
        mine, theirs = _wide(actual), _wide(expected)
        with np.errstate(all="ignore"):
            differences = np.abs(mine - theirs)
            near = differences <= atol + rtol * np.abs(theirs)
            close = (mine == theirs) | (near & np.isfinite(theirs))
            if self.nan:
                close = close | (np.isnan(mine) & np.isnan(theirs))
            if close.all():
                return None
            relative = np.where(differences == 0, 0, differences / np.abs(theirs))
        if not close.ndim:
            return _scalars(actual.item(), expected.item(), rtol, atol)
        return _report(close, differences, relative, rtol, atol)


def _scalars(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    equal = rtol == atol == 0
    difference = abs(actual - expected)
    relative = difference / abs(expected) if expected else float("inf")
    lines = [
        f"Scalars are not {'equal' if equal else 'close'}!\n",
        f"Expected {expected} but got {actual}.",
        f"Absolute difference: {difference}" + ("" if equal else f" (up to {atol} allowed)"),
        f"Relative difference: {relative}" + ("" if equal else f" (up to {rtol} allowed)"),
    ]
    return "\n".join(lines)


def _tensor(value: Any) -> Any:
    return tensor(value) if isinstance(value, np.ndarray) else value


def _wide(value: Any) -> Any:
    array = np.asarray(value._data)
    if array.dtype.kind in "bui":
        return array.astype(np.int64)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _report(close: Any, differences: Any, relative: Any, rtol: float, atol: float) -> str:
    count, total = int((~close).sum()), int(close.size)
    equal = rtol == atol == 0
    lines = [
        f"Tensor-likes are not {'equal' if equal else 'close'}!\n",
        f"Mismatched elements: {count} / {total} ({count / total:.1%})",
    ]
    for name, values, allowed in (
        ("absolute", differences, atol),
        ("relative", relative, rtol),
    ):
        shown = np.where(close, -1.0, np.where(np.isnan(values), np.inf, values))
        place = tuple(int(one) for one in np.unravel_index(int(shown.argmax()), shown.shape))
        value = values[place].item()
        more = "" if equal else f" (up to {allowed} allowed)"
        lines.append(f"Greatest {name} difference: {value} at index {place}{more}")
    return "\n".join(lines)
