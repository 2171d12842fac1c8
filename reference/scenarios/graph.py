"""S1 to S4, S14: leaves, `grad_fn`, and the graph that they form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reference.scenarios.scenario import Observation, Scenario, see

__all__ = ["SCENARIOS", "tutorial"]

_LONGEST_CHAIN = 20  # a broken graph may be a circle


def tutorial(t: Any) -> tuple[Any, Any, Any, Any]:
    """The tutorial's first program: x, y, z, out."""
    x = t.ones(2, 2, requires_grad=True)
    y = x + 2
    z = y * y * 3
    return x, y, z, z.mean()


def leaf(t: Any) -> Iterator[Observation]:
    x = t.ones(2, 2, requires_grad=True)
    yield see("x", x, "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)")
    yield see("x.grad_fn", x.grad_fn, "None")
    yield see("x.is_leaf", x.is_leaf, "True")


def recorded(t: Any) -> Iterator[Observation]:
    x = t.ones(2, 2, requires_grad=True)
    y = x + 2
    yield see("y", y, "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)")
    yield see("y.grad_fn", y.grad_fn, "<AddBackward0 object at 0x...>")
    yield see("y.is_leaf", y.is_leaf, "False")


def chain_of_operations(t: Any) -> Iterator[Observation]:
    _, _, z, out = tutorial(t)
    yield see("z", z, "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)")
    yield see("out", out, "tensor(27., grad_fn=<MeanBackward0>)")


def flag_in_place(t: Any) -> Iterator[Observation]:
    a = t.randn(2, 2)
    a = (a * 3) / (a - 1)
    yield see("a.requires_grad", a.requires_grad, "False")
    a.requires_grad_(True)
    yield see("a.requires_grad now", a.requires_grad, "True")
    b = (a * a).sum()
    yield see("b.grad_fn", b.grad_fn, "<SumBackward0 object at 0x...>")


def nodes(t: Any) -> Iterator[Observation]:
    x, y, z, out = tutorial(t)
    yield see("x.grad_fn", x.grad_fn, "None")
    yield see("y.grad_fn", y.grad_fn, "<AddBackward0 object at 0x...>")
    yield see("z.grad_fn", z.grad_fn, "<MulBackward0 object at 0x...>")
    yield see("out.grad_fn", out.grad_fn, "<MeanBackward0 object at 0x...>")
    yield see("chain", ", ".join(_chain(out.grad_fn)), "Mean, Mul, Mul, Add, AccumulateGrad")
    squared = z.grad_fn.next_functions[0][0]
    (left, _), (right, _) = squared.next_functions
    yield see("left is right", left is right, "True")
    yield see("left is y.grad_fn", left is y.grad_fn, "True")
    end = y.grad_fn.next_functions[0][0]
    yield see("end.variable is x", end.variable is x, "True")


def _chain(node: Any) -> list[str]:
    """The names from a node to the end of the graph, always along the first link."""
    found: list[str] = []
    while node is not None and len(found) < _LONGEST_CHAIN:
        found.append(re.sub(r"Backward\d*$", "", type(node).__name__))
        node = node.next_functions[0][0] if node.next_functions else None
    return found


_PROGRAM = "x = t.ones(2, 2, requires_grad=True); y = x + 2; z = y * y * 3; out = z.mean()"

SCENARIOS = (
    Scenario("S1", "a leaf", "x = t.ones(2, 2, requires_grad=True)", leaf),
    Scenario(
        "S2",
        "grad_fn, what made a tensor",
        "x = t.ones(2, 2, requires_grad=True); y = x + 2",
        recorded,
    ),
    Scenario("S3", "a graph", _PROGRAM, chain_of_operations),
    Scenario(
        "S4",
        "requires_grad set in place",
        "a = t.randn(2, 2); a = (a * 3) / (a - 1); a.requires_grad_(True); b = (a * a).sum()",
        flag_in_place,
    ),
    Scenario(
        "S14",
        "nodes of the graph",
        f"{_PROGRAM}\n"
        "chain: from out.grad_fn along next_functions; left, right: where both factors of y * y\n"
        "lead; end: where y.grad_fn leads",
        nodes,
    ),
)
