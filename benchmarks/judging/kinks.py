"""Points where the derivative is a set: every member of it is right, all else is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from judging.case import Case, Rules, dtypes

__all__ = ["CASES"]


def _at(
    name: str, right: bool, forward: Any, gradients: Any, *points: Any, names: str = "32",
    definition: Any = None, kind: str = "",
) -> list[Case]:  # fmt: skip
    """Gradients that are constants: `gradients(g, *arrays)`."""
    kind = kind or ("kink, member" if right else "kink, no member")
    return [
        Case(f"{name}, {dtype}", right, kind, lambda: Rules(forward, gradients),
             tuple(np.array(point, dtype) for point in points), definition)
        for dtype in dtypes(names)
    ]  # fmt: skip


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


def _scaled(*factors: Any) -> Any:
    """The rule that multiplies the cotangent by constants."""

    def rule(g: Any, *arrays: Any) -> Any:
        found = tuple(
            (g * np.asarray(factor, array.dtype)).astype(array.dtype)
            for factor, array in zip(factors, arrays, strict=True)
        )
        return found if len(found) > 1 else found[0]

    return rule


def _largest(weights: Any) -> Any:
    def rule(g: Any, x: Any) -> Any:
        return g * np.asarray(weights, x.dtype)

    return rule


def _sorted_sum(x: Any) -> Any:
    return np.sum(np.sort(x) * np.array([1, 2, 3], np.float16))


def _shared_evenly(g: Any, x: Any) -> Any:
    top = x == np.max(x, axis=0)
    return g * top / np.sum(top, axis=0, dtype=x.dtype)


RIGHT: list[Case] = [
    *_at("relu at 0, slope 0", True, _relu, _scaled([0, 0, 1]), [-1, 0, 2], names="64 32 16 b16"),
    *_at("relu at 0, slope 1/2", True, _relu, _scaled([0, 0.5, 1]), [-1, 0, 2]),
    *_at("relu at 0, slope 1", True, _relu, _scaled([0, 1, 1]), [-1, 0, 2]),
    *_at("abs at 0, slope 0", True, np.abs, _scaled([-1, 0, 1]), [-1, 0, 2]),
    *_at("abs at 0, slope -1", True, np.abs, _scaled([-1, -1, 1]), [-1, 0, 2]),
    *_at("abs at 0, slope 0.3", True, np.abs, _scaled([-1, 0.3, 1]), [-1, 0, 2]),
    *_at("maximum of equals, first", True, np.maximum, _scaled([1, 1], [0, 0]), [1, 3], [1, 2]),
    *_at("maximum of equals, halves", True, np.maximum, _scaled([0.5, 1], [0.5, 0]), [1, 3],
         [1, 2], names="64 32 16"),
    *_at("maximum of equals, a third", True, np.maximum,
         lambda g, x, y: (g - g / x.dtype.type(3), g / x.dtype.type(3)), 1, 1),
    *_at("largest of ties, first", True, np.max, _largest([1, 0, 0, 0]), [2, 2, 1, 2]),
    *_at("largest of ties, last", True, np.max, _largest([0, 0, 0, 1]), [2, 2, 1, 2]),
    *_at("largest of ties, evenly", True, np.max, _shared_evenly, [2, 2, 1, 2],
         names="64 32 16"),
    *_at("largest of ten ties, evenly", True, np.max, _shared_evenly, [1] * 10),
    *_at("largest by columns, evenly", True, lambda x: np.max(x, axis=0), _shared_evenly,
         [[1, 2, 3], [1, 2, 0], [0, 2, 3]]),
    *_at("clip at its bounds", True, lambda x: np.clip(x, -1, 1), _scaled([1, 1, 1, 0]),
         [-1, 0, 1, 2]),
    *_at("relu(x) - relu(-x), slope 1", True, lambda x: _relu(x) - _relu(-x), _scaled([1, 1]),
         [0, 3]),
    *_at("relu(x) + relu(-x), slope 0.5", True, lambda x: _relu(x) + _relu(-x), _scaled([0.5, 1]),
         [0, 3]),
    *_at("|x| - |y| inside the square", True, lambda x, y: np.abs(x) - np.abs(y),
         _scaled(0.25, -0.75), 0, 0),
    *_at("relu of relu, slope 1", True, lambda x: _relu(_relu(x)), _scaled([1, 1]), [0, 3]),
    *_at("relu of a product that is 0", True, lambda x, y: _relu(x * y), _scaled(0.0, 1.0), 2, 0),
    *_at("max of x and x² at 1, slope 1.5", True, lambda x: np.maximum(x, x * x), _scaled(1.5), 1),
    *_at("largest of |x|, at two ends", True, lambda x: np.max(np.abs(x)),
         _largest([0.5, -0.5, 0]), [3, -3, 1]),
    *_at("median of ties", True, np.median, _largest([0, 1, 0]), [2, 2, 5], names="64 32"),
    *_at("sorted with a tie", True, _sorted_sum,
         _largest([2, 3, 1]), [5, 5, 1]),
    *_at("norm at 0, gradient 0", True, lambda x: np.sqrt(np.sum(x * x)), _largest([0, 0]),
         [0, 0]),
    *_at("norm at 0, a unit vector", True, lambda x: np.sqrt(np.sum(x * x)), _largest([0.6, 0.8]),
         [0, 0], names="64"),
    *_at("hinge at its corner", True, lambda x: _relu(1 - x), _scaled([-1, 0, -1]), [0, 1, 1]),
    *_at("leaky relu at 0", True, lambda x: np.where(x > 0, x, 0.25 * x),
         _scaled([0.25, 0.25, 1]), [-1, 0, 1]),
    *_at("many relus at 0", True, _relu, _scaled(0.0), np.zeros(40)),
    *_at("many relus at 0, every other", True, _relu, _scaled(np.arange(40) % 2), np.zeros(40)),
    *_at("relu a hair above 0", True, _relu, _scaled([1, 0]), [1e-30, -1e-30]),
    *_at("maximum, a hair apart", True, np.maximum, _scaled([1, 0], [0, 1]),
         [1 + 2.0**-23, 1], [1, 1 + 2.0**-23]),
]  # fmt: skip

WRONG: list[Case] = [
    *_at("relu at 0, slope 2", False, _relu, _scaled([0, 2, 1]), [-1, 0, 2], names="64 32 16 b16"),
    *_at("relu at 0, slope -0.001", False, _relu, _scaled([0, -0.001, 1]), [-1, 0, 2]),
    *_at("relu at 0, nan", False, _relu, _scaled([0, np.nan, 1]), [-1, 0, 2]),
    *_at("abs at 0, slope 1.001", False, np.abs, _scaled([-1, 1.001, 1]), [-1, 0, 2]),
    *_at("maximum of equals, both", False, np.maximum, _scaled([1, 1], [1, 0]), [1, 3], [1, 2],
         names="64 32 16"),
    *_at("maximum of equals, none", False, np.maximum, _scaled([0, 1], [0, 0]), [1, 3], [1, 2]),
    *_at("maximum of equals, 0.6 and 0.6", False, np.maximum, _scaled(0.6, 0.6), 1, 1),
    *_at("largest of ties, all", False, np.max, _largest([1, 1, 0, 1]), [2, 2, 1, 2],
         names="64 32 16"),
    *_at("largest of ties, a bystander", False, np.max, _largest([0.5, 0, 0.5, 0]), [2, 2, 1, 2]),
    *_at("largest of ten ties, all", False, np.max, _largest(np.ones(10)), [1] * 10),
    *_at("largest by columns, all", False, lambda x: np.max(x, axis=0),
         lambda g, x: g * (x == np.max(x, axis=0)), [[1, 2, 3], [1, 2, 0], [0, 2, 3]]),
    *_at("clip at its bound, slope -1", False, lambda x: np.clip(x, -1, 1), _scaled([-1, 1, 0]),
         [-1, 0, 2]),
    *_at("relu(x) - relu(-x), slope 0", False, lambda x: _relu(x) - _relu(-x), _scaled([0, 1]),
         [0, 3], kind="subgradient composition"),
    *_at("|x| - 2 relu(x), slope 0", False, lambda x: np.abs(x) - 2 * _relu(x), _scaled([0, -1]),
         [0, 3], kind="subgradient composition"),
    *_at("max(x, x), both", False, lambda x: np.maximum(x, x), _scaled([2, 2]), [0, 3],
         kind="subgradient composition"),
    *_at("sqrt(x⁴) at 0, nan", False, lambda x: np.sqrt(x**4), _scaled([np.nan, 6]), [0, 3],
         kind="subgradient composition"),
    *_at("relu(relu(x) - x) at 0, slope 1", False, lambda x: _relu(_relu(x) - x), _scaled([1, 0]),
         [0, 3], kind="subgradient composition"),
    *_at("|x| - |y| outside the square", False, lambda x, y: np.abs(x) - np.abs(y),
         _scaled(1.01, 0.5), 0, 0),
    *_at("max of x and x² at 1, slope 3", False, lambda x: np.maximum(x, x * x), _scaled(3.0), 1),
    *_at("sorted with a tie, 3 and 3", False, _sorted_sum,
         _largest([3, 3, 1]), [5, 5, 1]),
    *_at("norm at 0, too long", False, lambda x: np.sqrt(np.sum(x * x)), _largest([1, 1]),
         [0, 0], names="64"),
    *_at("norm at 0, nan", False, lambda x: np.sqrt(np.sum(x * x)),
         lambda g, x: g * x / np.sqrt(np.sum(x * x)), [0, 0]),
    *_at("many relus at 0, one of them 1.5", False, _relu, _scaled([0] * 39 + [1.5]),
         np.zeros(40)),
    *_at("relu a hair above 0, slope 0", False, _relu, _scaled([0, 0]), [1e-30, -1e-30]),
    *_at("maximum, a hair apart, halves", False, np.maximum, _scaled([0.5, 0], [0.5, 1]),
         [1 + 2.0**-23, 1], [1, 1 + 2.0**-23]),
]  # fmt: skip

CASES: list[Case] = [*RIGHT, *WRONG]
