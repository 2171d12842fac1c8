"""Wrong structure: nothing, too much, the wrong order, shape, axis, index or count."""

from __future__ import annotations

import math

from planting import Mistake
from wrong import (
    count,
    frozen,
    halved_precision,
    no_shift_kernel,
    overwriting_gather_put,
    overwriting_put,
    plain_norm_kernel,
    rolled,
    times,
    transposed,
    unscaled,
)

__all__ = ["STRUCTURE"]

P = "pointwise."
R = "reductions."
S = "shapes."
N = "indexing."
C = "contraction."
L = "softmax."

STRUCTURE: tuple[Mistake, ...] = (
    # not a number, nothing
    Mistake(
        "nan",
        "where, from the branch not taken",
        "where",
        P + "WHERE",
        1,
        lambda xp, g, condition: (
            xp.where(condition, g, 0) + 0 * xp.log(xp.astype(condition, g.dtype))
        ),
    ),
    Mistake(
        "nan",
        "tanh in the tails",
        "tanh",
        P + "TANH",
        0,
        lambda xp, g, x: g * (4 * xp.exp(2 * x * 100) / (xp.exp(2 * x * 100) + 1) ** 2),
    ),
    Mistake(
        "overflow",
        "logsumexp without the largest",
        "logsumexp",
        R + "LOGSUMEXP",
        kernel=lambda xp, x, dim, keepdim: xp.log(xp.sum(xp.exp(x), axis=dim, keepdims=keepdim)),
        dtypes=("float32",),
    ),
    Mistake(
        "overflow",
        "softmax without the largest",
        "softmax",
        L + "SOFTMAX",
        kernel=no_shift_kernel,
        dtypes=("float32",),
    ),
    Mistake(
        "overflow",
        "norm without scaling",
        "norm",
        R + "VECTOR_NORM",
        kernel=plain_norm_kernel,
        dtypes=("float32",),
    ),
    Mistake("zero", "sin", "sin", P + "SIN", 0, lambda xp, g: xp.zeros_like(g)),
    Mistake("zero", "to", "to", S + "TO_COPY", 0, lambda xp, g: xp.zeros_like(g)),
    Mistake("zero", "clone", "clone", S + "CLONE", 0, lambda xp, g: xp.zeros_like(g)),
    Mistake("zero", "index_put, values", "index_put", N + "INDEX_PUT", 1, change=times(0)),
    # only the second derivative
    Mistake(
        "second order", "sin detached", "sin", P + "SIN", 0, lambda xp, g, x: g * xp.cos(frozen(x))
    ),
    Mistake("second order", "exp detached", "exp", P + "EXP", 0, lambda g, out: g * frozen(out)),
    Mistake("second order", "mul detached", "mul", P + "MUL", 0, lambda g, y: g * frozen(y)),
    Mistake(
        "second order",
        "mm detached",
        "mm",
        C + "MM",
        1,
        lambda xp, g, x: transposed(frozen(x), xp) @ g,
    ),
    Mistake(
        "second order",
        "softmax detached",
        "softmax",
        L + "SOFTMAX",
        0,
        lambda xp, g, out, dim: (
            g * frozen(out) - frozen(out) * xp.sum(g * frozen(out), axis=dim, keepdims=True)
        ),
    ),
    Mistake(
        "second order",
        "mse_loss detached",
        "mse_loss",
        L + "MSE_LOSS",
        0,
        lambda g, x, y, reduction: (
            g * (2 / (max(math.prod(x.shape), 1) if reduction == "mean" else 1)) * frozen(x - y)
        ),
    ),
    Mistake(
        "second order",
        "cotangent detached",
        "cos",
        P + "COS",
        0,
        lambda xp, g, x: -frozen(g) * xp.sin(x),
    ),
    Mistake(
        "second order", "tanh_backward, sign", "tanh", P + "TANH_BACKWARD", 1, change=times(-1)
    ),
    Mistake(
        "second order",
        "sigmoid_backward, dropped",
        "sigmoid",
        P + "SIGMOID_BACKWARD",
        1,
        change=times(0),
    ),
    Mistake("second order", "getitem_backward, twice", "getitem", N + "PUT", change=times(2)),
    Mistake("second order", "gather_backward, shifted", "gather", N + "GATHER_PUT", change=rolled),
    # shapes and dtypes
    Mistake("shape", "sum, not spread", "sum", R + "SUM", 0, lambda g: g),
    Mistake("shape", "reshape, not undone", "reshape", S + "VIEW", 0, lambda g: g),
    Mistake("shape", "unsqueeze, not undone", "unsqueeze", S + "UNSQUEEZE", 0, lambda g: g[None]),
    Mistake("dtype", "exp, computed in float16", "exp", P + "EXP", change=halved_precision),
    # axes and indices
    Mistake(
        "axis",
        "cumsum, another axis",
        "cumsum",
        R + "CUMSUM",
        0,
        lambda xp, g, dim: (
            xp.flip(xp.cumulative_sum(xp.flip(g, axis=dim - 1), axis=dim - 1), axis=dim - 1)
            if g.ndim
            else g
        ),
    ),
    Mistake(
        "axis",
        "cumsum, forwards",
        "cumsum",
        R + "CUMSUM",
        0,
        lambda xp, g, dim: xp.cumulative_sum(g, axis=dim) if g.ndim else g,
    ),
    Mistake(
        "axis",
        "flip, all axes",
        "flip",
        S + "FLIP",
        0,
        lambda xp, g: xp.flip(g, axis=tuple(range(g.ndim))),
    ),
    Mistake(
        "axis",
        "softmax, the last axis",
        "softmax",
        L + "SOFTMAX",
        0,
        lambda xp, g, out: (
            out * (g - xp.sum(g * out, axis=-1, keepdims=True)) if out.ndim else g * 0
        ),
    ),
    Mistake(
        "axis",
        "tril, the other triangle",
        "tril",
        S + "TRIL",
        0,
        lambda xp, g, diagonal: xp.triu(g, k=diagonal),
    ),
    Mistake("axis", "tril, offset ignored", "tril", S + "TRIL", 0, lambda xp, g: xp.tril(g, k=0)),
    Mistake(
        "axis",
        "roll, the same way again",
        "roll",
        S + "ROLL",
        0,
        lambda xp, g, shifts, dims: xp.roll(g, shifts, axis=dims),
    ),
    Mistake("index", "getitem, shifted by one", "getitem", N + "INDEX", change=rolled),
    Mistake("index", "slice, shifted by one", "getitem", N + "SLICE", change=rolled),
    Mistake("index", "gather, shifted by one", "gather", N + "GATHER", change=rolled),
    Mistake("index", "getitem, repeated overwrite", "getitem", N + "PUT", kernel=overwriting_put),
    Mistake(
        "index",
        "gather, repeated overwrite",
        "gather",
        N + "GATHER_PUT",
        kernel=overwriting_gather_put,
    ),
    Mistake(
        "index", "index_put, the written keep theirs", "index_put", N + "INDEX_PUT", 0, lambda g: g
    ),
    Mistake("index", "sort, not undone", "sort", "sorting.SORT", 0, lambda g: g),
    Mistake(
        "index",
        "cat, the first of all",
        "cat",
        S + "CAT",
        change=lambda r, a: a.g[(slice(None),) * a.dim + (slice(0, r.shape[a.dim]),)],
    ),
    Mistake(
        "index",
        "stack, reversed",
        "stack",
        S + "STACK",
        change=lambda r, a: a.g[(*(slice(None),) * a.dim, -1 - a.position, ...)],
    ),
    Mistake(
        "index",
        "split, reversed",
        "unbind",
        S + "UNBIND",
        0,
        lambda xp, gs, dim: xp.stack(gs[::-1], axis=dim),
    ),
    Mistake("index", "diagonal, offset ignored", "diagonal", S + "DIAGONAL", change=rolled),
    # counts
    Mistake(
        "count",
        "mean, of all axes",
        "mean",
        R + "MEAN",
        change=lambda r, a: r * (count(r, a.dim) / max(r.size, 1)),
    ),
    Mistake(
        "count",
        "var, correction ignored",
        "var",
        R + "VAR",
        change=lambda r, a: r * ((count(a.x, a.dim) - a.correction) / count(a.x, a.dim)),
    ),
    Mistake(
        "count",
        "mse_loss, over the rows",
        "mse_loss",
        L + "MSE_LOSS",
        change=lambda r, a: r * a.x.shape[-1] if a.x.ndim > 1 else r,
    ),
    Mistake(
        "count", "cross_entropy, scales ignored", "cross_entropy", L + "NLL_LOSS", change=unscaled
    ),
)
