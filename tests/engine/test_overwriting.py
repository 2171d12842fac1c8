"""Rules that may write into a dead cotangent: what they compute, and what they leave alone."""

import numpy as np
import pytest

import autodiff
from autodiff.compiled import core
from autodiff.ops import pointwise
from autodiff.row import Row

MARKED = [
    pytest.param(rule, codes, id=f"{name}-{place}")
    for name, row in sorted(vars(pointwise).items())
    if isinstance(row, Row)
    for place, (rule, codes) in enumerate(zip(row.rules, row.codes, strict=True))
    if isinstance(getattr(rule, "into", None), np.ufunc)
]


def test_some_rules_are_marked() -> None:
    assert len(MARKED) >= 6


@pytest.mark.parametrize(("rule", "codes"), MARKED)
def test_a_marked_rule_is_its_ufunc(rule, codes) -> None:
    g = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    for factor in (np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32), 1.5):
        operands = (g, factor)[: len(codes)]
        assert np.array_equal(rule(*operands), rule.into(*operands))


def program(x, w):
    """Chains in which each marked rule is the last of its node, and cotangents are shared."""
    y = ((x * w - w) * 2.5).tanh().sigmoid()
    z = -((y + x).exp() / 3.0) - y
    return (z + z) * w - x


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5)])
@pytest.mark.parametrize("dtype", [autodiff.float32, autodiff.float64])
def test_gradients_are_those_of_python(shape, dtype, monkeypatch) -> None:
    rng = np.random.default_rng(2)
    values = [autodiff.tensor(rng.uniform(0.5, 1, shape), dtype=dtype) for _ in range(2)]
    seed = autodiff.tensor(rng.uniform(0.5, 1, shape), dtype=dtype)
    found = []
    for front in (core, None):
        monkeypatch.setattr("autodiff.backward.core", front)
        leaves = [value.clone().requires_grad_() for value in values]
        program(*leaves).backward(seed)
        found.append([leaf.grad.numpy().copy() for leaf in leaves])
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()


def test_what_others_hold_is_left_alone() -> None:
    x = autodiff.full((50,), 2.0, requires_grad=True)
    w = autodiff.full((50,), 3.0, requires_grad=True)
    seed = autodiff.ones(50)
    y = x * w
    y.retain_grad()
    z = (y - x) * 2.0
    z.backward(seed, retain_graph=True)
    first = [t.grad.clone() for t in (x, w, y)]
    assert seed.tolist() == [1.0] * 50
    assert y.tolist() == [6.0] * 50
    (kept,) = autodiff.autograd.grad(z, z, seed, retain_graph=True)
    assert kept is seed
    z.backward(seed)
    for tensor, grad in zip((x, w, y), first, strict=True):
        assert tensor.grad.tolist() == (2 * grad).tolist()
        assert tensor.grad.tolist() == [2 * value for value in grad.tolist()]
