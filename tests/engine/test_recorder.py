"""Recorded programs: what they compute, how they print, and what is refused."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.func import grad, hessian, jvp, vmap
from autodiff.program import ProgramError
from autodiff.recorder import record

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
workload = importlib.import_module("workloads.workload")
WORKLOADS = [
    one
    for one in importlib.import_module("workloads").WORKLOADS
    if one.kind is not workload.Kind.IMPORT
    and ("composed" in one.programs or all(workload.has(autodiff, name) for name in one.needs))
]


def leaf(array: Any) -> Any:
    return autodiff.tensor(array, requires_grad=True)


def along(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    size = int(np.prod(shape))
    return np.linspace(-1.5, 2.0, size).reshape(shape).astype(dtype)


def problem_of(row: Any, seed: int) -> tuple[list[np.ndarray], Any]:
    problem = row.problem(np.random.default_rng(seed), **row.small)
    return list(problem.leaves), problem


def tensors(items: Any) -> list[Any]:
    return [autodiff.tensor(one) if isinstance(one, np.ndarray) else one for one in items]


@pytest.mark.parametrize("row", WORKLOADS, ids=lambda row: row.name)
def test_benchmarks_replay_with_equal_results(row: Any) -> None:
    """Recorded at one point, run at another: the same bits as an eager pass that is recorded."""
    leaves, problem = problem_of(row, 0)
    program, _ = row.program("autodiff", "torch", autodiff)
    constants = tensors(problem.constants)

    def loss(*inputs: Any) -> Any:
        return program(autodiff, inputs, constants)

    forward = record(loss, *map(leaf, leaves))
    both = record(loss, *map(leaf, leaves), gradients=True)
    elsewhere = [(0.75 * array).astype(array.dtype) for array in leaves]
    eager = [leaf(array) for array in elsewhere]
    value = loss(*eager)
    found = autodiff.autograd.grad(value, eager, create_graph=True)
    plain = autodiff.autograd.grad(value, eager)
    np.testing.assert_array_equal(forward(*elsewhere), value.detach().numpy())
    replayed, gradients = both(*elsewhere)
    np.testing.assert_array_equal(replayed, value.detach().numpy())
    for got, want, other in zip(gradients, found, plain, strict=True):
        assert got.dtype == want.numpy(force=True).dtype
        np.testing.assert_array_equal(got, want.detach().numpy())
        assert workload.relative_error(got, other.numpy()) <= row.tolerance


def test_a_hessian_is_recorded() -> None:
    row = next(one for one in WORKLOADS if one.name == "hessian")
    (point,), problem = problem_of(row, 0)
    constants = tensors(problem.constants)

    def second(x: Any) -> Any:
        loss = row.programs["torch"](autodiff, [x], constants)
        (slope,) = autodiff.autograd.grad(loss, x, create_graph=True)
        rows = [
            autodiff.autograd.grad(slope[n], x, retain_graph=True)[0] for n in range(len(slope))
        ]
        return autodiff.stack(rows)

    program = record(second, leaf(point))
    expected = row.by_hand([point * 0.5], problem.constants)[0]
    np.testing.assert_allclose(program(point * 0.5), expected, rtol=1e-12)


def test_a_program_prints() -> None:
    weight = autodiff.tensor(along(3, 2))
    program = record(lambda x: (autodiff.tanh(x @ weight) * 2).sum(dim=1), autodiff.ones(4, 3))
    assert str(program).splitlines() == [
        "program(%0: f32[4, 3])",
        "  %1 = constant  # f32[3, 2]",
        "  %2 = mm(%0, %1)  # f32[4, 2]",
        "  %3 = tanh(%2)  # f32[4, 2]",
        "  %4 = mul(%3, 2)  # f32[4, 2]",
        "  %5 = sum(%4, dim=(1,), keepdim=False)  # f32[4]",
        "  return %5",
    ]
    assert len(program) == 4
    assert repr(program) == "<program of 4 instructions>"
    assert [step.row.name for step in program.instructions] == ["mm", "tanh", "mul", "sum"]


def test_what_no_result_needs_is_left_out() -> None:
    def wasteful(x: Any) -> Any:
        x.exp().sum()
        return x + 1

    assert [step.row.name for step in record(wasteful, autodiff.ones(2)).instructions] == ["add"]


def test_arguments_and_results_are_nested() -> None:
    def swapped(pair: Any, named: Any) -> Any:
        first, second = pair
        return {"sum": first + second, "rest": [named["x"] * 2, "text", None]}

    one = autodiff.ones(2)
    program = record(swapped, (one, one), {"x": one})
    a, b, x = along(2), along(2) + 1, along(2) * 3
    found = program((a, b), {"x": x})
    np.testing.assert_array_equal(found["sum"], a + b)
    np.testing.assert_array_equal(found["rest"][0], x * 2)
    assert found["rest"][1:] == ["text", None]
    with pytest.raises(ProgramError, match=r"nested as \(\*, \*, \*\)"):
        program(a, b, x)


def test_tensors_may_be_arguments() -> None:
    program = record(lambda x: x * 3, autodiff.ones(2))
    np.testing.assert_array_equal(program(leaf(along(2))), along(2) * 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones(3), "argument 0 has dtype float64, but the program was recorded for float32"),
        (np.ones((3, 1), np.float32), r"argument 0 has shape \(3, 1\), but"),
        ([1, 2, 3], "argument 0 has dtype int64|nested as"),
    ],
)
def test_other_arguments_are_refused(given: Any, message: str) -> None:
    program = record(lambda x: x * 3, autodiff.ones(3))
    with pytest.raises(ProgramError, match=message):
        program(given)


def test_dtypes_are_promoted_as_they_were() -> None:
    whole, wide = autodiff.tensor([1, 2]), autodiff.tensor([0.5, 1.5], dtype=autodiff.float64)

    def mixed(x: Any, n: Any) -> Any:
        return (n / 2) * x + wide, n + 1, n * True, x * 2**0.5

    program = record(mixed, autodiff.ones(2), whole)
    x, n = along(2), np.array([3, -4])
    for got, want in zip(
        program(x, n), mixed(autodiff.tensor(x), autodiff.tensor(n)), strict=True
    ):
        assert got.dtype == want.numpy().dtype
        np.testing.assert_array_equal(got, want.numpy())


def test_gradients_through_mixed_dtypes() -> None:
    def mixed(x: Any, y: Any) -> Any:
        return (x * y).sum()

    x, y = along(3), along(3, dtype=np.float64)
    value, (by_x, by_y) = record(mixed, leaf(x * 0), leaf(y * 0), gradients=True)(x, y)
    assert (value.dtype, by_x.dtype, by_y.dtype) == (np.float64, np.float32, np.float64)
    np.testing.assert_array_equal(by_x, y.astype(np.float32))
    np.testing.assert_array_equal(by_y, x.astype(np.float64))


def test_complex_gradients() -> None:
    z = np.array([1 + 2j, -0.5 + 1j])
    program = record(lambda z: (z * z.exp()).abs().sum(), leaf(z * 0 + 1), gradients=True)
    eager = leaf(z)
    (expected,) = autodiff.autograd.grad((eager * eager.exp()).abs().sum(), eager)
    np.testing.assert_allclose(program(z)[1][0], expected.numpy(), rtol=1e-14)


def test_several_outputs_and_iteration() -> None:
    def parts(x: Any) -> Any:
        first, second = x
        return (first * second.exp()).sum() + x.split(1)[0].sum()

    x = along(2, 3, dtype=np.float64)
    value, (gradient,) = record(parts, leaf(x * 0), gradients=True)(x)
    eager = leaf(x)
    loss = parts(eager)
    np.testing.assert_array_equal(value, loss.detach().numpy())
    np.testing.assert_array_equal(gradient, autodiff.autograd.grad(loss, eager)[0].numpy())


def test_unused_examples_have_zero_gradients() -> None:
    program = record(lambda x, y: (x * 2).sum(), leaf(along(2)), leaf(along(3)), gradients=True)
    _, (by_x, by_y) = program(along(2), along(3))
    np.testing.assert_array_equal(by_x, np.full(2, 2, np.float32))
    np.testing.assert_array_equal(by_y, np.zeros(3, np.float32))
    constant = record(lambda x: autodiff.ones(()), leaf(along(2)), gradients=True)
    np.testing.assert_array_equal(constant(along(2))[1][0], np.zeros(2, np.float32))


def test_gradients_by_captured_leaves() -> None:
    weight = leaf(along(3))

    def slope(x: Any) -> Any:
        return autodiff.autograd.grad((x * weight * weight).sum(), weight)[0]

    program = record(slope, autodiff.ones(3))
    np.testing.assert_array_equal(program(along(3) + 4), 2 * (along(3) + 4) * along(3))
    assert weight.grad is None


def test_constants_are_copies() -> None:
    weight = autodiff.tensor(along(3))
    program = record(lambda x: x * weight, autodiff.ones(3))
    weight.zero_()
    np.testing.assert_array_equal(program(np.ones(3, np.float32)), along(3))
    (array,) = program.constants.values()
    assert not array.flags.writeable


def test_index_arrays_are_copies() -> None:
    index = np.array([2, 0])
    program = record(lambda x: x[index], autodiff.ones(3))
    index[:] = 1
    np.testing.assert_array_equal(program(along(3)), along(3)[[2, 0]])


def test_control_flow_on_shapes_is_recorded_as_taken() -> None:
    def halves(x: Any) -> Any:
        while x.shape[0] > 1:
            x = x[: x.shape[0] // 2] + x[x.shape[0] // 2 :]
        return x

    program = record(halves, autodiff.ones(8))
    np.testing.assert_array_equal(program(np.arange(8, dtype=np.float32)), [28.0])


def test_no_grad_and_detach() -> None:
    def partly(x: Any) -> Any:
        with autodiff.no_grad():
            scale = x.exp()
        return (x * scale * x.detach()).sum()

    x = along(3)
    _, (gradient,) = record(partly, leaf(x * 0), gradients=True)(x)
    np.testing.assert_array_equal(gradient, x * autodiff.exp(autodiff.from_numpy(x)).numpy())


@pytest.mark.parametrize(
    "transform",
    [
        grad,
        lambda f: grad(lambda x: grad(f)(x).sum()),
        hessian,
        lambda f: lambda x: jvp(f, (x,), (autodiff.ones_like(x),)),
        lambda f: lambda x: vmap(lambda s: f(s * x))(autodiff.arange(3.0)),
        lambda f: lambda x: vmap(grad(f))(autodiff.stack([x, x * 2])),
    ],
    ids=["grad", "grad of grad", "hessian", "jvp", "vmap", "vmap of grad"],
)
def test_transforms_inside_are_recorded(transform: Any) -> None:
    inner = transform(lambda x: (x.sin() * x**2).sum())
    program = record(inner, autodiff.tensor(along(4) * 0 + 1))
    x = along(4)
    expected = inner(autodiff.tensor(x))
    found = program(x)
    if not isinstance(found, tuple):
        found, expected = (found,), (expected,)
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=2e-6)


def test_a_function_is_recorded_outside_of_transforms() -> None:
    with pytest.raises(ProgramError, match="example tensors"):
        vmap(lambda x: record(lambda y: y * 2, x))(autodiff.ones(2, 3))


def test_writes_to_memory_of_its_own() -> None:
    def filled(x: Any) -> Any:
        y = x * 2
        y.add_(x)
        y *= x
        return (y.exp_() * x).sum()

    x = along(3, dtype=np.float64)
    value, (gradient,) = record(filled, leaf(x * 0), gradients=True)(x)
    eager = leaf(x)
    loss = filled(eager)
    np.testing.assert_array_equal(value, loss.detach().numpy())
    np.testing.assert_array_equal(gradient, autodiff.autograd.grad(loss, eager)[0].numpy())


def test_a_saved_value_that_was_written_to_is_refused() -> None:
    def spoiled(x: Any) -> Any:
        y = x.exp()
        z = y * 1
        y.add_(1)
        return autodiff.autograd.grad(z.sum(), x)[0]

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        record(spoiled, leaf(along(2)))


def _write_argument(x: Any) -> Any:
    return x.mul_(2)


def _write_view(x: Any) -> Any:
    y = x * 2
    y[0] = 1
    return y


def _write_shown(x: Any) -> Any:
    y = x * 2
    z = y.view(3, 1)
    y.add_(1)
    return z


def _write_data(x: Any) -> Any:
    y = x * 2
    y.data = x
    return y


def _write_outside(x: Any) -> Any:
    return autodiff.zeros(3).add_(x)


class _Own(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


REFUSED = {
    "item": (lambda x: x * x.sum().item(), "read the numbers"),
    "bool": (lambda x: x if x.sum() > 0 else -x, "read the numbers"),
    "float": (lambda x: x * float(x.sum()), "read the numbers"),
    "tolist": (lambda x: x.tolist(), "read the numbers"),
    "numpy": (lambda x: np.sin(x.numpy()), "read the numbers"),
    "array": (np.asarray, "read the numbers"),
    "contains": (lambda x: 3.0 in x, "read the numbers"),
    "index": (lambda x: autodiff.ones(3)[x.long()], "read the numbers"),
    "mask": (lambda x: x[x > 0], "read the numbers"),
    "random": (lambda x: x * autodiff.rand(3), "random numbers"),
    "random like": (lambda x: x * autodiff.randn_like(x), "random numbers"),
    "argument": (_write_argument, "writes into an argument"),
    "view": (_write_view, "memory that several tensors show"),
    "shown": (_write_shown, "memory that several tensors show"),
    "data": (_write_data, "replaces a tensor's data"),
    "outside": (_write_outside, "tensor from outside"),
    "backward": (lambda x: (x * 2).sum().backward(), "autograd.grad"),
    "own backward": (_Own.apply, "backward of its own"),
    "nested": (lambda x: record(lambda y: y * x, autodiff.ones(3))(x), "cannot be nested"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    function, message = REFUSED[name]
    with pytest.raises(ProgramError, match=message):
        record(function, leaf(along(3)))


def test_refused_examples_and_results() -> None:
    with pytest.raises(ProgramError, match="needs example tensors, but got float"):
        record(lambda x: x, 1.0)
    with pytest.raises(ProgramError, match=r"shape \(3,\): reduce it"):
        record(lambda x: x * 2, leaf(along(3)), gradients=True)
    with pytest.raises(ProgramError, match="returned a tuple"):
        record(lambda x: (x, x), leaf(along(3)), gradients=True)
    with pytest.raises(ProgramError, match="no example requires a gradient"):
        record(lambda x: x.sum(), autodiff.ones(3), gradients=True)


def test_a_recorded_tensor_does_not_outlive_its_recording() -> None:
    kept = []
    record(lambda x: kept.append(x * 2), autodiff.ones(3))
    assert repr(kept[0]) == "<recorded %2: f32[3]>"
    with pytest.raises(ProgramError, match="after the recording had ended"):
        kept[0] + 1


def test_a_failing_function_leaves_no_trace() -> None:
    with pytest.raises(ZeroDivisionError):
        record(lambda x: x / (1 // 0), autodiff.ones(3))
    assert autodiff.rand(2).shape == (2,)


def test_arguments_and_constants_are_not_written_to() -> None:
    weight = autodiff.tensor(along(4, 3))
    program = record(
        lambda x: ((x @ weight.T).relu() ** 2).sum(), leaf(along(2, 3)), gradients=True
    )
    x = along(2, 3)
    x.flags.writeable = False
    first = program(x)
    second = program(x)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1][0], second[1][0])
    np.testing.assert_array_equal(weight.numpy(), along(4, 3))
