"""Samples of activation functions, dropout without chance, attention, and losses of numbers."""

from __future__ import annotations

from samples.build import WIDE, positive, samples, spread, truths, values

__all__: list[str] = []

for x in (spread(3, 4), spread(4, 3).T, values(0.75), values(-4.0, -1.0, 1.0, 4.0)):
    samples(
        "activations",
        (x,),
        lambda t, x: t.nn.functional.silu(x),
        lambda t, x: t.nn.functional.gelu(x),
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
        lambda t, x: t.nn.functional.softplus(x),
        lambda t, x: t.nn.functional.softplus(x, beta=0.5),
        lambda t, x: t.nn.functional.elu(x),
        lambda t, x: t.nn.functional.elu(x, alpha=0.25),
        lambda t, x: t.nn.functional.selu(x),
        lambda t, x: t.nn.functional.celu(x, 2.0),
        lambda t, x: t.nn.functional.leaky_relu(x),
        lambda t, x: t.nn.functional.leaky_relu(x, negative_slope=0.5),
        lambda t, x: t.nn.functional.dropout(x, 0.0),
        lambda t, x: t.nn.functional.dropout(x, 0.5, training=False),
        lambda t, x: t.nn.functional.dropout(x, 1.0),
        lambda t, x: t.nn.functional.silu(x + 0, inplace=True),
        lambda t, x: t.nn.functional.leaky_relu(x + 0, inplace=True),
        norm=True,
        ulp=16,
        dtypes=WIDE,
    )
    samples(
        "activations",
        (x,),
        lambda t, x: t.nn.functional.gelu(x, approximate="other"),
        lambda t, x: t.nn.functional.dropout(x, 1.5),
        norm=True,
        ulp=16,
        dtypes=WIDE,
        options=("outside",),
    )
samples(
    "attention",
    (
        spread(2, 3, 4),
        spread(2, 5, 4, seed=1),
        spread(2, 5, 2, seed=2),
        truths([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]),
        spread(3, 5, seed=3),
    ),
    lambda t, q, k, v, m, a: t.nn.functional.scaled_dot_product_attention(q, k, v) + 0,
    lambda t, q, k, v, m, a: t.nn.functional.scaled_dot_product_attention(q, k, v, m) + 0,
    lambda t, q, k, v, m, a: t.nn.functional.scaled_dot_product_attention(q, k, v, a) + 0,
    lambda t, q, k, v, m, a: t.nn.functional.scaled_dot_product_attention(q, k, v, scale=0.25) + 0,
    lambda t, q, k, v, m, a: (
        t.nn.functional.scaled_dot_product_attention(q, k[:, :3], v[:, :3], is_causal=True) + 0
    ),
    norm=True,
    ulp=64,
    dtypes=WIDE,
)
samples(
    "regression",
    (spread(3, 4), spread(3, 4, seed=1), positive(3, 4, seed=2)),
    lambda t, x, y, w: t.nn.functional.l1_loss(x, y),
    lambda t, x, y, w: t.nn.functional.l1_loss(x, y, reduction="sum"),
    lambda t, x, y, w: t.nn.functional.smooth_l1_loss(x, y),
    lambda t, x, y, w: t.nn.functional.smooth_l1_loss(x, y, beta=0.25, reduction="none"),
    lambda t, x, y, w: t.nn.functional.huber_loss(x, y),
    lambda t, x, y, w: t.nn.functional.huber_loss(x, y, delta=0.5, reduction="sum"),
    lambda t, x, y, w: t.nn.functional.kl_div(x, w.detach()),
    lambda t, x, y, w: t.nn.functional.kl_div(x, y, reduction="sum", log_target=True),
    lambda t, x, y, w: t.nn.functional.kl_div(x, w.detach(), reduction="batchmean"),
    norm=True,
    ulp=16,
    dtypes=WIDE,
)
samples(
    "regression",
    (spread(3, 4), spread(3, 4, seed=1), positive(3, 4, seed=2)),
    lambda t, x, y, w: t.nn.functional.smooth_l1_loss(x, y, beta=-1.0),
    lambda t, x, y, w: t.nn.functional.huber_loss(x, y, delta=0.0),
    lambda t, x, y, w: t.nn.functional.l1_loss(x, y, reduction="other"),
    norm=True,
    ulp=16,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "cross entropies of two",
    (spread(3, 4), spread(3, 4, low=0.0, high=1.0, seed=1), spread(3, 4, low=0.0, high=1.0)),
    lambda t, x, y, p: t.nn.functional.binary_cross_entropy_with_logits(x, y.detach()),
    (
        lambda t, x, y, p: t.nn.functional.binary_cross_entropy_with_logits(
            x * 8, y.detach(), reduction="sum"
        )
    ),
    (
        lambda t, x, y, p: t.nn.functional.binary_cross_entropy_with_logits(
            x, y.detach(), pos_weight=y.detach()[0], reduction="none"
        )
    ),
    norm=True,
    ulp=16,
    dtypes=WIDE,
)
samples(
    "cross entropies of two",
    (spread(3, 4), spread(3, 4, low=0.0, high=1.0, seed=1), spread(3, 4, low=0.0, high=1.0)),
    lambda t, x, y, p: t.nn.functional.binary_cross_entropy(p, y.detach()[0]),
    lambda t, x, y, p: t.nn.functional.binary_cross_entropy(p + 1, y.detach()),
    lambda t, x, y, p: t.nn.functional.binary_cross_entropy_with_logits(x, y.detach()[0]),
    norm=True,
    ulp=16,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "binary_cross_entropy",  # PyTorch's second derivative adds 1e-12 to what it divides by
    (spread(3, 4, low=0.0, high=1.0), spread(3, 4, low=0.0, high=1.0, seed=1)),
    lambda t, p, y: t.nn.functional.binary_cross_entropy(p, y.detach()),
    lambda t, p, y: t.nn.functional.binary_cross_entropy(p, y.detach(), reduction="none"),
    norm=True,
    ulp=16,
    dtypes=WIDE,
    options=("first order",),
)
