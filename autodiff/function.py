"""`autograd.Function`: operations with a backward written by the user."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.graph import FREED, Node, next_number
from autodiff.modes import is_grad_enabled, no_grad
from autodiff.operation import legacy_name, sum_to, wrap
from autodiff.ops.indexing import ALIAS
from autodiff.state import Extra, TensorState, version_counter
from autodiff.views import check_writable, edge_of, rebase

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class _SavedOutput:
    """An output that was saved: its data, without a reference back to the tensor."""

    __slots__ = ("data", "number")

    def __init__(self, data: Any, number: int) -> None:
        self.data = data
        self.number = number


class FunctionCtx(Node):
    """The `ctx` that forward and backward are given; it is also the node of the graph."""

    __slots__ = ("__dict__",)
    function: type[Function]

    def __init__(self) -> None:
        self.edges = ()
        self.numbers = None
        self.hooks = None
        self.number = 0
        self.to_save: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self.dirty: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()
        self._saved: Any = ()
        self._versions: list[Any] = []
        self.output_meta: list[tuple[Any, Any]] = []
        self.input_meta: list[Any] = []

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward, safely: a write to one of them in between is noticed."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, TensorState):
                raise TypeError(
                    "save_for_backward can only save variables, but argument "
                    f"{position} is of type {type(tensor).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for a `jvp` rule."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward has written to; they must be returned."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward is given zeros (default) or None for outputs without cotangent."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`.

        Raises RuntimeError if they were freed by a backward pass or written to since.
        """
        if self._saved is FREED:
            raise errors.already_freed()
        if not self._versions:  # still in forward, or nothing saved
            return self.to_save if not self.output_meta else tuple(self._saved)
        found = []
        for value, version in zip(self._saved, self._versions, strict=True):
            if version is not None and version[0][0] != version[1]:
                title = legacy_name(value.data if isinstance(value, _SavedOutput) else value._data)
                producer = self._producer(value)
                raise errors.changed_in_place(title, producer, version[0][0], version[1])
            found.append(self._restored(value))
        return tuple(found)

    def _producer(self, value: Any) -> str | None:
        if isinstance(value, _SavedOutput):
            return f"output {value.number} of {self.name()}"
        node, number = edge_of(value)
        if node is None or not node.edges:
            return None
        return f"output {number} of {node.name().split('Backward', 1)[0]}"

    def _restored(self, value: Any) -> Any:
        if not isinstance(value, _SavedOutput):
            return value
        tensor = wrap(value.data)
        tensor._node = self
        if value.number:
            tensor._extra = Extra()
            tensor._extra.number = value.number
        return tensor

    def _finish_saving(self, outputs: Sequence[Any]) -> None:
        saved, versions = [], []
        for tensor in self.to_save:
            if tensor is None:
                saved.append(None)
                versions.append(None)
                continue
            counter = version_counter(tensor)
            versions.append((counter, counter[0]))
            number = next((i for i, out in enumerate(outputs) if out is tensor), None)
            saved.append(tensor if number is None else _SavedOutput(tensor._data, number))
        self._saved, self._versions, self.to_save = tuple(saved), versions, ()

    def release(self) -> None:
        if self._versions:
            self._saved = FREED

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        given = list(cotangent) if self.several else [cotangent]
        cotangents = []
        for one, (shape, dtype) in zip(given, self.output_meta, strict=True):
            if one is None and self.materialize_grads:
                cotangents.append(wrap(np.zeros(shape, dtype)))
            elif one is None:
                cotangents.append(None)
            else:
                cotangents.append(one if create_graph else wrap(one))
        rule = self.function._backward_rule()
        results = rule(self, *cotangents)
        if not isinstance(results, tuple):
            results = (results,)
        expected = len(self.input_meta)
        if len(results) > expected and all(r is None for r in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(results)})"
            )
        return [self._checked(index, result, create_graph) for index, result in enumerate(results)]

    def _checked(self, index: int, result: Any, create_graph: bool) -> Any:
        meta = self.input_meta[index]
        if result is None or self.edges[index] is None:
            return None
        if not isinstance(result, TensorState):
            raise TypeError(f"expected Variable or None (got {type(result).__name__})")
        shape, dtype = meta
        if result._data.shape != shape:
            xp = result.__array_namespace__()  # type: ignore[attr-defined]
            try:
                fits = np.broadcast_shapes(shape, result._data.shape) == result._data.shape
            except ValueError:
                fits = False
            if not fits:
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {index} - got "
                    f"{list(result._data.shape)} but expected shape compatible with {list(shape)}"
                )
            result = sum_to(result, shape, xp)
        if result._data.dtype != dtype:
            result = result.__array_namespace__().astype(result, dtype)
        return result if create_graph else result._data


class Function:
    """Subclass with static methods `forward` and `backward`, and call `apply`.

    >>> import autodiff
    >>> class Square(autodiff.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = autodiff.tensor(3., requires_grad=True)
    >>> y = Square.apply(x)
    >>> y
    tensor(9., grad_fn=<SquareBackward>)
    """

    _node_type: type[FunctionCtx]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = f"{cls.__name__}Backward"
        cls._node_type = type(name, (FunctionCtx,), {"function": cls, "__slots__": ()})

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result; `forward(ctx, …)`, or `forward(…)` with `setup_context`."""
        raise NotImplementedError(errors.NO_FORWARD)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, apart from `forward`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient of every argument of forward (None where there is none)."""
        raise NotImplementedError(errors.NO_BACKWARD)

    vjp = backward

    @classmethod
    def _backward_rule(cls) -> Callable[..., Any]:
        has_backward = cls.backward is not Function.backward
        has_vjp = cls.vjp is not Function.vjp
        if has_backward and has_vjp:
            raise RuntimeError(errors.BOTH_BACKWARD_AND_VJP)
        return cls.vjp if has_vjp else cls.backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward without recording it, and record the function as one node."""
        ctx = cls._node_type()
        edges, numbers = [], []
        for one in args:
            node, number = edge_of(one) if isinstance(one, TensorState) else (None, 0)
            edges.append(node)
            numbers.append(number)
        recording = is_grad_enabled() and any(node is not None for node in edges)
        ctx.needs_input_grad = tuple(node is not None for node in edges)
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        outputs = output if isinstance(output, tuple) else (output,)
        for dirty in ctx.dirty:
            if not any(out is dirty for out in outputs):
                raise RuntimeError(errors.DIRTY_NOT_RETURNED)
        results = tuple(cls._result(ctx, out, args, recording) for out in outputs)
        if recording:
            ctx.edges = tuple(edges)
            ctx.numbers = tuple(numbers) if any(numbers) else None
            ctx.number = next_number()
            ctx.input_meta = [
                (one._data.shape, one._data.dtype) if isinstance(one, TensorState) else None
                for one in args
            ]
            cls._attach(ctx, results)
        return results if isinstance(output, tuple) else results[0]

    @classmethod
    def _result(cls, ctx: FunctionCtx, out: Any, args: tuple[Any, ...], recording: bool) -> Any:
        """The tensor to return: an input that was only passed through becomes a view of it."""
        if not isinstance(out, TensorState):
            return out
        if any(out is dirty for dirty in ctx.dirty):
            check_writable(out, recording)
            version_counter(out)[0] += 1
            return out
        if any(out is one for one in args):
            with no_grad():
                return ALIAS(out, index=(...,))
        return out

    @classmethod
    def _attach(cls, ctx: FunctionCtx, results: tuple[Any, ...]) -> None:
        ctx._finish_saving(results)
        tensors = [r for r in results if isinstance(r, TensorState)]
        ctx.output_meta = [(t._data.shape, t._data.dtype) for t in tensors]
        if len(tensors) > 1:
            ctx.several = True  # type: ignore[misc]
        number = 0
        for result in results:
            if not isinstance(result, TensorState):
                continue
            stopped = any(result is one for one in ctx.non_differentiable)
            if not stopped and result._data.dtype.kind in "fcV":
                if any(result is one for one in ctx.dirty):
                    rebase(result, ctx)
                else:
                    result._node = ctx
                if number or result._extra is not None:
                    result._extra = result._extra or Extra()
                    result._extra.number = number
            number += 1


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward that cannot itself be differentiated."""

    @functools.wraps(backward)
    def once(ctx: FunctionCtx, *cotangents: Any) -> Any:
        with no_grad():
            results = backward(ctx, *cotangents)
        if not is_grad_enabled() or not any(
            isinstance(c, TensorState) and edge_of(c)[0] is not None for c in cotangents
        ):
            return results
        several = results if isinstance(results, tuple) else (results,)
        guarded = tuple(
            _Refuse.apply(*(c for c in cotangents if c is not None), r)
            if isinstance(r, TensorState)
            else r
            for r in several
        )
        return guarded if isinstance(results, tuple) else guarded[0]

    return once


class _Refuse(Function):
    """Passes its last argument on, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, *values: Any) -> Any:
        return values[-1].clone()

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        raise RuntimeError(errors.ONCE_DIFFERENTIABLE)
