"""Samples of compositions."""

from __future__ import annotations

from samples.build import WIDE, samples, spread

__all__: list[str] = []

samples(
    "composition",
    (spread(3, 4), spread(4, 3, seed=1)),
    lambda t, x, y: ((x @ y).tanh() ** 2).mean(),
    lambda t, x, y: t.softmax(x @ y, 1).log().sum(0),
    lambda t, x, y: (x * x.sum(1, keepdim=True)).exp().prod(0),
    lambda t, x, y: (x - x.mean(0)) / x.std(0),
    lambda t, x, y: x.sort(1).values @ y,
    lambda t, x, y: t.where(x > 0, x, t.expm1(x)).cumsum(1),
    lambda t, x, y: t.stack([r.norm() for r in x]),
    lambda t, x, y: t.cat([x, y.t()]).amax(0),
    lambda t, x, y: (x.unsqueeze(2) * y).sum(1).sigmoid(),
    lambda t, x, y: x.abs().sqrt().logsumexp(1),
    dtypes=WIDE,
    norm=True,
    ulp=64,
)
