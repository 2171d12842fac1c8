"""Samples of products."""

from __future__ import annotations

import numpy as np

from samples.build import COMPLEX_WIDE, NUMBER, Input, samples, spread

__all__: list[str] = []

a, b, v, w = spread(3, 4), spread(4, 2, seed=1), spread(4, seed=2), spread(3, seed=3)
samples(
    "mm",
    (a, b),
    lambda t, x, y: t.mm(x, y),
    lambda t, x, y: x @ y,
    lambda t, x, y: t.matmul(x, y),
    lambda t, x, y: x.mm(mat2=y),
    lambda t, x, y: x.matmul(y),
    lambda t, x, y: t.linalg.matmul(x, y),
    norm=True,
    dtypes=(*NUMBER,),
)
samples("mm", (b.T, a.T), lambda t, x, y: x @ y, lambda t, x, y: t.mm(x, y), norm=True)
samples("mm", (Input(np.zeros((3, 0))), Input(np.zeros((0, 2)))), lambda t, x, y: x @ y, norm=True)
samples(
    "mv",
    (a, v),
    lambda t, x, y: t.mv(x, y),
    lambda t, x, y: x @ y,
    lambda t, x, y: x.mv(y),
    lambda t, x, y: y @ x.t(),
    lambda t, x, y: t.matmul(y, x.t()),
    norm=True,
)
samples(
    "dot",
    (v, spread(4, seed=4)),
    lambda t, x, y: t.dot(x, y),
    lambda t, x, y: x @ y,
    lambda t, x, y: x.dot(y),
    lambda t, x, y: x.dot(x),
    norm=True,
    dtypes=NUMBER,
)
samples(
    "bmm",
    (spread(2, 3, 4), spread(2, 4, 2, seed=1)),
    lambda t, x, y: t.bmm(x, y),
    lambda t, x, y: x @ y,
    lambda t, x, y: x.bmm(y),
    lambda t, x, y: x @ y[0],
    lambda t, x, y: x[0] @ y,
    lambda t, x, y: x @ y[0, :, 0],
    lambda t, x, y: x[0, 0] @ y,
    lambda t, x, y: x[:, None] @ y,
    lambda t, x, y: x.matmul(y[:1]),
    norm=True,
)
samples("matmul", (spread(2, 1, 3, 4), spread(5, 4, 2, seed=1)), lambda t, x, y: x @ y, norm=True)
samples(
    "matmul",
    (spread(2, 3, 2, 3), spread(3, seed=1)),
    lambda t, x, y: x @ y,
    lambda t, x, y: y @ x.mT,
    norm=True,
)
samples(
    "outer",
    (w, v),
    lambda t, x, y: t.outer(x, y),
    lambda t, x, y: x.outer(y),
    lambda t, x, y: t.outer(x, vec2=x),
    dtypes=NUMBER,
)
samples(
    "addmm",
    (spread(3, 2, seed=5), a, b),
    lambda t, m, x, y: t.addmm(m, x, y),
    lambda t, m, x, y: m.addmm(x, y, beta=0.5, alpha=2),
    lambda t, m, x, y: t.addmm(m[0], x, y),
    lambda t, m, x, y: t.addmm(m[:, :1], x, y, alpha=3),
    lambda t, m, x, y: t.addmm(m[0, 0], x, y),
    lambda t, m, x, y: t.addmm(m, x, y, beta=0),
    norm=True,
    ulp=8,
)
samples(
    "linear",
    (spread(3, 4), spread(2, 4, seed=1), spread(2, seed=2)),
    lambda t, x, k, c: t.nn.functional.linear(x, k),
    lambda t, x, k, c: t.nn.functional.linear(x, k, c),
    lambda t, x, k, c: t.nn.functional.linear(x, k, bias=c),
    lambda t, x, k, c: t.nn.functional.linear(x[0], k, c),
    lambda t, x, k, c: t.nn.functional.linear(x[0], k),
    lambda t, x, k, c: t.nn.functional.linear(x, k[0]),
    lambda t, x, k, c: t.nn.functional.linear(x[None], k, c),
    lambda t, x, k, c: t.nn.functional.linear(x[None], k),
    lambda t, x, k, c: t.nn.functional.linear(x[0], k[0]),
    lambda t, x, k, c: t.nn.functional.linear(x[:, None], k, c),
    norm=True,
    ulp=8,
    options=("fused",),
)
samples(
    "einsum",
    (spread(2, 3, 4), spread(4, 3, seed=1), spread(3, 3, seed=2)),
    lambda t, x, y, z: t.einsum("ijk,kj->i", x, y),
    lambda t, x, y, z: t.einsum("ijk->kji", x),
    lambda t, x, y, z: t.einsum("ij,jk", y, z),
    lambda t, x, y, z: t.einsum("ii->i", z),
    lambda t, x, y, z: t.einsum("ii", z),
    lambda t, x, y, z: t.einsum("ij->", y),
    lambda t, x, y, z: t.einsum("...j,jk->...k", x[:, :, :3], z),
    lambda t, x, y, z: t.einsum("ijk,kl,lm->ijm", x, y, z),
    lambda t, x, y, z: t.einsum("i,j->ij", y[0], z[0]),
    lambda t, x, y, z: t.einsum("ij,ij->ij", z, z),
    lambda t, x, y, z: t.einsum("i,i", z[0], z[1]),
    lambda t, x, y, z: t.einsum("bij,bjk->bik", x, x.transpose(1, 2)),
    lambda t, x, y, z: t.einsum("ij,kl->", y, z),
    lambda t, x, y, z: t.einsum("...ij->...ji", x),
    lambda t, x, y, z: t.einsum("i...->...", x),
    lambda t, x, y, z: t.einsum("ij,j", z, z[0]),
    lambda t, x, y, z: t.einsum("iij->j", z[:, :, None] * z[0]),
    lambda t, x, y, z: t.einsum("ij, jk -> ik", y, z),
    lambda t, x, y, z: t.einsum("ij,ji->", y, y.t()),
    lambda t, x, y, z: t.einsum("a,b,c->abc", z[0], z[1], z[2]),
    lambda t, x, y, z: t.einsum("ij,jk->ik", [y, z]),
    lambda t, x, y, z: t.einsum("ii,i->i", z, z[0]),
    lambda t, x, y, z: t.einsum("Ab,bC->AC", y, z),
    lambda t, x, y, z: t.einsum("...,...->...", x, x),
    lambda t, x, y, z: t.einsum("ijk,ijk->", x, x),
    lambda t, x, y, z: t.einsum("ba", y),
    lambda t, x, y, z: t.einsum("i,ij,j->", y[:, 0], y, z[0]),
    lambda t, x, y, z: t.einsum("...ij,...jk->...ik", x, y),
    lambda t, x, y, z: t.einsum("ij,i...->...j", z, z),
    lambda t, x, y, z: t.einsum("ij,kj->ik", y[:1], z),
    lambda t, x, y, z: t.einsum("ijk,lk->ijl", x[:, :1], y.t()),
    lambda t, x, y, z: t.einsum(x, [0, 1, 2], y, [2, 1], [0]),
    lambda t, x, y, z: t.einsum(x, [0, 1, 2], [2, 1, 0]),
    lambda t, x, y, z: t.einsum(z, [0, 1], z, [1, 2]),
    dtypes=COMPLEX_WIDE,
    norm=True,
    ulp=16,
    options=("fused",),
)
