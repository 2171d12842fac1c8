"""`gradcheck` and `gradgradcheck`: what they pass, what they find, and how they say it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import Function, gradcheck, gradgradcheck
from autodiff.gradcheck import GradcheckError


def inputs() -> tuple[Any, Any]:
    return (
        torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64, requires_grad=True),
        torch.tensor([1.5, 0.3, 2.0], dtype=torch.float64, requires_grad=True),
    )


def complex_input() -> Any:
    return torch.tensor([0.5 + 1j, 1 - 0.2j], dtype=torch.complex128, requires_grad=True)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"fast_mode": True},
    {"check_forward_ad": True},
    {"check_forward_ad": True, "check_backward_ad": False},
    {"check_forward_ad": True, "fast_mode": True},
    {"check_batched_grad": True, "check_grad_dtypes": True},
    {"check_forward_ad": True, "check_batched_forward_grad": True},
    {"masked": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_right_gradients_pass(options: dict[str, Any]) -> None:
    x, y = inputs()
    assert gradcheck(torch.exp, x, **options)
    assert gradcheck(lambda a, b: (a * b, a.sin()), (x, y), **options)
    assert gradcheck(lambda a, b: a.sum() * b, (x, 2.0), **options)
    assert gradcheck(lambda a: (a * a).exp(), complex_input(), **options)
    assert x.tolist() == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    "options",
    [{}, {"fast_mode": True}, {"check_fwd_over_rev": True}, {"gen_non_contig_grad_outputs": True}],
    ids=str,
)
def test_right_second_gradients_pass(options: dict[str, Any]) -> None:
    x, y = inputs()
    assert gradgradcheck(lambda a, b: (a * b * b, a.sin()), (x, y), **options)
    assert gradgradcheck(lambda a: (a * a).exp(), complex_input(), **options)
    seed = torch.ones(3, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(torch.exp, x, seed, **options)


class Wrong(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.exp()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Constant(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return torch.ones_like(g)


class NeedsAll(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(False)
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        if g is None:
            raise RuntimeError("a cotangent, please")
        return g * 1


def test_a_wrong_gradient_is_shown() -> None:
    x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(Wrong.apply, x)
    assert str(caught.value) == (
        "Jacobian mismatch for output 0 with respect to input 0,\n"
        "numerical:tensor([[1.6487]], dtype=torch.float64)\n"
        "analytical:tensor([[2.]], dtype=torch.float64)\n"
    )
    assert gradcheck(Wrong.apply, x, raise_exception=False) is False
    with pytest.raises(GradcheckError, match="we recompute numerical and analytical jacobians in"):
        gradcheck(Wrong.apply, x, fast_mode=True)
    with pytest.raises(GradcheckError, match="imaginary part of complex outputs only, Jacobian"):
        gradcheck(Wrong.apply, complex_input())
    with pytest.raises(
        GradcheckError, match="Numerical gradient for function expected to be zero"
    ):
        gradcheck(lambda a: a.detach() * 2, x)


def test_what_a_backward_must_do_besides() -> None:
    x, _ = inputs()
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradcheck(Constant.apply, x)
    with (
        pytest.raises(GradcheckError, match="handle undefined output grads"),
        pytest.warns(UserWarning, match="New undefined gradient support checking"),
    ):
        gradcheck(NeedsAll.apply, x)


def test_a_backward_that_changes_is_found() -> None:
    calls: list[int] = []

    class Drifting(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            calls.append(1)
            return g * (1 + 1e-9 * len(calls))

    x, _ = inputs()
    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(Drifting.apply, x)
    assert gradcheck(Drifting.apply, x, nondet_tol=1e-6)


def test_complaints_about_the_question() -> None:
    x, _ = inputs()
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        gradcheck(torch.exp, x.detach())
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        gradcheck(torch.exp, torch.ones(1, dtype=torch.float64, requires_grad=True).expand(3))
    with pytest.raises(AssertionError, match="at least one of check_forward_ad or check_backward"):
        gradcheck(torch.exp, x, check_backward_ad=False)
    with pytest.raises(AssertionError, match="check_batched_forward_grad=True requires"):
        gradcheck(torch.exp, x, check_batched_forward_grad=True)
    with pytest.raises(AssertionError, match="check_fwd_over_rev or check_rev_over_rev"):
        gradgradcheck(torch.exp, x, check_rev_over_rev=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gradcheck(torch.exp, torch.ones(1, requires_grad=True), raise_exception=False)
    assert str(caught[0].message).startswith("Input #0 requires gradient and is not a double")
