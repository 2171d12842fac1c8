"""Wrong numbers: signs, factors, terms, arguments for which a rule fails."""

from __future__ import annotations

from planting import Mistake
from wrong import (
    averaged,
    clamp_at_bounds,
    count,
    first_of,
    kept,
    namespace_of,
    one_entry,
    one_pass_deviation_rule,
    times,
    to_every_tie,
    transposed,
    variance_rule,
    where_input,
)

__all__ = ["VALUES"]

P = "pointwise."
R = "reductions."
S = "shapes."
N = "indexing."
C = "contraction."
L = "softmax."

VALUES: tuple[Mistake, ...] = (
    # sign
    Mistake("sign", "sub, second", "sub", P + "SUB", 1, lambda g: g),
    Mistake("sign", "neg", "neg", P + "NEG", 0, lambda g: g),
    Mistake("sign", "cos", "cos", P + "COS", 0, lambda xp, g, x: g * xp.sin(x)),
    Mistake("sign", "reciprocal", "reciprocal", P + "RECIPROCAL", change=times(-1)),
    Mistake("sign", "div, second", "div", P + "DIV", 1, change=times(-1)),
    Mistake("sign", "mse_loss, target", "mse_loss", L + "MSE_LOSS", 1, change=times(-1)),
    Mistake("sign", "nll_loss", "cross_entropy", L + "NLL_LOSS", change=times(-1)),
    Mistake("sign", "rsqrt", "rsqrt", P + "RSQRT", change=times(-1)),
    # a factor
    Mistake("factor 2", "pow(x, n)", "pow", P + "POW_NUMBER", change=times(2)),
    Mistake("factor 2", "sqrt", "sqrt", P + "SQRT", 0, lambda g, out: g / out),
    Mistake("factor 2", "mean", "mean", R + "MEAN", change=times(2)),
    Mistake("factor 2", "var", "var", R + "VAR", change=times(0.5)),
    Mistake("factor 2", "std", "std", R + "STD", change=times(2)),
    Mistake("factor 2", "mse_loss", "mse_loss", L + "MSE_LOSS", change=times(0.5)),
    Mistake("factor 2", "matmul, left", "matmul", C + "MATMUL", change=times(2)),
    Mistake(
        "factor 2",
        "addmm, alpha ignored",
        "addmm",
        C + "ADDMM",
        1,
        lambda xp, g, y: g @ transposed(y, xp),
    ),
    Mistake("factor 2", "add, alpha ignored", "add", P + "ADD_SCALED", 1, lambda g: g),
    # one part in a hundred thousand
    Mistake("1 + 1e-5", "exp", "exp", P + "EXP", change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "log", "log", P + "LOG", change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "rsqrt", "rsqrt", P + "RSQRT", change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "tanh", "tanh", P + "TANH", change=times(1 - 1e-5)),
    Mistake("1 + 1e-5", "mm, right", "mm", C + "MM", 1, change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "softmax", "softmax", L + "SOFTMAX", change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "sum", "sum", R + "SUM", change=times(1 + 1e-5)),
    Mistake("1 + 1e-5", "var", "var", R + "VAR", change=times(1 - 1e-5)),
    Mistake("1 + 1e-5", "einsum", "einsum", C + "EINSUM", change=times(1 + 1e-5)),
    Mistake(
        "rough constant",
        "erf, 2 over root pi to six digits",
        "erf",
        P + "ERF",
        0,
        lambda xp, g, x: g * (1.12838 * xp.exp(-(x * x))),
        dtypes=("float64",),
    ),
    # broadcasting undone wrongly
    Mistake(
        "broadcast",
        "add, mean for sum",
        "add",
        P + "ADD",
        1,
        lambda xp, g, y_shape: averaged(g, y_shape, xp),
    ),
    Mistake(
        "broadcast",
        "mul, one copy for the sum",
        "mul",
        P + "MUL",
        1,
        lambda g, x, y_shape: first_of(g * x, y_shape),
    ),
    Mistake(
        "broadcast",
        "mul, summed over the last axis",
        "mul",
        P + "MUL",
        1,
        lambda xp, g, x, y_shape: xp.sum(g * x, axis=-1) if len(y_shape) < g.ndim else g * x,
    ),
    Mistake(
        "broadcast",
        "expand, mean for sum",
        "expand",
        S + "EXPAND",
        0,
        lambda xp, g, x_shape: averaged(g, x_shape, xp),
    ),
    Mistake(
        "broadcast",
        "linear, bias",
        "linear",
        C + "LINEAR",
        2,
        lambda xp, g: xp.mean(g, axis=tuple(range(g.ndim - 1))),
    ),
    Mistake("factor 2", "addmm, beta ignored", "addmm", C + "ADDMM", 0, lambda g: g),
    Mistake(
        "broadcast",
        "matmul, mean over the batch",
        "matmul",
        C + "MATMUL",
        1,
        change=lambda r, a: r / a.g.shape[0] if r.ndim < a.g.ndim else r,
    ),
    # arguments swapped, factors transposed
    Mistake("swapped", "div", "div", P + "DIV", 0, lambda g, x: g / x),
    Mistake("swapped", "mul", "mul", P + "MUL", 0, lambda g, x: g * x),
    Mistake("swapped", "dot", "dot", C + "DOT", 0, lambda g, x: g * x),
    Mistake(
        "swapped",
        "maximum, to the smaller",
        "maximum",
        P + "MAXIMUM",
        0,
        lambda xp, g, x, y: xp.where(x < y, g, 0),
    ),
    Mistake(
        "swapped",
        "where",
        "where",
        P + "WHERE",
        1,
        lambda xp, g, condition: xp.where(condition, 0, g),
    ),
    Mistake(
        "swapped",
        "masked_fill",
        "masked_fill",
        N + "MASKED_FILL",
        0,
        lambda xp, g, mask: xp.where(mask, g, 0),
    ),
    Mistake(
        "swapped",
        "pow, base and exponent",
        "pow",
        P + "POW_TENSORS",
        0,
        lambda xp, g, x, y, out: g * out * xp.log(x),
    ),
    Mistake(
        "swapped",
        "clamp, low and high",
        "clamp",
        P + "CLAMP_TENSORS",
        1,
        lambda xp, g, x, high: xp.where(x > high, g, 0),
    ),
    Mistake(
        "transposed",
        "mm, left",
        "mm",
        C + "MM",
        0,
        lambda xp, g, y: g @ (y if y.shape[0] == y.shape[1] else transposed(y, xp)),
    ),
    Mistake(
        "transposed",
        "mm, right",
        "mm",
        C + "MM",
        1,
        lambda xp, g, x: (x if x.shape[0] == x.shape[1] else transposed(x, xp)) @ g,
    ),
    Mistake("transposed", "t", "t", S + "T", 0, lambda g: g),
    Mistake(
        "transposed",
        "permute, not inverted",
        "permute",
        S + "PERMUTE",
        0,
        lambda xp, g, dims: xp.permute_dims(g, dims),
    ),
    # a term left out
    Mistake(
        "dropped term", "softmax, the sum", "softmax", L + "SOFTMAX", 0, lambda g, out: g * out
    ),
    Mistake(
        "dropped term", "log_softmax, the sum", "log_softmax", L + "LOG_SOFTMAX", 0, lambda g: g
    ),
    Mistake(
        "dropped term",
        "var, the mean",
        "var",
        R + "VAR",
        0,
        lambda xp, g, x, dim, correction, keepdim: variance_rule(
            xp, x, g, dim, keepdim, 0, 2 / (count(x, dim) - correction)
        ),
    ),
    Mistake(
        "dropped term",
        "logsumexp, the weights",
        "logsumexp",
        R + "LOGSUMEXP",
        0,
        lambda xp, g, x, dim, keepdim: xp.zeros_like(x) + kept(g, x.shape, dim, keepdim, xp),
    ),
    Mistake(
        "dropped term",
        "prod, not without the own factor",
        "prod",
        R + "PROD",
        0,
        lambda xp, g, x, out, dim, keepdim: (
            xp.zeros_like(x) + kept(g * out, x.shape, dim, keepdim, xp)
        ),
    ),
    Mistake(
        "dropped term",
        "norm, the division",
        "norm",
        R + "VECTOR_NORM",
        0,
        lambda xp, g, x, dim, keepdim: kept(g, x.shape, dim, keepdim, xp) * x,
    ),
    Mistake("dropped term", "cumsum, not summed", "cumsum", R + "CUMSUM", 0, lambda g: g),
    Mistake("dropped term", "tan, the one", "tan", P + "TAN", 0, lambda g, out: g * (out * out)),
    # only for some arguments
    Mistake(
        "only x < 0",
        "exp",
        "exp",
        P + "EXP",
        0,
        lambda xp, g, x, out: g * xp.where(x < 0, 1.125 * out, out),
    ),
    Mistake("only x < 0", "abs", "abs", P + "ABS", 0, lambda g: g),
    Mistake(
        "only x < 0",
        "div, second",
        "div",
        P + "DIV",
        1,
        lambda xp, g, x, y: -g * (x / y) / xp.abs(y),
    ),
    Mistake(
        "only x < 0",
        "pow(x, 2)",
        "pow",
        P + "POW_NUMBER",
        change=lambda r, a: namespace_of(r).abs(r) if a.exponent == 2 else r,
    ),
    Mistake(
        "past a threshold",
        "tanh past 10",
        "tanh",
        P + "TANH",
        change=where_input(lambda x: x > 10, 1.5),
    ),
    Mistake(
        "past a threshold",
        "sin past 50",
        "sin",
        P + "SIN",
        change=where_input(lambda x: x > 50, 1.5),
    ),
    Mistake(
        "past a threshold",
        "log past 100",
        "log",
        P + "LOG",
        change=where_input(lambda x: x > 100, 1.5),
    ),
    Mistake(
        "past a threshold",
        "sigmoid below -10",
        "sigmoid",
        P + "SIGMOID",
        change=where_input(lambda x: x < -10, 0.0),
    ),
    Mistake(
        "past a threshold",
        "erf, zero past 3",
        "erf",
        P + "ERF",
        change=where_input(lambda x: x > 3, 0.0),
    ),
    Mistake(
        "past a threshold",
        "log1p below -0.99",
        "log1p",
        P + "LOG1P",
        change=where_input(lambda x: x < -0.99, 1.5),
    ),
    Mistake(
        "past a threshold",
        "exp near zero",
        "exp",
        P + "EXP",
        0,
        lambda xp, g, x, out: g * xp.where(xp.abs(x) < 1e-2, 1, out),
    ),
    # ties and kinks
    Mistake(
        "at ties",
        "maximum, all to both",
        "maximum",
        P + "MAXIMUM",
        0,
        lambda xp, g, x, y: xp.where(x >= y, g, 0),
    ),
    Mistake(
        "at ties",
        "minimum, nothing to the first",
        "minimum",
        P + "MINIMUM",
        0,
        lambda xp, g, x, y: xp.where(x < y, g, 0),
    ),
    Mistake("at ties", "amax, all to each", "amax", R + "AMAX", 0, to_every_tie),
    Mistake(
        "at ties",
        "abs(0), outside [-1, 1]",
        "abs",
        P + "ABS",
        0,
        lambda xp, g, x: g * xp.where(x == 0, 1.5, xp.sign(x)),
    ),
    Mistake(
        "at ties",
        "relu(0), twice",
        "relu",
        P + "RELU",
        0,
        lambda xp, g, x: xp.where(x > 0, g, xp.where(x == 0, 2 * g, 0)),
    ),
    Mistake(
        "at ties",
        "clamp at its bounds, minus",
        "clamp",
        P + "CLAMP_NUMBERS",
        0,
        clamp_at_bounds,
    ),
    # one entry, one place
    Mistake("one entry", "sum", "sum", R + "SUM", change=one_entry),
    Mistake("one entry", "mm, left", "mm", C + "MM", change=one_entry),
    Mistake("one entry", "softmax", "softmax", L + "SOFTMAX", change=one_entry),
    Mistake("one entry", "mul", "mul", P + "MUL", change=one_entry),
    # factors of zero
    Mistake(
        "at zero",
        "prod, by division",
        "prod",
        R + "PROD",
        0,
        lambda xp, g, x, out, dim, keepdim: kept(g * out, x.shape, dim, keepdim, xp) / x,
    ),
    Mistake(
        "at zero",
        "prod, zero at a zero",
        "prod",
        R + "PROD",
        change=where_input(lambda x: x == 0, 0.0),
    ),
    Mistake("at zero", "mul, by division", "mul", P + "MUL", 0, lambda g, x, out: g * (out / x)),
    Mistake(
        "at zero",
        "pow(x, 3), by division",
        "pow",
        P + "POW_NUMBER",
        0,
        lambda g, x, out, exponent: g * exponent * out / x,
    ),
    Mistake(
        "at zero",
        "norm of zero is nan",
        "norm",
        R + "VECTOR_NORM",
        0,
        lambda xp, g, x, out, dim, keepdim: kept(g / out, x.shape, dim, keepdim, xp) * x,
    ),
    Mistake("at zero", "abs(0) is nan", "abs", P + "ABS", 0, lambda xp, g, x: g * x / xp.abs(x)),
    Mistake(
        "at zero",
        "exponent 0 cuts the second order",
        "pow",
        P + "POW_TENSORS",
        0,
        lambda xp, g, x, y: xp.where(y == 0, 0, g * (y * x ** xp.where(y == 0, 1, y - 1))),
    ),
    # cancellation
    Mistake(
        "cancellation", "tanh, 1 - out²", "tanh", P + "TANH", 0, lambda g, out: g * (1 - out * out)
    ),
    Mistake(
        "cancellation",
        "sigmoid, out (1 - out)",
        "sigmoid",
        P + "SIGMOID",
        0,
        lambda g, out: g * (out * (1 - out)),
    ),
    Mistake(
        "cancellation", "expm1, out + 1", "expm1", P + "EXPM1", 0, lambda g, out: g * (out + 1)
    ),
    Mistake(
        "cancellation",
        "std, mean of the squares less the square of the mean",
        "std",
        R + "STD",
        0,
        one_pass_deviation_rule,
    ),
    Mistake(
        "cancellation",
        "logsumexp, exp(x - out)",
        "logsumexp",
        R + "LOGSUMEXP",
        0,
        lambda xp, g, x, out, dim, keepdim: (
            kept(g, x.shape, dim, keepdim, xp) * xp.exp(x - kept(out, x.shape, dim, keepdim, xp))
        ),
    ),
)
