"""Samples of inverse functions, logarithms, rounding and angles."""

from __future__ import annotations

import numpy as np

from samples.build import ORDERED, REAL, positive, samples, spread, values

__all__: list[str] = []

PAIR = ("float32", "float64")  # PyTorch overflows in float16
INSIDE = values(np.linspace(-0.875, 0.875, 12).reshape(3, 4))

for x in (INSIDE, INSIDE.T, values(0.25), spread(0, 3)):
    samples("acos", (x,), lambda t, x: t.acos(x), lambda t, x: x.arccos(), dtypes=REAL, ulp=16)
    samples("asin", (x,), lambda t, x: t.asin(x), lambda t, x: x.arcsin(), dtypes=REAL, ulp=16)
    samples("atanh", (x,), lambda t, x: t.atanh(x), lambda t, x: x.arctanh(), dtypes=REAL, ulp=16)
for x in (spread(3, 4), spread(4, 3).T, spread(), spread(0, 3)):
    samples("atan", (x,), lambda t, x: t.atan(x), lambda t, x: x.arctan(), dtypes=REAL, ulp=8)
    samples("asinh", (x,), lambda t, x: t.asinh(x), lambda t, x: x.arcsinh(), dtypes=REAL, ulp=8)
    samples("exp2", (x,), lambda t, x: t.exp2(x), lambda t, x: x.exp2(), dtypes=REAL, ulp=8)
    samples(
        "erfc", (x,), lambda t, x: t.erfc(x), lambda t, x: t.special.erfc(x), dtypes=REAL, ulp=16
    )
    samples("ceil", (x,), lambda t, x: t.ceil(x), lambda t, x: x.ceil(), dtypes=ORDERED)
    samples("trunc", (x,), lambda t, x: t.trunc(x), lambda t, x: x.fix(), dtypes=ORDERED)
    samples("frac", (x,), lambda t, x: t.frac(x * 3), lambda t, x: x.frac(), dtypes=REAL)
    samples("deg2rad", (x,), lambda t, x: t.deg2rad(x), lambda t, x: x.deg2rad(), dtypes=REAL)
    samples("rad2deg", (x,), lambda t, x: t.rad2deg(x), lambda t, x: x.rad2deg(), dtypes=REAL)
    samples("positive", (x,), lambda t, x: t.positive(x), lambda t, x: +x, dtypes=REAL)
for x in (positive(3, 4), positive(4, 3).T, positive()):
    samples("log2", (x,), lambda t, x: t.log2(x), lambda t, x: x.log2(), dtypes=REAL, ulp=16)
    samples("log10", (x,), lambda t, x: t.log10(x), lambda t, x: x.log10(), dtypes=REAL, ulp=16)
for x in (values(1.5 + np.arange(12.0).reshape(3, 4) / 4), values(2.0)):
    samples("acosh", (x,), lambda t, x: t.acosh(x), lambda t, x: x.arccosh(), dtypes=REAL, ulp=16)
for x, y in (
    (spread(3, 4), spread(4, 3).T),
    (spread(3, 1), spread(4)),
    (spread(), spread(2)),
):
    samples(
        "atan2",
        (x, y),
        lambda t, x, y: t.atan2(x, y),
        lambda t, x, y: x.arctan2(y),
        dtypes=PAIR,
        ulp=16,
    )
    samples(
        "hypot",
        (x, y),
        lambda t, x, y: t.hypot(x, y),
        lambda t, x, y: x.hypot(y),
        dtypes=PAIR,
        ulp=8,
    )
    samples("logaddexp", (x, y), lambda t, x, y: t.logaddexp(x, y), dtypes=REAL, ulp=16)
