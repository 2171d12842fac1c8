"""What random programs have found, by itself."""

from __future__ import annotations

import numpy as np
import pytest

import autodiff
from autodiff import Tensor, tensor


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.flip(0),
        lambda x: x.flip(-1),
        lambda x: x[0].max(0).values,
        lambda x: x[0].min(0).values,
        lambda x: x[0].sort(0).values,
        lambda x: x[0].gather(0, tensor(0)),
    ],
)
def test_results_have_memory_of_their_own(call: object) -> None:
    x = tensor([2.0])
    result: Tensor = call(x)  # type: ignore[operator]
    result.mul_(3)
    assert x.tolist() == [2.0]


def test_saved_hooks_are_given_the_values_before_the_write() -> None:
    x = tensor([3.0], requires_grad=True)
    y = x * 1
    with autodiff.autograd.graph.saved_tensors_hooks(lambda one: one.clone(), lambda one: one):
        y *= y
    y.backward(autodiff.ones(1))
    assert x.grad is not None
    assert x.grad.tolist() == [6.0]


def test_filled_expanded_view() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.expand(3, -1).fill_(5.0)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0]


def test_lerp_starts_at_the_nearer_end() -> None:
    ends = tensor([np.inf, 1.0]), tensor([2.0, 3.0])
    assert autodiff.lerp(*ends, 0.75).tolist() == [np.inf, 2.5]


def test_linear_without_rows() -> None:
    x = autodiff.zeros(0, 3, requires_grad=True)
    autodiff.nn.functional.linear(x, x).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_complex_zero_is_false_only_if_both_parts_are() -> None:
    x = tensor([1j, 0j, 1 + 0j])
    assert x.to(autodiff.bool).tolist() == [True, False, True]


def test_empty_tensors_iterate_and_split() -> None:
    empty = autodiff.zeros(0, 3)
    assert list(empty) == []
    assert [tuple(one.shape) for one in empty.chunk(2)] == [(0, 3), (0, 3)]


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.scatter_(0, autodiff.zeros(2, dtype=autodiff.int64), x),
        lambda x: x.index_add_(0, tensor([0, 1]), x),
        lambda x: x.index_put_((tensor([0, 1]),), x),
    ],
)
def test_scattering_from_the_same_memory_is_refused(write: object) -> None:
    x = tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        write(x)  # type: ignore[operator]
    assert x.tolist() == [1.0, 2.0]


def test_out_of_the_wrong_dtype_is_left_as_it_was() -> None:
    kept = tensor([1, 2, 3])
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        autodiff.mul(autodiff.ones(2, 2), 2.0, out=kept)
    assert kept.tolist() == [1, 2, 3]


def test_two_writes_through_one_view() -> None:
    leaf = tensor([1.0, 2.0], requires_grad=True)
    whole = autodiff.ones(4)
    part = whole[:2]
    part.add_(leaf)
    part.mul_(3.0)
    whole.sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [3.0, 3.0]


def test_a_view_that_was_written_through_is_no_leaf() -> None:
    leaf = tensor([1.0, 2.0], requires_grad=True)
    part = autodiff.ones(4)[:2]
    part.add_(leaf)
    part.requires_grad_()
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        part.register_post_accumulate_grad_hook(lambda _: None)


def test_whole_numbers_take_no_history() -> None:
    leaf = tensor([1.5, 2.0], requires_grad=True)
    whole = tensor([[1, 2], [3, 4]])
    with autodiff.no_grad():
        part = whole[0]
    part[:] = leaf
    assert whole.tolist() == [[1, 2], [3, 4]]
    assert not whole.requires_grad


def test_what_a_function_wrote_to_has_no_gradient() -> None:
    class Write(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> object:
            ctx.mark_dirty(x)  # type: ignore[attr-defined]
            return x.mul_(2)

    x = tensor([1.0, 2.0], requires_grad=True) * 1
    x.grad = autodiff.ones(2)
    written = Write.apply(x)
    written.retain_grad()  # not to be warned of reading its gradient
    assert written.grad is None


def test_alpha_multiplies_in_the_dtype_of_the_result() -> None:
    bytes_ = tensor([200, 3], dtype=autodiff.uint8)
    assert autodiff.ones(2).add_(bytes_, alpha=2).tolist() == [401.0, 7.0]
    assert autodiff.ones(2).sub_(bytes_, alpha=2).tolist() == [-399.0, -5.0]
    with pytest.raises(RuntimeError, match="alpha must not be a floating point number"):
        tensor([1, 2]).add_(bytes_, alpha=0.5)


def test_empty_vectors_are_left_out_but_have_a_gradient() -> None:
    empty = autodiff.zeros(0, requires_grad=True)
    joined = autodiff.cat([empty, autodiff.ones(2, 3)], 1)
    joined.sum().backward()
    assert joined.shape == (2, 3)
    assert empty.grad is not None
    assert empty.grad.shape == (0,)


@pytest.mark.parametrize("shape", [(2, 3), (3,), ()])
def test_an_empty_index_scatters_nothing(shape: tuple[int, ...]) -> None:
    x = autodiff.ones(shape)
    source = autodiff.ones(5, requires_grad=True)
    nowhere = autodiff.zeros(0, 3, dtype=autodiff.int64)
    for result in (x.scatter(0, nowhere, source), x.scatter_add(0, nowhere, source)):
        assert result.tolist() == x.tolist()
        (grad,) = autodiff.autograd.grad(result.sum(), source)
        assert grad.tolist() == [0.0] * 5


def test_one_number_from_the_same_memory_under_a_mask() -> None:
    x = tensor([2.0, 3.0])
    x[x > 2.5] = x[:1]
    assert x.tolist() == [2.0, 2.0]


def test_softmax_of_one_number() -> None:
    for number, wanted in ((3.0, 1.0), (np.nan, np.nan), (np.inf, np.nan)):
        x = tensor(number, requires_grad=True)
        y = x.softmax(0)
        np.testing.assert_equal(y.item(), wanted)
        np.testing.assert_equal(x.log_softmax(0).item(), np.log(wanted))
        (grad,) = autodiff.autograd.grad(y, x)
        np.testing.assert_equal(grad.item(), wanted - 1)


def test_a_mask_without_dimensions_is_an_index() -> None:
    x = tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="source and destination dtypes match"):
        x[tensor(True)] = tensor(2)
    x[tensor([True, False])] = tensor(2)
    assert x.tolist() == [2.0, 2.0]


def test_softmax_refuses_whole_numbers() -> None:
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        tensor([1, 2]).softmax(0)
    assert autodiff.zeros(0, dtype=autodiff.bool).softmax(0).shape == (0,)


def test_empty_vectors_are_joined_along_any_dimension() -> None:
    empty = autodiff.zeros(0)
    assert autodiff.cat([empty, empty], 1).shape == (0,)


def test_words_name_the_dimension_as_given() -> None:
    empty = autodiff.zeros(2, 0)
    with pytest.raises(IndexError, match="Expected reduction dim -1 to have non-zero size"):
        empty.amax(-1)
    with pytest.raises(IndexError, match="index 0 is out of bounds for dimension 2 with size 0"):
        empty[None, 0, 0]
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 with size 2"):
        autodiff.zeros(1, 2)[:, tensor([3])]


def test_true_is_a_dimension_of_size_one() -> None:
    x = tensor([1, 2])
    x[True] = tensor([2.5, 3.5])
    assert x.tolist() == [2, 3]


def test_index_of_a_tensor_without_dimensions_is_saved_and_freed() -> None:
    x, source = autodiff.tensor(2.5), autodiff.tensor([3.0], requires_grad=True)
    x.scatter_add_(0, autodiff.tensor([0]), source)
    assert x.item() == 5.5
    x.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        x.backward()


def test_index_copy_looks_at_memory_first() -> None:
    x = autodiff.tensor(1.0).expand(2, 3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.index_copy_(0, autodiff.tensor([0]), autodiff.zeros(3, 3))


def test_what_was_expanded_and_detached_can_be_written_to_where_it_is_not_repeated() -> None:
    x = autodiff.tensor([0.5, -1.5]).expand(3, -1)
    x.detach()[0] = 2.0
    assert x.tolist() == [[2.0, 2.0]] * 3


def test_view_made_without_grad_mode_lets_nothing_be_saved() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    with autodiff.no_grad():
        view = x[1:]
    y = view * 2.0
    assert y.requires_grad
    y.backward()
    y.backward()  # nothing was saved, so nothing was freed
    assert x.grad is None


@pytest.mark.parametrize("turn", ["t_", "squeeze_", "unsqueeze_", "transpose_"])
def test_views_follow_a_base_that_was_turned_in_place(turn: str) -> None:
    x = autodiff.arange(6.0).reshape(2, 3).requires_grad_()
    base = x * x
    view = base[0]
    getattr(base, turn)(*{"unsqueeze_": (0,), "transpose_": (0, 1)}.get(turn, ()))
    view.mul_(3.0)
    (base.sum() + (view * view).sum()).backward()
    assert view.grad_fn.name() == "AsStridedBackward0"
    assert x.grad.tolist() == [[0.0, 42.0, 300.0], [6.0, 8.0, 10.0]]


def test_requires_grad_of_a_view_that_was_written_to() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    view = autodiff.zeros(2).view(1, 2)
    view.add_(x)
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        view.requires_grad = True


def test_recorded_gradient_of_relu_requires_a_gradient() -> None:
    x = autodiff.tensor([1.0, -2.0], requires_grad=True)
    y = x.relu()
    (gradient,) = autodiff.autograd.grad(y.sum(), x, create_graph=True)
    assert gradient.grad_fn.name() == "ThresholdBackwardBackward0"
    (second,) = autodiff.autograd.grad(gradient.sum(), x, retain_graph=True)
    assert second.tolist() == [0.0, 0.0]
    y.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        autodiff.autograd.grad(gradient.sum(), x)


def test_out_does_not_write_to_inference_tensors() -> None:
    with autodiff.inference_mode():
        kept = autodiff.zeros(2)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        autodiff.sin(autodiff.ones(2), out=kept)
    assert kept.tolist() == [0.0, 0.0]
