"""Gradients where squares overflow or vanish, in tails and at ties: what audits found."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as torch

functional = torch.nn.functional
BASE = np.array([[1.0, -2.0, 3.5], [0.25, 4.0, -1.0]])
WEIGHTS = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 1.0]])


def tensor(values: Any, dtype: Any = torch.float64) -> Any:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def first_and_second(
    function: Callable[[Any], Any], values: Any, dtype: Any, lift: float = 1.0
) -> tuple[Any, ...]:
    """The value, the gradient of a weighted sum, and the gradient of a weighted sum of that.

    lift: a factor of the second sum.
    """
    x = tensor(values, dtype)
    out = function(x)
    weights = torch.tensor(WEIGHTS, dtype=dtype)
    (slope,) = torch.autograd.grad((out * weights).sum(), x, create_graph=True)
    (curve,) = torch.autograd.grad((slope * (weights * lift)).sum(), x)
    return out.detach().numpy(), slope.detach().numpy(), curve.numpy()


@pytest.mark.parametrize(
    ("dtype", "power"),
    [
        (torch.float64, 611),
        (torch.float64, -611),
        (torch.float32, 75),
        (torch.float32, -75),
        (torch.float32, 30),
    ],
)
def test_std_scales_with_its_argument(dtype: Any, power: int) -> None:
    def std(x: Any) -> Any:
        return x.std(1, keepdim=True)

    out, slope, curve = first_and_second(std, BASE, dtype)
    scale = 2.0**power
    far_out, far_slope, far_curve = first_and_second(std, BASE * scale, dtype)
    precision = 8 * np.finfo(out.dtype).eps
    assert np.allclose(far_out / out.dtype.type(scale), out, rtol=precision, atol=0)
    assert np.allclose(far_slope, slope, rtol=precision, atol=precision)
    assert np.allclose(far_curve * out.dtype.type(scale), curve, rtol=0, atol=precision)


def test_std_where_only_one_group_is_far() -> None:
    values = np.stack([BASE[0], BASE[0] * 2.0**600, BASE[0] * 0.0])
    x = tensor(values)
    out = x.std(1)
    out.sum().backward()
    assert out.tolist() == [out[0].item(), out[0].item() * 2.0**600, 0.0]
    assert x.grad[0].tolist() == x.grad[1].tolist()
    assert x.grad[2].tolist() == [0.0, 0.0, 0.0]


NORMS: list[Callable[[Any], Any]] = [
    lambda x: functional.layer_norm(x, (3,), eps=1e-300),
    lambda x: functional.rms_norm(x, (3,), eps=1e-300),
    lambda x: functional.group_norm(x[:, None], 1, eps=1e-300)[:, 0],
    lambda x: functional.batch_norm(x, None, None, training=True, eps=1e-300),
]


@pytest.mark.parametrize("norm", NORMS, ids=["layer", "rms", "group", "batch"])
@pytest.mark.parametrize("power", [500, 611])
def test_norms_do_not_know_the_size_of_their_argument(
    norm: Callable[[Any], Any], power: int
) -> None:
    scale = 2.0**power
    out, slope, curve = first_and_second(norm, BASE, torch.float64)
    far_out, far_slope, far_curve = first_and_second(norm, BASE * scale, torch.float64, scale)
    assert np.allclose(far_out, out, rtol=1e-14, atol=0)
    assert np.allclose(far_slope * scale, slope, rtol=0, atol=1e-14)
    assert np.allclose(far_curve * scale, curve, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "norm",
    [
        lambda x: functional.layer_norm(x, (3,), eps=0.0),
        lambda x: functional.layer_norm(x[:, None], (1, 3), eps=0.0)[:, 0],
        lambda x: functional.rms_norm(x, (3,), eps=0.0),
    ],
)
def test_norms_without_eps_of_small_numbers(norm: Callable[[Any], Any]) -> None:
    near, far = norm(torch.tensor(BASE)), norm(torch.tensor(BASE * 2.0**-600))
    assert np.allclose(far.numpy(), near.numpy(), rtol=1e-15, atol=0)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [50.0, 1e13, 1e19, 1e30])
def test_gelu_far_from_zero_is_flat_or_straight(approximate: str, dtype: Any, size: float) -> None:
    x = tensor([-size, size], dtype)
    (slope,) = torch.autograd.grad(
        functional.gelu(x, approximate=approximate).sum(), x, create_graph=True
    )
    (curve,) = torch.autograd.grad(slope.sum(), x)
    assert slope.tolist() == [0.0, 1.0]
    assert curve.tolist() == [0.0, 0.0]


def test_gelu_keeps_its_second_derivative_below_the_normal_numbers() -> None:
    place = np.float32(-13.88)
    x = tensor([place], torch.float32)
    (slope,) = torch.autograd.grad(functional.gelu(x).sum(), x, create_graph=True)
    (curve,) = torch.autograd.grad(slope.sum(), x)
    exact = float(place)
    density = math.exp(-exact * exact / 2) / math.sqrt(2 * math.pi)
    step = float(np.finfo(np.float32).smallest_subnormal)
    assert abs(curve.item() - (2 - exact * exact) * density) < 20 * step


@pytest.mark.parametrize("below", [True, False])
def test_clamp_between_equal_bounds_has_a_gradient(below: bool) -> None:
    x, low, high = tensor([1.5 if below else 2.5]), tensor([2.0]), tensor([2.0])
    torch.clamp(x, low, high).sum().backward()
    assert [t.grad.item() for t in (x, low, high)] == [0.0, 0.0, 1.0]


def test_hypot_beside_the_origin_and_at_it() -> None:
    tiny = 5e-324
    x, y = tensor([tiny, 3.0, -1e300, 0.0, 0.0]), tensor([tiny, 4.0, 1e300, -2.0, 0.0])
    torch.hypot(x, y).sum().backward()
    half, nan = math.sqrt(0.5), math.nan  # at the origin nan, as in PyTorch
    assert np.allclose(
        x.grad.numpy(), [half, 0.6, -half, 0.0, nan], rtol=1e-15, atol=0, equal_nan=True
    )
    assert np.allclose(
        y.grad.numpy(), [half, 0.8, half, -1.0, nan], rtol=1e-15, atol=0, equal_nan=True
    )


def test_second_derivative_of_hypot_does_not_cancel() -> None:
    x, y = tensor(3.375), tensor(1e-9)
    (slope,) = torch.autograd.grad(torch.hypot(x, y), x, create_graph=True)
    (curve,) = torch.autograd.grad(slope, x)
    assert curve.item() == pytest.approx(1e-18 / 3.375**3, rel=1e-14)


def test_atan2_where_squares_vanish_or_overflow() -> None:
    x, y = tensor([2.0**-530, 2.0**600, 0.0]), tensor([2.0**-530, 2.0**600, 0.0])
    torch.atan2(x, y).sum().backward()
    assert np.allclose(x.grad.numpy(), [2.0**529, 2.0**-601, 0.0], rtol=1e-15, atol=0)


def test_logaddexp_of_minus_infinity_in_second_order() -> None:
    x, y = tensor([-math.inf, 1.0]), tensor([1.0, -math.inf])
    (slope,) = torch.autograd.grad(torch.logaddexp(x, y).sum(), x, create_graph=True)
    (curve,) = torch.autograd.grad(slope.sum(), x)
    assert slope.tolist() == [0.0, 1.0]
    assert curve.tolist() == [0.0, 0.0]


def test_logaddexp_of_complex_numbers() -> None:
    first = np.array([1 + 2j, 800 + 1j, -np.inf, 0.5 - 1j])
    second = np.array([-1 + 0.2j, -3j, 1 + 1j, 0.5 + 1j])
    x, y = tensor(first, torch.complex128), tensor(second, torch.complex128)
    out = torch.logaddexp(x, y)
    out.real.sum().backward()
    with np.errstate(all="ignore"):
        expected = np.log(np.exp(first[::3]) + np.exp(second[::3]))
        share = np.exp(first[::3]) / (np.exp(first[::3]) + np.exp(second[::3]))
    assert np.allclose(out.detach().numpy()[::3], expected, rtol=1e-15)
    assert out[1:3].tolist() == [800 + 1j, 1 + 1j]
    assert np.allclose(x.grad.numpy()[::3], share.conj(), rtol=1e-14)
    assert np.allclose(y.grad.numpy()[::3], (1 - share).conj(), rtol=1e-14)
    assert x.grad[1:3].tolist() == [1, 0]
    assert y.grad[1:3].tolist() == [0, 1]


def test_powers_of_complex_numbers_by_real_tensors() -> None:
    x = tensor([0.5, 1.5])
    out = (1 + 2j) ** x
    (out * torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128)).sum().real.backward()
    slope = (1 + 2j) ** x.detach().numpy() * np.log(1 + 2j) * np.array([1 + 2j, 3 - 1j])
    assert np.allclose(x.grad.numpy(), slope.real, rtol=1e-14)
