"""Samples of elementwise functions."""

from __future__ import annotations

from samples.build import (
    ANY,
    FIELD,
    NUMBER,
    ORDERED,
    REAL,
    SIGNED,
    WIDE,
    condition,
    inf,
    nan,
    positive,
    samples,
    spread,
    values,
    x34,
)

__all__: list[str] = []

for shape in ((3, 4), (), (0, 3), (7,)):
    x, p = spread(*shape), positive(*shape)
    samples(
        "neg",
        (x,),
        lambda t, x: -x,
        lambda t, x: t.neg(x),
        lambda t, x: x.negative(),
        dtypes=NUMBER,
    )
    samples(
        "abs",
        (x,),
        lambda t, x: abs(x),
        lambda t, x: t.abs(x),
        lambda t, x: x.absolute(),
        dtypes=NUMBER,
    )
    samples("sign", (x,), lambda t, x: t.sign(x), lambda t, x: x.sign(), dtypes=(*ORDERED, "bool"))
    samples("exp", (x,), lambda t, x: t.exp(x), lambda t, x: x.exp(), dtypes=ANY)
    samples("expm1", (x,), lambda t, x: t.expm1(x), lambda t, x: x.expm1(), ulp=8)
    samples("log", (p,), lambda t, x: t.log(x), lambda t, x: x.log(), ulp=8)
    samples("log1p", (p,), lambda t, x: t.log1p(x), lambda t, x: x.log1p())
    samples("sqrt", (p,), lambda t, x: t.sqrt(x), lambda t, x: x.sqrt())
    samples("rsqrt", (p,), lambda t, x: t.rsqrt(x), lambda t, x: x.rsqrt(), ulp=8)
    samples("reciprocal", (x,), lambda t, x: t.reciprocal(x), lambda t, x: x.reciprocal())
    samples("square", (x,), lambda t, x: t.square(x), lambda t, x: x.square())
    samples("sin", (x,), lambda t, x: t.sin(x), lambda t, x: x.sin().cos(), lambda t, x: t.cos(x))
    samples("tan", (x,), lambda t, x: t.tan(x), lambda t, x: x.tan(), ulp=16)
    samples("sinh", (x,), lambda t, x: t.sinh(x), lambda t, x: x.cosh(), ulp=8)
    samples("tanh", (x,), lambda t, x: t.tanh(x), lambda t, x: x.tanh(), ulp=48)
    samples("sigmoid", (x,), lambda t, x: t.sigmoid(x), lambda t, x: x.sigmoid(), ulp=16)
    samples("erf", (x,), lambda t, x: t.erf(x), lambda t, x: x.erf(), dtypes=REAL, ulp=8)
    samples(
        "relu",
        (x,),
        lambda t, x: t.relu(x),
        lambda t, x: x.relu(),
        lambda t, x: t.nn.functional.relu(x),
        dtypes=ORDERED,
    )
    samples(
        "floor",
        (x,),
        lambda t, x: t.floor(x),
        lambda t, x: x.round(),
        lambda t, x: t.round(x),
        dtypes=ORDERED,
    )
    samples(
        "clamp",
        (x,),
        lambda t, x: t.clamp(x, -1, 1),
        lambda t, x: x.clamp(min=0),
        lambda t, x: x.clamp(max=0.5),
        lambda t, x: t.clip(x, 0.5, -0.5),
        lambda t, x: x.clip(0, 1),
        lambda t, x: t.clamp(x, min=-0.5, max=None),
        dtypes=SIGNED,
    )
    samples(
        "isnan",
        (x,),
        lambda t, x: t.isnan(x),
        lambda t, x: t.isinf(x),
        lambda t, x: x.isfinite(),
        lambda t, x: t.logical_not(x),
        lambda t, x: t.logical_and(x, x),
        dtypes=ANY,
    )
    samples("clone", (x,), lambda t, x: x.clone(), lambda t, x: t.clone(x), dtypes=ANY)
    samples(
        "to",
        (x,),
        lambda t, x: x.to(t.float64),
        lambda t, x: x.double(),
        lambda t, x: x.to(t.float32),
        lambda t, x: x.float(),
        lambda t, x: x.to(dtype=t.float64),
        lambda t, x: x.to(t.float64).to(x.dtype),
        lambda t, x: x.double() * x,
        dtypes=ORDERED,
    )
    samples(
        "to-half", (x,), lambda t, x: x.half(), lambda t, x: x.to(t.float16) * 2, dtypes=ORDERED
    )
    samples(
        "to",
        (x,),
        lambda t, x: x.to(t.complex128),
        lambda t, x: x.to(t.complex64) * 2,
        dtypes=FIELD,
    )

corners = values(-inf, -20.0, -1.0, -0.0, 0.0, 1.0, 20.0, inf, nan)
samples(
    "corners",
    (corners,),
    lambda t, x: t.abs(x),
    lambda t, x: t.sign(x),
    lambda t, x: t.relu(x),
    lambda t, x: t.sqrt(x),
    lambda t, x: t.rsqrt(x),
    lambda t, x: t.log(x),
    lambda t, x: t.log1p(x),
    lambda t, x: t.exp(x),
    lambda t, x: t.reciprocal(x),
    lambda t, x: t.sin(x),
    lambda t, x: t.cosh(x),
    lambda t, x: t.clamp(x, -1, 1),
    lambda t, x: t.clamp(x, min=0.0),
    lambda t, x: t.clamp(x, max=0.0),
    lambda t, x: t.floor(x),
    lambda t, x: t.round(x),
    lambda t, x: t.erf(x),
    lambda t, x: x.isnan(),
    lambda t, x: t.square(x),
    lambda t, x: t.where(x > 0, t.sqrt(x), 0.0),
    lambda t, x: t.clamp(x, nan, 1),
    dtypes=WIDE,
    ulp=8,
)
# PyTorch's derivative of expm1, from its result, has no digits left at -20: ours has all
samples("corners", (corners,), lambda t, x: t.expm1(x), dtypes=WIDE, options=("values",))
samples(
    "corners",
    (corners, values(-inf, -20.0, 1.0, 0.0, -0.0, nan, 1.0, inf, nan)),
    lambda t, x, y: t.maximum(x, y),
    lambda t, x, y: t.minimum(x, y),
    lambda t, x, y: t.clamp(x, min=y),
    lambda t, x, y: x == y,
    lambda t, x, y: x < y,
    lambda t, x, y: x * y,
    lambda t, x, y: x - y,
    dtypes=WIDE,
)
# between equal bounds PyTorch loses the derivative of what is below: ours goes to the upper bound
samples(
    "corners",
    (corners, values(-inf, -20.0, 1.0, 0.0, -0.0, nan, 1.0, inf, nan)),
    lambda t, x, y: t.clamp(x, y, y),
    dtypes=WIDE,
    options=("values",),
)
low, high = spread(3, 4, low=-1.5, high=0.25, seed=4), spread(3, 4, low=-0.25, high=1.5, seed=6)
samples(
    "clamp",
    (x34, low, high),
    lambda t, x, a, b: t.clamp(x, a, b),
    lambda t, x, a, b: t.clamp(x, min=a),
    lambda t, x, a, b: x.clamp(max=b),
    lambda t, x, a, b: t.clamp(x, b, a),
    lambda t, x, a, b: t.clamp(x, a[0], b),
    lambda t, x, a, b: x.clip(a, b[:1]),
    dtypes=SIGNED,
)
samples(
    "clamp-ties",
    (values(1.0, 2.0, 3.0), values(1.0, 2.0, 2.0), values(1.0, 2.5, 3.0)),
    lambda t, x, a, b: t.clamp(x, a, b),
    lambda t, x, a, b: t.clamp(x, max=b),
    dtypes=WIDE,
)
samples(
    "where",
    (condition, x34),
    lambda t, c, x: t.where(c, x, 0.0),
    lambda t, c, x: t.where(c, 0, x),
    lambda t, c, x: t.where(c, 1.5, x),
    lambda t, c, x: t.where(c, x, x[0]),
    lambda t, c, x: t.where(c, 1, 2),
    lambda t, c, x: t.where(c, 1.0, 2),
    lambda t, c, x: x.where(c, 1),
    lambda t, c, x: t.where(c),
    lambda t, c, x: t.where(c, x, t.tensor(2)),
    lambda t, c, x: t.where(c[0], x, 1),
    dtypes=ANY,
)
