"""Samples of pooling, and of views of windows."""

from __future__ import annotations

from samples.build import REAL, Input, samples, spread

__all__: list[str] = []

IMAGES = (spread(2, 3, 5, 4), spread(3, 5, 4), Input(spread(2, 3, 4, 5).values.swapaxes(-1, -2)))
SIGNALS = (spread(2, 3, 7), spread(3, 7))

for x in IMAGES:
    samples(
        "max_pool2d",
        (x,),
        lambda t, x: t.nn.functional.max_pool2d(x, 2),
        lambda t, x: t.nn.functional.max_pool2d(x, 2, return_indices=True),
        lambda t, x: t.max_pool2d(x, (2, 3), 1, (1, 1)),
        lambda t, x: t.nn.functional.max_pool2d(x, 2, (1, 2), 1, ceil_mode=True),
        lambda t, x: t.nn.functional.adaptive_max_pool2d(x, (2, None)),
        lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 3, return_indices=True),
        dtypes=REAL,
    )
for x in IMAGES:
    samples(
        "max_pool2d",
        (x,),
        lambda t, x: t.nn.functional.max_pool2d(x, 2, 1, 1, 2),
        dtypes=REAL,
    )
    samples(
        "avg_pool2d",
        (x,),
        lambda t, x: t.nn.functional.avg_pool2d(x, 2),
        lambda t, x: t.nn.functional.avg_pool2d(x, (2, 3), (1, 2), (1, 1)),
        lambda t, x: t.nn.functional.avg_pool2d(x, 3, 2, 1, True),
        lambda t, x: t.nn.functional.avg_pool2d(x, 3, 2, 1, True, False),
        lambda t, x: t.nn.functional.avg_pool2d(x, 2, divisor_override=3),
        lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, (2, None)),
        lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, (3, 3)),
        lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 1),
        dtypes=REAL,
        ulp=8,
        norm=True,
    )
for x in SIGNALS:
    samples(
        "max_pool1d",
        (x,),
        lambda t, x: t.nn.functional.max_pool1d(x, 3),
        lambda t, x: t.max_pool1d(x, 3, 2, 1),
        lambda t, x: t.nn.functional.max_pool1d(x, 2, dilation=2, return_indices=True),
        lambda t, x: t.nn.functional.adaptive_max_pool1d(x, 3),
        dtypes=REAL,
    )
    samples(
        "avg_pool1d",
        (x,),
        lambda t, x: t.nn.functional.avg_pool1d(x, 3),
        lambda t, x: t.nn.functional.avg_pool1d(x, 3, 2, 1, True, False),
        lambda t, x: t.nn.functional.adaptive_avg_pool1d(x, 3),
        dtypes=REAL,
        ulp=8,
        norm=True,
    )
    samples(
        "unfold",
        (x,),
        lambda t, x: x.unfold(-1, 2, 1),
        lambda t, x: x.unfold(0, 2, 2),
        lambda t, x: x.unfold(1, 3, 2).unfold(0, 1, 1),
    )
for x in (spread(2, 3, 4, 5), spread(2, 4, 3)):
    samples(
        "im2col",
        (x,),
        lambda t, x: t.nn.functional.unfold(x, 2),
        lambda t, x: t.nn.functional.unfold(x, (2, 3), padding=(1, 1), stride=2),
        lambda t, x: t.nn.functional.unfold(x, 2, dilation=(2, 1), stride=(1, 2)),
        ulp=8,
        norm=True,
    )
for x in (spread(2, 12, 6), spread(4, 6)):
    samples(
        "col2im",
        (x,),
        lambda t, x: t.nn.functional.fold(x, (3, 4), 2),
        lambda t, x: t.nn.functional.fold(x, (3, 4), (1, 2), padding=(0, 1), stride=(1, 3)),
        ulp=8,
        norm=True,
    )
for x in (spread(12), spread(3, 4)):
    samples(
        "as_strided",
        (x,),
        lambda t, x: x.as_strided((2, 3), (3, 1)),
        lambda t, x: t.as_strided(x, (3, 2), (1, 2), 1),
        lambda t, x: x.as_strided((), ()),
    )
for x in (spread(2, 2, 4, 3, 5), spread(2, 3, 4, 4)):
    samples(
        "max_pool3d",
        (x,),
        lambda t, x: t.nn.functional.max_pool3d(x, 2),
        lambda t, x: t.max_pool3d(x, (2, 1, 2), 1, (1, 0, 1)),
        lambda t, x: t.nn.functional.max_pool3d(x, 2, 2, 1, ceil_mode=True, return_indices=True),
        lambda t, x: t.nn.functional.max_pool3d(x, 2, 1, 1, (1, 2, 1)),
        lambda t, x: t.nn.functional.adaptive_max_pool3d(x, (2, None, 2)),
        lambda t, x: t.nn.functional.adaptive_max_pool3d(x, 2, return_indices=True),
        dtypes=REAL,
    )
    samples(
        "avg_pool3d",
        (x,),
        lambda t, x: t.nn.functional.avg_pool3d(x, 2),
        lambda t, x: t.nn.functional.avg_pool3d(x, (2, 1, 3), (1, 2, 2), (1, 0, 1)),
        lambda t, x: t.nn.functional.avg_pool3d(x, 2, 2, 1, True, False),
        lambda t, x: t.nn.functional.avg_pool3d(x, 2, divisor_override=3),
        lambda t, x: t.nn.functional.adaptive_avg_pool3d(x, (2, None, 2)),
        lambda t, x: t.nn.functional.adaptive_avg_pool3d(x, 1),
        dtypes=REAL,
        ulp=8,
        norm=True,
    )
