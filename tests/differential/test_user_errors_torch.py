"""What a user may do wrong with PyTorch, and functions with outputs that have no derivative."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference import check
from reference.checking import Report

X = torch.tensor([[1.0, 2.0], [3.0, 0.5]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("f", "left"),
    [
        (lambda x: torch.max(x, dim=0), "output 1 is Tensor of torch.int64"),
        (lambda x: torch.sort(x, dim=1), "output 1 is Tensor of torch.int64"),
        (lambda x: (x.sum(), x > 1), "output 1 is Tensor of torch.bool"),
        (lambda x: (x.sum(), None), "output 1 is NoneType"),
        (lambda x: {"sum": x.sum(), "count": 4}, "output 1 is int"),
        (torch.compile(lambda x: torch.max(x, dim=0), backend="eager"), "output 1 is Tensor"),
    ],
)
def test_outputs_without_a_derivative_are_left_out(f: Any, left: str) -> None:
    report = check(f, X)
    assert report.ok, report.text
    assert any(note.startswith(left) for note in report.notes)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (torch.argmax, "Tensor of torch.int64, which has no derivative"),
        (lambda x: None, "NoneType, which has no derivative"),
        (lambda x: (), "nothing"),
    ],
)
def test_nothing_to_differentiate(f: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        check(f, X)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (torch.tensor([1, 2]), "got Tensor of torch.int64; give arrays of torch"),
        (X.to_sparse(), r"the argument x .*to_dense\(\)"),
        (X.to("meta"), "the argument x .* cannot be read as exact numbers"),
        (X.to(torch.float8_e4m3fn), "give a plain array of float64, float32"),
    ],
)
def test_arguments_that_cannot_be_read(x: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        check(lambda x: x * 2, x)


class Wrong(torch.autograd.Function):
    """A sine whose derivative has the wrong sign."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return -g * x.cos()


def test_the_lines_of_a_report_repeat_it() -> None:
    x = torch.linspace(0, 1, 40, dtype=torch.bfloat16, requires_grad=True)
    report = check(Wrong.apply, x, what="vjp")
    assert report.function == "Wrong.apply"
    names: dict[str, Any] = {"Wrong": Wrong}
    *lines, call = [line for line in report.source if not line.endswith("import Wrong")]
    exec("\n".join([*lines, f"found = {call}"]), names)
    again = names["found"]
    assert isinstance(again, Report)
    assert again.summary() == report.summary()


def test_arguments_that_are_no_arrays_are_in_the_lines() -> None:
    def f(x: Any, index: Any, dim: int, *, scale: float = -1.0) -> Any:
        return Wrong.apply(x).index_select(dim, index) * scale

    report = check(f, X, torch.tensor([1, 0]), 1, what="vjp")
    call = report.source[-1]
    assert call == "check(f, x, index, 1, engine='torch', seed=0, what='vjp')"
    assert "index = torch.tensor([1, 0], dtype=torch.int64)" in report.source
    assert not any("requires_grad" in line for line in report.source)
