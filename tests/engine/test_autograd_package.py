"""`autograd` is a package of PyTorch's modules, and what transforms wrap says so when printed."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import autodiff
from autodiff.func import grad, jvp, vmap

MODULES = {
    "anomaly_mode": "detect_anomaly",
    "forward_ad": "make_dual",
    "function": "once_differentiable",
    "functional": "jacobian",
    "grad_mode": "no_grad",
    "gradcheck": "GradcheckError",
    "graph": "get_gradient_edge",
    "variable": "Variable",
}


@pytest.mark.parametrize(("module", "name"), MODULES.items())
def test_module(module: str, name: str) -> None:
    found = importlib.import_module(f"autodiff.autograd.{module}")
    assert name in found.__all__
    assert all(hasattr(found, one) for one in found.__all__)
    if module != "gradcheck":
        assert getattr(autodiff.autograd, module) is found


@pytest.mark.parametrize("module", ["autodiff.autograd.gradcheck", "autodiff"])
def test_gradcheck_is_the_function_whatever_was_imported(module: str) -> None:
    program = (
        f"import {module}, autodiff\n"
        "x = autodiff.ones(2, dtype=autodiff.float64, requires_grad=True)\n"
        "print(autodiff.autograd.gradcheck(autodiff.exp, x))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_no_other_names() -> None:
    with pytest.raises(AttributeError, match=r"module 'autodiff\.autograd' has no attribute 'x'"):
        _ = autodiff.autograd.x


def shown(transform: object, *args: object) -> str:
    found: list[str] = []

    def function(x: object) -> object:
        found.append(repr(x))
        return (x * x).sum()  # type: ignore[operator]

    transform(function)(*args)  # type: ignore[operator]
    return found[0]


def test_leaves_of_grad() -> None:
    text = "GradTrackingTensor(lvl=1, value=\n    tensor([1., 1.])\n)"
    assert shown(grad, autodiff.ones(2)) == text
    assert shown(lambda f: lambda x: jvp(f, (x,), (x,)), autodiff.ones(2)) == text
    x = autodiff.ones(2, requires_grad=True)
    assert shown(grad, x) == text.replace("])", "], requires_grad=True)")


def test_nested_levels() -> None:
    assert shown(lambda f: vmap(grad(f)), autodiff.ones(1, 2)) == (
        "GradTrackingTensor(lvl=2, value=\n"
        "    BatchedTensor(lvl=1, bdim=0, value=\n"
        "        tensor([[1., 1.]])\n"
        "    )\n"
        ")"
    )


def test_what_leaves_a_transform_is_plain() -> None:
    kept: list[object] = []
    grad(lambda x: (kept.append(x), x.sum())[1])(autodiff.ones(2))
    assert "lvl" not in repr(kept[0])


def test_batched_cotangents_are_one_pass() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    passes: list[tuple[int, ...]] = []
    y.register_hook(lambda g: passes.append(tuple(g.shape)))
    (found,) = autodiff.autograd.grad(y, x, autodiff.eye(2), is_grads_batched=True)
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert passes == [(2,)]


def test_batched_cotangents_through_writes() -> None:
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    y[0] = x[1] * 2
    (found,) = autodiff.autograd.grad(y * y, x, autodiff.eye(2), is_grads_batched=True)
    assert found.tolist() == [[0.0, 16.0], [0.0, 36.0]]
