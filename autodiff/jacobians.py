"""Jacobian matrices as `gradcheck` compares them: by differences, backward and forward.

A matrix has a row for each element of an input and a column for each element of an output.
Inputs are perturbed in place, as PyTorch does it, so that functions which get hold of them by
another way than their arguments are checked, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autodiff import messages
from autodiff.forward_ad import dual_level, make_dual, unpack_dual
from autodiff.gradients import grad
from autodiff.operation import wrap
from autodiff.state import TensorState, storage

__all__ = [
    "GradcheckError",
    "as_tuple",
    "backward_columns",
    "backward_jacobians",
    "differentiable",
    "forward_jacobians",
    "is_float",
    "numerical_directions",
    "numerical_jacobians",
    "requiring_grad",
]


class GradcheckError(RuntimeError):
    """Error raised by :func:`gradcheck` and :func:`gradgradcheck`."""


def as_tuple(value: Any) -> tuple[Any, ...]:
    """What a function took or gave, as a tuple."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def is_float(value: Any) -> bool:
    """Whether a value is a tensor of real or complex floating-point numbers."""
    return isinstance(value, TensorState) and value._data.dtype.kind in "fcV"


def requiring_grad(inputs: Sequence[Any]) -> list[tuple[int, Any]]:
    """The tensors that need a gradient, and their places."""
    return [
        (place, one)
        for place, one in enumerate(inputs)
        if isinstance(one, TensorState) and one.requires_grad  # type: ignore[attr-defined]
    ]


def differentiable(outputs: Any) -> tuple[Any, ...]:
    """The outputs that need a gradient."""
    return tuple(out for out in as_tuple(outputs) if out.requires_grad)


def _difference(
    function: Callable[..., Any], inputs: Sequence[Any], place: int, step: Any, length: float
) -> list[Any]:
    """The outputs' slopes along `step`, an array to be added to one input."""
    entry = storage(inputs[place])
    before = entry.copy()

    def at(values: Any) -> list[Any]:
        entry[...] = values
        return [np.array(out._data) for out in as_tuple(function(*inputs))]

    try:
        low, high = at(before - step), at(before + step)
    finally:
        entry[...] = before
    for first, second in zip(low, high, strict=True):
        _check_same(first, second, length)
    with np.errstate(all="ignore"):
        return [
            ((second - first) / (2 * length)).reshape(-1)
            if first.dtype.kind in "fc"
            else (second.astype(np.float64) - first.astype(np.float64)).reshape(-1) / (2 * length)
            for first, second in zip(low, high, strict=True)
        ]


def _check_same(first: Any, second: Any, eps: float) -> None:
    start = "Expected `func` to return outputs with the same"
    when = f" when inputs are perturbed by {eps}, but got:"
    if first.shape != second.shape:
        shapes = f"torch.Size({list(first.shape)}) and torch.Size({list(second.shape)})"
        raise AssertionError(f"{start} shape{when} shapes {shapes}.")
    if first.dtype != second.dtype:
        raise AssertionError(f"{start} dtype{when} dtypes {first.dtype} and {second.dtype}.")


def _slopes(
    function: Callable[..., Any], inputs: Sequence[Any], place: int, step: Any, eps: float
) -> list[Any]:
    """Slopes along a direction; of complex inputs along both parts (conjugate Wirtinger)."""
    if not isinstance(step, tuple):
        return _difference(function, inputs, place, step * eps, eps)
    along_real = _difference(function, inputs, place, step[0] * eps, eps)
    along_imag = _difference(function, inputs, place, step[1] * 1j * eps, eps)
    return [a + b * 1j for a, b in zip(along_real, along_imag, strict=True)]


def numerical_jacobians(
    function: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any], eps: float
) -> list[list[Any]]:
    """For each input that needs a gradient, the matrix of each output."""
    found = []
    for place, tensor in requiring_grad(inputs):
        data = tensor._data
        rows = []
        for index in np.ndindex(data.shape):
            step = np.zeros(data.shape)
            step[index] = 1.0
            rows.append(
                _slopes(
                    function, inputs, place, (step, step) if data.dtype.kind == "c" else step, eps
                )
            )
        matrices = []
        for number, out in enumerate(outputs):
            kind = data.dtype if data.dtype.kind == "c" else out._data.dtype
            matrix = np.zeros((data.size, out._data.size), kind)
            for row, slopes in enumerate(rows):
                matrix[row] = slopes[number]
            matrices.append(matrix)
        found.append(matrices)
    return found


def numerical_directions(
    function: Callable[..., Any], inputs: Sequence[Any], steps: Sequence[Any], eps: float
) -> list[list[Any]]:
    """For each input that needs a gradient, the outputs' slopes along its direction."""
    return [
        _slopes(function, inputs, place, _shaped(step, tensor._data.shape), eps)
        for (place, tensor), step in zip(requiring_grad(inputs), steps, strict=True)
    ]


def _shaped(step: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(step, tuple):
        return tuple(part.reshape(shape) for part in step)
    return step.reshape(shape)


def backward_columns(
    inputs: Sequence[Any],
    output: Any,
    cotangents: Sequence[Any],
    nondet_tol: float,
    check_grad_dtypes: bool,
) -> list[Any]:
    """For each input that needs a gradient, the gradients by several cotangents, as columns."""
    asked = [tensor for _, tensor in requiring_grad(inputs)]

    def columns() -> tuple[list[Any], bool, bool]:
        matrices = [np.zeros((t._data.size, len(cotangents)), t._data.dtype) for t in asked]
        sizes_ok = types_ok = True
        for number, cotangent in enumerate(cotangents):
            seed = wrap(cotangent.reshape(output._data.shape).astype(output._data.dtype))
            slopes = grad(output, asked, seed, retain_graph=True, allow_unused=True)
            for matrix, slope, tensor in zip(matrices, slopes, asked, strict=True):
                if slope is None:
                    continue
                if slope._data.shape != tensor._data.shape:
                    sizes_ok = False
                elif slope._data.dtype != tensor._data.dtype:
                    types_ok = False
                matrix[:, number] = slope._data.reshape(-1) + 0.0  # no -0.0 in messages
        return matrices, sizes_ok, types_ok

    first, sizes_ok, types_ok = columns()
    second, _, _ = columns()
    if not types_ok and check_grad_dtypes:
        raise GradcheckError("Gradient has dtype mismatch")
    if not sizes_ok:
        raise GradcheckError("Analytical gradient has incorrect size")
    for a, b in zip(first, second, strict=True):
        if a.size and np.abs(a - b).max() > nondet_tol:
            raise GradcheckError(messages.GRADCHECK_NONDETERMINISTIC.format(nondet_tol))
    return first


def backward_jacobians(
    inputs: Sequence[Any], output: Any, nondet_tol: float, check_grad_dtypes: bool
) -> list[Any]:
    """For each input that needs a gradient, the matrix of one output, by backward passes."""
    basis = np.eye(output._data.size)
    return backward_columns(inputs, output, list(basis), nondet_tol, check_grad_dtypes)


def _directions(tensor: Any, step: Any) -> Iterator[Any]:
    """The unit vectors of an input, or the one direction that is asked for."""
    if step is not None:
        yield step.reshape(tensor._data.shape).astype(tensor._data.dtype)
        return
    for index in np.ndindex(tensor._data.shape):
        unit = np.zeros(tensor._data.shape, tensor._data.dtype)
        unit[index] = 1.0
        yield unit


def forward_jacobians(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    check_grad_dtypes: bool = False,
    steps: Sequence[Any] | None = None,
) -> list[list[Any]]:
    """For each input that needs a gradient, the matrix of each output, by forward mode.

    steps: a direction for each input; the matrices have a single row then.
    """
    asked = requiring_grad(inputs)
    found = []
    for (place, tensor), step in zip(asked, steps or itertools.repeat(None), strict=False):
        rows = []
        for direction in _directions(tensor, step):
            with dual_level():
                duals = list(inputs)
                for other, one in asked:
                    tangent = direction if other == place else np.zeros_like(one._data)
                    duals[other] = make_dual(one.detach(), wrap(np.array(tangent)))
                results = [out for out in as_tuple(function(*duals)) if is_float(out)]
                rows.append([_tangent(out, check_grad_dtypes) for out in results])
        floats = [out for out in outputs if is_float(out)]
        matrices = []
        for number, out in enumerate(floats):
            matrix = np.zeros((len(rows), out._data.size), out._data.dtype)
            for row, tangents in enumerate(rows):
                if tangents[number] is not None:
                    matrix[row] = tangents[number]
            matrices.append(matrix)
        found.append(matrices)
    return found


def _tangent(out: Any, check_grad_dtypes: bool) -> Any:
    value, tangent = unpack_dual(out)
    if tangent is None:
        return None
    if check_grad_dtypes and value.is_complex() != tangent.is_complex():
        raise GradcheckError("Forward AD gradient has dtype mismatch.")
    return np.array(tangent.detach()._data).reshape(-1)
