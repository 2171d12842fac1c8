"""Cases of a fourth set, written from what kernels do, without a look at the others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from judging.case import BFLOAT16, Case, Rules, normal

__all__ = ["CASES"]

F16, F32, F64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _case(
    right: bool, kind: str, name: str, forward: Any, vjp: Any, *arrays: Any, definition: Any = None
) -> Case:
    rules = Rules(forward, vjp)
    given = tuple(np.asarray(array) for array in arrays)
    return Case(f"fourth, {name}", right, kind, lambda: rules, given, definition)


# ------------------------------------------------------------------ functions of one number or two


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _log1mexp(x: Any) -> Any:
    return np.where(x > -0.6931471805599453, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def _sine_over(x: Any) -> Any:
    return np.sin(x) / x


def _sine_over_slope(x: Any) -> Any:
    s = x * x
    series = x * (-1 / 3 + s * (1 / 30 + s * (-1 / 840 + s * (1 / 45360 - s / 3991680))))
    return np.where(np.abs(x) < 0.1, series, (x * np.cos(x) - np.sin(x)) / s)


def _newton_root(x: Any) -> Any:
    y = np.where(x > 1, x, 1.0)
    for _ in range(60):
        y = 0.5 * (y + x / y)
    return y


def _kepler(m: Any, e: Any) -> Any:
    """The eccentric anomaly, by Newton's iteration."""
    anomaly = m + 0 * e
    for _ in range(10):
        step = (anomaly - e * np.sin(anomaly) - m) / (1 - e * np.cos(anomaly))
        anomaly = anomaly - step
    return anomaly


def _kepler_vjp(sign: float) -> Any:
    def vjp(g: Any, m: Any, e: Any) -> Any:
        anomaly = _kepler(m, e)
        slope = 1 / (1 - e * np.cos(anomaly))
        return g * slope, sign * g * np.sin(anomaly) * slope

    return vjp


def _gelu(x: Any) -> Any:
    return x * 0.5 * _erfc(-x / math.sqrt(2))


def _gelu_tanh_slope(x: Any) -> Any:
    a, b = 0.7978845608, 0.044715
    t = np.tanh(a * (x + b * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * a * (1 + 3 * b * x * x)


def _scalars() -> list[Case]:
    x = np.array([-2.0, -1.0, 0.5, 2.0])
    far = (np.array([1e-200, 3.0, 1e200]), np.array([2e-200, -4.0, 1e199]))
    sides = (np.array([1e-30, 3e30, 1.0], F32), np.array([1e-30, 2e30, 1e-3], F32))
    orbit = (np.array([0.3, 1.5, 2.9]), np.array([0.1, 0.6, 0.3]))
    roots = np.array([1e-4, 2.0, 1e8])

    def angle(g: Any, y: Any, x: Any) -> Any:
        r = np.hypot(x, y)
        return g * (x / r) / r, -g * (y / r) / r

    def angle_by_squares(g: Any, y: Any, x: Any) -> Any:
        return g * x / (x * x + y * y), -g * y / (x * x + y * y)

    def by_squares(g: Any, x: Any, y: Any) -> Any:
        r = np.sqrt(x * x + y * y)
        return g * (x / r), g * (y / r)

    def series(g: Any, x: Any) -> Any:
        far = (np.exp(x) * (x - 1) + 1) / (x * x)
        near = 0.5 + x / 3 + x * x / 8 + x**3 / 30 + x**4 / 144 + x**5 / 840
        return g * np.where(np.abs(x) < 1e-2, near, far)

    def chaos(x: Any) -> Any:
        for _ in range(12):
            x = 3.9 * x * (1 - x)
        return x

    def chaos_vjp(g: Any, x: Any) -> Any:
        for _ in range(12):
            g, x = g * 3.9 * (1 - 2 * x), 3.9 * x * (1 - x)
        return g

    return [
        _case(True, "two formulas", "log1mexp on both sides of its switch", _log1mexp,
              lambda g, x: -g / np.expm1(-x), [-1e-10, -0.1, -0.69, -0.7, -5.0, -40.0],
              definition=lambda x: np.log(1 - np.exp(x))),
        _case(False, "cancels", "log1mexp by exp / (exp - 1)", _log1mexp,
              lambda g, x: g * np.exp(x) / (np.exp(x) - 1), [-1e-10, -0.1, -5.0],
              definition=lambda x: np.log(-np.expm1(x))),
        _case(True, "two formulas", "sin x / x, a series near 0", _sine_over,
              lambda g, x: g * _sine_over_slope(x), [1e-9, 1e-4, 0.05, 0.2, 2.0, 7.0]),
        _case(True, "two formulas", "expm1(x) / x, a series near 0", lambda x: np.expm1(x) / x,
              series, [1e-8, 1e-3, 0.9, 5.0, -30.0]),
        _case(True, "huge range", "arctan2, huge and tiny", np.arctan2, angle, *far),
        _case(False, "overflow", "arctan2 by squares", np.arctan2, angle_by_squares, *far),
        _case(True, "huge range", "hypot, float32", np.hypot,
              lambda g, x, y: (g * (x / np.hypot(x, y)), g * (y / np.hypot(x, y))), *sides),
        _case(False, "overflow", "hypot by squares, float32", np.hypot, by_squares, *sides),
        _case(True, "iteration", "a root by Newton, its slope by the equation", _newton_root,
              lambda g, x: g / (2 * _newton_root(x)), roots, definition=np.sqrt),
        _case(False, "past a threshold", "a root by Newton, cut short", _newton_root,
              lambda g, x: g / (2 * np.sqrt(x)) * (1 + 1e-7 * (x > 1e3)), roots,
              definition=np.sqrt),
        _case(True, "iteration", "Kepler's equation", _kepler, _kepler_vjp(1.0), *orbit),
        _case(False, "sign", "Kepler's equation, by the eccentricity", _kepler,
              _kepler_vjp(-1.0), *orbit),
        _case(True, "iteration", "twelve steps of a chaotic map", chaos, chaos_vjp, [0.2, 0.37]),
        _case(False, "another function's slope", "gelu with that of its approximation", _gelu,
              lambda g, x: g * _gelu_tanh_slope(x), x, definition="gelu"),
        _case(False, "wrong value", "gelu as x sigmoid(1.702 x)",
              lambda x: x * _sigmoid(1.702 * x),
              lambda g, x: g * (_sigmoid(1.702 * x) * (1 + 1.702 * x * _sigmoid(-1.702 * x))), x,
              definition="gelu"),
        _case(False, "constant", "erf with seven digits", _erf,
              lambda g, x: g * 1.128379 * np.exp(-x * x), [-1.0, 0.2, 2.0], definition="erf"),
        _case(True, "plain", "erf", _erf, lambda g, x: g * 1.1283791670955126 * np.exp(-x * x),
              [-5.0, -1.0, 0.2, 2.0], definition="erf"),
        _case(True, "near an end", "arcsin by a product", np.arcsin,
              lambda g, x: g / np.sqrt((1 - x) * (1 + x)), [0.5, 0.9999999999, -1 + 1e-13]),
        _case(False, "dropped factor", "elu without alpha",
              lambda x: np.where(x > 0, x, 1.5 * np.expm1(x)),
              lambda g, x: g * np.where(x > 0, 1, np.exp(x)), [-3.0, -1.0, 2.0]),
    ]  # fmt: skip


# ------------------------------------------------------------------ kinks


def _leaky(at_zero: float) -> Any:
    return lambda g, x: g * np.where(x > 0, 1, np.where(x == 0, at_zero, 0.1))


def _huber(x: Any) -> Any:
    return np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5)


def _hinge(w: Any, x: Any, y: Any) -> Any:
    return np.maximum(0, 1 - y * (x @ w)).sum()


def _hinge_vjp(g: Any, w: Any, x: Any, y: Any) -> Any:
    active = 1 - y * (x @ w) > 0
    return -g * (active * y) @ x, -g * np.outer(active * y, w), -g * active * (x @ w)


def _kinks() -> list[Case]:
    five = np.array([3.0, 3.0, 1.0, 3.0, 3.0, 3.0, 2.0])
    two = np.array([-2.0, 1.0, 2.0])
    margin = (np.array([1.0, 0.0]), np.array([[1.0, 2.0], [0.5, 1.0], [3.0, 1.0]]),
              np.array([1.0, -1.0, 1.0]))  # fmt: skip
    pair = (np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    ends = np.array([-1.0, 1.0, 0.3, 5.0])

    def largest(x: Any) -> Any:
        return x.max()

    def size(x: Any) -> Any:
        return np.abs(x).max()

    def distance(x: Any, y: Any) -> Any:
        return np.abs(x - y).sum()

    def leaky(x: Any) -> Any:
        return np.where(x > 0, x, 0.1 * x)

    def at_largest(x: Any) -> Any:
        return (np.abs(x) == np.abs(x).max()).astype(x.dtype)

    def one_sided(g: Any, x: Any, y: Any) -> Any:
        return g * np.where(x >= y, 1.0, -1.0), -g * np.where(x >= y, 1.0, -1.0)

    def both_up(g: Any, x: Any, y: Any) -> Any:
        return g * np.where(x >= y, 1.0, -1.0), g * np.where(x > y, -1.0, 1.0)

    member, outside = "kink, member", "kink, no member"
    return [
        _case(False, outside, "leaky relu, 0 at 0", leaky, _leaky(0.0), [-1.0, 0.0, 2.0]),
        _case(True, member, "leaky relu, 0.1 at 0", leaky, _leaky(0.1), [-1.0, 0.0, 2.0]),
        _case(True, member, "max of five, in shares", largest,
              lambda g, x: g * (x == x.max()) / (x == x.max()).sum(), five),
        _case(True, member, "max of five, the first", largest,
              lambda g, x: g * (np.arange(x.size) == x.argmax()), five),
        _case(False, outside, "max of five, all of them", largest,
              lambda g, x: g * (x == x.max()), five),
        _case(False, outside, "max, a share to one that is smaller", largest,
              lambda g, x: g * np.array([0.5, 0.25, 0.25]), [3.0, 3.0, 1.0]),
        _case(True, member, "largest absolute value, in shares", size,
              lambda g, x: g * np.sign(x) * at_largest(x) / at_largest(x).sum(), two),
        _case(False, outside, "largest absolute value, both", size,
              lambda g, x: g * np.sign(x) * at_largest(x), two),
        _case(True, "smooth at a switch", "huber at its switch", _huber,
              lambda g, x: g * np.clip(x, -1, 1), ends),
        _case(False, "factor", "huber, 2 x inside", _huber,
              lambda g, x: g * np.where(np.abs(x) < 1, 2 * x, np.sign(x)), ends),
        _case(True, member, "hinge at its margin", _hinge, _hinge_vjp, *margin),
        _case(True, member, "distance of equal numbers", distance, one_sided, *pair),
        _case(False, outside, "distance of equal numbers, +1 to both", distance, both_up, *pair),
        _case(False, "past a threshold", "relu from 1e-6 on", lambda x: np.maximum(x, 0),
              lambda g, x: g * (x > 1e-6), np.array([1e-7, 3e-7, 1.0], F32)),
    ]  # fmt: skip


# ------------------------------------------------------------------ softmax and losses


def _softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _logarithm(x: Any) -> Any:
    largest = x.max(-1, keepdims=True)
    return x - largest - np.log(np.exp(x - largest).sum(-1, keepdims=True))


def _definition(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def _online(x: Any, rescaled: bool = True) -> Any:
    """Softmax from one pass over blocks of four."""
    largest, total = x.dtype.type(-np.inf), x.dtype.type(0)
    for block in x.reshape(-1, 4):
        new = max(largest, block.max())
        total = total * (np.exp(largest - new) if rescaled else 1)
        total = total + np.exp(block - new).sum(dtype=x.dtype)
        largest = new
    return np.exp(x - largest) / total


def _online_vjp(rescaled: bool) -> Any:
    def vjp(g: Any, x: Any) -> Any:
        y = _online(x, rescaled)
        return (y * (g - (g * y).sum())).astype(x.dtype)

    return vjp


_CLASSES = np.array([1, 0, 4, 2])
_MASK = np.array([1.0, 1.0, 0.0, 1.0])
_ROWS = np.arange(4)


def _smoothed(x: Any) -> Any:
    logs = _logarithm(x)
    return -(0.9 * logs[_ROWS, _CLASSES] + 0.1 * logs.mean(-1)).mean()


def _smoothed_vjp(share: float, count: float = 4.0) -> Any:
    def vjp(g: Any, x: Any) -> Any:
        wanted = np.full(x.shape, share, x.dtype)
        wanted[_ROWS, _CLASSES] += x.dtype.type(0.9)
        return g * (_softmax(x) - wanted) / x.dtype.type(count)

    return vjp


def _masked(x: Any) -> Any:
    return -(_logarithm(x)[_ROWS, _CLASSES] * _MASK).sum() / _MASK.sum()


def _masked_vjp(weights: Any) -> Any:
    return lambda g, x: g * (_softmax(x) - np.eye(6)[_CLASSES]) * weights[:, None]


def _divergence(x: Any, y: Any) -> Any:
    return (_softmax(x) * (_logarithm(x) - _logarithm(y))).sum()


def _divergence_vjp(g: Any, x: Any, y: Any) -> Any:
    p, gap = _softmax(x), _logarithm(x) - _logarithm(y)
    return g * p * (gap - (p * gap).sum()), g * (_softmax(y) - p)


def _losses() -> list[Case]:
    blocks, logits = normal(16, F32, 2), normal((4, 6), F32, 6)
    rows, pair = normal((4, 6), F64, 7), (normal(6, F64, 8), normal(6, F64, 9))

    def no_entropy(g: Any, x: Any, y: Any) -> Any:
        p = _softmax(x)
        return g * p * (_logarithm(x) - _logarithm(y)), g * (_softmax(y) - p)

    def detached(g: Any, x: Any, y: Any) -> Any:
        return np.zeros_like(x), g * (_softmax(y) - _softmax(x))

    return [
        _case(True, "reordered sum", "softmax in one pass, float32", _online, _online_vjp(True),
              blocks * F32.type(10), definition=_definition),
        _case(False, "formula", "softmax in one pass, nothing rescaled", _online,
              _online_vjp(False), blocks, definition=_definition),
        _case(True, "fused", "cross entropy, labels smoothed, float32", _smoothed,
              _smoothed_vjp(0.1 / 6), logits * F32.type(5)),
        _case(False, "constant", "cross entropy, smoothed over the other classes", _smoothed,
              _smoothed_vjp(0.1 / 5), logits),
        _case(False, "factor", "cross entropy, a sum for a mean", _smoothed,
              _smoothed_vjp(0.1 / 6, 1.0), logits),
        _case(True, "fused", "cross entropy, masked", _masked, _masked_vjp(_MASK / 3), rows),
        _case(False, "mask", "cross entropy, mask forgotten", _masked,
              _masked_vjp(np.ones(4) / 3), rows),
        _case(False, "factor", "cross entropy, masked ones counted", _masked,
              _masked_vjp(_MASK / 4), rows),
        _case(True, "fused", "divergence of logits", _divergence, _divergence_vjp,
              pair[0] * 3, pair[1] * 3),
        _case(False, "dropped sum", "divergence of logits", _divergence, no_entropy, *pair),
        _case(False, "missing path", "divergence of logits, one side", _divergence, detached,
              *pair),
    ]  # fmt: skip


# ------------------------------------------------------------------ attention in blocks


def _attention(q: Any, k: Any, v: Any) -> Any:
    return _definition(q @ k.T / 2.0) @ v


def _blocks(q: Any, k: Any, v: Any) -> tuple[Any, Any]:
    """(the output, the logarithms of the sums), from blocks of three keys."""
    kind = q.dtype.type
    output = np.zeros((len(q), v.shape[1]), q.dtype)
    largest = np.full((len(q), 1), -np.inf, q.dtype)
    total = np.zeros((len(q), 1), q.dtype)
    for start in range(0, len(k), 3):
        scores = q @ k[start : start + 3].T * kind(0.5)
        new = np.maximum(largest, scores.max(1, keepdims=True))
        powers, shrink = np.exp(scores - new), np.exp(largest - new)
        total = total * shrink + powers.sum(1, keepdims=True)
        output = output * shrink + powers @ v[start : start + 3]
        largest = new
    return output / total, largest + np.log(total)


def _blocks_vjp(mistake: str = "") -> Any:
    def vjp(g: Any, q: Any, k: Any, v: Any) -> Any:
        kind = q.dtype.type
        output, logs = _blocks(q, k, v)
        rows = (g * output).sum(1, keepdims=True) * kind(mistake != "no row sums")
        dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        count = len(k) - (mistake == "last key")
        for start in range(0, count, 3):
            part = slice(start, min(start + 3, count))
            shares = np.exp(q @ k[part].T * kind(0.5) - logs)
            slopes = shares * (g @ v[part].T - rows)
            dv[part] = shares.T @ g
            dk[part] = slopes.T @ q * kind(0.5)
            step = slopes @ k[part] * kind(1 if mistake == "scale" else 0.5)
            dq = step if mistake == "last block" else dq + step
        return dq, dk, dv

    return vjp


def _wide(function: Any) -> Any:
    """A function computed in float32, its results in the dtype of the first argument."""

    def narrowed(*arrays: Any) -> Any:
        found = function(*(array.astype(np.float32) for array in arrays))
        if isinstance(found, tuple):
            return tuple(part.astype(arrays[0].dtype) for part in found)
        return found.astype(arrays[0].dtype)

    return narrowed


def _attentions() -> list[Case]:
    def arrays(dtype: Any, scale: float = 1.0) -> list[Any]:
        return [normal((7, 4), dtype, 10 + k, scale) for k in range(3)]

    def forward(q: Any, k: Any, v: Any) -> Any:
        return _blocks(q, k, v)[0]

    def causal(q: Any, k: Any, v: Any) -> Any:
        scores = np.where(np.tril(np.ones((7, 7), bool)), q @ k.T / 2, -np.inf)
        return _softmax(scores) @ v

    def causal_vjp(mask: Any) -> Any:
        def vjp(g: Any, q: Any, k: Any, v: Any) -> Any:
            shares = _softmax(np.where(mask, q @ k.T / 2, -np.inf))
            back = g @ v.T
            slopes = shares * (back - (back * shares).sum(-1, keepdims=True))
            return slopes @ k / 2, slopes.T @ q / 2, shares.T @ g

        return vjp

    found = [
        _case(True, "reordered sum", f"attention in blocks, {dtype}, scale {scale:g}", forward,
              _blocks_vjp(), *arrays(dtype, scale), definition=_attention)
        for dtype, scale in ((F32, 1.0), (F32, 3.0), (F64, 5.0))
    ]  # fmt: skip
    found += [
        _case(True, "wider inside", f"attention in blocks, {dtype}", _wide(forward),
              _wide(_blocks_vjp()), *arrays(dtype), definition=_attention)
        for dtype in (F16, BFLOAT16)
        if dtype is not None
    ]  # fmt: skip
    found += [
        _case(False, "formula", f"attention in blocks: {mistake}", forward, _blocks_vjp(mistake),
              *arrays(F32), definition=_attention)
        for mistake in ("no row sums", "scale", "last block", "last key")
    ]  # fmt: skip
    below = np.tril(np.ones((7, 7), bool))
    return [
        *found,
        _case(True, "mask", "causal attention", causal, causal_vjp(below), *arrays(F64)),
        _case(False, "mask", "causal attention, none in the backward pass", causal,
              causal_vjp(np.ones((7, 7), bool)), *arrays(F64)),
    ]  # fmt: skip


# ------------------------------------------------------------------ arrays of several kinds


def _normalised(x: Any, w: Any, b: Any) -> Any:
    gap = x - x.mean(-1, keepdims=True)
    return gap / np.sqrt((gap**2).mean(-1, keepdims=True) + 1e-5) * w + b


def _normalised_vjp(mistake: str) -> Any:
    def vjp(g: Any, x: Any, w: Any, b: Any) -> Any:
        gap = x - x.mean(-1, keepdims=True)
        spread = (gap**2).mean(-1, keepdims=True)
        small = x.dtype.type(1e-5)
        if mistake == "count less one":
            spread = spread * x.dtype.type(8 / 7)
        scale = 1 / np.sqrt(spread + small)
        if mistake == "epsilon outside":
            scale = 1 / (np.sqrt(spread) + small)
        h, gw = gap * scale, g * w
        dx = scale * (gw - gw.mean(-1, keepdims=True) - h * (gw * h).mean(-1, keepdims=True))
        dw, db = (g * h).sum(0), g.sum(0)
        return (dx, dw / 4, db / 4) if mistake == "mean over the batch" else (dx, dw, db)

    return vjp


def _cosine(x: Any, y: Any) -> Any:
    return (x @ y) / (np.sqrt(x @ x) * np.sqrt(y @ y))


def _cosine_vjp(g: Any, x: Any, y: Any) -> Any:
    a, b, c = np.sqrt(x @ x), np.sqrt(y @ y), _cosine(x, y)
    return g * (y / b - c * x / a) / a, g * (x / a - c * y / b) / b


def _circular(x: Any, w: Any) -> Any:
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(w), x.size)


def _correlated(g: Any, other: Any, turned: bool = True) -> Any:
    spectrum = np.fft.rfft(other)
    return np.fft.irfft(np.fft.rfft(g) * (np.conj(spectrum) if turned else spectrum), g.size)


def _cofactors(a: Any) -> Any:
    def one(i: int, j: int) -> Any:
        return (-1.0) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))

    return np.array([[one(i, j) for j in range(len(a))] for i in range(len(a))])


def _recurrent(w: Any, u: Any, x: Any) -> Any:
    h = np.zeros(3, x.dtype)
    for t in range(20):
        h = np.tanh(w @ h + u * x[t])
    return h


def _recurrent_vjp(steps: int) -> Any:
    def vjp(g: Any, w: Any, u: Any, x: Any) -> Any:
        states = [np.zeros(3, x.dtype)]
        for t in range(20):
            states.append(np.tanh(w @ states[-1] + u * x[t]))
        dw, du, dx = np.zeros_like(w), np.zeros_like(u), np.zeros_like(x)
        for t in range(19, 19 - steps, -1):
            slope = g * (1 - states[t + 1] ** 2)
            dw += np.outer(slope, states[t])
            du += slope * x[t]
            dx[t] = slope @ u
            g = w.T @ slope
        return dw, du, dx

    return vjp


def _left_out(g: Any, x: Any) -> Any:
    """The slopes of cumulative products: each number left out in turn."""
    ends = range(x.size)
    return np.array(
        [sum(g[j] * np.prod(np.delete(x[: j + 1], i)) for j in ends if j >= i) for i in ends]
    )


def _arrays() -> list[Case]:
    batch = (normal((4, 8), F32, 40), normal(8, F32, 41), normal(8, F32, 42))
    parallel = (np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0001]))
    waves = (normal(16, F64, 78), normal(16, F64, 79))
    singular = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    turned = 0.8 * np.linalg.qr(normal((3, 3), F64, 83))[0]
    cell = (turned, normal(3, F64, 84, 0.5), normal(20, F64, 85, 0.5))
    mixed = (normal((3, 4), F16, 72), normal((4, 2), F32, 73))
    zeros = np.array([2.0, 0.0, 3.0, -1.0])

    def shifted(x: Any, w: Any) -> Any:
        return sum(w[k] * np.roll(x, k) for k in range(16))

    def divided(g: Any, x: Any) -> Any:
        return np.cumsum((g * np.cumprod(x))[::-1])[::-1] / np.where(x == 0, 1, x)

    def other_length(g: Any, x: Any, y: Any) -> Any:
        a, b, c = np.sqrt(x @ x), np.sqrt(y @ y), _cosine(x, y)
        return g * (y / b - c * x / a) / a, g * (x / a - c * y / b) / a

    def wide_product(a: Any, b: Any) -> Any:
        return a.astype(np.float32) @ b

    def columns(x: Any, w: Any, b: Any) -> Any:
        return (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-5) * w + b

    def constants(g: Any, x: Any, w: Any, b: Any) -> Any:
        scale = 1 / np.sqrt(x.var(0) + x.dtype.type(1e-5))
        return g * w * scale, (g * (x - x.mean(0)) * scale).sum(0), g.sum(0)

    return [
        *(
            _case(False, "formula", f"layer norm: {mistake}", _normalised,
                  _normalised_vjp(mistake), *batch)
            for mistake in ("epsilon outside", "count less one", "mean over the batch")
        ),
        _case(False, "missing path", "batch norm, its statistics as constants", columns,
              constants, *batch),
        _case(True, "cancelling", "cosine of almost parallel arrays", _cosine, _cosine_vjp,
              *parallel),
        _case(False, "formula", "cosine, the other's length", _cosine, other_length, *parallel),
        _case(True, "plain", "convolution by Fourier transforms", _circular,
              lambda g, x, w: (_correlated(g, w), _correlated(g, x)), *waves, definition=shifted),
        _case(False, "formula", "convolution by Fourier transforms, not turned", _circular,
              lambda g, x, w: (_correlated(g, w, False), _correlated(g, x)), *waves,
              definition=shifted),
        _case(True, "singular", "det by cofactors", np.linalg.det,
              lambda g, a: g * _cofactors(a), singular),
        _case(False, "singular", "det, zero", np.linalg.det, lambda g, a: 0 * a, singular),
        _case(True, "zeros", "cumulative products with a zero", np.cumprod, _left_out, zeros),
        _case(False, "zeros", "cumulative products by division", np.cumprod, divided, zeros),
        _case(True, "recurrent", "twenty steps", _recurrent, _recurrent_vjp(20), *cell),
        _case(True, "recurrent", "twenty steps, float32", _recurrent, _recurrent_vjp(20),
              *(array.astype(F32) for array in cell)),
        _case(False, "recurrent", "ten steps of twenty", _recurrent, _recurrent_vjp(10), *cell),
        _case(True, "mixed dtypes", "float16 by float32", wide_product,
              lambda g, a, b: ((g @ b.T).astype(F16), a.astype(F32).T @ g), *mixed,
              definition=lambda a, b: a @ b),
        _case(False, "wrong dtype", "float16 by float32, float32 for both", wide_product,
              lambda g, a, b: (g @ b.T, a.astype(F32).T @ g), *mixed,
              definition=lambda a, b: a @ b),
    ]  # fmt: skip


CASES: list[Case] = [*_scalars(), *_kinks(), *_losses(), *_attentions(), *_arrays()]
