"""Right rules that differ from the engine's own: none of them may be blamed."""

from __future__ import annotations

from planting import Mistake
from wrong import count, to_first_tie, variance_rule, widened

from autodiff.ops.softmax import SOFTMAX

__all__ = ["HARMLESS"]

P = "pointwise."
R = "reductions."
C = "contraction."
L = "softmax."

HARMLESS: tuple[Mistake, ...] = (
    Mistake("dtype", "exp, float64 returned: the engine casts", "exp", P + "EXP", change=widened),
    Mistake("recomputed", "exp", "exp", P + "EXP", 0, lambda xp, g, x: g * xp.exp(x)),
    Mistake(
        "recomputed", "tan, 1 over cos²", "tan", P + "TAN", 0, lambda xp, g, x: g / xp.cos(x) ** 2
    ),
    Mistake(
        "recomputed", "sqrt, from x", "sqrt", P + "SQRT", 0, lambda xp, g, x: g * 0.5 / xp.sqrt(x)
    ),
    Mistake(
        "recomputed",
        "rsqrt, by division",
        "rsqrt",
        P + "RSQRT",
        0,
        lambda g, x, out: g * (-0.5 * out / x),
    ),
    Mistake(
        "recomputed", "reciprocal", "reciprocal", P + "RECIPROCAL", 0, lambda g, x: -g / (x * x)
    ),
    Mistake(
        "recomputed", "div, from the result", "div", P + "DIV", 1, lambda g, y, out: -g * out / y
    ),
    Mistake(
        "recomputed",
        "cosh",
        "cosh",
        P + "COSH",
        0,
        lambda xp, g, x: g * (xp.sinh(x / 2) * xp.cosh(x / 2) * 2),
    ),
    Mistake(
        "recomputed",
        "log_softmax, by softmax",
        "log_softmax",
        L + "LOG_SOFTMAX",
        0,
        lambda xp, g, x, dim: (
            g - SOFTMAX(x, dim=dim) * xp.sum(g, axis=dim, keepdims=True) if x.ndim else g * 0
        ),
    ),
    Mistake(
        "recomputed",
        "mm, as a sum of outer products",
        "mm",
        C + "MM",
        0,
        lambda xp, g, y: xp.sum(xp.expand_dims(g, axis=1) * xp.expand_dims(y, axis=0), axis=-1),
    ),
    Mistake(
        "recomputed",
        "var, one pass for the mean",
        "var",
        R + "VAR",
        0,
        lambda xp, g, x, dim, correction, keepdim: variance_rule(
            xp,
            x,
            g,
            dim,
            keepdim,
            xp.mean(x, axis=dim, keepdims=True),
            2 / (count(x, dim) - correction),
        ),
    ),
    Mistake(
        "recomputed",
        "softmax, out · (g - Σ)",
        "softmax",
        L + "SOFTMAX",
        0,
        lambda xp, g, out, dim: (
            out * (g - xp.sum(g * out, axis=dim, keepdims=True)) if out.ndim else g * 0
        ),
    ),
    Mistake(
        "convention",
        "relu(0) is 1",
        "relu",
        P + "RELU",
        0,
        lambda xp, g, x: xp.where(x >= 0, g, 0),
    ),
    Mistake(
        "convention",
        "relu(0) is 1/2",
        "relu",
        P + "RELU",
        0,
        lambda xp, g, x: xp.where(x > 0, g, xp.where(x == 0, g / 2, 0)),
    ),
    Mistake(
        "convention", "abs(0) is -1", "abs", P + "ABS", 0, lambda xp, g, x: xp.where(x > 0, g, -g)
    ),
    Mistake("convention", "amax, the first tie", "amax", R + "AMAX", 0, to_first_tie),
    Mistake(
        "convention",
        "clamp, 0 at its bounds",
        "clamp",
        P + "CLAMP_NUMBERS",
        0,
        lambda xp, g, x, out, min, max: (
            g
            * (
                (1.0 if min is None else (x > min) * 1.0)
                * (1.0 if max is None else (x < max) * 1.0)
            )
        ),
    ),
)
