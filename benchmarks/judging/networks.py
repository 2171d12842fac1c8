"""Softmax, losses, attention, normalisation, convolution: as kernels write them."""

from __future__ import annotations

from typing import Any

import numpy as np

from judging.case import Case, Rules, dtypes, normal

__all__ = ["CASES"]


def _case(
    name: str, right: bool, kind: str, forward: Any, vjp: Any, arrays: Any, definition: Any = None,
    jvp: Any = None, second: Any = None,
) -> Case:  # fmt: skip
    return Case(name, right, kind, lambda: Rules(forward, vjp, jvp, second), arrays, definition)


def _softmax(x: Any) -> Any:
    powers = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True, dtype=x.dtype)


def _softmax_definition(x: Any) -> Any:
    powers = np.exp(x)
    return powers / np.sum(powers, axis=-1, keepdims=True)


def _inner(g: Any, p: Any) -> Any:
    return np.sum(g * p, axis=-1, keepdims=True, dtype=p.dtype)


def _log_sum_exp(x: Any) -> Any:
    top = np.max(x, axis=-1, keepdims=True)
    total = np.log(np.sum(np.exp(x - top), axis=-1, keepdims=True, dtype=x.dtype))
    return (top + total)[..., 0]


def _log_sum_exp_definition(x: Any) -> Any:
    return np.log(np.sum(np.exp(x), axis=-1))


def _softmaxes() -> list[Case]:
    cases = []
    for scale, names in (
        (1.0, "64 32 16 b16"), (20.0, "64 32 16"), (100.0, "64 32 16"),
    ):  # fmt: skip
        for dtype in dtypes(names):
            x = normal((3, 12), dtype, 20)
            factor = dtype.type(scale)
            cases += [
                _case(f"softmax of {scale:g} x, {dtype}", True, "sharp softmax",
                      lambda x, s=factor: _softmax(s * x),
                      lambda g, x, s=factor: s * ((p := _softmax(s * x)) * (g - _inner(g, p))),
                      (x,), lambda x, s=scale: _softmax_definition(s * x)),
                _case(f"softmax of numbers of size {scale:g}, {dtype}", True, "sharp softmax",
                      _softmax, lambda g, x: (p := _softmax(x)) * (g - _inner(g, p)),
                      ((x * factor).astype(dtype),), _softmax_definition),
                _case(f"log-sum-exp of numbers of size {scale:g}, {dtype}", True, "log-sum-exp",
                      _log_sum_exp, lambda g, x: g[..., None] * _softmax(x),
                      ((x * factor).astype(dtype),), _log_sum_exp_definition),
            ]  # fmt: skip
    for dtype in dtypes("64 32"):
        far = normal((2, 6), dtype, 21, 3.0, 1000.0)
        cases += [
            _case(f"log-sum-exp near 1000, {dtype}", True, "log-sum-exp", _log_sum_exp,
                  lambda g, x: g[..., None] * _softmax(x), (far,), _log_sum_exp_definition),
            _case(f"log-softmax near -1000, {dtype}", True, "log-sum-exp",
                  lambda x: x - _log_sum_exp(x)[..., None],
                  lambda g, x: g - _softmax(x) * np.sum(g, axis=-1, keepdims=True), (-far,),
                  lambda x: x - _log_sum_exp_definition(x)[..., None]),
        ]  # fmt: skip
    return cases


TARGET = np.array([0, 4, 2, 2])


def _losses() -> list[Case]:
    rows = np.arange(4)
    cases = []

    def loss(x: Any) -> Any:
        return np.mean(_log_sum_exp(x) - x[rows, TARGET], dtype=x.dtype)

    def definition(x: Any) -> Any:
        return np.mean(_log_sum_exp_definition(x) - x[rows, TARGET])

    def rule(g: Any, x: Any) -> Any:
        p = _softmax(x)
        p[rows, TARGET] -= 1
        return g * p / x.dtype.type(4)

    for dtype in dtypes("64 32 16 b16"):
        x = normal((4, 6), dtype, 22, 3.0)
        cases.append(_case(f"cross entropy, {dtype}", True, "loss", loss, rule, (x,), definition))
    x = normal((4, 6), np.float64, 22, 3.0)
    cases += [
        _case("cross entropy, not divided by the batch", False, "scale of a reduction", loss,
              lambda g, x: 4 * rule(g, x), (x,), definition),
        _case("cross entropy, divided by the classes", False, "scale of a reduction", loss,
              lambda g, x: rule(g, x) * 4 / 6, (x,), definition),
        _case("cross entropy without the target", False, "formula", loss,
              lambda g, x: g * _softmax(x) / 4, (x,), definition),
    ]  # fmt: skip

    def entropy(z: Any, t: Any) -> Any:
        return np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z)))

    def slopes(g: Any, z: Any, t: Any) -> tuple[Any, Any]:
        return g * (1 / (1 + np.exp(-z)) - t), -g * z

    def smooth(z: Any, t: Any) -> Any:
        return np.log(1 + np.exp(z)) - z * t

    for dtype in dtypes("64 32 16"):
        z, t = normal(9, dtype, 23, 3.0), np.linspace(0, 1, 9).astype(dtype)
        cases.append(
            _case(f"binary cross entropy with logits, {dtype}", True, "loss", entropy, slopes,
                  (z, t), smooth)
        )  # fmt: skip
    cases.append(
        _case("binary cross entropy, (p - t) / (p (1 - p)) saturated", False, "y-based cancels",
              entropy,
              lambda g, z, t: (
                  g * ((p := 1 / (1 + np.exp(-z))) - t) / (p * (1 - p)) * (p * (1 - p)), -g * z),
              (np.array([-2.0, 1.0, 40.0]), np.array([0.0, 1.0, 0.5])), smooth)
    )  # fmt: skip
    return cases


def _attention(q: Any, k: Any, v: Any) -> Any:
    scale = q.dtype.type(1 / np.sqrt(q.shape[-1]))
    return _softmax((q @ k.T) * scale) @ v


def _attention_definition(q: Any, k: Any, v: Any) -> Any:
    return np.matmul(_softmax_definition(np.matmul(q, k.T) * 0.5), v)


def _attention_rule(g: Any, q: Any, k: Any, v: Any) -> tuple[Any, Any, Any]:
    scale = q.dtype.type(1 / np.sqrt(q.shape[-1]))
    p = _softmax((q @ k.T) * scale)
    by_p = g @ v.T
    by_scores = p * (by_p - _inner(by_p, p)) * scale
    return by_scores @ k, by_scores.T @ q, p.T @ g


def _tiles(q: Any, k: Any, v: Any) -> tuple[Any, Any]:
    """(output, log-sum-exp) in tiles of three keys, rescaled as the maximum grows."""
    scale = q.dtype.type(1 / np.sqrt(q.shape[-1]))
    top = np.full(len(q), -np.inf, q.dtype)
    total, out = np.zeros(len(q), q.dtype), np.zeros((len(q), v.shape[1]), q.dtype)
    for start in range(0, len(k), 3):
        scores = (q @ k[start : start + 3].T) * scale
        grown = np.maximum(top, scores.max(axis=1))
        powers, shrink = np.exp(scores - grown[:, None]), np.exp(top - grown)
        total = total * shrink + powers.sum(axis=1, dtype=q.dtype)
        out = out * shrink[:, None] + powers @ v[start : start + 3]
        top = grown
    return out / total[:, None], top + np.log(total)


def _flash_rule(g: Any, q: Any, k: Any, v: Any) -> tuple[Any, Any, Any]:
    """The backward pass that recomputes tiles from the log-sum-exp."""
    scale = q.dtype.type(1 / np.sqrt(q.shape[-1]))
    out, logs = _tiles(q, k, v)
    delta = np.sum(g * out, axis=1, keepdims=True, dtype=q.dtype)
    by_q, by_k, by_v = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for start in range(0, len(k), 3):
        part = slice(start, start + 3)
        p = np.exp((q @ k[part].T) * scale - logs[:, None])
        by_scores = p * (g @ v[part].T - delta) * scale
        by_q += by_scores @ k[part]
        by_k[part], by_v[part] = by_scores.T @ q, p.T @ g
    return by_q, by_k, by_v


def _attentions() -> list[Case]:
    cases = []
    for scale, names in ((1.0, "64 32 16"), (4.0, "64 32 16"), (12.0, "64 32")):
        for dtype in dtypes(names):
            q, k, v = (normal((5, 4), dtype, 24 + n, scale if n < 2 else 1.0) for n in range(3))
            for name, forward, rule in (
                ("whole", _attention, _attention_rule),
                ("in tiles", lambda q, k, v: _tiles(q, k, v)[0], _flash_rule),
            ):
                cases.append(
                    _case(f"attention, {name}, scale {scale:g}, {dtype}", True, "attention",
                          forward, rule, (q, k, v), _attention_definition)
                )  # fmt: skip
    q, k, v = (normal((5, 4), np.float32, 24 + n) for n in range(3))

    def stale(g: Any, q: Any, k: Any, v: Any) -> Any:
        by_q, by_k, by_v = _flash_rule(g, q, k, v)
        by_k[3:] *= np.float32(0.999)
        return by_q, by_k, by_v

    def exchanged(g: Any, q: Any, k: Any, v: Any) -> Any:
        by_q, by_k, by_v = _attention_rule(g, q, k, v)
        return by_q, by_v, by_k

    def unscaled(g: Any, q: Any, k: Any, v: Any) -> Any:
        by_q, by_k, by_v = _attention_rule(g, q, k, v)
        return by_q, by_k * 2, by_v

    def no_delta(g: Any, q: Any, k: Any, v: Any) -> Any:
        p = _softmax((q @ k.T) * np.float32(0.5))
        by_scores = p * (g @ v.T) * np.float32(0.5)
        return by_scores @ k, by_scores.T @ q, p.T @ g

    for name, kind, rule in (
        ("last tile a thousandth off", "stale value", stale),
        ("keys without the scale", "formula", unscaled),
        ("the inner product is missing", "formula", no_delta),
        ("keys and values exchanged", "formula", exchanged),
    ):
        cases.append(
            _case(f"attention, {name}", False, kind, _attention, rule, (q, k, v),
                  _attention_definition)
        )  # fmt: skip
    return cases


EPSILON = 1e-5


def _standardised(x: Any) -> tuple[Any, Any]:
    centred = x - np.mean(x, axis=-1, keepdims=True, dtype=x.dtype)
    variance = np.mean(centred * centred, axis=-1, keepdims=True, dtype=x.dtype)
    inverse = 1 / np.sqrt(variance + x.dtype.type(EPSILON))
    return centred * inverse, inverse


def _layer_norm(x: Any, w: Any, b: Any) -> Any:
    return _standardised(x)[0] * w + b


def _layer_norm_definition(x: Any, w: Any, b: Any) -> Any:
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    epsilon = float(np.asarray(EPSILON, dtype=str(x.dtype).rsplit(".", maxsplit=1)[-1]))
    return centred / np.sqrt(variance + epsilon) * w + b


def _layer_norm_rule(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    y, inverse = _standardised(x)
    by_y = g * w
    first = np.mean(by_y, axis=-1, keepdims=True, dtype=x.dtype)
    second = np.mean(by_y * y, axis=-1, keepdims=True, dtype=x.dtype)
    by_x = inverse * (by_y - first - y * second)
    return by_x, np.sum(g * y, axis=0, dtype=x.dtype), np.sum(g, axis=0, dtype=x.dtype)


def _norms() -> list[Case]:
    cases = []
    for name, scale, shift, names in (
        ("", 1.0, 0.0, "64 32 16"), (", mean 100", 1.0, 100.0, "64 32"),
        (", small", 1e-2, 0.0, "64 32"), (", large", 1e4, 0.0, "64 32"),
    ):  # fmt: skip
        for dtype in dtypes(names):
            x = normal((4, 10), dtype, 30, scale, shift)
            w, b = normal(10, dtype, 31), normal(10, dtype, 32)
            cases.append(
                _case(f"layer norm, textbook{name}, {dtype}", True, "normalisation", _layer_norm,
                      _layer_norm_rule, (x, w, b), _layer_norm_definition)
            )  # fmt: skip

    def rms(x: Any) -> Any:
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True))

    def rms_rule(g: Any, x: Any) -> Any:
        inverse = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True, dtype=x.dtype))
        inner = np.mean(g * x, axis=-1, keepdims=True, dtype=x.dtype)
        return inverse * (g - x * inner * inverse * inverse)

    for dtype in dtypes("64 32 16"):
        x = normal((3, 8), dtype, 33)
        cases.append(_case(f"RMS norm, {dtype}", True, "normalisation", rms, rms_rule, (x,)))
    x = normal((4, 10), np.float32, 30)
    w, b = normal(10, np.float32, 31), normal(10, np.float32, 32)

    def altered(**changed: Any) -> Any:
        def rule(g: Any, x: Any, w: Any, b: Any) -> Any:
            y, inverse = _standardised(x)
            by_y = g if changed.get("weight") else g * w
            first = np.mean(by_y, axis=-1, keepdims=True) * changed.get("first", 1)
            second = np.mean(by_y * y, axis=-1, keepdims=True) * changed.get("second", 1)
            by_x = (inverse * (by_y - first - y * second)).astype(x.dtype)
            return by_x, np.sum(g * y, axis=0), np.sum(g, axis=0)

        return rule

    for what, kind, changed in (
        ("without the second mean", "term dropped", {"second": 0}),
        ("without the first mean", "term dropped", {"first": 0}),
        ("unbiased", "unbiased or biased", {"second": np.float32(10 / 9)}),
        ("without the weight", "formula", {"weight": True}),
    ):
        cases.append(
            _case(f"layer norm {what}", False, kind, _layer_norm, altered(**changed), (x, w, b),
                  _layer_norm_definition)
        )  # fmt: skip
    cases.append(
        _case("RMS norm, mean for sum", False, "scale of a reduction", rms,
              lambda g, x: (r := 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True)))
              * (g - x * np.sum(g * x, axis=-1, keepdims=True) * r * r),
              (normal((3, 8), np.float64, 33),))
    )  # fmt: skip
    return cases


def _windows(x: Any, width: int) -> Any:
    return np.stack([x[start : start + width] for start in range(len(x) - width + 1)])


def _convolution_definition(x: Any, w: Any) -> Any:
    return sum(x[k : k + 10] * w[k] for k in range(3))


def _layers() -> list[Case]:
    def convolve(x: Any, w: Any) -> Any:
        return _windows(x, 3) @ w

    def rule(g: Any, x: Any, w: Any) -> tuple[Any, Any]:
        return np.convolve(g, w).astype(x.dtype), _windows(x, 3).T @ g

    cases = [
        _case(f"convolution by windows, {dtype}", True, "convolution", convolve, rule,
              (normal(12, dtype, 40), normal(3, dtype, 41)), _convolution_definition)
        for dtype in dtypes("64 32 16")
    ]  # fmt: skip
    x, w = normal(12, np.float32, 40), normal(3, np.float32, 41)
    cases += [
        _case("convolution, kernel not turned", False, "factor order", convolve,
              lambda g, x, w: (np.convolve(g, w[::-1]), _windows(x, 3).T @ g), (x, w),
              _convolution_definition),
        _case("convolution, last input left out", False, "vector tail", convolve,
              lambda g, x, w: (rule(g, x, w)[0] * (np.arange(12) < 11).astype(x.dtype),
                               rule(g, x, w)[1]), (x, w), _convolution_definition),
    ]  # fmt: skip

    def dense(x: Any, w: Any, b: Any) -> Any:
        return np.tanh(np.matmul(x, w) + b)

    def dense_rule(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
        inner = (g / np.cosh(x @ w + b) ** 2).astype(x.dtype)
        by_x, by_w = (inner @ w.T).astype(x.dtype), (x.T @ inner).astype(x.dtype)
        return by_x, by_w, inner.sum(axis=0, dtype=x.dtype)

    for dtype in dtypes("64 32 16 b16"):
        arrays = (normal((4, 5), dtype, 42), normal((5, 3), dtype, 43), normal(3, dtype, 44))
        cases.append(_case(f"dense layer, {dtype}", True, "network", dense, dense_rule, arrays))
    arrays = (normal((4, 5), np.float32, 42), normal((5, 3), np.float32, 43),
              normal(3, np.float32, 44))  # fmt: skip
    cases += [
        _case("dense layer, first row only for the bias", False, "broadcasting", dense,
              lambda g, x, w, b: (*dense_rule(g, x, w, b)[:2],
                                  (g / np.cosh(x @ w + b) ** 2)[0]), arrays),
        _case("dense layer, mean for the bias", False, "broadcasting", dense,
              lambda g, x, w, b: (*dense_rule(g, x, w, b)[:2],
                                  (g / np.cosh(x @ w + b) ** 2).mean(axis=0)), arrays),
        _case("dense layer, gradient of the bias not summed", False, "broadcasting", dense,
              lambda g, x, w, b: (*dense_rule(g, x, w, b)[:2], g / np.cosh(x @ w + b) ** 2),
              arrays),
    ]  # fmt: skip
    indices = np.array([0, 2, 2, 1, 2])

    def gathered(g: Any, x: Any) -> Any:
        result = np.zeros_like(x)
        np.add.at(result, indices, g)
        return result

    def assigned(g: Any, x: Any) -> Any:
        result = np.zeros_like(x)
        result[indices] = g
        return result

    def look_up(x: Any) -> Any:
        return x[indices]

    for dtype in dtypes("64 32 16"):
        table = normal((4, 3), dtype, 45)
        cases.append(
            _case(f"embedding, added, {dtype}", True, "indexing", look_up, gathered, (table,))
        )
    table = normal((4, 3), np.float32, 45)
    cases.append(
        _case("embedding, assigned instead of added", False, "indexing", look_up, assigned,
              (table,))
    )  # fmt: skip
    return cases


CASES: list[Case] = [*_softmaxes(), *_losses(), *_attentions(), *_norms(), *_layers()]
