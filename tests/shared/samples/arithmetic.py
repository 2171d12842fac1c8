"""Samples of arithmetic."""

from __future__ import annotations

from samples.build import (
    ANY,
    COMPLEX_WIDE,
    FIELD,
    NUMBER,
    ORDERED,
    PAIRS,
    REAL,
    WIDE,
    inf,
    integers,
    nan,
    positive,
    samples,
    truths,
    values,
    x34,
)

__all__: list[str] = []

for pair in PAIRS:
    samples(
        "add",
        pair,
        lambda t, x, y: x + y,
        lambda t, x, y: t.add(x, y, alpha=2),
        lambda t, x, y: x.add(y),
        dtypes=ANY,
    )
    samples(
        "sub", pair, lambda t, x, y: x - y, lambda t, x, y: t.sub(x, y, alpha=3), dtypes=NUMBER
    )
    samples("mul", pair, lambda t, x, y: x * y, lambda t, x, y: t.mul(x, y), dtypes=ANY)
    divided = (pair[0], positive(*pair[1].values.shape))
    samples(
        "div", divided, lambda t, x, y: x / y, lambda t, x, y: t.div(x, y), dtypes=FIELD, norm=True
    )
    samples(
        "maximum",
        pair,
        lambda t, x, y: t.maximum(x, y),
        lambda t, x, y: x.maximum(y),
        lambda t, x, y: t.max(x, y),
        lambda t, x, y: x.max(y),
        dtypes=(*ORDERED, "bool"),
    )
    samples(
        "minimum",
        pair,
        lambda t, x, y: t.minimum(x, y),
        lambda t, x, y: x.min(y),
        lambda t, x, y: t.min(x, other=y),
        dtypes=(*ORDERED, "bool"),
    )
    samples(
        "comparison",
        pair,
        lambda t, x, y: x < y,
        lambda t, x, y: x <= y,
        lambda t, x, y: x > y,
        lambda t, x, y: x >= y,
        dtypes=(*ORDERED, "bool"),
    )
    samples(
        "comparison",
        pair,
        lambda t, x, y: x == y,
        lambda t, x, y: x != y,
        lambda t, x, y: t.eq(x, y),
        lambda t, x, y: x.ne(y),
        dtypes=ANY,
    )
    samples(
        "pow",
        (positive(*pair[0].values.shape), pair[1]),
        lambda t, x, y: x**y,
        lambda t, x, y: t.pow(x, y),
        ulp=8,
    )
    samples(
        "where",
        (truths(pair[0].values > 0), *pair),
        lambda t, c, x, y: t.where(c, x, y),
        lambda t, c, x, y: x.where(c, y),
        dtypes=ANY,
    )
samples(
    "add",
    (x34,),
    lambda t, x: x + 1,
    lambda t, x: 1 + x,
    lambda t, x: x + 0.5,
    lambda t, x: t.add(x, 2, alpha=3),
    lambda t, x: x.add(1, alpha=2),
    lambda t, x: t.add(input=x, other=1.0),
    lambda t, x: x + True,
    lambda t, x: x + x,
    dtypes=ANY,
)
samples(
    "add",
    (x34,),
    lambda t, x: x + 1j,
    lambda t, x: x * (1 + 2j),
    lambda t, x: x / 2j,
    dtypes=COMPLEX_WIDE,
)
samples(
    "sub",
    (x34,),
    lambda t, x: x - 1,
    lambda t, x: 1 - x,
    lambda t, x: t.rsub(x, 3),
    lambda t, x: x.sub(2, alpha=2),
    lambda t, x: t.subtract(x, 1),
    lambda t, x: x - 0.5,
    lambda t, x: 2.5 - x,
    lambda t, x: t.rsub(x, x, alpha=2),
    dtypes=NUMBER,
)
samples(
    "mul",
    (x34,),
    lambda t, x: 3 * x,
    lambda t, x: x * 0.5,
    lambda t, x: t.multiply(x, 2),
    lambda t, x: x * x,
    lambda t, x: x * x * x,
    lambda t, x: x.mul(2),
    dtypes=ANY,
)
samples(
    "div",
    (x34,),
    lambda t, x: x / 2,
    lambda t, x: 1 / x,
    lambda t, x: t.divide(x, 3),
    lambda t, x: t.true_divide(x, 0.5),
    lambda t, x: x.div(4),
    lambda t, x: 3.0 / x,
    dtypes=FIELD,
)
samples("div", (x34,), lambda t, x: x / x, dtypes=REAL, options=("values",))  # 0 but for rounding
samples(
    "div-integers",
    (integers(-7, 3, 8, 5), integers(2, -2, 3, 5)),
    lambda t, x, y: x / y,
    lambda t, x, y: t.div(x, y, rounding_mode="floor"),
    lambda t, x, y: t.div(x, y, rounding_mode="trunc"),
    lambda t, x, y: x // y,
    lambda t, x, y: x % y,
    lambda t, x, y: x // 2,
    lambda t, x, y: 7 // y,
    lambda t, x, y: x % 3,
    lambda t, x, y: 7 % y,
    lambda t, x, y: x / 2,
    lambda t, x, y: 1 / x,
    lambda t, x, y: t.remainder(x, y),
    lambda t, x, y: t.reciprocal(x),
    lambda t, x, y: x**2,
    lambda t, x, y: x**0.5,
    lambda t, x, y: 2 ** y.abs(),
    lambda t, x, y: x ** y.abs(),
    lambda t, x, y: 2.0**y,
    lambda t, x, y: t.floor_divide(x, 2.5),
    lambda t, x, y: x * 1.5,
    lambda t, x, y: t.sin(x),
    lambda t, x, y: t.sqrt(y.abs()),
    lambda t, x, y: x.exp(),
    lambda t, x, y: t.sigmoid(x),
    lambda t, x, y: -x,
    lambda t, x, y: abs(x),
    lambda t, x, y: t.sign(x),
    lambda t, x, y: x & y,
    lambda t, x, y: x | y,
    lambda t, x, y: x ^ y,
    lambda t, x, y: ~x,
    dtypes=("float32",),
)
samples(
    "div-rounded",
    (values(-7.5, 3.0, 8.25, 5.0, -0.0, 2.0), values(2.0, -1.5, 3.0, -5.0, 2.0, 0.25)),
    lambda t, x, y: t.div(x, y, rounding_mode="floor"),
    lambda t, x, y: x.div(y, rounding_mode="trunc"),
    lambda t, x, y: x // y,
    lambda t, x, y: x % y,
    lambda t, x, y: t.remainder(x, y),
    lambda t, x, y: t.floor_divide(x, y),
    lambda t, x, y: x // 2,
    lambda t, x, y: x % 2.0,
    lambda t, x, y: 7 % y,
    lambda t, x, y: t.div(x, 2, rounding_mode="trunc"),
    dtypes=WIDE,
)
samples(
    "div-zero",
    (values(1.0, -1.0, 0.0, inf, nan), values(0.0, 0.0, 0.0, inf, 1.0)),
    lambda t, x, y: x / y,
    lambda t, x, y: 1 / x,
    lambda t, x, y: x // y,
    lambda t, x, y: x % y,
    lambda t, x, y: t.div(x, y, rounding_mode="floor"),
    lambda t, x, y: t.div(x, y, rounding_mode="trunc"),
    dtypes=WIDE,
)
samples(
    "pow",
    (x34,),
    lambda t, x: x**2,
    lambda t, x: x**3,
    lambda t, x: x**0,
    lambda t, x: x**1,
    lambda t, x: x**-1,
    lambda t, x: x**-2,
    lambda t, x: t.pow(x, 2.0),
    lambda t, x: x.pow(3),
    lambda t, x: t.square(x),
    lambda t, x: t.pow(x, exponent=4),
    lambda t, x: x**2.0,
    lambda t, x: x**1.0,
    ulp=16,
)
samples(
    "pow",
    (x34,),
    lambda t, x: x**2,
    lambda t, x: x**3,
    lambda t, x: t.square(x),
    lambda t, x: x**0,
    dtypes=NUMBER,
    ulp=8,
)
samples(
    "pow",
    (positive(3, 4),),
    lambda t, x: x**0.5,
    lambda t, x: x**-0.5,
    lambda t, x: x**1.5,
    lambda t, x: x**2.25,
    lambda t, x: x**x,
    lambda t, x: 1**x,
    ulp=8,
)
# PyTorch takes the logarithm of a base that is a number in float32, whatever the exponent's dtype
samples(
    "pow",
    (positive(3, 4),),
    lambda t, x: 2**x,
    lambda t, x: t.pow(2.0, x),
    lambda t, x: 0.5**x,
    dtypes=("float32", "float16", "complex64"),
    ulp=8,
)
samples(
    "pow",
    (positive(3, 4),),
    lambda t, x: 2**x,
    lambda t, x: t.pow(2.0, x),
    lambda t, x: 0.5**x,
    ulp=8,
    options=("values",),
)
samples(
    "pow-corner",
    (
        values(0.0, 0.0, 0.0, 2.0, -2.0, -2.0, 0.0, inf, nan, 1.0),
        values(0.0, 1.0, 2.0, 0.0, 2.0, 3.0, 0.5, 2.0, 0.0, nan),
    ),
    lambda t, x, y: x**0,
    lambda t, x, y: x**0.5,
    lambda t, x, y: x**1,
    lambda t, x, y: x**2,
    lambda t, x, y: x**3,
    lambda t, x, y: (-2) ** y,
    lambda t, x, y: x**-1,
    lambda t, x, y: x**2.5,
    dtypes=WIDE,
    ulp=8,
)
samples(  # PyTorch's second derivatives are nan where x^y has one
    "pow-corner",
    (
        values(0.0, 0.0, 0.0, 2.0, -2.0, -2.0, 0.0, inf, nan, 1.0),
        values(0.0, 1.0, 2.0, 0.0, 2.0, 3.0, 0.5, 2.0, 0.0, nan),
    ),
    lambda t, x, y: x**y,
    lambda t, x, y: 0**y,
    lambda t, x, y: 0.0**y,
    dtypes=WIDE,
    options=("first order",),
)
samples("pow-0d", (values(2.5), values(1.5)), lambda t, x, y: x**y, lambda t, x, y: x**2, ulp=8)
