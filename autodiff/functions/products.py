"""More products of vectors, matrices and tensors: compositions of those of `contraction.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import axes, axis, raw, require_tensor
from autodiff.functions.complexes import vdot
from autodiff.functions.contraction import bmm, mm, mv, outer
from autodiff.functions.linalg import multi_dot
from autodiff.functions.pointwise import kind_of
from autodiff.functions.shapes import expand, flip, permute, reshape, roll, unsqueeze
from autodiff.ops.pointwise import ADD
from autodiff.ops.shapes import CLONE, RESHAPE, VIEW
from autodiff.primitive import handed_over

__all__ = [
    "addbmm",
    "addmv",
    "addr",
    "baddbmm",
    "chain_matmul",
    "cross",
    "ger",
    "inner",
    "kron",
    "linalg_cross",
    "linalg_vander",
    "tensordot",
    "vander",
    "vecdot",
]

_SUMS = {
    name: ADD.variant(f"{name.title()}Backward0")
    for name in ("addbmm", "addmv", "addr", "baddbmm")
}
_CROSS = CLONE.variant("LinalgCrossBackward0")


def _summed(function: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """beta · input + alpha · product; nothing of the input is read where beta is 0."""
    require_tensor(function, input)
    if kind_of(product) in "iub" and (isinstance(beta, float) or isinstance(alpha, float)):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating "
                           "point number.")  # fmt: skip
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return _SUMS[function](scaled, 0)
    kept = input if beta == 1 else input * beta
    if len(kept.shape) > len(scaled.shape) or (
        kept.shape != scaled.shape and not _expands(tuple(kept.shape), tuple(scaled.shape))
    ):
        expand(kept, tuple(scaled.shape))  # raises
    return _SUMS[function](kept, scaled)


def _expands(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    tail = wanted[len(wanted) - len(shape) :]
    return all(size in (1, target) for size, target in zip(shape, tail, strict=True))


@handed_over
def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (mat @ vec)."""
    require_tensor("addmv", mat, "mat", 2)
    return _summed("addmv", input, mv(mat, vec), beta, alpha)


@handed_over
def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (vec1 vec2ᵀ)."""
    for one, name in ((vec1, "vec1"), (vec2, "vec2")):
        if require_tensor("addr", one, name, 2).ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {one.ndim}-D")
    return _summed("addr", input, outer(vec1, vec2), beta, alpha)


@handed_over
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (batch1 @ batch2), batch by batch."""
    return _summed("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@handed_over
def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta · input + alpha · (the sum of batch1 @ batch2 over batches)."""
    return _summed("addbmm", input, bmm(batch1, batch2).sum(0), beta, alpha)


def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices: `torch.linalg.multi_dot`."""
    given = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], Sequence) else matrices
    return given[0] if len(given) == 1 else multi_dot(list(given))


def inner(input: Any, other: Any) -> Any:
    """Sums of products over the last dimension of both.

    >>> import autodiff
    >>> inner(autodiff.tensor([1., 2.]), autodiff.tensor([3., 4.]))
    tensor(11.)
    """
    require_tensor("inner", input)
    require_tensor("inner", other, "other", 2)
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return tensordot(input, other, dims=([-1], [-1]))


ger = outer


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Sums of products over several dimensions of two tensors.

    dims: how many of the last of `a` and of the first of `b`; or two lists of dimensions.
    """
    require_tensor("tensordot", a, "a")
    require_tensor("tensordot", b, "b", 2)
    if isinstance(raw(dims), int) or not isinstance(dims, Sequence):
        count = int(raw(dims))
        if count < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={count}")
        if count > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={count}")
        first: Any = tuple(range(a.ndim - count, a.ndim))
        second: Any = tuple(range(count))
    else:
        first, second = ((one,) if isinstance(one, int) else tuple(one) for one in dims)
        if len(first) != len(second):
            raise RuntimeError("both dimension lists should have same length")
        first, second = (axes(one, x.ndim) if one else () for one, x in ((first, a), (second, b)))
    for m, n in zip(first, second, strict=True):
        if a.shape[m] != b.shape[n] and 1 not in (a.shape[m], b.shape[n]):
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{a.shape[m]} in dim {m} and second has size {b.shape[n]} in dim {n}"
            )
        if a.shape[m] != b.shape[n]:  # one of them has size one, and the other is summed
            a, b = (a.sum(m, keepdim=True), b) if b.shape[n] == 1 else (a, b.sum(n, keepdim=True))
    rest_a = [one for one in range(a.ndim) if one not in first]
    rest_b = [one for one in range(b.ndim) if one not in second]
    inside = math.prod(a.shape[one] for one in first)
    left = reshape(permute(a, *rest_a, *first), (math.prod(a.shape[i] for i in rest_a), inside))
    right = reshape(permute(b, *second, *rest_b), (inside, math.prod(b.shape[i] for i in rest_b)))
    shape = (*(a.shape[i] for i in rest_a), *(b.shape[i] for i in rest_b))
    return VIEW.straight(mm(left, right), shape=shape)


def kron(input: Any, other: Any) -> Any:
    """Kronecker's product: `other` times each element of `input`, in its place."""
    require_tensor("kron", input)
    require_tensor("kron", other, "other", 2)
    rank = max(input.ndim, other.ndim)
    sizes = [(1,) * (rank - one.ndim) + tuple(one.shape) for one in (input, other)]
    apart = [size for m in sizes[0] for size in (m, 1)]
    within = [size for n in sizes[1] for size in (1, n)]
    shape = tuple(m * n for m, n in zip(*sizes, strict=True))
    return RESHAPE.straight(reshape(input, apart) * reshape(other, within), shape=shape)


def _crossed(a: Any, b: Any, where: int) -> Any:
    turned = (roll(a, -1, where), roll(b, -2, where), roll(a, -2, where), roll(b, -1, where))
    return _CROSS(turned[0] * turned[1] - turned[2] * turned[3])


def linalg_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector products along a dimension of size 3, broadcast over the others."""
    require_tensor("linalg.cross", input)
    require_tensor("linalg.cross", other, "other", 2)
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    where = axis(dim, input.ndim)
    if input.shape[where] != 3 or other.shape[where] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got "
            f"{input.shape[where]} and {other.shape[where]}"
        )
    return _crossed(input, other, where)


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """As :func:`linalg_cross`; without `dim`, along the first dimension of size 3."""
    require_tensor("cross", input)
    if dim is None:
        found = [place for place, size in enumerate(input.shape) if size == 3]
        if not found:
            raise RuntimeError("no dimension of size 3 in input")
        dim = found[0]
    return linalg_cross(input, other, dim=dim)


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """Sums of conj(x) · y along a dimension."""
    require_tensor("linalg_vecdot", x, "x")
    require_tensor("linalg_vecdot", y, "y", 2)
    if x.ndim == y.ndim == 1:
        return vdot(x, y)
    return ((x.conj() if kind_of(x) == "c" else x) * y).sum(dim)


def linalg_vander(x: Any, *, N: int | None = None) -> Any:
    """The powers 0 to N - 1 of each element, as rows."""
    length = require_tensor("linalg_vander", x, "x").shape[-1] if x.ndim else 1
    count = length if N is None else N
    if count <= 0:
        raise RuntimeError("N must be greater than 1.")
    powers = from_array(np.arange(count))
    return unsqueeze(x, -1) ** (powers.to(x.dtype) if kind_of(x) == "c" else powers)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element of a vector, as rows; they descend unless `increasing`."""
    if require_tensor("vander", x, "x").ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    if not count:
        return from_array(np.zeros((x.shape[0], 0), raw(x).dtype))
    powers = linalg_vander(x, N=count)
    return powers if increasing else flip(powers, 1)
