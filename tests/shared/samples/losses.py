"""Samples of normalised exponentials and losses."""

from __future__ import annotations

from samples.build import REAL, WIDE, integers, positive, samples, spread

__all__: list[str] = []

for x in (spread(3, 5), spread(5, 3).T, spread(4), spread(2, 3, 4)):
    samples(
        "softmax",
        (x,),
        lambda t, x: t.softmax(x, 0),
        lambda t, x: x.softmax(-1),
        lambda t, x: t.nn.functional.softmax(x, dim=-1),
        lambda t, x: t.log_softmax(x, -1),
        lambda t, x: x.log_softmax(dim=0),
        lambda t, x: t.nn.functional.log_softmax(x, dim=0),
        lambda t, x: t.softmax(x, 0, dtype=t.float64),
        lambda t, x: t.softmax(x * 200, 0),
        lambda t, x: t.log_softmax(x * 200, 0),
        lambda t, x: t.special.softmax(x, 0),
        lambda t, x: t.special.log_softmax(x, 0),
        norm=True,
        ulp=16,
        dtypes=WIDE,
    )
for shape in ((3, 4), (), (5,)):
    samples(
        "mse_loss",
        (spread(*shape), spread(*shape, seed=1)),
        lambda t, x, y: t.nn.functional.mse_loss(x, y),
        lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="sum"),
        lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="none"),
        lambda t, x, y: t.nn.functional.mse_loss(input=x, target=y, reduction="mean"),
        norm=True,
        dtypes=REAL,
    )
samples(
    "mse_loss",
    (spread(3, 4), spread(4)),
    lambda t, x, y: t.nn.functional.mse_loss(x, y),
    lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="none"),
    norm=True,
    dtypes=WIDE,
    options=("warns",),
)
samples(
    "cross_entropy",
    (spread(4, 3), integers(0, 2, 1, 2), positive(3), positive(4, 3)),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, reduction="sum"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, w.detach()),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, weight=w.detach(), reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, ignore_index=2),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x, k, w.detach(), ignore_index=1, reduction="sum"
    ),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, label_smoothing=0.25),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, w.detach(), label_smoothing=0.25),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x, k, w.detach(), label_smoothing=0.5, reduction="none"
    ),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x, k, label_smoothing=0.125, ignore_index=2
    ),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p, reduction="sum"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p, w.detach(), reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p, w.detach(), label_smoothing=0.25),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x[0], k[0]),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x[0], p[0]),
    lambda t, x, k, w, p: t.nn.functional.nll_loss(t.log_softmax(x, 1), k),
    lambda t, x, k, w, p: t.nn.functional.nll_loss(x, k, w.detach(), reduction="sum"),
    lambda t, x, k, w, p: t.nn.functional.nll_loss(x, k, ignore_index=0, reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.nll_loss(x[0], k[0]),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x[0], k[0], w.detach(), label_smoothing=0.25
    ),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x * 100, k),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x, k, w.detach(), label_smoothing=0.25, ignore_index=2, reduction="sum"
    ),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, w.detach(), ignore_index=2),
    dtypes=WIDE,
    norm=True,
    ulp=16,
)
samples(
    "cross_entropy",
    (spread(4, 3), integers(-100, -100, -100, -100)),
    lambda t, x, k: t.nn.functional.cross_entropy(x, k),
    dtypes=WIDE,
    options=("first order",),
)
samples(
    "cross_entropy-deep",
    (spread(2, 3, 4), integers([[0, 2, 1, 1], [2, 2, 0, 1]]), positive(3), positive(2, 3, 4)),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, w.detach(), ignore_index=2),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p, w.detach()),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, k, label_smoothing=0.25),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(x, p, reduction="none"),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x[..., None], k[..., None], reduction="sum"
    ),
    lambda t, x, k, w, p: t.nn.functional.nll_loss(x, k),
    lambda t, x, k, w, p: t.nn.functional.cross_entropy(
        x[..., None], k[..., None], w.detach(), label_smoothing=0.25, ignore_index=1
    ),
    dtypes=WIDE,
    norm=True,
    ulp=16,
    options=("fused",),
)
