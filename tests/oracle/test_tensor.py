"""The front door: tensors with PyTorch's names and exact values."""

from __future__ import annotations

import gc
import weakref
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

import reference as t
from reference.modes import is_grad_enabled


def chain(grad_fn: Any) -> list[str]:
    names = []
    while grad_fn is not None:
        names.append(type(grad_fn).__name__)
        grad_fn = grad_fn.next_functions[0][0] if grad_fn.next_functions else None
    return names


class TestScenarios:
    """S1 to S15, on the oracle."""

    def test_leaf_and_graph(self) -> None:
        x = t.ones(2, 2, requires_grad=True)
        text = "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)"
        assert repr(x) == text
        assert x.grad_fn is None
        assert x.is_leaf
        y = x + 2
        assert repr(y) == "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)"
        assert repr(y.grad_fn).startswith("<AddBackward0 object at 0x")
        assert not y.is_leaf
        z = y * y * 3
        assert repr(z) == "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)"
        out = z.mean()
        assert repr(out) == "tensor(27., grad_fn=<MeanBackward0>)"
        names = ["MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad"]
        assert chain(out.grad_fn) == names

    def test_flag_set_in_place(self) -> None:
        a = t.randn(2, 2)
        a = (a * 3) / (a - 1)
        assert not a.requires_grad
        a.requires_grad_(True)
        assert a.requires_grad
        total = (a * a).sum()
        assert type(total.grad_fn).__name__ == "SumBackward0"
        total.backward()
        assert (a.grad.exact == 2 * a.exact).all()

    def test_backward_and_accumulation(self) -> None:
        x = t.ones(2, 2, requires_grad=True)
        (3 * (x + 2) ** 2).mean().backward()
        assert repr(x.grad) == "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])"
        assert (x.grad.exact == sp.Rational(9, 2)).all()
        held = x.grad
        x.sum().backward()
        assert x.grad is held
        assert (x.grad.exact == sp.Rational(11, 2)).all()
        for before in (2, 1):
            x.grad.data.zero_()
            x.sum().backward()
            assert (x.grad.exact == 1).all()
            x.sum().backward()
            assert (x.grad.exact == 2).all(), before

    def test_weighted(self) -> None:
        x = t.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
        y = 2 * x
        z = y.view(2, 2)
        assert repr(y) == "tensor([2., 4., 6., 8.], grad_fn=<MulBackward0>)"
        assert repr(z) == "tensor([[2., 4.],\n        [6., 8.]], grad_fn=<ViewBackward0>)"
        with pytest.raises(
            RuntimeError, match=r"^grad can be implicitly created only for scalar outputs$"
        ):
            z.backward()
        v = t.tensor([[1.0, 0.1], [0.01, 0.001]], dtype=t.float)
        z.backward(v)
        assert repr(x.grad) == "tensor([2.0000, 0.2000, 0.0200, 0.0020])"
        wanted = [2 * sp.Rational(float(np.float32(w))) for w in (1.0, 0.1, 0.01, 0.001)]
        assert x.grad.exact.tolist() == wanted

    def test_weights_given_exactly(self) -> None:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        (2 * x).backward(t.tensor([Fraction(1, 10), sp.Rational(1, 7)]))
        assert x.grad.exact.tolist() == [sp.Rational(1, 5), sp.Rational(2, 7)]

    def test_no_grad(self) -> None:
        x = t.tensor(1.0, requires_grad=True)
        y1 = x**2
        with t.no_grad():
            y2 = x**3
        y3 = y1 + y2
        shown = [repr(y) for y in (y1, y2, y3)]
        assert shown == [
            "tensor(1., grad_fn=<PowBackward0>)",
            "tensor(1.)",
            "tensor(2., grad_fn=<AddBackward0>)",
        ]
        y3.backward()
        assert repr(x.grad) == "tensor(2.)"

    def test_data_and_detach(self) -> None:
        x = t.ones(1, requires_grad=True)
        assert repr(x.data) == "tensor([1.])"
        assert not x.data.requires_grad
        y = 2 * x
        x.data *= 100
        y.backward()
        assert repr(x) == "tensor([100.], requires_grad=True)"
        assert repr(x.grad) == "tensor([2.])"
        z = x * x.detach()
        z.backward()
        assert x.grad.exact.tolist() == [102]

    def test_function(self) -> None:
        class Exp(t.autograd.Function):
            @staticmethod
            def forward(ctx: Any, value: Any) -> Any:
                result = value.exp()
                ctx.save_for_backward(result)
                return result

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                (result,) = ctx.saved_tensors
                return 3 * g * result  # wrong on purpose: the user's word counts

        x = t.tensor([0.0, 1.0], requires_grad=True)
        y = Exp.apply(x)
        assert repr(y) == "tensor([1.0000, 2.7183], grad_fn=<ExpBackward>)"
        y.sum().backward()
        assert x.grad.exact.tolist() == [3, 3 * sp.E]
        (first,) = t.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
        assert t.autograd.grad(first.sum(), x)[0].exact.tolist() == [9, 9 * sp.E]


class TestLeaves:
    def test_floats_are_rounded_and_exact_numbers_kept(self) -> None:
        assert t.tensor(0.1).exact[()] == sp.Rational(float(np.float32(0.1)))
        assert t.tensor(0.1, dtype=t.float64).exact[()] == sp.Rational(0.1)
        assert t.tensor(Fraction(1, 10)).exact[()] == sp.Rational(1, 10)
        assert t.tensor([1, Fraction(1, 3)]).exact.tolist() == [1, sp.Rational(1, 3)]
        assert t.tensor(0.1, dtype="bfloat16").item() == 0.10009765625

    def test_python_floats_take_the_tensors_format(self) -> None:
        x = t.tensor(1.0)
        assert (x * 0.1).exact[()] == sp.Rational(float(np.float32(0.1)))
        assert (x.double() * 0.1).exact[()] == sp.Rational(0.1)
        assert (x * Fraction(1, 10)).exact[()] == sp.Rational(1, 10)

    @pytest.mark.parametrize(
        ("data", "dtype"),
        [(1.0, t.float32), (1, t.int64), (True, t.bool), (np.float64(1), t.float64)],
    )
    def test_formats(self, data: Any, dtype: Any) -> None:
        assert t.tensor(data).dtype == dtype

    def test_promotion(self) -> None:
        x = t.ones(2)
        assert (x + t.ones(2, dtype=t.float64)).dtype == t.float64
        assert (x + t.tensor(1.0, dtype=t.float64)).dtype == t.float32
        assert (t.arange(2) / 2).dtype == t.float32
        assert t.tensor([True]).sum().dtype == t.int64
        assert (x > 0).dtype == t.bool
        assert (x + np.ones(2)).dtype == t.float64

    def test_integers_cannot_require_gradients(self) -> None:
        with pytest.raises(RuntimeError, match=r"^Only Tensors of floating point and complex"):
            t.tensor([1, 2], requires_grad=True)
        with pytest.raises(RuntimeError, match=r"^only Tensors of floating point dtype can"):
            t.tensor([1]).requires_grad_()

    def test_random_numbers_are_reproducible(self) -> None:
        t.manual_seed(3)
        one = t.randn(3).tolist()
        t.manual_seed(3)
        assert t.randn(3).tolist() == one
        assert all(0 <= value < 1 for value in t.rand(5).tolist())

    def test_factories(self) -> None:
        assert t.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
        assert t.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
        assert t.full((2,), Fraction(1, 3)).exact.tolist() == [sp.Rational(1, 3)] * 2
        assert t.arange(1, 7, 2).tolist() == [1, 3, 5]
        assert t.zeros_like(t.ones(2, dtype=t.float64)).dtype == t.float64


class TestBackward:
    def test_order_two(self) -> None:
        x = t.tensor(Fraction(1, 3), requires_grad=True)
        (first,) = t.autograd.grad(x**4, x, create_graph=True)
        (second,) = t.autograd.grad(first, x, create_graph=True)
        (third,) = t.autograd.grad(second, x)
        values = [value.exact[()] for value in (first, second, third)]
        assert values == [sp.Rational(4, 27), sp.Rational(4, 3), 8]

    def test_create_graph_makes_grad_differentiable(self) -> None:
        x = t.tensor(3.0, requires_grad=True)
        (x**3).backward(create_graph=True)
        assert x.grad.requires_grad
        held = x.grad
        x.grad = None
        held.backward()
        assert x.grad.item() == 18.0

    def test_inputs_restrict_accumulation(self) -> None:
        x, w = t.tensor(2.0, requires_grad=True), t.tensor(5.0, requires_grad=True)
        y = x * w
        (y * y).backward(inputs=[w, y])
        assert x.grad is None
        assert w.grad.item() == 40.0
        assert y.grad.item() == 20.0

    def test_hooks_and_retained_gradients(self) -> None:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        y.retain_grad()
        seen: list[Any] = []
        handle = y.register_hook(lambda g: seen.append(g) or g * 2)
        z = y * y
        z.register_hook(lambda g: g / 2)
        x.register_hook(lambda g: g + 1)
        z.sum().backward()
        assert seen[0].tolist() == [3.0, 6.0]
        assert y.grad.tolist() == [6.0, 12.0]
        assert x.grad.tolist() == [19.0, 37.0]
        handle.remove()
        handle.remove()
        x.grad = None
        y.sum().backward()
        assert x.grad.tolist() == [4.0, 4.0]

    def test_graph_may_be_differentiated_again(self) -> None:
        x = t.tensor(2.0, requires_grad=True)
        y = x * x
        y.backward()
        y.backward()
        assert x.grad.item() == 8.0

    def test_no_influence_is_zero(self) -> None:
        x = t.tensor([1.0, -2.0], requires_grad=True)
        x.sign().sum().backward()
        assert x.grad.tolist() == [0.0, 0.0]

    def test_unused_inputs(self) -> None:
        x, w = t.ones(2, requires_grad=True), t.ones(2, requires_grad=True)
        with pytest.raises(RuntimeError, match=r"^The differentiated Tensor at index 1 appears"):
            t.autograd.grad(x.sum(), [x, w])
        assert t.autograd.grad(x.sum(), [x, w], allow_unused=True)[1] is None
        zero = t.autograd.grad(x.sum(), [x, w], materialize_grads=True)[1]
        assert zero.tolist() == [0.0, 0.0]

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda x: x.detach().backward(), "element 0 of tensors does not require grad"),
            (lambda x: x.backward(t.ones(3)), "Mismatch in shape: grad_output[0] has a shape of"),
            (lambda x: x.numpy(), "Can't call numpy() on Tensor that requires grad."),
            (lambda x: x.add_(1), "a leaf Variable that requires grad is being used in an"),
            (lambda x: (x * 2).requires_grad_(False), "you can only change requires_grad flags"),
            (lambda x: x.item(), "a Tensor with 2 elements cannot be converted to Scalar"),
            (bool, "Boolean value of Tensor with more than one value"),
            (lambda x: x.view(3), "shape '[3]' is invalid for input of size 2"),
            (lambda x: t.ones(2, 3) @ t.ones(2, 3), "mat1 and mat2 shapes cannot be multiplied"),
            (lambda x: x.detach().retain_grad(), "can't retain_grad on Tensor that has"),
            (lambda x: t.arange(2).add_(1.5), "result type Float can't be cast to the desired"),
        ],
    )
    def test_wrong_calls_have_pytorchs_words(self, call: Any, text: str) -> None:
        x = t.ones(2, requires_grad=True)
        with pytest.raises(RuntimeError) as caught:
            call(x)
        assert str(caught.value).startswith(text)
        assert x.grad is None

    def test_wrong_gradients(self) -> None:
        x = t.ones(2, requires_grad=True)
        with pytest.raises(TypeError, match=r"^assigned grad expected to be a Tensor or None"):
            x.grad = 3
        with pytest.raises(RuntimeError, match=r"^attempting to assign a gradient of size"):
            x.grad = t.ones(3)
        with pytest.raises(IndexError, match=r"^index 5 is out of bounds for dimension 0 with"):
            x[5]
        with pytest.raises(TypeError, match=r"^len\(\) of a 0-d tensor$"):
            len(x.sum())

    def test_wrong_functions(self) -> None:
        class Short(t.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any, b: Any) -> Any:
                return a * b

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return g

        class Missing(t.autograd.Function):
            @staticmethod
            def forward(ctx: Any, a: Any) -> Any:
                return a * 2

        x = t.ones(2, requires_grad=True)
        with pytest.raises(RuntimeError, match="ShortBackward returned an incorrect number"):
            Short.apply(x, x).sum().backward()
        with pytest.raises(NotImplementedError, match=r"^You must implement either the backward"):
            Missing.apply(x).sum().backward()


class TestInPlace:
    def test_what_was_recorded_keeps_the_old_value(self) -> None:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        y = x * 1
        z = y * y
        y.mul_(10)
        (z + y).sum().backward()
        assert x.grad.tolist() == [12.0, 14.0]

    def test_setitem_records(self) -> None:
        x = t.tensor([1.0, -2.0, 3.0], requires_grad=True)
        y = x * 1
        y[0] = 5.0
        assert repr(y) == "tensor([ 5., -2.,  3.], grad_fn=<CopySlices>)"
        buffer = t.zeros(3)
        buffer[1:] = x[:2]
        assert buffer.requires_grad
        (y.sum() + (buffer**2).sum()).backward()
        assert x.grad.tolist() == [2.0, -3.0, 1.0]

    def test_updates_under_no_grad(self) -> None:
        w = t.tensor([1.0, 2.0], requires_grad=True)
        (w * w).sum().backward()
        with t.no_grad():
            w -= Fraction(1, 10) * w.grad
        assert w.exact.tolist() == [sp.Rational(4, 5), sp.Rational(8, 5)]
        assert w.is_leaf
        w.grad = None
        (w * w).sum().backward()
        assert w.grad.exact.tolist() == [sp.Rational(8, 5), sp.Rational(16, 5)]

    def test_writing_into_a_view_is_refused(self) -> None:
        with pytest.raises(NotImplementedError, match="views do not write through"):
            t.zeros(2, 2).view(4).add_(1)


class TestModes:
    def test_mode_is_restored_after_an_error(self) -> None:
        with pytest.raises(KeyError), t.no_grad():
            raise KeyError
        assert is_grad_enabled()

    def test_decorator_and_nesting(self) -> None:
        @t.no_grad()
        def inside() -> bool:
            with t.enable_grad():
                assert is_grad_enabled()
            return is_grad_enabled()

        assert not inside()
        with t.set_grad_enabled(False):
            assert not is_grad_enabled()
        assert is_grad_enabled()


def test_values_that_are_not_rational() -> None:
    x = t.tensor(1.0, requires_grad=True)
    x.exp().backward()
    assert x.grad.exact[()] == sp.E
    assert x.grad.enclosure(200)[()].rad() < 1e-50
    big = t.ones(100).exp()
    with pytest.raises(t.NotExact, match=r"use \.enclosure"):
        _ = big.exact


def test_masked_branches_do_not_leak() -> None:
    x = t.tensor([-1.0, 4.0], requires_grad=True)
    t.where(x > 0, x.sqrt(), 0.0).sum().backward()
    assert x.grad.exact.tolist() == [0, sp.Rational(1, 4)]


def test_indices_computed_from_tensors() -> None:
    x = t.tensor([1.0, 2.0, 0.5], requires_grad=True)
    (x[x > 0.7] ** 2).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0, 0.0]
    assert x[x.argmax()].item() == 2.0
    values, indices = x.sort()
    assert values.tolist() == [0.5, 1.0, 2.0]
    assert indices.tolist() == [2, 0, 1]
    assert repr(x.detach().max(0)) == (
        "torch.return_types.max(\nvalues=tensor(2.),\nindices=tensor(1))"
    )


def test_conversions() -> None:
    x = t.tensor([[1.5, 2.0]])
    assert x.shape == (1, 2)
    assert repr(x.shape) == "torch.Size([1, 2])"
    assert x.size(1) == 2
    assert [row.tolist() for row in x] == [[1.5, 2.0]]
    assert x.numpy().dtype == np.float32
    assert float(x[0, 0]) == 1.5
    assert f"{x[0, 0]:.2f}" == "1.50"
    assert (x == 2.0).tolist() == [[False, True]]
    assert x.T.shape == (2, 1)
    assert x.to(t.float64).dtype == t.float64
    assert x != "text"


def test_results_die_by_reference_count() -> None:
    gc.disable()
    try:
        x = t.ones(3, requires_grad=True)
        y = (x * 2).sum()
        watched = weakref.ref(y)
        y.backward()
        del y
        assert watched() is None
    finally:
        gc.enable()
