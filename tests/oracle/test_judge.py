"""Verdicts: right numbers pass, wrong ones do not, in every dtype."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.certify import Certificate, certify_problem
from reference.domains.certified import to_balls
from reference.enclosure import Enclosure
from reference.floats import format_of, round_to_format
from reference.graph import Map, Node, argument
from reference.judge import judge, scatter
from reference.problem import trace_nodes

a, b = argument(0), argument(1)
DTYPES = ["float16", "float32", "float64"]


def certified(f: Callable[..., Node], *arrays: Any, **options: Any) -> Certificate:
    return certify_problem(trace_nodes(f, arrays, **options))


def names(verdict: Any) -> list[str]:
    return [str(v) for v in verdict.verdicts[0].ravel()]


def normal(shape: Any, dtype: str, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_correctly_rounded_numbers_are_correct(dtype: str) -> None:
    found = certified(lambda x: build.sum(Map(sp.sin(a), [x])), normal(40, dtype))
    verdict = judge(found.gradients[0].round(dtype), found)
    assert verdict.counts == {"correct": 40}
    assert verdict.ok
    assert max(verdict.ulps[0]) <= 0.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_rules_as_engines_compute_them(dtype: str) -> None:
    x = normal(200, dtype)
    sigmoid = 1 / (1 + np.exp(-x))
    found = certified(lambda v: build.sum(Map(1 / (1 + sp.exp(-a)), [v])), x)
    assert judge(sigmoid * (1 - sigmoid), found).ok
    p = np.exp(x - x.max())
    p /= p.sum()
    weights = normal(200, dtype, 1)

    def weighted_softmax(v: Node) -> Node:
        e = Map(sp.exp(a), [v])
        return build.sum(build.multiply(build.divide(e, build.sum(e)), weights))

    found = certified(weighted_softmax, x)
    assert judge(p * (weights - (p * weights).sum()), found).ok


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda g, x: -g,
        lambda g, x: g * 2,
        lambda g, x: 0 * g,
        lambda g, x: np.where(x < 0, g * g.dtype.type(1.1), g),
        lambda g, x: g + np.max(np.abs(g)) * g.dtype.type(0.125),
        lambda g, x: np.roll(g, 1),
    ],
    ids=["sign", "factor", "zero", "negative half", "offset", "rolled"],
)
def test_wrong_rules_are_caught(dtype: str, spoil: Callable[..., np.ndarray]) -> None:
    x = normal(40, dtype)
    found = certified(lambda v: build.sum(Map(sp.exp(a) * a, [v])), x)
    verdict = judge(spoil(found.gradients[0].round(dtype), x), found)
    assert not verdict.ok
    assert verdict.worst[2] > 30


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_entry_and_small_constants(dtype: str) -> None:
    found = certified(lambda v: build.sum(Map(sp.sin(a), [v])), normal(1000, dtype))
    good = found.gradients[0].round(dtype)
    bad = good.copy()
    bad[700] *= np.array(1.001, dtype)
    verdict = judge(bad, found)
    assert verdict.counts["correct"] == 999
    assert verdict.worst[:2] == (0, (700,))
    slightly = (good * (1 + 1e-5)).astype(dtype)
    assert not judge(slightly, found).ok


@pytest.mark.parametrize("dtype", DTYPES)
def test_cancelling_sums_are_not_blamed(dtype: str) -> None:
    x = normal(64, dtype)
    w = normal((64, 8), dtype, 1)

    def f(v: Node) -> Node:
        y = build.matmul(v, w)
        return build.sum(build.multiply(y, y))

    found = certified(f, x)
    engine = ((x @ w) * 2) @ w.T
    reordered = sum((2 * (x * w[:, j]).sum(dtype=dtype)) * w[:, j] for j in range(8))
    assert judge(engine, found).ok
    assert judge(np.asarray(reordered, dtype), found).ok


def test_saturated_tail_by_a_cancelling_rule_is_not_correct() -> None:
    x = np.array([6.0, 8.0, 12.0], np.float32)
    found = certified(lambda v: build.sum(Map(sp.tanh(a), [v])), x)
    y = np.tanh(x)
    stable = 4 / (np.exp(x) + np.exp(-x)) ** 2
    assert not judge(1 - y * y, found).ok
    assert judge(stable, found).ok


def test_non_finite_and_missing() -> None:
    found = certified(lambda v: build.sum(Map(sp.sin(a), [v])), np.zeros(3, np.float32))
    assert names(judge(np.array([1, np.nan, np.inf], np.float32), found)) == [
        "correct", "non-finite", "non-finite",
    ]  # fmt: skip
    assert names(judge(None, found)) == ["missing"] * 3
    unused = certified(lambda x, y: build.sum(x), np.zeros(3), np.zeros(2))
    verdict = judge([np.ones(3), None], unused)
    assert verdict.ok


def test_tails() -> None:
    x = np.array([-200.0, 200.0, -95.0], np.float32)
    found = certified(lambda v: build.sum(Map(sp.exp(a), [v])), x)
    with np.errstate(over="ignore"):
        good = np.exp(x)
    assert judge(good, found).ok
    assert (
        names(judge(np.array([0, np.finfo(np.float32).max, 0], np.float32), found))
        != ["correct"] * 3
    )


def test_overflow_by_a_whisker() -> None:
    largest = Fraction(float(np.finfo(np.float32).max))
    truth = Enclosure(to_balls([largest - 1]))
    assert names(judge(np.array([np.inf], np.float32), truth)) == ["correct"]
    small = Enclosure(to_balls([largest / 2]))
    assert names(judge(np.array([np.inf], np.float32), small)) == ["non-finite"]


def test_bfloat16() -> None:
    x = round_to_format(normal(30, "float64"), format_of("bfloat16"))
    problem = trace_nodes(lambda v: build.sum(Map(sp.exp(a), [v])), [x])
    found = certify_problem(problem)
    good = found.gradients[0].round("bfloat16")
    assert judge(good, found, "bfloat16").ok
    assert not judge(good * 1.25, found, "bfloat16").ok
    assert not judge(good, found, "float64").ok


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ([0, 0, 1], "kink-member"),
        ([0, 0.5, 1], "kink-member"),
        ([0, 2, 1], "kink-outside"),
        ([0, np.nan, 1], "kink-outside"),
    ],
)
def test_kinks(gradient: list[float], expected: str) -> None:
    found = certified(lambda v: build.sum(build.maximum(v, 0)), np.array([-1, 0, 2], np.float32))
    verdict = judge(np.array(gradient, np.float32), found)
    assert names(verdict) == ["correct", expected, "correct"]
    assert verdict.ok is (expected == "kink-member")


def test_kinks_are_joint() -> None:
    one = np.float32(1)
    found = certified(build.maximum, one, one)
    assert judge([0.5, 0.5], found).ok
    assert judge([1, 0], found).ok
    assert not judge([1, 1], found).ok
    assert not judge([0, 0], found).ok
    assert "not a member" in judge([1, 1], found).summary()


def test_undefined_is_told_and_not_blamed() -> None:
    found = certified(lambda v: build.sum(Map(sp.sqrt(a), [v])), np.array([0, 1], np.float32))
    assert names(judge(np.array([np.inf, 0.5], np.float32), found)) == ["undefined", "correct"]


def test_scatter_runs_alike_in_floats_and_in_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(v: Node) -> Node:
        e = Map(sp.exp(a), [v])
        return build.sum(build.divide(build.multiply(e, e), build.sum(e)))

    found = certified(f, normal(50, "float32"))
    quick = scatter(found, runs=30)[0]
    monkeypatch.setattr("reference.explained._in_floats", lambda *_: (None, False))
    slow = scatter(found, runs=30)[0]
    assert np.median(quick / slow) == pytest.approx(1, rel=0.3)


def test_scatter_is_repeatable() -> None:
    found = certified(lambda v: build.sum(Map(sp.sin(a), [v])), normal(5, "float64"))
    assert np.array_equal(scatter(found, seed=3)[0], scatter(found, seed=3)[0])


def test_shapes_and_counts_must_agree() -> None:
    found = certified(lambda x, y: build.sum(build.multiply(x, y)), np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="1 gradients for 2 arguments"):
        judge(np.ones(3), found)
    with pytest.raises(ValueError, match="shape"):
        judge([np.ones(3), np.ones(2)], found)


def test_a_stricter_factor() -> None:
    found = certified(lambda v: build.sum(Map(sp.sin(a), [v])), normal(9, "float32"))
    off = np.nextafter(np.nextafter(found.gradients[0].round("float32"), np.float32(9)),
                       np.float32(9))  # fmt: skip
    assert judge(off, found).ok
    assert not judge(off, found, factor=0.03).ok
