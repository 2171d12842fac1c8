"""Samples of linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from samples.build import WIDE, Input, samples, spread

__all__: list[str] = []


def matrix(*shape: int, seed: int = 0) -> Input:
    """Well-conditioned, with eigenvalues far from each other."""
    values = spread(*shape, seed=seed).values / 4
    steps = np.arange(min(shape[-2:]))
    values[..., steps, steps] += 2.0 + 2.0 * steps
    return Input(values)


def symmetric(x: Any) -> Any:
    return (x + x.mT) / 2


square, batch, tall = matrix(3, 3), matrix(2, 2, 2, seed=1), matrix(4, 2, seed=2)
for a in (square, batch, square.T):
    samples(
        "linalg",
        (a,),
        lambda t, a: t.linalg.cholesky(symmetric(a)),
        lambda t, a: t.linalg.cholesky(symmetric(a), upper=True),
        lambda t, a: t.linalg.inv(a),
        lambda t, a: t.linalg.det(a),
        lambda t, a: tuple(t.linalg.slogdet(a)),
        lambda t, a: t.logdet(a),
        lambda t, a: t.linalg.eigh(symmetric(a))[0],
        lambda t, a: t.linalg.eigh(symmetric(a))[1].abs(),
        lambda t, a: t.linalg.eigvalsh(symmetric(a), UPLO="U"),
        lambda t, a: t.linalg.svdvals(a),
        lambda t, a: t.linalg.svd(a)[1],
        lambda t, a: t.linalg.svd(a)[0].abs(),
        lambda t, a: t.linalg.svd(a, full_matrices=False)[2].abs(),
        lambda t, a: t.linalg.qr(a)[0],
        lambda t, a: t.linalg.qr(a)[1],
        lambda t, a: t.linalg.solve(a, a.exp()),
        lambda t, a: t.linalg.solve(a, a.exp()[..., :1]),
        lambda t, a: t.linalg.solve(a, a.exp()[..., 0]),
        lambda t, a: t.linalg.solve(a, a.exp()[..., :2, :], left=False),
        lambda t, a: t.linalg.solve_triangular(a, a.exp(), upper=True),
        lambda t, a: t.linalg.solve_triangular(a, a.exp()[..., :1], upper=False),
        lambda t, a: t.linalg.solve_triangular(a, a.exp(), upper=False, left=False),
        lambda t, a: t.linalg.solve_triangular(a, a.exp(), upper=True, unitriangular=True),
        lambda t, a: t.cholesky_solve(a, a.tril()),
        lambda t, a: t.cholesky_solve(a[..., :1], a.triu(), upper=True),
        lambda t, a: t.linalg.matrix_power(a, 3),
        lambda t, a: t.linalg.matrix_norm(a),
        lambda t, a: t.linalg.matrix_norm(a, "nuc"),
        lambda t, a: t.linalg.matrix_norm(a, 2),
        lambda t, a: t.linalg.matrix_norm(a, 1),
        lambda t, a: t.linalg.matrix_norm(a, float("inf"), keepdim=True),
        lambda t, a: t.linalg.norm(a),
        lambda t, a: t.linalg.norm(a, 1, dim=-1),
        norm=True,
        ulp=256,
        dtypes=WIDE,
        options=("fused",),
    )
    samples(
        "linalg",
        (a,),
        lambda t, a: t.linalg.cholesky(-a),
        lambda t, a: t.linalg.cholesky(t.stack([a, -a])),
        lambda t, a: t.linalg.inv(a * 0),
        lambda t, a: t.logdet(-a),
        lambda t, a: t.linalg.solve(a * 0, a),
        lambda t, a: t.linalg.solve(a, a[..., :1, :]),
        lambda t, a: t.linalg.solve_triangular(a, a[..., :1, :], upper=True),
        norm=True,
        ulp=256,
        dtypes=WIDE,
        options=("outside",),
    )
samples(
    "linalg-shapes",
    (tall, square),
    lambda t, a, b: t.linalg.qr(a)[0],
    lambda t, a, b: t.linalg.qr(a.mT)[1],
    lambda t, a, b: t.linalg.svdvals(a),
    lambda t, a, b: t.linalg.svd(a.mT, full_matrices=False)[0].abs(),
    lambda t, a, b: t.linalg.svd(a, full_matrices=False)[0].abs(),
    norm=True,
    ulp=256,
    dtypes=WIDE,
    options=("fused",),
)
samples(
    "linalg-shapes",
    (tall, square),
    lambda t, a, b: t.linalg.cholesky(a),
    lambda t, a, b: t.linalg.cholesky(a[0]),
    lambda t, a, b: t.linalg.cholesky(b.long()),
    lambda t, a, b: t.linalg.det(a),
    lambda t, a, b: t.linalg.inv(a),
    lambda t, a, b: t.linalg.inv(b.long()),
    lambda t, a, b: t.linalg.eigh(a),
    lambda t, a, b: t.linalg.solve(a, b),
    lambda t, a, b: t.linalg.solve_triangular(b, b[0], upper=True),
    norm=True,
    ulp=256,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "linalg-types",
    (square,),
    lambda t, a: t.linalg.solve(a, a.double()),
    dtypes=("float32",),
    options=("outside",),
)
