"""`check` on PyTorch's modules, nested arguments, and what PyTorch makes of functions."""

import copy
import dataclasses
from collections import namedtuple
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from reference import definitions  # noqa: E402
from reference.adapters import adapter  # noqa: E402
from reference.checking import assert_gradients, check  # noqa: E402
from reference.definitions import MissingDefinition, define  # noqa: E402

nn, functional = torch.nn, torch.nn.functional
FIRST = ("value", "vjp", "jvp")


def drawn(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@dataclasses.dataclass
class Affine:
    weight: Any
    bias: Any
    name: str = "affine"


Point = namedtuple("Point", ["x", "y"])


def test_nested_arguments_and_results() -> None:
    given = {"w": drawn(2, 3), "rest": [drawn(2), (Point(drawn(3), 1.5),)]}

    def f(p: Any, scale: Any) -> Any:
        inner = p["w"] @ p["rest"][1][0].x + p["rest"][0]
        return {"out": torch.sin(inner) * scale, "more": [inner.sum() * p["rest"][1][0].y]}

    report = check(f, given, drawn(2), what=FIRST)
    assert report.ok, report.text
    names = [argument.name for argument in report.arguments]
    assert names == ["p['w']", "p['rest'][0]", "p['rest'][1][0].x", "scale"]


def test_a_dataclass_and_a_definition_of_it() -> None:
    layer = Affine(drawn(2, 3), drawn(2))
    f = torch.compile(lambda p, x: torch.sin(p.weight @ x + p.bias), backend="eager")
    report = check(
        f, layer, drawn(3), definition=lambda p, x: (p.weight @ x + p.bias).sin(), what=FIRST
    )
    assert report.ok, report.text
    wrong = check(f, layer, drawn(3), definition=lambda p, x: (p.weight @ x).sin(), what=FIRST)
    assert not wrong.ok


def test_a_module_is_checked_with_its_parameters() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    before = copy.deepcopy(module.state_dict())
    report = check(module, drawn(3, 3), what=("value", "vjp", "unmodified"))
    assert report.ok, report.text
    names = {argument.name for argument in report.arguments}
    assert {"0.weight", "0.bias", "2.weight", "3.bias"} <= names
    after = module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_shared_parameters_and_a_compiled_module() -> None:
    torch.manual_seed(0)
    tied = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 3))
    tied[2].weight = tied[0].weight
    assert_gradients(tied, drawn(2, 3), what=FIRST)
    assert_gradients(torch.compile(tied, backend="eager"), drawn(2, 3), what=("value", "vjp"))


def test_a_wrong_module_is_caught() -> None:
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, w: Any) -> Any:
            ctx.save_for_backward(x, w)
            return x * w

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, w = ctx.saved_tensors
            return g * w, (g * x).mean(0)

    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.tensor([1.5, -2.0]))

        def forward(self, x: Any) -> Any:
            return Bad.apply(x, self.gain)

    report = check(Scale(), drawn(3, 2), what="vjp")
    assert {failure.target for failure in report.failures} == {"the gradient of gain"}


def test_what_transforms_a_function() -> None:
    x = drawn(3, 2)
    assert_gradients(torch.vmap(lambda row: row.sin().sum() * row), x, what=("value", "vjp"))
    assert_gradients(torch.compile(torch.cos, backend="aot_eager"), x, what=("value", "vjp"))
    assert_gradients(torch.func.grad(lambda y: y.pow(3).sum()), x, what="vjp")

    def written_into(x: Any) -> Any:
        held = torch.zeros_like(x)
        held[0] = x[1] * 2
        held[1:] = x[1:].exp()
        return held.t()[1] * held[:, 0]

    assert_gradients(written_into, x, what=FIRST)
    assert_gradients(
        lambda x: torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False),
        x,
        what=("value", "vjp"),
    )


def operator(name: str, backward: Any) -> Any:
    @torch.library.custom_op(f"reference_tests::{name}", mutates_args=())
    def cube(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(x.detach().numpy() ** 3)

    @cube.register_fake
    def _(x: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(x)

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    cube.register_autograd(lambda ctx, g: backward(g, *ctx.saved_tensors), setup_context=setup)
    return cube


def test_custom_operators_need_a_definition() -> None:
    x = drawn(3)
    right = operator("cube", lambda g, x: 3 * g * x**2)
    with pytest.raises(MissingDefinition) as caught:
        check(right, x)
    assert "cube" in str(caught.value)
    assert_gradients(right, x, definition=lambda x: x**3, what=("value", "vjp"))
    wrong = operator("cubed", lambda g, x: 2 * g * x**2)
    assert not check(wrong, x, definition=lambda x: x**3, what="vjp").ok


def test_following_the_advice_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {name: row for name, row in definitions._rows.items() if "airy" not in name}
    monkeypatch.setattr(definitions, "_rows", others)
    x = drawn(3)
    with pytest.raises(MissingDefinition) as caught:
        check(torch.special.airy_ai, x)
    lines = str(caught.value).splitlines()
    assert "from reference import build, define" in str(caught.value)
    name = lines[-1].split('"')[1]
    exec("\n".join(line.strip() for line in lines[1:]), {})  # the lines work when pasted
    define(name, lambda input: input)  # not what it is: the value must be found wrong
    report = check(torch.special.airy_ai, x, what="value")
    assert not report.ok


def test_the_copy_to_the_machines_memory() -> None:
    """What a device holds is asked of it: a tensor that only knows `cpu` stands for one."""

    class Elsewhere:
        dtype = torch.bfloat16

        def detach(self) -> Any:
            return self

        def cpu(self) -> Any:
            return torch.tensor([1.5, -0.25], dtype=torch.bfloat16)

    content = adapter("torch").content(Elsewhere())
    assert content.tolist() == [1.5, -0.25]
    assert adapter("torch").dtype(Elsewhere()) == "bfloat16"
