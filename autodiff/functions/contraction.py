"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

from autodiff.errors import broadcast_mismatch
from autodiff.functions.arguments import is_tensor_like, require_tensor
from autodiff.functions.equations import from_lists, parse
from autodiff.functions.undefined import refuse
from autodiff.ops import contraction as ops
from autodiff.ops import shapes as shape_ops
from autodiff.ops.pointwise import MUL
from autodiff.primitive import binary
from autodiff.state import TensorState

__all__ = ["addmm", "bmm", "dot", "einsum", "fits", "linear", "matmul", "mm", "mv", "outer"]


def _same_dtype(first: Any, second: Any) -> None:
    if isinstance(first, TensorState) and isinstance(second, TensorState):
        a, b = first.dtype, second.dtype  # type: ignore[attr-defined]
        if a is not b:
            raise RuntimeError(
                f"expected m1 and m2 to have the same dtype, but got: {_c_name(a)} != {_c_name(b)}"
            )


def _c_name(dtype: Any) -> str:
    names = {
        "float32": "float",
        "float64": "double",
        "float16": "c10::Half",
        "bfloat16": "c10::BFloat16",
        "int64": "long int",
        "int16": "short int",
        "int8": "signed char",
        "uint8": "unsigned char",
        "complex64": "c10::complex<float>",
        "complex128": "c10::complex<double>",
    }
    return names.get(dtype.name, str(dtype.name).removesuffix("32"))


def _same_titles(names: str, first: Any, second: Any) -> None:
    if isinstance(first, TensorState) and isinstance(second, TensorState):
        a, b = first.dtype, second.dtype  # type: ignore[attr-defined]
        if a is not b:
            raise RuntimeError(
                f"{names} must have the same dtype, but got {a.title} and {b.title}"
            )


def _text(shape: Any) -> str:
    return "x".join(str(size) for size in shape)


def fits(first: Any, second: Any) -> bool:
    """Whether two are matrices of one dtype that can be multiplied as they are."""
    if not isinstance(first, TensorState) or not isinstance(second, TensorState):
        return False
    x, y = first._data, second._data
    return x.ndim == y.ndim == 2 and x.dtype is y.dtype and x.shape[1] == len(y)


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices."""
    if fits(input, mat2):
        return ops.MM.straight(input, mat2)
    require_tensor("mm", input)
    require_tensor("mm", mat2, "mat2", 2)
    if input.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if mat2.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    if input.shape[1] != mat2.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_text(input.shape)} and "
            f"{_text(mat2.shape)})"
        )
    _same_dtype(input, mat2)
    return ops.MM.straight(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """A matrix times a vector."""
    require_tensor("mv", input)
    require_tensor("mv", vec, "vec", 2)
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0]}), mat ({_text(input.shape)}), "
            f"vec ({vec.shape[0]})"
        )
    if isinstance(input, TensorState) and input._data.dtype != vec._data.dtype:
        mine, other = input.dtype.title, vec.dtype.title  # type: ignore[attr-defined]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {other}, {mine}, and {other}"
        )
    return ops.MV.straight(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The inner product of two vectors."""
    require_tensor("dot", input)
    require_tensor("dot", tensor, "tensor", 2)
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors"
        )
    if isinstance(input, TensorState) and input._data.dtype != tensor._data.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{input.dtype.title} and {tensor.dtype.title}"  # type: ignore[attr-defined]
        )
    if input.shape != tensor.shape:
        raise RuntimeError(
            "inconsistent tensor size, expected tensor "
            f"[{input.shape[0]}] and src [{tensor.shape[0]}] to have the same number of "
            f"elements, but got {input.shape[0]} and {tensor.shape[0]} elements respectively"
        )
    refuse("dot", "b", input)
    return ops.DOT.straight(input, tensor)


def bmm(input: Any, mat2: Any) -> Any:
    """Products of matrices, batch by batch."""
    require_tensor("bmm", input)
    require_tensor("bmm", mat2, "mat2", 2)
    if input.ndim != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if mat2.ndim != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input.shape[0]}, {input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    _same_dtype(input, mat2)
    return ops.BMM.straight(input, mat2)


def matmul(input: Any, other: Any) -> Any:
    """The product of vectors, matrices, or stacks of matrices, whose batch shapes broadcast."""
    if fits(input, other):
        return ops.MM.straight(input, other)
    require_tensor("matmul", input)
    require_tensor("matmul", other, "other", 2)
    dims = input.ndim, other.ndim
    if 0 in dims:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {dims[0]}D and "
            f"{dims[1]}D"
        )
    if dims == (2, 2):
        return mm(input, other)
    if dims == (1, 1):
        return dot(input, other)
    if dims == (2, 1):
        return mv(input, other)
    if dims == (1, 2):
        return _row_times_matrix(input, other)
    if dims[1] == 1:
        return _matrices_times_vector(input, other)
    inner = other.shape[-2]
    if input.shape[-1] != inner:
        rows = input.shape[:-1]
        total = 1
        for size in rows:
            total *= size
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({total}x{input.shape[-1]} and "
            f"{_text(other.shape)})"
            if dims[1] <= 2
            else "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{other.shape[0]}, {input.shape[-1]}] but got: [{other.shape[0]}, "
            f"{other.shape[-2]}]."
        )
    mismatch = broadcast_mismatch(input.shape[:-2], other.shape[:-2])
    if mismatch is not None:
        raise mismatch
    _same_dtype(input, other)
    if dims[0] == 2 and getattr(input, "requires_grad", False):
        return ops.MATMUL_FOLDED.straight(input, other)
    return ops.MATMUL.straight(input, other)


def _matrices_times_vector(matrices: Any, vector: Any) -> Any:
    if matrices.shape[-1] != vector.shape[0]:
        rows = math.prod(matrices.shape[:-1])
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({rows}x{matrices.shape[-1]}), "
            f"vec ({vector.shape[0]})"
        )
    _same_dtype(matrices, vector)
    return ops.MATMUL.straight(matrices, vector)


def _row_times_matrix(row: Any, matrix: Any) -> Any:
    return shape_ops.SQUEEZE_OWN.straight(mm(row.unsqueeze(0), matrix), dim=(0,))


def outer(input: Any, vec2: Any) -> Any:
    """All products of an element of one vector and an element of another."""
    require_tensor("outer", input)
    require_tensor("outer", vec2, "vec2", 2)
    for position, one in enumerate((input, vec2)):
        if one.ndim != 1:
            raise RuntimeError(
                f"outer: Expected 1-D argument {('self', 'vec2')[position]}, but got {one.ndim}-D"
            )
    return binary(MUL, input.reshape(-1, 1), vec2)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · mat1 @ mat2."""
    require_tensor("addmm", input)
    require_tensor("addmm", mat1, "mat1", 2)
    require_tensor("addmm", mat2, "mat2", 3)
    _same_titles("self and mat2", input, mat2)
    _same_titles("mat1 and mat2", mat1, mat2)
    if mat1.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(
            f"mat1 must be a matrix, got {mat1.ndim}-D tensor"
            if mat1.ndim != 2
            else f"mat2 must be a matrix, got {mat2.ndim}-D tensor"
        )
    if mat1.shape[1] != mat2.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({_text(mat1.shape)} and "
            f"{_text(mat2.shape)})"
        )
    shape = (mat1.shape[0], mat2.shape[1])
    if tuple(input.shape) != shape:
        if getattr(type(input), "stands_in", False):
            raise RuntimeError(
                f"Bad in-place call: input tensor size {list(input.shape)} and output tensor size "
                f"{list(shape)} should match"
            )
        input = input.expand(shape)
    return ops.ADDMM.straight(input, mat1, mat2, beta=beta, alpha=alpha)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weightᵀ + bias."""
    if isinstance(input, TensorState) and isinstance(weight, TensorState):
        x, w = input._data, weight._data  # most often matrices that fit as they are
        if x.ndim == 2 == w.ndim and x.dtype is w.dtype and x.shape[1] == w.shape[1]:
            if bias is None:
                return ops.LINEAR_WITHOUT_BIAS.straight(input, weight, None)
            if isinstance(bias, TensorState):
                b = bias._data
                if b.dtype is x.dtype and b.shape == w.shape[:1]:
                    return ops.LINEAR.straight(input, weight, bias)
    require_tensor("linear", input)
    require_tensor("linear", weight, "weight", 2)
    if not (input.ndim and weight.ndim):
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are "
            f"{input.ndim}D and {weight.ndim}D"
        )
    if bias is not None:
        _same_titles("mat1 and mat2", input, weight)
    if weight.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {weight.ndim}D"
        )
    if input.shape[-1] != weight.shape[-1]:
        rows = 1
        for size in input.shape[:-1]:
            rows *= size
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and "
            f"{_text(tuple(weight.shape)[::-1])})"
        )
    _same_dtype(input, weight)
    if weight.ndim == 1 or (bias is None and input.ndim == 1):
        product = matmul(input, weight if weight.ndim == 1 else weight.t())
        return product if bias is None else product + bias
    if bias is None:
        row = ops.LINEAR_WITHOUT_BIAS if input.ndim == 2 else ops.LINEAR_WITHOUT_BIAS_FOLDED
        return row.straight(input, weight, None)
    return (ops.LINEAR if input.ndim == 2 else ops.LINEAR_FOLDED)(input, weight, bias)


def einsum(equation: Any, *operands: Any) -> Any:
    """A sum of products over named axes, in Einstein's notation.

    >>> import autodiff
    >>> autodiff.einsum("ij,j->i", autodiff.ones(2, 3), autodiff.arange(3.0))
    tensor([3., 3.])
    """
    if is_tensor_like(equation):  # einsum(x, [0, 1], y, [1, 2], [0, 2])
        equation, operands = from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    inputs, output = parse(equation, operands)
    values = [_without_repeats(v, axes) for v, axes in zip(operands, inputs, strict=True)]
    value, axes = values[0]
    if len(values) == 1:
        return _arranged(value, axes, output)
    for position, operand in enumerate(values[1:], 1):
        later = "".join(a for _, a in values[position + 1 :]) + output
        keep = "".join(dict.fromkeys(a for a in axes + operand[1] if a in later))
        if position == len(values) - 1:
            keep = output
        _same_dtype(value, operand[0])
        value, axes = _stretched(value, axes, *operand)
        other, other_axes = _stretched(*operand, value, axes)
        row = ops.EINSUM if set(axes + other_axes) - set(keep) else ops.OUTER_EINSUM
        value = row(value, other, x_axes=axes, y_axes=other_axes, out_axes=keep)
        axes = keep
    return value


def _stretched(value: Any, axes: str, other: Any, other_axes: str) -> tuple[Any, str]:
    """An axis of size one goes with the other operand's axis of any size: it falls away."""
    alone = tuple(
        i
        for i, a in enumerate(axes)
        if value.shape[i] == 1 and a in other_axes and other.shape[other_axes.index(a)] != 1
    )
    if not alone:
        return value, axes
    return value.squeeze(alone), "".join(a for i, a in enumerate(axes) if i not in alone)


def _without_repeats(value: Any, axes: str) -> tuple[Any, str]:
    """An axis named twice in one operand stands for its diagonal."""
    for a in dict.fromkeys(axes):
        while axes.count(a) > 1:
            first = axes.index(a)
            second = axes.index(a, first + 1)
            value = value.diagonal(0, first, second)
            axes = axes[:first] + axes[first + 1 : second] + axes[second + 1 :] + a
    return value, axes


def _arranged(value: Any, axes: str, output: str) -> Any:
    summed = [a for a in axes if a not in output]
    order = [*output, *summed]
    value = value.permute(tuple(axes.index(a) for a in order))
    return value.sum(tuple(range(len(output), len(order)))) if summed else value
