"""Forward mode: dual levels, tangents of every row, in-place writes, nesting with reverse mode."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff.autograd import forward_ad
from operation_samples import SAMPLES, Sample, arrays, cotangent
from transform_checks import close, flat, tensors

# refused calls, and gradients that are not the slope by convention, have no pair
PAIRED = [s for s in SAMPLES if "float64" in s.dtypes and "outside" not in s.options]
# without a derivative in either direction, as in PyTorch; with gradients divided by frequency
UNPAIRED = {"div-rounded", "div-zero", "embedding-frequency"}
FAMILIES = sorted({sample.operation for sample in PAIRED} - UNPAIRED)


def products(sample: Sample, dtype: str) -> tuple[complex, complex] | None:
    """<v, J t> by forward mode, and <Jᴴ v, t> by reverse mode; None if nothing depends."""
    given = arrays(sample, dtype)
    moving = [
        one.cast and a.dtype.kind in "fc" for one, a in zip(sample.inputs, given, strict=True)
    ]
    slopes = [cotangent(a.shape, a.dtype, seed=3 + k) for k, a in enumerate(given)]
    with forward_ad.dual_level():
        inputs = [
            forward_ad.make_dual(tensor, autodiff.from_numpy(slope)) if moves else tensor
            for tensor, slope, moves in zip(tensors(given), slopes, moving, strict=True)
        ]
        pairs = [forward_ad.unpack_dual(one) for one in flat(sample.call(autodiff, *inputs))]
        found = [None if pair.tangent is None else pair.tangent.numpy() for pair in pairs]
    inputs = tensors(given)
    for tensor, moves in zip(inputs, moving, strict=True):
        if moves:
            tensor.requires_grad_()
    outputs = flat(sample.call(autodiff, *inputs))
    kept = [k for k, one in enumerate(outputs) if one.requires_grad]
    if not kept:
        assert all(one is None or not np.any(one) for one in found)
        return None
    types = {k: outputs[k].detach().numpy().dtype for k in kept}
    seeds = {k: cotangent(tuple(outputs[k].shape), types[k], k) for k in kept}
    wanted = [one for one in inputs if one.requires_grad]
    gradients = autodiff.autograd.grad(
        [outputs[k] for k in kept],
        wanted,
        [autodiff.from_numpy(seeds[k]) for k in kept],
        allow_unused=True,
    )
    forward = sum(np.vdot(seeds[k], found[k]) for k in kept if found[k] is not None)
    slopes = [slope for slope, moves in zip(slopes, moving, strict=True) if moves]
    reverse = sum(
        np.vdot(one.numpy(), slope)
        for one, slope in zip(gradients, slopes, strict=True)
        if one is not None
    )
    return forward, reverse


@pytest.mark.parametrize("operation", FAMILIES)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_both_directions_are_transposes_of_each_other(operation: str, dtype: str) -> None:
    for sample in PAIRED:
        if sample.operation != operation or dtype not in sample.dtypes:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's advice on calls, which is tested elsewhere
            pair = products(sample, dtype)
        if pair is not None and np.isfinite(pair).all():
            forward, reverse = (complex(one).real for one in pair)
            bound = 1e-3 if operation == "to-half" else 1e-11
            assert close(np.array(forward), np.array(reverse), bound), str(sample)


def test_make_and_unpack() -> None:
    x, t = autodiff.tensor([1.0, 2.0]), autodiff.tensor([3.0, 4.0])
    with forward_ad.dual_level() as level:
        assert level == 0
        dual = forward_ad.make_dual(x, t)
        assert repr(dual * 2) == "tensor([2., 4.], tangent=tensor([6., 8.]))"
        assert repr(dual.sum()) == "tensor(3., tangent=7.0)"
        primal, tangent = forward_ad.unpack_dual(dual)
        assert primal._base is x
        assert tangent is t
        plain = forward_ad.unpack_dual(x)
        assert plain.primal._base is x
        assert plain.tangent is None
        assert forward_ad.unpack_dual(dual > 1).tangent is None
        assert forward_ad.unpack_dual(dual.detach()).tangent is None
    assert repr(dual) == "tensor([1., 2.])"
    assert forward_ad.unpack_dual(dual).tangent is None
    with forward_ad.dual_level():
        assert forward_ad.unpack_dual(dual * 2).tangent is None


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: forward_ad.make_dual(x, autodiff.ones(3)), RuntimeError,
         r"Tensor is of size \[2\] while the given forward gradient is of size \[3\]"),
        (lambda x: forward_ad.make_dual(forward_ad.make_dual(x, x), x), RuntimeError,
         "already has a forward gradient at the same level 0"),
        (lambda x: forward_ad.make_dual(autodiff.tensor([1]), x), ValueError,
         "Expected primal to be floating point or complex, but got: torch.int64"),
        (lambda x: forward_ad.enter_dual_level(), RuntimeError,
         "Nested forward mode AD is not supported at the moment"),
        (lambda x: forward_ad.exit_dual_level(level=3), RuntimeError,
         "not the last one that was created"),
        (lambda x: forward_ad.unpack_dual(3), TypeError, "must be Tensor, not int"),
    ],
)  # fmt: skip
def test_refusals(call: Any, kind: type[Exception], words: str) -> None:
    with forward_ad.dual_level(), pytest.raises(kind, match=words):
        call(autodiff.tensor([1.0, 2.0]))


def test_no_level() -> None:
    x = autodiff.ones(2)
    with pytest.raises(RuntimeError, match="no level exists, make sure to enter_dual_level"):
        forward_ad.make_dual(x, x)
    with pytest.raises(RuntimeError, match="Dual level must be a positive number"):
        forward_ad.exit_dual_level()


def test_the_level_is_closed_by_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), forward_ad.dual_level():
        raise ZeroDivisionError
    with forward_ad.dual_level():
        assert forward_ad.make_dual(autodiff.ones(1), autodiff.ones(1)) is not None


def test_writes_change_the_tangent_in_its_memory() -> None:
    x, t = autodiff.tensor([1.0, 2.0]), autodiff.tensor([1.0, 1.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, t)
        part = dual[0]
        dual.mul_(3)
        assert t.tolist() == [3.0, 3.0]
        assert forward_ad.unpack_dual(part).tangent.item() == 3.0
        part.mul_(2)
        assert t.tolist() == [6.0, 3.0]
        dual.zero_()
        assert t.tolist() == [0.0, 0.0]


def test_what_is_written_into_becomes_dual_with_its_views() -> None:
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(autodiff.tensor([1.0, 2.0]), autodiff.tensor([3.0, 4.0]))
        whole = autodiff.zeros(3)
        earlier = whole[0]
        whole[0] = dual[1]
        whole[1] = 5.0
        assert forward_ad.unpack_dual(whole).tangent.tolist() == [4.0, 0.0, 0.0]
        assert forward_ad.unpack_dual(earlier * 2).tangent.item() == 8.0
        product = autodiff.ones(2)
        product.mul_(dual)
        assert forward_ad.unpack_dual(product).tangent.tolist() == [3.0, 4.0]


def test_a_shared_tangent_is_not_written_to() -> None:
    t = autodiff.tensor([1.0, 1.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(autodiff.ones(2), t)
        moved = dual + 1
        moved.mul_(7)
        assert t.tolist() == [1.0, 1.0]
        assert forward_ad.unpack_dual(moved).tangent.tolist() == [7.0, 7.0]


def test_forward_over_reverse() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, autodiff.tensor([3.0, 4.0]))
        (found,) = autodiff.autograd.grad((dual**3).sum(), x)
        gradient, slope = forward_ad.unpack_dual(found)
        assert gradient.tolist() == [3.0, 12.0]
        assert slope.tolist() == [18.0, 48.0]
        (dual**3).sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]


def test_forward_over_reverse_at_an_intermediate_value() -> None:
    x = autodiff.tensor([0.5], dtype=autodiff.float64, requires_grad=True)
    with forward_ad.dual_level():
        middle = forward_ad.make_dual(x, autodiff.ones(1, dtype=autodiff.float64)).exp()
        (found,) = autodiff.autograd.grad((middle**3).sum(), middle)
        slope = forward_ad.unpack_dual(found).tangent
        np.testing.assert_allclose(slope.numpy(), [6 * np.exp(1.0)], rtol=1e-14)


def test_reverse_over_forward() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    t = autodiff.tensor([3.0, 4.0], requires_grad=True)
    with forward_ad.dual_level():
        slope = forward_ad.unpack_dual(forward_ad.make_dual(x, t) ** 3).tangent
        by_x, by_t = autodiff.autograd.grad(slope.sum(), (x, t))
    assert by_x.tolist() == [18.0, 48.0]
    assert by_t.tolist() == [3.0, 12.0]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from(["sin", "mul", "exp", "view", "write", "sum"]), max_size=8))
def test_programs_are_as_with_differences_of_reverse_mode(steps: list[str]) -> None:
    """The tangent along t is the inner product of the gradient with t."""
    point = np.array([0.25, -0.5, 0.75])
    slope = np.array([0.5, 1.0, -0.25])

    def program(x: Any) -> Any:
        y = x * 1
        for step in steps:
            if step == "sin":
                y = autodiff.sin(y)
            elif step == "mul":
                y = y * x
            elif step == "exp":
                y = autodiff.exp(-y)
            elif step == "view":
                y = y.view(3, 1).view(3)
            elif step == "write":
                y = y.clone()
                y[1] = x[0] * x[2]
            else:
                y = y.sum() + x
        return y.sum()

    with forward_ad.dual_level():
        dual = forward_ad.make_dual(autodiff.tensor(point), autodiff.tensor(slope))
        tangent = forward_ad.unpack_dual(program(dual)).tangent.item()
    x = autodiff.tensor(point, requires_grad=True)
    (gradient,) = autodiff.autograd.grad(program(x), x)
    np.testing.assert_allclose(tangent, gradient.numpy() @ slope, rtol=1e-10, atol=1e-12)


class Cube(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        ctx.factor = factor
        return factor * x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * ctx.factor * x**2, None

    @staticmethod
    def jvp(ctx: Any, slope: Any, nothing: Any) -> Any:
        (x,) = ctx.saved_tensors
        assert nothing is None
        return slope * 3 * ctx.factor * x**2


class WithoutJvp(Cube):
    jvp = autodiff.autograd.Function.jvp


def test_functions_of_users_have_their_own_tangents() -> None:
    with forward_ad.dual_level():
        x = forward_ad.make_dual(autodiff.tensor([2.0]), autodiff.tensor([1.0]))
        assert forward_ad.unpack_dual(Cube.apply(x, 2.0)).tangent.tolist() == [24.0]
        with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
            WithoutJvp.apply(x, 2.0)


def test_rows_without_rules_on_dual_tensors_whose_primals_are_recorded() -> None:
    x = autodiff.tensor([1.0, np.nan], dtype=autodiff.float64, requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, autodiff.ones_like(x))
        assert autodiff.isnan(dual).tolist() == [False, True]
        assert (dual == 1.0).tolist() == [True, False]


def test_complex_numbers_of_real_dual_tensors_go_backward() -> None:
    x = autodiff.tensor([0.5, -1.5], dtype=autodiff.float64, requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, autodiff.tensor([1.0, 2.0], dtype=autodiff.float64))
        z = autodiff.complex(dual, dual * 2) ** 2  # (1 + 2i)² x²
        cotangent = autodiff.tensor([1 + 1j, 2 - 1j], dtype=autodiff.complex128)
        (gradient,) = autodiff.autograd.grad(z, x, cotangent, create_graph=True)
        value, tangent = forward_ad.unpack_dual(gradient)
    slopes = (cotangent.conj() * (1 + 2j) ** 2).real * 2
    assert autodiff.allclose(value, slopes * x)
    assert autodiff.allclose(tangent, slopes * autodiff.tensor([1.0, 2.0], dtype=slopes.dtype))
