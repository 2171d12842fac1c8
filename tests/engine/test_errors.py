"""Every refusal has PyTorch's type and words, and changes nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import autodiff as torch
from autodiff import errors
from autodiff.autograd import Function, backward, grad
from engine_state import refused, snapshot


def leaf(*values: float) -> Any:
    return torch.tensor(list(values) or [1.0, 2.0], requires_grad=True)


def in_place(name: str, producer: str | None, version: int = 1, expected: int = 0) -> str:
    source = f", which is {producer}," if producer else ""
    return (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{name}]{source} is at version {version}; expected version {expected} "
        "instead. Hint: enable anomaly detection to find the operation that failed to compute its "
        "gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def test_roots_must_be_scalars_or_come_with_a_gradient() -> None:
    x = leaf()
    y = x * 2
    with refused(RuntimeError, "grad can be implicitly created only for scalar outputs", x, y):
        y.backward()
    text = (
        "Mismatch in shape: grad_output[0] has a shape of torch.Size([3]) and output[0] has a "
        "shape of torch.Size([2])."
    )
    with refused(RuntimeError, text, x, y):
        y.backward(torch.ones(3))
    with refused(TypeError, "'float' object is not iterable", x, y):
        y.backward(1.0)
    with refused(TypeError, "gradients can be either Tensors or None, but got float", x, y):
        y.backward([1.0])
    with refused(RuntimeError, "got 2 tensors and 1 gradients", x, y):
        backward([y, y], [torch.ones(2)])


def test_roots_must_have_a_graph() -> None:
    x = torch.ones(1)
    text = "element 0 of tensors does not require grad and does not have a grad_fn"
    with refused(RuntimeError, text, x):
        x.backward()
    y = leaf(1.0)
    with refused(RuntimeError, text.replace("0", "1"), x, y):
        backward([y * 2, x])


def test_complex_roots() -> None:
    c = torch.ones(1, dtype=torch.complex64, requires_grad=True)
    text = "grad can be implicitly created only for real scalar outputs but got torch.complex64"
    with refused(RuntimeError, text, c):
        (c * 2).sum().backward()
    x = leaf()
    text = (
        "For complex Tensors, both grad_output and output are required to have the same dtype. "
        "Mismatch in dtype: grad_output[0] has a dtype of torch.complex64 and output[0] has a "
        "dtype of torch.float32."
    )
    with refused(RuntimeError, text, x):
        (x * 2).sum().backward(torch.tensor(1.0 + 0j))


def test_second_backward() -> None:
    x = leaf()
    s = (x * x).sum()
    s.backward()
    with refused(RuntimeError, errors.SECOND_BACKWARD, x, s):
        s.backward()


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x + 1,
        lambda x: x - x,
        lambda x: x.view(2, 1),
        lambda x: x[0],
        lambda x: x.mean(),
        lambda x: torch.cat([x, x]),
    ],
)
def test_second_backward_where_nothing_was_saved(operation: Any) -> None:
    x = leaf()
    s = operation(x).sum()
    s.backward()
    first = x.grad.tolist()
    s.backward()
    assert x.grad.tolist() == [2 * one for one in first]


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x[torch.tensor([0, 0])],
        lambda x: x[x > 1],
        lambda x: x.index_select(0, torch.tensor([0])),
    ],
)
def test_second_backward_where_indices_were_saved(operation: Any) -> None:
    x = leaf()
    s = operation(x).sum()
    s.backward()
    with refused(RuntimeError, errors.SECOND_BACKWARD, x):
        s.backward()


def test_saved_values_that_were_written_to() -> None:
    x = leaf()
    y = x.exp()
    y += 1
    with refused(RuntimeError, in_place("torch.FloatTensor [2]", "output 0 of Exp"), x, y):
        y.sum().backward()
    plain = torch.ones(2)
    y = x * plain
    plain.add_(1)
    with refused(RuntimeError, in_place("torch.FloatTensor [2]", None), x, y):
        y.sum().backward()
    y = x * 1
    z = y * y
    y.mul_(2)
    with refused(RuntimeError, in_place("torch.FloatTensor [2]", "output 0 of Mul"), x, y, z):
        z.sum().backward()


@pytest.mark.parametrize(
    ("build", "name", "producer", "version", "expected"),
    [
        (lambda x: x.double()[0], "torch.DoubleTensor []", "output 0 of AsStrided", 1, 0),
        (lambda x: x.view(1, 2), "torch.FloatTensor [1, 2]", None, 1, 0),
        (lambda x: x * 1, "torch.FloatTensor [2]", "output 0 of Add", 1, 0),
    ],
)
def test_the_message_names_what_was_written(
    build: Any, name: str, producer: str | None, version: int, expected: int
) -> None:
    x = leaf()
    y = build(x)
    z = y * y
    if producer is None:
        with torch.no_grad():
            x.add_(1)
        producer = "output 0 of AsStrided"
    else:
        y.add_(1)
    with refused(RuntimeError, in_place(name, producer, version, expected), x, z):
        z.sum().backward()


def test_a_slice_assignment_is_named_with_its_namespace() -> None:
    x = leaf()
    y = torch.zeros(2)
    y[0] = x[0]
    z = y * y
    y[1] = 2.0
    text = in_place("torch.FloatTensor [2]", "output 0 of torch::autograd::CopySlices", 2, 1)
    with refused(RuntimeError, text, x, y, z):
        z.sum().backward()


def test_a_failing_backward_changes_no_gradient() -> None:
    a, b = leaf(), leaf()
    u = b * 1
    bad = u * u
    u.add_(1)
    s = (a * a).sum() + bad.sum()  # the part of `a` could run: nothing does
    with refused(RuntimeError, in_place("torch.FloatTensor [2]", "output 0 of Add"), a, b, s):
        s.backward()
    with refused(RuntimeError, in_place("torch.FloatTensor [2]", "output 0 of Add"), a, b, s):
        s.backward(inputs=[b, a])
    s = (a * a).sum()
    s.backward()
    a.grad = None
    t = s + (b * b).sum()
    with refused(RuntimeError, errors.SECOND_BACKWARD, a, b, t):
        t.backward()


def test_only_the_needed_part_is_checked() -> None:
    a, b = leaf(), leaf()
    u = b * 1
    bad = u * u
    u.add_(1)
    (g,) = grad((a * a).sum() + bad.sum(), a)
    assert g.tolist() == [2.0, 4.0]


def test_writes_to_leaves() -> None:
    x = leaf()
    for write in (
        lambda: x.add_(1),
        x.zero_,
        lambda: x.fill_(1),
        lambda: x.copy_(torch.zeros(2)),
        lambda: x.masked_fill_(x > 1, 0.0),
        lambda: x.__setitem__(torch.tensor([True, False]), 0.0),
    ):
        with refused(RuntimeError, errors.LEAF_IN_PLACE, x):
            write()
    view = x.view(2)
    for write in (lambda: x.__setitem__(0, 1.0), lambda: view.mul_(2), lambda: x[0].add_(1)):
        with refused(RuntimeError, errors.VIEW_OF_LEAF_IN_PLACE, x):
            write()


def test_writes_to_one_of_several_views() -> None:
    y = leaf() * 1
    first, _ = y.unbind()
    text = (
        "Output 0 of Unbind is a view and is being modified inplace. This view is the output of a "
        "function that returns multiple views. Such functions do not allow the output views to be "
        "modified inplace. You should replace the inplace operation by an out-of-place one."
    )
    with refused(RuntimeError, text, y, first):
        first.mul_(2)
    part = y.chunk(2)[1]
    with refused(RuntimeError, text.replace("0 of Unbind", "1 of Split"), y, part):
        part.mul_(2)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="Output 0 of Unbind is a view and its base or another"):
        _ = first.grad_fn
    assert "grad_fn=<Invalid>" in repr(first)


def test_writes_to_views_made_without_grad() -> None:
    y = leaf() * 1
    with torch.no_grad():
        view = y[:1]
    text = (
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
        "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the no_grad block "
        "(if you don't want the inplace to be tracked) or both outside (if you "
        "want the inplace to "
        "be tracked)."
    )
    with refused(RuntimeError, text, y, view):
        view.mul_(2)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="its base or another view of its base has been"):
        view * 1


def test_writes_that_overlap() -> None:
    x = torch.ones(1).expand(3)
    with refused(RuntimeError, errors.WRITE_TO_EXPANDED, x):
        x.mul_(2)
    y = torch.tensor([1.0, 2.0, 3.0])
    with refused(RuntimeError, errors.PARTIAL_OVERLAP, y):
        y[1:] = y[:2]
    with refused(RuntimeError, errors.PARTIAL_OVERLAP, y):
        y[1:].add_(y[:2])
    y.mul_(y)
    assert y.tolist() == [1.0, 4.0, 9.0]


def test_writes_of_the_wrong_type_or_shape() -> None:
    i, x = torch.tensor([1, 2]), torch.ones(2)
    text = "result type Float can't be cast to the desired output type Long"
    for write in (lambda: i.add_(1.5), lambda: i.div_(2), i.exp_):
        with refused(RuntimeError, text, i):
            write()
    text = "output with shape [2] doesn't match the broadcast shape [3, 2]"
    for write in (lambda: x.add_(torch.ones(3, 2)), lambda: x.copy_(torch.ones(3, 2))):
        with refused(RuntimeError, text, x):
            write()
    text = (
        "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"
    )
    for write in (lambda: x.add_(torch.ones(3)), lambda: x.copy_(torch.ones(3))):
        with refused(RuntimeError, text, x):
            write()
    with refused(
        TypeError, "add_(): argument 'other' (position 1) must be Tensor, not NoneType", x
    ):
        x.add_(None)


def test_requires_grad() -> None:
    x, i = leaf(), torch.tensor([1])
    y = x * 2

    def put(tensor: Any, value: Any) -> None:
        tensor.requires_grad = value

    with refused(RuntimeError, errors.NON_LEAF_FLAG_FALSE, x, y):
        put(y, False)
    with refused(RuntimeError, errors.NON_LEAF_FLAG, x, y):
        put(y, True)
    with refused(RuntimeError, errors.FLOAT_ONLY_SETTER, i):
        put(i, True)
    with refused(RuntimeError, errors.FLOAT_ONLY_METHOD, i):
        i.requires_grad_()
    with refused(RuntimeError, "requires_grad must be a bool", x):
        put(x, 1)
    with refused(
        TypeError,
        "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not int",
        x,
    ):
        x.requires_grad_(1)
    with pytest.raises(RuntimeError) as caught:
        torch.tensor([1, 2], requires_grad=True)
    assert str(caught.value) == errors.FLOAT_ONLY_FACTORY
    assert y.requires_grad_() is y


def test_grad_assignment() -> None:
    x = leaf()

    def put(value: Any) -> None:
        x.grad = value

    text = "assigned grad expected to be a Tensor or None but got grad of type int"
    with refused(TypeError, text, x):
        put(3)
    with refused(RuntimeError, "can't assign Variable as its own grad", x):
        put(x)
    with refused(RuntimeError, errors.GRAD_SIZE.format([3], [2]), x):
        put(torch.ones(3))
    with refused(RuntimeError, errors.GRAD_DTYPE.format("double", "Float"), x):
        put(torch.ones(2, dtype=torch.float64))
    with refused(RuntimeError, errors.GRAD_DTYPE.format("c10::complex<float>", "Float"), x):
        put(torch.ones(2, dtype=torch.complex64))


def test_data_assignment() -> None:
    x = leaf()

    def put(value: Any) -> None:
        x.data = value

    with refused(TypeError, "Variable data has to be a tensor, but got int", x):
        put(3)
    with refused(RuntimeError, errors.DATA_DTYPE, x):
        put(torch.tensor([1]))


def test_grad_function() -> None:
    x, y = leaf(), leaf()
    s = (x * 2).sum()
    with refused(RuntimeError, errors.UNUSED_INPUT.format(0), x, y, s):
        grad(s, y, retain_graph=True)
    with refused(RuntimeError, errors.UNUSED_INPUT.format(1), x, y, s):
        grad(s, [x, y], retain_graph=True)
    with refused(RuntimeError, errors.INPUT_WITHOUT_GRAD, x, s):
        grad(s, torch.ones(2))
    with refused(RuntimeError, "`inputs` argument to `grad()` cannot be empty.", s):
        grad(s, [])
    with refused(RuntimeError, "`inputs` argument to `backward()` cannot be empty.", s):
        s.backward(inputs=[])
    text = "all inputs have to be Tensors or GradientEdges, but got int"
    with refused(RuntimeError, text, s):
        grad(s, [3])
    text = (
        "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
        "allow_unused=False."
    )
    with refused(ValueError, text, s):
        grad(s, x, materialize_grads=True, allow_unused=False)
    with refused(RuntimeError, errors.RETAIN_NO_GRAD, x, s):
        s.backward(inputs=[torch.ones(1)])


def test_failed_backward_with_inputs_retains_nothing() -> None:
    x = leaf()
    y = x * 2
    y.register_hook(lambda g: 1 / 0)
    before = snapshot(x, y)
    with pytest.raises(ZeroDivisionError):
        (y * y).sum().backward(inputs=[y])
    assert snapshot(x, y) == before


def test_hooks() -> None:
    x, plain = leaf(), torch.ones(2)
    y = x * 2
    with refused(RuntimeError, errors.HOOK_NO_GRAD, plain):
        plain.register_hook(print)
    with refused(RuntimeError, errors.RETAIN_NO_GRAD, plain):
        plain.retain_grad()
    with refused(RuntimeError, errors.POST_HOOK_NON_LEAF, y):
        y.register_post_accumulate_grad_hook(print)
    for hook, error, text in (
        (lambda g: g[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (
            lambda g: g.double(),
            RuntimeError,
            (
                "hook '<lambda>' has changed the type of value (was torch.FloatTensor got "
                "torch.DoubleTensor)"
            ),
        ),
    ):
        y = x * 2
        y.register_hook(hook)
        with refused(error, text, x, y):
            y.sum().backward()


def test_conversions() -> None:
    x = leaf()
    with refused(RuntimeError, errors.NUMPY_REQUIRES_GRAD, x):
        x.numpy()
    with refused(RuntimeError, errors.DEEPCOPY_NON_LEAF, x):
        copy.deepcopy(x * 2)
    with refused(RuntimeError, errors.DETACH_VIEW, x):
        x[:1].detach_()
    with refused(ValueError, "only one element tensors can be converted to Python scalars", x):
        float(x.detach())
    with refused(RuntimeError, "a Tensor with 2 elements cannot be converted to Scalar", x):
        x.item()
    text = "Boolean value of Tensor with more than one value is ambiguous"
    with refused(RuntimeError, text, x):
        bool(x)
    with refused(TypeError, "len() of a 0-d tensor", x):
        len(x[0])
    with refused(TypeError, "iteration over a 0-d tensor", x):
        iter(x[0])


def made(backward_rule: Any, forward_rule: Any = lambda ctx, *x: x[0] * 2) -> Any:
    members = {"forward": staticmethod(forward_rule)}
    if backward_rule is not None:
        members["backward"] = staticmethod(backward_rule)
    return type("Mine", (Function,), members)


@pytest.mark.parametrize(
    ("rule", "error", "text"),
    [
        (None, NotImplementedError, errors.NO_BACKWARD),
        (
            lambda ctx, g: (g, g),
            RuntimeError,
            "function MineBackward returned an incorrect number of gradients (expected 1, got 2)",
        ),
        (
            lambda ctx, g: torch.ones(5),
            RuntimeError,
            (
                "Function MineBackward returned an invalid gradient at index 0 - "
                "got [5] but expected "
                "shape compatible with [2]"
            ),
        ),
        (lambda ctx, g: 3, RuntimeError, "expected Variable or None (got int)"),
    ],
)
def test_what_a_backward_returns(rule: Any, error: type[Exception], text: str) -> None:
    x = leaf()
    with refused(error, text, x):
        made(rule).apply(x).sum().backward()


def test_function_misuse() -> None:
    x = leaf()
    with refused(NotImplementedError, errors.NO_FORWARD, x):
        Function.apply(x)
    text = "save_for_backward can only save variables, but argument 0 is of type int"
    with refused(TypeError, text, x):
        made(None, lambda ctx, x: ctx.save_for_backward(3)).apply(x)
    text = (
        "function MineBackward returned a gradient different than None at position 2, but the "
        "corresponding forward input was not a Variable"
    )
    with refused(RuntimeError, text, x):
        made(lambda ctx, g: (g, g)).apply(x, 3).sum().backward()
    with refused(RuntimeError, errors.LEGACY_FUNCTION, x):
        made(None)()(x)
