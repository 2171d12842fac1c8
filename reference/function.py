"""`autograd.Function`: a user's own forward and backward, on exact tensors.

The value of such an operation is what its forward computes; its derivative is what its backward
says, true or not. To hold a backward to the truth, compare it with that of the forward alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reference.cell import Cell
from reference.differentiate import zeros
from reference.dtypes import DType
from reference.grad_fn import GradFn
from reference.graph import Node, Stop
from reference.modes import enable_grad, is_grad_enabled, no_grad
from reference.tensor import Tensor, passing

__all__ = ["Function", "FunctionCtx"]


class FunctionCtx(GradFn):
    """What forward leaves for backward; it stands in the history as the result's `grad_fn`."""

    saved: tuple[Any, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()
    non_differentiable: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors, which backward finds in `saved_tensors`."""
        for number, held in enumerate(tensors):
            if held is not None and not isinstance(held, Tensor):
                raise TypeError(
                    "save_for_backward can only save variables, but argument "
                    f"{number} is of type {type(held).__name__}"
                )
        self.saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What :meth:`save_for_backward` kept."""
        return self.saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these results have no gradient."""
        self.non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Accepted for PyTorch's sake; in-place changes put new values into a tensor's cell."""

    def set_materialize_grads(self, value: bool) -> None:
        """Accepted for PyTorch's sake; gradients that do not arrive are zeros."""


class Function:
    """An operation with a backward of its own.

    >>> class Double(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> from reference.tensor import tensor
    >>> Double.apply(tensor(1.5, requires_grad=True))
    tensor(3., grad_fn=<DoubleBackward>)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The value: takes ctx and the arguments, or the arguments with `setup_context`."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """What to keep for backward, where forward takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """From the gradients of the results to those of the arguments."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record backward as the derivative."""
        operands = [value for value in args if isinstance(value, Tensor)]
        kind: type[FunctionCtx] = type(f"{cls.__name__}Backward", (FunctionCtx,), {})
        links = [(o.edge() if o.requires_grad else None, 0) for o in operands]
        ctx = kind(links, None)
        ctx.needs_input_grad = tuple(
            isinstance(value, Tensor) and value.requires_grad for value in args
        )
        sources = [operand.node for operand in operands]
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        if not (is_grad_enabled() and any(operand.requires_grad for operand in operands)):
            return result
        outputs = list(result) if isinstance(result, tuple) else [result]
        call = _Call(cls, ctx, [isinstance(value, Tensor) for value in args], operands, outputs)
        for number, output in enumerate(outputs):
            if isinstance(output, Tensor) and not _among(output, ctx.non_differentiable):
                outputs[number] = call.record(number, sources)
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def _among(value: Any, group: Sequence[Any]) -> bool:
    return any(value is held for held in group)


class _Call:
    """One application: turns a user's backward into a rule from nodes to nodes."""

    def __init__(
        self,
        function: type[Function],
        ctx: FunctionCtx,
        places: list[bool],
        operands: list[Tensor],
        outputs: list[Any],
    ) -> None:
        self.backward = (
            function.backward if function.backward is not Function.backward else function.vjp
        )
        self.ctx = ctx
        self.places = places
        self.shapes = [operand.shape for operand in operands]
        self.formats: list[tuple[Any, DType] | None] = [
            (output.shape, output.dtype) if isinstance(output, Tensor) else None
            for output in outputs
        ]
        self.operands = operands
        self.outputs = outputs

    def record(self, number: int, sources: list[Node]) -> Tensor:
        """The output as a recorded tensor; backward is linear, so each result has its own rule."""
        output: Tensor = self.outputs[number]
        node = Stop(output.cell.value(), sources, lambda cotangent: self.rule(number, cotangent))
        same = _among(output, self.operands)
        result = Tensor(Cell(node, True), output.dtype) if same else output
        result.cell.put(node, True)
        result.become(self.ctx)
        self.ctx.node = node
        return result

    def rule(self, number: int, cotangent: Node) -> list[Node | None]:
        """The user's backward at a cotangent of one result, zeros for the others."""
        arguments: list[Any] = []
        for place, held in enumerate(self.formats):
            if held is None:
                arguments.append(None)
            else:
                shape, dtype = held
                arguments.append(passing(cotangent if place == number else zeros(shape), dtype))
        with enable_grad():
            given = self.backward(self.ctx, *arguments)
        gradients = list(given) if isinstance(given, (tuple, list)) else [given]
        name = type(self.ctx).__name__
        if len(gradients) < len(self.places) or any(
            extra is not None for extra in gradients[len(self.places) :]
        ):
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected "
                f"{len(self.places)}, got {len(gradients)})"
            )
        return self._checked(name, gradients)

    def _checked(self, name: str, gradients: list[Any]) -> list[Node | None]:
        nodes: list[Node | None] = []
        for place, (is_tensor, gradient) in enumerate(zip(self.places, gradients, strict=False)):
            if not is_tensor:
                continue
            if gradient is None:
                nodes.append(None)
                continue
            shape = self.shapes[len(nodes)]
            if gradient.shape != shape:
                raise RuntimeError(
                    f"function {name} returned an invalid gradient at index {place} - got "
                    f"{list(gradient.shape)} but expected shape compatible with {list(shape)}"
                )
            nodes.append(gradient.node)
        return nodes
