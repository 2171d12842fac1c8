"""`check` on PyTorch: traced functions, custom ones, what is wrong in them and in PyTorch."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from reference import definitions  # noqa: E402
from reference.checking import assert_gradients, check  # noqa: E402
from reference.definitions import MissingDefinition  # noqa: E402

functional = torch.nn.functional


def leaf(*shape: int, dtype: Any = None) -> Any:
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return drawn.to(dtype or torch.float32).requires_grad_()


FUNCTIONS = {
    "softmax": lambda x: functional.softmax(30 * x, -1),
    "logsumexp": lambda x: torch.logsumexp(x, 1),
    "gram": lambda x: torch.tanh(0.1 * x @ x.T),
    "views": lambda x: x.reshape(-1)[1:].unsqueeze(0),
    "in place": lambda x: (x * 1).mul_(x).exp_(),
    "two outputs": lambda x: (x.sin(), x.sum()),
    "made inside": lambda x: torch.cat([x, torch.zeros_like(x)])[1:],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_traced_and_right_in_every_mode(name: str) -> None:
    report = check(FUNCTIONS[name], leaf(2, 3), repeats=3)
    assert report.ok, report.text
    assert {"jvp", "second"} <= set(report.checked)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_every_dtype(dtype: str) -> None:
    x = leaf(5, dtype=getattr(torch, dtype))
    assert_gradients(lambda x: functional.gelu(x) * x, x, repeats=3)
    assert_gradients(lambda x: functional.log_softmax(8 * x, -1), x, repeats=3)
    first_order = ("value", "vjp", "jvp")
    assert_gradients(lambda x: functional.layer_norm(x, (5,)), x, what=first_order)


def test_kinks() -> None:
    assert_gradients(functional.relu, torch.zeros(3), repeats=3)
    assert_gradients(lambda x: x.max(), torch.ones(3), repeats=3)


def test_what_is_wrong_in_a_branch_not_taken() -> None:
    x = torch.tensor([-1.0, 4.0])
    report = check(lambda x: torch.where(x > 0, x.sqrt(), 0.0), x, what="vjp")
    assert report.counts.keys() == {"correct", "non-finite"}


def function(backward: Any) -> Any:
    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * torch.exp(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return backward(g, x)

    return Custom.apply


def test_a_custom_function() -> None:
    x = leaf(4)
    right = function(lambda g, x: g * torch.exp(x) * (1 + x))
    assert_gradients(right, x)
    wrong = check(function(lambda g, x: g * torch.exp(x) * (1 + 1.0001 * x)), x, repeats=2)
    assert "vjp" in {failure.what for failure in wrong.failures}
    cut = check(function(lambda g, x: g * (torch.exp(x) * (1 + x)).detach()), x, repeats=2)
    assert {failure.what for failure in cut.failures} == {"second"}
    gone = check(function(lambda g, x: None), x, repeats=2)
    assert "missing" in gone.counts


def test_what_cannot_be_seen_through_is_exported_as_aten() -> None:
    class Opaque(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            assert isinstance(x, torch.Tensor)  # the oracle's tensors are none
            ctx.save_for_backward(x)
            flat = x.as_strided((x.numel(),), (1,))
            return torch.cat([torch.log1p(flat), torch.zeros_like(flat)])

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g[: x.numel()].view_as(x) / (1 + x)

    report = check(Opaque.apply, leaf(3).detach().abs(), what=("value", "vjp"))
    assert report.ok, report.text


def test_an_unknown_operation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {name: row for name, row in definitions._rows.items() if "bessel_k1" not in name}
    monkeypatch.setattr(definitions, "_rows", others)
    with pytest.raises(MissingDefinition, match="bessel_k1"):
        check(torch.special.modified_bessel_k1, leaf(3))


def test_a_compiled_function_and_one_that_does_not_repeat() -> None:
    compiled = torch.compile(lambda x: torch.sin(x) * x, backend="eager")
    assert_gradients(compiled, leaf(3), repeats=3)
    state = {"calls": 0}

    def shaky(g: Any, x: Any) -> Any:
        state["calls"] += 1
        return g * torch.exp(x) * (1 + x) * (1.001 if state["calls"] % 10 == 0 else 1.0)

    faults = check(function(shaky), leaf(3), what="repeat").faults
    assert [fault.kind for fault in faults] == ["non-deterministic"]


def test_the_argument_is_left_alone() -> None:
    class Eats(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            result = x * 2
            x.detach().add_(1)
            return result

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g

    x = leaf(3)
    before = x.detach().clone()
    report = check(Eats.apply, x, definition=lambda x: 2 * x, what=("vjp", "unmodified"))
    assert [fault.kind for fault in report.faults] == ["modified"]
    assert torch.equal(x, before)
    assert x.grad is None
