"""S5 to S9: backward, what it adds up, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from reference.floats import FORMATS, round_fraction
from reference.scenarios.graph import tutorial
from reference.scenarios.scenario import Observation, Scenario, raised, see

__all__ = ["SCENARIOS"]


def scalar_backward(t: Any) -> Iterator[Observation]:
    expected = "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])"
    x, _, _, out = tutorial(t)
    out.backward()
    yield see("x.grad", x.grad, expected, exact=_everywhere(Fraction(9, 2)))
    x, _, _, out = tutorial(t)
    out.backward(t.tensor(1.0))
    yield see("x.grad, given 1.", x.grad, expected, exact=_everywhere(Fraction(9, 2)))


def accumulation(t: Any) -> Iterator[Observation]:
    x, _, _, out = tutorial(t)
    out.backward()
    yield from _cell(x, "tensor([[5.5000, 5.5000],\n        [5.5000, 5.5000]])", Fraction(11, 2))


def accumulation_again(t: Any) -> Iterator[Observation]:
    x = t.ones(2, 2, requires_grad=True)
    x.sum().backward()
    yield from _cell(x, "tensor([[2., 2.],\n        [2., 2.]])", Fraction(2))


def _cell(x: Any, text: str, added: Fraction) -> Iterator[Observation]:
    """The tutorial's cell on accumulation, whatever x.grad holds when it starts."""
    out2 = x.sum()
    out2.backward()
    yield see("x.grad", x.grad, text, exact=_everywhere(added))
    out3 = x.sum()
    x.grad.data.zero_()
    out3.backward()
    ones = "tensor([[1., 1.],\n        [1., 1.]])"
    yield see("x.grad, from zero", x.grad, ones, exact=_everywhere(Fraction(1)))


def vector(t: Any) -> Iterator[Observation]:
    x, y, z = _vector(t)
    yield see("x", x, "tensor([1., 2., 3., 4.], requires_grad=True)")
    yield see("y", y, "tensor([2., 4., 6., 8.], grad_fn=<MulBackward0>)")
    yield see(
        "z",
        z,
        "tensor([[2., 4.],\n        [6., 8.]], grad_fn=<ViewBackward0>)",
        "tensor([[2., 4.],\n        [6., 8.]], grad_fn=<ViewBackward>)",  # as PyTorch 1.x had it
    )


def weighted_backward(t: Any) -> Iterator[Observation]:
    x, _, z = _vector(t)
    v = t.tensor([[1.0, 0.1], [0.01, 0.001]], dtype=t.float)
    z.backward(v)
    weights = (_nearest_float32(decimal) for decimal in ("1.0", "0.1", "0.01", "0.001"))
    yield see(
        "x.grad",
        x.grad,
        "tensor([2.0000, 0.2000, 0.0200, 0.0020])",
        exact=[2 * weight for weight in weights],
    )


def no_argument(t: Any) -> Iterator[Observation]:
    x, _, z = _vector(t)
    yield see(
        "z.backward()",
        raised(z.backward),
        "RuntimeError: grad can be implicitly created only for scalar outputs",
    )
    yield see("x.grad", x.grad, "None")


def _vector(t: Any) -> tuple[Any, Any, Any]:
    x = t.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = 2 * x
    return x, y, y.view(2, 2)


def _everywhere(value: Fraction) -> list[list[Fraction]]:
    return [[value, value], [value, value]]


def _nearest_float32(decimal: str) -> Fraction:
    return Fraction(round_fraction(Fraction(decimal), FORMATS["float32"]))


_VECTOR = "x = t.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True); y = 2 * x; z = y.view(2, 2)"
_CELL = "x.sum().backward(), looked at; x.grad.data.zero_(); x.sum().backward()"

SCENARIOS = (
    Scenario(
        "S5",
        "backward of a scalar",
        "after S3: out.backward(); on another such graph: out.backward(t.tensor(1.))",
        scalar_backward,
    ),
    Scenario("S6", "gradients add up", f"after S5: {_CELL}", accumulation),
    Scenario("S6b", "the same a second time", f"after S6: {_CELL}", accumulation_again),
    Scenario("S7", "a vector, viewed as a matrix", _VECTOR, vector),
    Scenario(
        "S8",
        "backward with weights",
        "after S7: v = t.tensor([[1.0, 0.1], [0.01, 0.001]], dtype=t.float); z.backward(v)",
        weighted_backward,
    ),
    Scenario("S9", "backward of no scalar", "after S7: z.backward()", no_argument),
)
