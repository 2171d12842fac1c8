"""Operations that move, add and multiply complex arrays: those of real ones, on the parts.

Most operations on arrays are linear (`sum`, `reshape`, `cat`) or bilinear (`matmul`, `conv2d`)
with real coefficients. Their definitions for real numbers then say what they are for complex
ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.complexes.pair import (
    Complex,
    add,
    conjugate,
    imaginary,
    lifted,
    multiply,
    parts,
    whole,
)
from reference.complexes.pointwise import magnitude, squared_magnitude
from reference.definitions import definition
from reference.graph import Constant, Node

__all__ = ["BILINEAR", "LINEAR", "OTHERS", "bilinear", "linear"]

Function = Callable[..., Any]

LINEAR: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(
        (
            "T", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag",
            "broadcast_tensors", "broadcast_to", "cat", "chunk", "clone", "column_stack",
            "cumsum", "cumulative_trapezoid", "deg2rad", "diag", "diag_embed", "diagonal", "diff",
            "dropout", "dstack", "expand", "expand_as", "flatten", "flip", "fliplr", "flipud",
            "gather", "getitem", "hstack", "index_select", "mT", "masked_select", "mean",
            "meshgrid", "movedim", "narrow", "neg", "pad", "permute", "pixel_shuffle",
            "pixel_unshuffle", "positive", "rad2deg", "repeat", "repeat_interleave", "reshape",
            "roll", "rot90", "select", "split", "squeeze", "stack", "stop", "sum", "t", "take",
            "take_along_dim", "tensor_split", "tile", "to", "trace", "transpose", "trapezoid",
            "tril", "triu", "unbind", "unflatten", "unfold", "unsqueeze", "view", "view_as",
            "vstack",
        ),
        (0,),
    ),
    "diagonal_scatter": (0, 1),
    "index_add": (0, 3),
    "index_copy": (0, 3),
    "index_fill": (0, 3),
    "index_put": (0, 2),
    "masked_fill": (0, 2),
    "masked_scatter": (0, 2),
    "rsub": (0, 1),
    "scatter": (0, 3),
    "scatter_add": (0, 3),
    "select_scatter": (0, 1),
    "setitem": (0, 2),
    "slice_scatter": (0, 1),
}  # fmt: skip
"""Which arguments are the arrays; the others (indices, axes) are the same for both parts."""

_VALUES = frozenset({"input", "other", "source", "src", "value", "values", "tensors", "tensor"})

BILINEAR = frozenset({
    "bmm", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "cross", "dot", "kron", "linear", "matmul", "mm", "mv", "outer",
    "tensordot",
})  # fmt: skip
"""Products of the first two arguments; a third array, where there is one, is added."""


def _part(value: Any, number: int, is_array: bool) -> Any:
    """What a function of the real parts (0), or of the imaginary ones (1), gets."""
    if isinstance(value, Complex):
        return value.imag if number and is_array else value.real
    if isinstance(value, complex):
        return value.imag if number else value.real
    if isinstance(value, (Constant, np.ndarray, np.generic)):
        return imaginary(value) if number and is_array else value
    if isinstance(value, (tuple, list)):
        return type(value)(_part(one, number, is_array) for one in value)
    if number and is_array and value is not None and not isinstance(value, (str, slice)):
        return imaginary(value) if isinstance(value, Node) else 0
    return value


def linear(name: str, places: Sequence[int]) -> Function:
    """The definition of that name, of the real parts and of the imaginary ones."""

    def function(*args: Any, **kwargs: Any) -> Any:
        apply = definition(name).function
        found = [
            apply(
                *(_part(value, number, place in places) for place, value in enumerate(args)),
                **{key: _part(value, number, key in _VALUES) for key, value in kwargs.items()},
            )
            for number in (0, 1)
        ]
        if isinstance(found[0], (tuple, list)):
            return tuple(Complex(a, b) for a, b in zip(*found, strict=True))
        return Complex(*found)

    function.__name__ = name
    return function


def bilinear(name: str) -> Function:
    """The definition of that name, of two complex arguments, and a third that is added."""

    def function(left: Any, right: Any, bias: Any = None, *args: Any, **kwargs: Any) -> Any:
        apply = definition(name).function
        is_bias = isinstance(bias, (Node, Complex)) or (bias is None and bool(args))

        def times(one: Any, other: Any) -> Any:
            third = (None,) if is_bias else () if bias is None else (bias,)
            return apply(one, other, *third, *args, **kwargs)

        found = lifted(times, left, right)
        if not is_bias or bias is None:
            return found
        spread = (-1, *(1,) * int(name[-2])) if name.startswith("conv") else (-1,)
        return add(found, _reshaped(bias, spread))

    function.__name__ = name
    return function


def _reshaped(value: Any, shape: tuple[int, ...]) -> Any:
    real, imag = parts(value)
    if imag is None:
        return build.reshape(real, shape)
    return Complex(build.reshape(real, shape), build.reshape(imag, shape))


def einsum(equation: str, *operands: Any) -> Any:
    """A sum of products: over all choices of a part of every factor, with the power of i."""
    given = (
        list(operands[0])
        if len(operands) == 1 and isinstance(operands[0], (tuple, list))
        else list(operands)
    )
    choices = [
        [(0, real)] if imag is None else [(0, real), (1, imag)]
        for real, imag in (parts(value) for value in given)
    ]
    totals: list[Node | None] = [None, None]
    apply = definition("einsum").function
    for chosen in product(*choices):
        turns = sum(turn for turn, _ in chosen)
        term = apply(equation, *(node for _, node in chosen))
        term = build.negative(term) if turns % 4 in (2, 3) else term
        held = totals[turns % 2]
        totals[turns % 2] = term if held is None else build.add(held, term)
    real, imag = totals
    if real is None or imag is None:
        raise TypeError("einsum of complex numbers needs a complex factor")
    return Complex(real, imag)


def _addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return add(multiply(input, beta), multiply(bilinear("matmul")(mat1, mat2), alpha))


def _vdot(input: Any, other: Any) -> Any:
    return bilinear("dot")(conjugate(input), other)


def _vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    return linear("sum", (0,))(multiply(conjugate(x), y), dim)


def _along(input: Any, dim: int) -> list[Any]:
    unbound = linear("unbind", (0,))(input, dim)
    return list(unbound)


def _prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    held = whole(input)
    if isinstance(dim, (tuple, list)):
        for axis in sorted((one % max(held.ndim, 1) for one in dim), reverse=True):
            held = whole(_prod(held, axis, keepdim))
        return held
    if dim is None:
        held, dim = linear("reshape", (0,))(held, (-1,)), 0
    axis = dim % max(held.ndim, 1)
    result: Any = Complex(build.node(1), build.node(0))
    for number, factor in enumerate(_along(held, axis)):
        result = multiply(result, factor) if number else factor
    return linear("unsqueeze", (0,))(result, axis) if keepdim else result


def _cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    results: list[Any] = []
    for factor in _along(input, dim):
        results.append(multiply(results[-1], factor) if results else factor)
    return linear("stack", (0,))(results, dim)


def _var(input: Any, *args: Any, **kwargs: Any) -> Node:
    """The sum of the variances of the parts."""
    apply = definition("var").function
    held = whole(input)
    return build.add(apply(held.real, *args, **kwargs), apply(held.imag, *args, **kwargs))


def _std(input: Any, *args: Any, **kwargs: Any) -> Node:
    return build.elementwise(sp.sqrt, _var(input, *args, **kwargs))


def _vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Node:
    if ord in (None, 2, "fro"):
        total = definition("sum").function(squared_magnitude(x), dim, keepdim)
        return build.elementwise(sp.sqrt, total)
    found = definition("vector_norm").function(magnitude(x), ord, dim, keepdim)
    return build.node(found)


def _norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Node:
    return _vector_norm(input, p, dim, keepdim)


def _view_as_real(input: Any) -> Node:
    held = whole(input)
    return build.stack([held.real, held.imag], held.ndim)


OTHERS: dict[str, Function] = {
    "addmm": _addmm,
    "cumprod": _cumprod,
    "einsum": einsum,
    "norm": _norm,
    "prod": _prod,
    "std": _std,
    "var": _var,
    "vdot": _vdot,
    "vecdot": _vecdot,
    "vector_norm": _vector_norm,
    "view_as_real": _view_as_real,
}
