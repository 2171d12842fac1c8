"""S10 to S13: what is kept out of the graph, with `no_grad`, `data` and `detach`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference.scenarios.scenario import Observation, Scenario, see

__all__ = ["SCENARIOS"]


def without_recording(t: Any) -> Iterator[Observation]:
    x = t.tensor(1.0, requires_grad=True)
    y1 = x**2
    with t.no_grad():
        y2 = x**3
    y3 = y1 + y2
    yield see("y1", y1, "tensor(1., grad_fn=<PowBackward0>)")
    yield see("y2", y2, "tensor(1.)")
    yield see("y2.requires_grad", y2.requires_grad, "False")
    yield see("y3", y3, "tensor(2., grad_fn=<AddBackward0>)")
    y3.backward()
    yield see("x.grad", x.grad, "tensor(2.)", exact=2)


def data(t: Any) -> Iterator[Observation]:
    x = t.ones(1, requires_grad=True)
    yield see("x.data", x.data, "tensor([1.])")
    yield see("x.data.requires_grad", x.data.requires_grad, "False")


def data_changed(t: Any) -> Iterator[Observation]:
    x = t.ones(1, requires_grad=True)
    y = 2 * x
    x.data *= 100
    y.backward()
    yield see("x", x, "tensor([100.], requires_grad=True)")
    yield see("x.grad", x.grad, "tensor([2.])", exact=[2])


def detached(t: Any) -> Iterator[Observation]:
    x = t.tensor([2.0, 3.0], requires_grad=True)
    d = x.detach()
    yield see("d", d, "tensor([2., 3.])")
    yield see("d.requires_grad", d.requires_grad, "False")
    (x * d).sum().backward()
    yield see("x.grad", x.grad, "tensor([2., 3.])", exact=[2, 3])
    d *= 10
    yield see("x, after d *= 10", x, "tensor([20., 30.], requires_grad=True)", exact=[20, 30])


SCENARIOS = (
    Scenario(
        "S10",
        "no_grad",
        "x = t.tensor(1.0, requires_grad=True); y1 = x ** 2; with t.no_grad(): y2 = x ** 3\n"
        "y3 = y1 + y2; y3.backward()",
        without_recording,
    ),
    Scenario("S11", "data", "x = t.ones(1, requires_grad=True)", data),
    Scenario(
        "S12", "data changed", "after S11: y = 2 * x; x.data *= 100; y.backward()", data_changed
    ),
    Scenario(
        "S13",
        "detach",
        "x = t.tensor([2., 3.], requires_grad=True); d = x.detach(); (x * d).sum().backward()",
        detached,
    ),
)
