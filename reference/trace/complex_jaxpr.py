"""JAX's primitives of complex numbers, on pairs of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.complexes import Complex, complex_definition, parts
from reference.complexes.arrays import linear
from reference.complexes.pair import by_parts, lifted, whole
from reference.graph import Node

__all__ = ["COMPLEX", "PART_BY_PART", "is_complex", "is_traced", "product"]


def is_traced(value: Any) -> bool:
    """Whether a value depends on the arguments."""
    return isinstance(value, (Node, Complex))


def is_complex(value: Any) -> bool:
    """Whether a value, traced or not, is an array of complex numbers."""
    return isinstance(value, Complex) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "c"
    )


def _named(name: str) -> Callable[..., Any]:
    def function(*values: Any, **parameters: Any) -> Any:
        row = complex_definition(name, True)
        assert row is not None
        return row.function(*values)

    return function


def _same(value: Any, **parameters: Any) -> Any:
    return value


def _converted(value: Any, *, new_dtype: Any, **parameters: Any) -> Any:
    kind = np.dtype(new_dtype).kind
    return whole(value) if kind == "c" else parts(value)[0]


def _select(which: Any, *cases: Any, **parameters: Any) -> Any:
    result = cases[-1]
    for number in reversed(range(len(cases) - 1)):
        condition = build.less(which, number + 0.5)
        one, two = whole(cases[number]), whole(result)
        result = Complex(
            build.where(condition, one.real, two.real), build.where(condition, one.imag, two.imag)
        )
    return result


def _fft(value: Any, *, fft_type: Any, fft_lengths: Sequence[int], **parameters: Any) -> Any:
    name = str(getattr(fft_type, "name", fft_type)).lower()
    axes = tuple(range(-len(fft_lengths), 0))
    row = complex_definition(f"{name}n", True)
    assert row is not None
    given = value if isinstance(value, Complex) or name == "rfft" else whole(value)
    return row.function(given, tuple(fft_lengths), axes)


def _reduced_prod(value: Any, *, axes: Sequence[int], **parameters: Any) -> Any:
    row = complex_definition("prod", True)
    assert row is not None
    for axis in sorted(axes, reverse=True):
        value = row.function(value, int(axis))
    return value


def _cumprod(value: Any, *, axis: int, reverse: bool) -> Any:
    row = complex_definition("cumprod", True)
    assert row is not None
    turn = linear("flip", (0,))
    if not reverse:
        return row.function(value, axis)
    return turn(row.function(turn(value, (axis,)), axis), (axis,))


def _eig(value: Any, **parameters: Any) -> Any:
    """Eigenvalues, and right eigenvectors where they are asked for."""
    if parameters.get("compute_left_eigenvectors"):
        raise NotImplementedError("left eigenvectors have no definition")
    row = complex_definition("eig", True)
    assert row is not None
    values, vectors = row.function(value)
    return (values, vectors) if parameters.get("compute_right_eigenvectors") else (values,)


def _eigh(value: Any, **parameters: Any) -> Any:
    row = complex_definition("eigh", True)
    assert row is not None
    values, vectors = row.function(value)
    return vectors, values


def _triangular_solve(
    a: Any, b: Any, *, left_side: bool, lower: bool, transpose_a: Any, unit_diagonal: bool,
    conjugate_a: bool = False, **parameters: Any,
) -> Any:  # fmt: skip
    matrix = whole(a)
    cut = build.tril if lower else build.triu
    held = by_parts(cut, matrix)
    if unit_diagonal:
        ones = np.eye(int(matrix.shape[-1]))
        held = Complex(
            build.add(build.multiply(held.real, 1 - ones), ones),
            build.multiply(held.imag, 1 - ones),
        )
    if conjugate_a:
        held = Complex(held.real, build.negative(held.imag))
    if transpose_a:
        held = by_parts(lambda part: build.swap_axes(part, -1, -2), held)
    row = complex_definition("solve", True)
    assert row is not None
    return row.function(held, b, left=left_side)


COMPLEX: dict[str, Callable[..., Any]] = {
    "abs": _named("abs"),
    "acos": _named("acos"),
    "acosh": _named("acosh"),
    "add": _named("add"),
    "add_any": _named("add"),
    "asin": _named("asin"),
    "asinh": _named("asinh"),
    "atan": _named("atan"),
    "atanh": _named("atanh"),
    "cholesky": _named("cholesky"),
    "complex": _named("complex"),
    "conj": _named("conj"),
    "convert_element_type": _converted,
    "copy": _same,
    "copy_p": _same,
    "cos": _named("cos"),
    "cosh": _named("cosh"),
    "cumprod": _cumprod,
    "div": _named("div"),
    "eig": _eig,
    "eigh": _eigh,
    "eq": _named("eq"),
    "exp": _named("exp"),
    "exp2": _named("exp2"),
    "expm1": _named("expm1"),
    "fft": _fft,
    "imag": _named("imag"),
    "integer_pow": lambda value, *, y: _named("pow")(value, int(y)),
    "log": _named("log"),
    "log1p": _named("log1p"),
    "logistic": _named("sigmoid"),
    "mul": _named("mul"),
    "ne": _named("ne"),
    "neg": _named("neg"),
    "optimization_barrier": _same,
    "pow": _named("pow"),
    "real": _named("real"),
    "reduce_prod": _reduced_prod,
    "rsqrt": _named("rsqrt"),
    "select_n": _select,
    "sign": _named("sgn"),
    "sin": _named("sin"),
    "sinh": _named("sinh"),
    "sqrt": _named("sqrt"),
    "square": _named("square"),
    "stop_gradient": lambda value: by_parts(build.stop, value),
    "sub": _named("sub"),
    "tan": _named("tan"),
    "tanh": _named("tanh"),
    "triangular_solve": _triangular_solve,
}
PART_BY_PART = frozenset({"cumsum", "reduce_sum", "reduce_precision"})
"""Linear primitives with one array: those of real numbers, on each part."""


def product(function: Callable[[Any, Any], Node], left: Any, right: Any) -> Any:
    """A bilinear primitive."""
    return lifted(function, left, right)
