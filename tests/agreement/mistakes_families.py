"""Mistakes in the rows of layers and of linear algebra, as they are really made."""

from __future__ import annotations

from planting import Mistake
from wrong import (
    averaged,
    constant_statistics,
    frozen,
    matrix_turned,
    one_triangle,
    overwriting_rows,
    times,
    turned_around,
)

from autodiff.ops.linalg import SOLVE
from autodiff.ops.pointwise import SIGMOID

__all__ = ["FAMILIES"]

A = "activations."
E = "embedding."
K = "convolution."
M = "linalg."
N = "normalisation."
Q = "regression."
W = "writing."

FAMILIES: tuple[Mistake, ...] = (
    # normalisation
    Mistake(
        "term",
        "layer_norm, statistics taken for constants",
        "layer_norm",
        N + "LAYER_NORM",
        0,
        constant_statistics,
    ),
    Mistake("factor 2", "group_norm, weight", "group_norm", N + "GROUP_NORM", 1, change=times(2)),
    Mistake(
        "broadcast",
        "batch_norm, bias, mean for sum",
        "batch_norm",
        N + "BATCH_NORM",
        2,
        lambda xp, g, bias_shape, view, affine: xp.reshape(
            averaged(xp.reshape(g, view), affine, xp), tuple(bias_shape)
        ),
    ),
    # convolution
    Mistake(
        "index",
        "conv2d, weight, turned around",
        "conv2d",
        K + "CONVOLUTION",
        1,
        change=turned_around,
    ),
    Mistake(
        "broadcast",
        "conv2d, bias, mean for sum",
        "conv2d",
        K + "CONVOLUTION",
        2,
        lambda xp, g: xp.mean(g, axis=(0, *range(2, g.ndim))),
    ),
    Mistake(
        "second order",
        "conv2d_input, weight",
        "conv2d",
        K + "CONVOLUTION_INPUT",
        1,
        change=times(2),
    ),
    Mistake(
        "second order", "conv2d_weight, x", "conv2d", K + "CONVOLUTION_WEIGHT", 1, change=times(-1)
    ),
    # embedding
    Mistake(
        "index",
        "embedding, repeated overwrite",
        "embedding",
        E + "EMBEDDING_PUT",
        kernel=overwriting_rows,
    ),
    # linear algebra
    Mistake(
        "axis",
        "solve, right, matrix not transposed",
        "solve",
        M + "SOLVE",
        1,
        lambda g, x, left, vector: SOLVE(x, g, left=left, vector=vector),
    ),
    Mistake("sign", "solve, matrix", "solve", M + "SOLVE", 0, change=times(-1)),
    Mistake("1 + 1e-5", "inv", "inv", M + "INV", change=times(1 + 1e-5)),
    Mistake("axis", "det, adjugate for cofactors", "det", M + "DET", change=matrix_turned),
    Mistake("axis", "slogdet, not transposed", "slogdet", M + "SLOGDET", change=matrix_turned),
    Mistake("axis", "cholesky, one triangle", "cholesky", M + "CHOLESKY", change=one_triangle),
    Mistake("factor 2", "eigh", "eigh", M + "EIGH", change=times(2)),
    Mistake("sign", "qr", "qr", M + "QR", change=times(-1)),
    Mistake(
        "axis",
        "solve_triangular, the other triangle",
        "solve_triangular",
        M + "SOLVE_TRIANGULAR",
        0,
        change=matrix_turned,
    ),
    # activations
    Mistake("term", "silu, the gate alone", "silu", A + "SILU", 0, lambda g, x: g * SIGMOID(x)),
    Mistake(
        "term",
        "leaky_relu, slope ignored",
        "leaky_relu",
        A + "LEAKY_RELU",
        0,
        lambda xp, g, x: xp.where(x > 0, g, 0),
    ),
    Mistake(
        "second order",
        "softplus detached",
        "softplus",
        A + "SOFTPLUS",
        0,
        lambda g, x, beta: g * frozen(SIGMOID(x * beta)),
    ),
    # losses
    Mistake("sign", "huber_loss, target", "huber_loss", Q + "HUBER_LOSS", 1, change=times(-1)),
    Mistake(
        "factor 2", "smooth_l1_loss", "smooth_l1_loss", Q + "SMOOTH_L1_LOSS", 0, change=times(2)
    ),
    Mistake(
        "sign",
        "binary_cross_entropy_with_logits",
        "binary_cross_entropy_with_logits",
        Q + "BINARY_CROSS_ENTROPY_WITH_LOGITS",
        change=times(-1),
    ),
    # three tensors
    Mistake("sign", "lerp, weight", "lerp", W + "LERP_TENSOR", 2, change=times(-1)),
    Mistake("factor 2", "addcmul, value ignored", "addcmul", W + "ADDCMUL", 1, lambda g, z: g * z),
    Mistake(
        "term",
        "addcdiv, divisor not squared",
        "addcdiv",
        W + "ADDCDIV",
        2,
        lambda g, y, z, value: -g * (value * (y / z)),
    ),
)
