"""Samples of what networks are made of: normalization, convolution, embedding, attention."""

from __future__ import annotations

from samples.build import REAL, WIDE, integers, positive, samples, spread

__all__: list[str] = []

for shape, wanted in (((2, 3), (3,)), ((2, 3, 4), (3, 4)), ((3, 2, 4), (4,)), ((5,), (5,))):
    samples(
        "layer_norm",
        (spread(*shape), positive(*wanted), spread(*wanted, seed=1)),
        lambda t, x, w, b: t.nn.functional.layer_norm(x, tuple(w.shape), w, b),
        lambda t, x, w, b: t.nn.functional.layer_norm(x, tuple(w.shape)),
        lambda t, x, w, b: t.nn.functional.layer_norm(x, tuple(w.shape), w),
        norm=True,
        ulp=16,
        dtypes=WIDE,
    )
    samples(
        "layer_norm-bias",  # of which PyTorch has no second derivative
        (spread(*shape), spread(*wanted, seed=1)),
        lambda t, x, b: t.nn.functional.layer_norm(x, tuple(b.shape), bias=b, eps=0.125),
        norm=True,
        ulp=16,
        dtypes=WIDE,
        options=("first order",),
    )
samples(
    "layer_norm",
    (spread(4, 3).T,),
    lambda t, x: t.nn.functional.layer_norm(x, (4,)),
    lambda t, x: t.nn.functional.layer_norm(x, (4,), x[0]),
    norm=True,
    ulp=16,
    dtypes=WIDE,
)
samples(
    "layer_norm",
    (spread(4, 3).T,),
    lambda t, x: t.nn.functional.layer_norm(x, (2,)),
    lambda t, x: t.nn.functional.layer_norm(x, ()),
    lambda t, x: t.nn.functional.layer_norm(x, (4,), x[0, :2]),
    lambda t, x: t.nn.functional.layer_norm(x, (4,), x[0], x[0, :2]),
    lambda t, x: t.nn.functional.layer_norm(x, 4),
    lambda t, x: t.nn.functional.layer_norm(x.long(), (4,)),
    norm=True,
    ulp=16,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "group_norm",
    (spread(2, 4, 3), positive(4), spread(4, seed=1)),
    lambda t, x, w, b: t.nn.functional.group_norm(x, 2, w, b),
    lambda t, x, w, b: t.nn.functional.group_norm(x, 4),
    lambda t, x, w, b: t.nn.functional.group_norm(x, 1, w, b, 0.125),
    norm=True,
    ulp=32,
    dtypes=WIDE,
)
samples(
    "group_norm",
    (spread(2, 4, 3), positive(4), spread(4, seed=1)),
    lambda t, x, w, b: t.nn.functional.group_norm(x, 3, w, b),
    lambda t, x, w, b: t.nn.functional.group_norm(x, 2, w[:3], b),
    norm=True,
    ulp=32,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "batch_norm",
    (spread(4, 3, 2), positive(3), spread(3, seed=1), spread(3, seed=2), positive(3, seed=3)),
    lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, None, None, w, b, True),
    lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, None, None, training=True),
    norm=True,
    ulp=32,
    dtypes=WIDE,
)
samples(
    "batch_norm",
    (spread(4, 3, 2), positive(3), spread(3, seed=1), spread(3, seed=2), positive(3, seed=3)),
    lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x[0:1, :, 0], None, None, training=True),
    lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, None, None, w, b),
    lambda t, x, w, b, m, v: t.nn.functional.batch_norm(x, m.detach()[:2], v.detach(), w, b),
    norm=True,
    ulp=32,
    dtypes=WIDE,
    options=("outside",),
)


def _moved(t, x, m, v):  # type: ignore[no-untyped-def]
    mean, variance = m.detach().clone(), v.detach().clone()
    t.nn.functional.batch_norm(x, mean, variance, training=True, momentum=0.25)
    return mean, variance


samples(
    "batch_norm-statistics",
    (spread(4, 3, 2), spread(3, seed=2), positive(3, seed=3)),
    _moved,
    norm=True,
    dtypes=WIDE,
)
samples(
    "rms_norm",
    (spread(2, 3, 4), positive(3, 4)),
    lambda t, x, w: t.nn.functional.rms_norm(x, (3, 4), w),
    lambda t, x, w: t.nn.functional.rms_norm(x, (4,)),
    lambda t, x, w: t.nn.functional.rms_norm(x, (4,), eps=0.125),
    norm=True,
    ulp=32,
    dtypes=WIDE,
)
samples(
    "rms_norm",
    (spread(2, 3, 4), positive(3, 4)),
    lambda t, x, w: t.nn.functional.rms_norm(x, (3,)),
    norm=True,
    ulp=32,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "conv2d",
    (spread(2, 4, 5, 6), spread(6, 4, 3, 2, seed=1), spread(6, seed=2)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, padding=1),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, stride=2, padding=(2, 1)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, dilation=(2, 1)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[:, :2], b, groups=2),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[:4, :1], groups=4, stride=(1, 3)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[..., :1], b, padding="same"),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b, padding="valid"),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[..., :1, :1], b),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[..., :1, :1], b, stride=2),
    lambda t, x, w, b: t.nn.functional.conv2d(x[0], w, b),
    norm=True,
    ulp=64,
    dtypes=WIDE,
)
samples(
    "conv2d",
    (spread(2, 4, 5, 6), spread(6, 4, 3, 2, seed=1), spread(6, seed=2)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w[:, :, 0], b),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b[:3]),
    lambda t, x, w, b: t.nn.functional.conv2d(x[:, :3], w),
    lambda t, x, w, b: t.nn.functional.conv2d(x[:, :, :2, :1], w),
    lambda t, x, w, b: t.nn.functional.conv2d(x[0, 0], w),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, groups=4),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, groups=0),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, stride=0),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, stride=(1, 2, 3)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, padding=-1),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, padding="some"),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, padding="same", stride=2),
    norm=True,
    ulp=64,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "conv2d-types",
    (spread(2, 4, 5, 6), spread(6, 4, 3, 2, seed=1), spread(6, seed=2)),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w.double(), b),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, b.double()),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w.double()),
    lambda t, x, w, b: t.nn.functional.conv2d(x, w, dilation=0),
    dtypes=("float32",),
    options=("outside",),
)
samples(
    "conv",
    (spread(2, 4, 7), spread(6, 4, 3, seed=1), spread(6, seed=2), spread(2, 2, 3, 4, 3)),
    lambda t, x, w, b, y: t.nn.functional.conv1d(x, w, b),
    lambda t, x, w, b, y: t.nn.functional.conv1d(x, w, b, stride=2, padding=2, dilation=2),
    lambda t, x, w, b, y: t.nn.functional.conv1d(x, w[:, :2], groups=2, padding="same"),
    lambda t, x, w, b, y: t.nn.functional.conv3d(y, y[:, :, :2, :2, :2]),
    lambda t, x, w, b, y: t.nn.functional.conv3d(y, y[:, :, :2, :3, :1], stride=(1, 2, 1)),
    lambda t, x, w, b, y: t.nn.functional.conv3d(y, y[:, :, :2, :2, :2], padding=1),
    lambda t, x, w, b, y: t.nn.functional.conv_transpose1d(x, w[:4], b[:4]),
    (
        lambda t, x, w, b, y: t.nn.functional.conv_transpose1d(
            x, w[:4], stride=2, padding=1, output_padding=1
        )
    ),
    (
        lambda t, x, w, b, y: t.nn.functional.conv_transpose2d(
            y[0].transpose(0, 1), y[0, :, :2, :2], b[:2], stride=(2, 1), dilation=(1, 2)
        )
    ),
    (
        lambda t, x, w, b, y: t.nn.functional.conv_transpose2d(
            y[0].transpose(0, 1), y[0, :, :2, :2], groups=2
        )
    ),
    lambda t, x, w, b, y: t.nn.functional.conv_transpose3d(y, y[:, :, :2, :2, :2], stride=2),
    norm=True,
    ulp=64,
    dtypes=WIDE,
)
samples(
    "conv",
    (spread(2, 4, 7), spread(6, 4, 3, seed=1), spread(6, seed=2), spread(2, 2, 3, 4, 3)),
    lambda t, x, w, b, y: t.nn.functional.conv_transpose2d(y[0], y[0, :, :2, :2]),
    norm=True,
    ulp=64,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "embedding",
    (spread(5, 3), integers([[0, 4, 4], [2, 1, 4]])),
    lambda t, w, k: t.nn.functional.embedding(k, w),
    lambda t, w, k: t.nn.functional.embedding(k.int(), w),
    lambda t, w, k: t.nn.functional.embedding(t.stack([k] * 40), w),
    norm=True,
    ulp=16,
    dtypes=WIDE,
)
samples(
    "embedding",
    (spread(5, 3), integers([[0, 4, 4], [2, 1, 4]])),
    lambda t, w, k: t.nn.functional.embedding(k, w, padding_idx=4),
    lambda t, w, k: t.nn.functional.embedding(k, w, padding_idx=-1),
    lambda t, w, k: t.nn.functional.embedding(k + 1, w),
    lambda t, w, k: t.nn.functional.embedding(k - 1, w),
    lambda t, w, k: t.nn.functional.embedding(k.to(w.dtype), w),
    lambda t, w, k: t.nn.functional.embedding(k > 1, w),
    lambda t, w, k: t.nn.functional.embedding(k, w[0]),
    lambda t, w, k: t.nn.functional.embedding(k, w, padding_idx=5),
    norm=True,
    ulp=16,
    dtypes=WIDE,
    options=("outside",),
)
samples(
    "embedding-frequency",  # PyTorch's second derivative forgets the frequencies
    (spread(5, 3), integers([[0, 4, 4], [2, 1, 4]])),
    lambda t, w, k: t.nn.functional.embedding(k, w, scale_grad_by_freq=True),
    lambda t, w, k: t.nn.functional.embedding(k, w, padding_idx=2, scale_grad_by_freq=True),
    norm=True,
    dtypes=WIDE,
    options=("first order",),
)
samples(
    "embedding-renormalised",
    (spread(5, 3), integers([[0, 4, 4], [2, 1, 4]])),
    lambda t, w, k: t.nn.functional.embedding(k, w.detach().clone(), max_norm=1.0),
    lambda t, w, k: t.nn.functional.embedding(k, w.detach().clone(), max_norm=1.0, norm_type=1.0),
    norm=True,
    ulp=8,
    dtypes=REAL[:2],
)
