"""S15: a user's own `autograd.Function`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference.scenarios.scenario import Observation, Scenario, see

__all__ = ["SCENARIOS"]


def custom_function(t: Any) -> Iterator[Observation]:
    class Echo(t.autograd.Function):  # type: ignore[misc]  # the base is the engine's
        """Adds one. Its backward is not a derivative of that, so that one sees it at work."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x + 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * x

    x = t.tensor([3.0, 0.5], requires_grad=True)
    y = Echo.apply(x)
    yield see("y", y, "tensor([4.0000, 1.5000], grad_fn=<EchoBackward>)")
    yield see("y.grad_fn", y.grad_fn, "<EchoBackward object at 0x...>")
    y.sum().backward()
    yield see("x.grad", x.grad, "tensor([3.0000, 0.5000])")


SCENARIOS = (
    Scenario(
        "S15",
        "a Function of the user's",
        "class Echo(t.autograd.Function): forward saves x and gives x + 1, backward gives g * x\n"
        "x = t.tensor([3., 0.5], requires_grad=True); y = Echo.apply(x); y.sum().backward()",
        custom_function,
    ),
)
