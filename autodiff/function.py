"""`autograd.Function`: operations with a backward written by the user."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.graph import FREED, Node, next_number
from autodiff.modes import is_grad_enabled, levels, no_grad, refuse_in_transform
from autodiff.modes import recording as mode_now
from autodiff.operation import legacy_name, sum_to, wrap
from autodiff.ops.indexing import ALIAS
from autodiff.saved import PackedTensor, PackedValue, packed
from autodiff.state import Extra, TensorState, layered_by, version_counter
from autodiff.unusual import note_origin
from autodiff.views import check_writable, edge_of, rebase, requires_grad, title

__all__ = [
    "BackwardCFunction",
    "Function",
    "FunctionCtx",
    "InplaceFunction",
    "once_differentiable",
]

_MODULE = "autodiff.autograd.function"  # where PyTorch has the nodes' classes, which it prints
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


class _SavedOutput:
    """An output that was saved: its data, without a reference back to the tensor."""

    __slots__ = ("data", "number")

    def __init__(self, data: Any, number: int) -> None:
        self.data = data
        self.number = number


class _RawTensor:
    """One saved tensor of a user's Function: what `grad_fn._raw_saved_tensors` holds."""

    __slots__ = ("_node", "_place")

    def __init__(self, node: FunctionCtx, place: int) -> None:
        self._node = node
        self._place = place

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Any) -> None:
        """Keep `pack_hook(tensor)` in the tensor's place; `unpack_hook` gives it back.

        Raises RuntimeError where the tensor was freed, is None, or has hooks already.
        """
        node, place = self._node, self._place
        if node._saved is FREED:
            raise RuntimeError(errors.SAVED_FREED)
        value = node._saved[place]
        if value is None:
            raise RuntimeError(errors.SAVED_NONE)
        if isinstance(value, PackedTensor):
            raise RuntimeError(errors.SAVED_HOOKS_TWICE)  # noqa: TRY004 - PyTorch's own type
        tensor = node._kept_tensors()[place]
        shown = wrap(tensor._data)
        shown._counter = version_counter(tensor)
        own = isinstance(value, _SavedOutput)
        source = (None, value.number) if own else edge_of(tensor)
        kept = PackedValue((pack_hook, unpack_hook), shown)
        held = PackedTensor(kept, None if own else tensor._leaf, source, own)
        node._saved = (*node._saved[:place], held, *node._saved[place + 1 :])
        node._versions[place] = None
        node.ensure_hooks()


_RawTensor.__name__ = _RawTensor.__qualname__ = "SavedTensor"  # as PyTorch prints it


class FunctionCtx(Node):
    """The `ctx` that forward and backward are given; it is also the node of the graph."""

    __slots__ = ("__dict__",)
    function: type[Function]
    _forward_cls: type[Function]  # the same, under PyTorch's name
    fills = True  # PyTorch runs the user's backward even where no cotangent at all arrives

    def __init__(self) -> None:
        self.edges = ()
        self.numbers = self.hooks = self.counters = None
        self.number = 0
        self.to_save: tuple[Any, ...] = ()
        self.saved_for_forward: tuple[Any, ...] | None = None
        self.lent: tuple[Any, ...] | None = None  # what another node keeps for this one
        self.pushes = False  # whether `jvp` is running, which reads what was saved for it
        self.needs_input_grad: tuple[bool, ...] = ()
        self.materialize_grads = True
        self.dirty_tensors: tuple[Any, ...] = ()
        self.non_differentiable: tuple[Any, ...] = ()
        self._saved: Any = None  # None: still in forward
        self._versions: list[Any] = []
        self.output_meta: list[Any] = []  # (shape, dtype) of each output, None if not a tensor
        self.input_meta: list[Any] = []  # the same of each argument of forward

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward, safely: a write to one of them in between is noticed."""
        for position, tensor in enumerate(tensors):
            known = tensor is None or isinstance(tensor, TensorState)
            if not known and not hasattr(type(tensor), "__torch_function__"):
                raise TypeError(
                    "save_for_backward can only save variables, but argument "
                    f"{position} is of type {type(tensor).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for a `jvp` rule."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, TensorState):
                raise AssertionError(errors.SAVE_FOR_FORWARD)
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward has written to; they must be returned."""
        self.dirty_tensors = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward is given zeros (default) or None for outputs without cotangent."""
        if not isinstance(value, bool):
            raise TypeError(errors.MATERIALIZE_TYPE)
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`.

        Raises RuntimeError if they were freed by a backward pass or written to since, or if a
        Function with `clear_saved_tensors_on_access` has read them before.
        """
        if not self.function.clear_saved_tensors_on_access:
            return self._kept_tensors()
        if self._saved is FREED:
            raise RuntimeError(errors.ACCESSED_TWICE)
        found = self._kept_tensors()
        self._saved = FREED
        return found

    @property
    def _raw_saved_tensors(self) -> tuple[_RawTensor, ...]:
        """The saved tensors as the node keeps them, for hooks on each."""
        if self._saved is FREED:
            raise errors.already_freed()
        return tuple(_RawTensor(self, place) for place in range(len(self._saved or ())))

    def _kept_tensors(self) -> tuple[Any, ...]:
        if self.lent is not None:
            return self.lent
        if self.pushes:
            return self.saved_for_forward or ()
        if self._saved is None:  # forward is running
            return ()
        if self._saved is FREED:
            raise errors.already_freed()
        found = []
        for value, version in zip(self._saved, self._versions, strict=True):
            if version is not None and version[0][0] != version[1]:
                name = legacy_name(value.data if isinstance(value, _SavedOutput) else value._data)
                producer = self._producer(value)
                raise errors.changed_in_place(name, producer, version[0][0], version[1])
            found.append(self._restored(value, version))
        return tuple(found)

    def _producer(self, value: Any) -> str | None:
        if isinstance(value, _SavedOutput):
            return f"output {value.number} of {title(self)}"
        node, number = edge_of(value)
        if node is None or not node.edges:
            return None
        return f"output {number} of {title(node)}"

    def _restored(self, value: Any, version: Any) -> Any:
        if isinstance(value, PackedTensor):
            return value.restored(self)
        if not isinstance(value, _SavedOutput):
            return value
        tensor = wrap(value.data)
        tensor._node = self
        tensor._counter = version[0]
        if value.number:
            tensor._extra = Extra()
            tensor._extra.number = value.number
        return tensor

    def _finish_saving(self, outputs: Sequence[Any]) -> None:
        """Swap what forward saved for what can be kept without a circle of references."""
        saved: list[Any] = []
        versions: list[Any] = []
        for tensor in self.to_save:
            if tensor is None:
                saved.append(None)
                versions.append(None)
                continue
            counter = version_counter(tensor)
            kept = packed(mode_now(), tensor)
            if kept is not None:
                own = next((i for i, out in enumerate(outputs) if out is tensor), None)
                place = edge_of(tensor) if own is None else (None, own)
                saved.append(PackedTensor(kept, tensor._leaf, place, own is not None))
                self.ensure_hooks()
                versions.append(None)
                continue
            versions.append((counter, counter[0]))
            number = next((i for i, out in enumerate(outputs) if out is tensor), None)
            saved.append(tensor if number is None else _SavedOutput(tensor._data, number))
        self._saved, self._versions, self.to_save = tuple(saved), versions, ()

    def forget_marks(self) -> None:
        """What forward told is of no use afterwards, and would keep tensors alive."""
        self.saved_for_forward = None
        self.dirty_tensors = self.non_differentiable = ()

    def release(self) -> None:
        self._saved = FREED

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        given = list(cotangent) if self.several else [cotangent]
        cotangents = []
        for one, meta in zip(given, self.output_meta, strict=True):
            if one is not None:
                cotangents.append(one if create_graph else wrap(one))
            elif self.materialize_grads and meta is not None:
                cotangents.append(wrap(np.zeros(*meta)))
            else:
                cotangents.append(None)
        results = self.function._backward_rule()(self, *cotangents)
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
        checked: list[Any] = []
        for position, (result, meta) in enumerate(zip(results, self.input_meta, strict=True)):
            if meta is not None:
                checked.append(self._checked(len(checked), result, meta, create_graph))
            elif result is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position "
                    f"{position + 1}, but the corresponding forward input was not a Variable"
                )
        return checked

    def _checked(self, index: int, result: Any, meta: Any, create_graph: bool) -> Any:
        """One gradient that the user's backward gave, in its input's shape and dtype."""
        if result is not None and not isinstance(result, TensorState):
            raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        if result is None or self.edges[index] is None:
            return None
        shape, dtype = meta
        if result._data.shape != shape:
            try:
                fits = np.broadcast_shapes(shape, result._data.shape) == result._data.shape
            except ValueError:
                fits = False
            if not fits:
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {index} - got "
                    f"{list(result._data.shape)} but expected shape compatible with {list(shape)}"
                )
            result = sum_to(result, shape, _namespace(result))
        if result._data.dtype != dtype:
            if result._data.dtype.kind == "c" and dtype.kind != "c":
                raise RuntimeError(errors.COMPLEX_GRADIENT)
            result = _namespace(result).astype(result, dtype)
        return result if create_graph else result._data


class BackwardCFunction(FunctionCtx):
    """The class that the nodes of all Functions derive from."""

    __slots__ = ()


def _namespace(tensor: Any) -> Any:
    return tensor.__array_namespace__()


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
    _backward_cls: type[FunctionCtx]  # the same, under PyTorch's name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = f"{cls.__name__}Backward"
        given = {"function": cls, "_forward_cls": cls, "__slots__": (), "__module__": _MODULE}
        cls._node_type = cls._backward_cls = type(name, (BackwardCFunction,), given)

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

    clear_saved_tensors_on_access = False  # whether saved tensors go with their first reading
    boxed_grads_call = False  # whether backward is given one list, which it may empty

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangent of every output from those of the arguments of forward (None: no tensor)."""
        raise NotImplementedError(errors.NO_JVP)

    generate_vmap_rule = False

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """What forward gives for a batch: (outputs, the axis of the batch in each).

        info: batch_size and randomness. in_dims: the axis of the batch in each argument, or None.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod "
            "or set generate_vmap_rule=True."
        )

    @classmethod
    def _backward_rule(cls) -> Callable[..., Any]:
        has_backward = cls.backward is not Function.backward
        has_vjp = cls.vjp is not Function.vjp
        if has_backward and has_vjp:
            raise RuntimeError(errors.BOTH_BACKWARD_AND_VJP)
        rule = cls.vjp if has_vjp else cls.backward
        if cls.boxed_grads_call:
            return lambda ctx, *cotangents: rule(ctx, list(cotangents))
        return rule

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward without recording it, and record the function as one node."""
        if kwargs or cls.setup_context is not Function.setup_context:
            args, kwargs = _bound(cls, args, kwargs)
        if levels.get():
            own = cls.setup_context is not Function.setup_context
            if not own:
                refuse_in_transform(errors.NO_SETUP_CONTEXT)
            layered = next((one for one in map(layered_by, args) if one is not None), None)
            if layered is not None:
                return layered._dispatch_function(cls, args, kwargs)
        ctx = cls._node_type()
        output = cls._applied(ctx, args, kwargs)
        ctx.forget_marks()
        return output

    @classmethod
    def _applied(cls, ctx: FunctionCtx, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = [one for one in args if isinstance(one, TensorState)]
        found = [edge_of(one) for one in inputs] if mode_now() else []
        recording = any(node is not None for node, _ in found)
        ctx.needs_input_grad = tuple(
            isinstance(one, TensorState) and requires_grad(one) for one in args
        )
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        outputs = output if isinstance(output, tuple) else (output,)
        cls._check_marks(ctx, inputs, outputs, recording)
        flowing = [recording and cls._flows(ctx, out) for out in outputs]
        results = tuple(
            cls._result(ctx, out, inputs, flows)
            for out, flows in zip(outputs, flowing, strict=True)
        )
        if recording:
            ctx.edges = tuple(node for node, _ in found)
            numbers = tuple(number for _, number in found)
            ctx.numbers = numbers if any(numbers) else None
            ctx.number = next_number()
            ctx.input_meta = [_meta(one) for one in args]
            mode = mode_now()
            if mode is not True:
                note_origin(ctx, mode)
            cls._attach(ctx, results, flowing)
        elif mode_now():
            for result in results:
                extra = result._extra if isinstance(result, TensorState) else None
                if extra is None or any(result is one for one in inputs):
                    continue
                if extra.view is not None and extra.view.made == "no_grad":
                    extra.view.made = "custom"
        return results if isinstance(output, tuple) else results[0]

    @classmethod
    def _check_marks(
        cls, ctx: FunctionCtx, inputs: Sequence[Any], outputs: Sequence[Any], recording: bool
    ) -> None:
        """What forward said of its tensors must be true."""
        for dirty in ctx.dirty_tensors:
            if not isinstance(dirty, TensorState):
                raise RuntimeError(errors.DIRTY_TYPE)  # noqa: TRY004 - PyTorch's own type
            version_counter(dirty)[0] += 1  # written to, whatever comes of it
            if not any(out is dirty for out in outputs):
                raise RuntimeError(errors.DIRTY_NOT_RETURNED)
            if not recording or any(dirty is one for one in ctx.non_differentiable):
                continue
            if not any(one is dirty for one in inputs):
                warnings.warn(errors.DIRTY_NOT_INPUT, UserWarning, stacklevel=3)
            else:
                if dirty._node is None and requires_grad(dirty):
                    raise RuntimeError(errors.DIRTY_LEAF)
                several = sum(isinstance(out, TensorState) for out in outputs) > 1
                if several and dirty._extra is not None and dirty._extra.view is not None:
                    raise RuntimeError(errors.DIRTY_VIEW)
                check_writable(dirty, recording)
                if dirty._extra is not None:
                    dirty._extra.grad = None  # PyTorch starts afresh with what was written to
        for stopped in ctx.non_differentiable:
            if not isinstance(stopped, TensorState):
                raise RuntimeError(errors.NON_DIFFERENTIABLE_TYPE)  # noqa: TRY004

    @classmethod
    def _flows(cls, ctx: FunctionCtx, out: Any) -> bool:
        """Whether an output of forward gets the node as its history."""
        return (
            isinstance(out, TensorState)
            and out._data.dtype.kind in "fcV"
            and not any(out is stopped for stopped in ctx.non_differentiable)
        )

    @classmethod
    def _result(cls, ctx: FunctionCtx, out: Any, inputs: Sequence[Any], flows: bool) -> Any:
        """The tensor to return: an input that was only passed through becomes a view of it."""
        if not isinstance(out, TensorState):
            return out
        passed = any(out is one for one in inputs)
        if not flows and requires_grad(out):
            return out.detach()  # type: ignore[attr-defined]
        if not passed or any(out is dirty for dirty in ctx.dirty_tensors):
            return out
        with no_grad():
            alias = ALIAS(out, index=(...,))
        if alias._extra.view is not None:  # views of inference tensors are not known as views
            alias._extra.view.made = "custom"
        return alias

    @classmethod
    def _attach(cls, ctx: FunctionCtx, results: tuple[Any, ...], flowing: Sequence[bool]) -> None:
        """Make the node the history of the results."""
        dirty = ctx.dirty_tensors
        ctx._finish_saving(results)
        ctx.output_meta = [_meta(one) for one in results]
        ctx.several = len(results) > 1  # type: ignore[misc]
        made = "multiple" if sum(flowing) > 1 else "custom"
        for number, (result, flows) in enumerate(zip(results, flowing, strict=True)):
            if not flows:
                continue
            if any(result is one for one in dirty):
                rebase(result, ctx, number)
                continue
            result._node = ctx
            if number and result._extra is None:
                result._extra = Extra()
            extra = result._extra
            if extra is not None:
                extra.number = number
                if extra.view is not None:
                    extra.view.made = made
                    extra.view.version = version_counter(result)[0]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(errors.LEGACY_FUNCTION)


class InplaceFunction(Function):
    """An older name's form: a Function that remembers `inplace`. Use :class:`Function`."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace


Function._node_type = type(
    "FunctionBackward", (BackwardCFunction,), {"function": Function, "__module__": _MODULE}
)


def _meta(value: Any) -> Any:
    return (value._data.shape, value._data.dtype) if isinstance(value, TensorState) else None


def _bound(
    function: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as PyTorch binds them: with `setup_context`, defaults are inputs, too."""
    forward = function.forward
    if function.setup_context is not Function.setup_context:
        code = getattr(forward, "__code__", None)
        if kwargs or code is None or code.co_flags & _VARIADIC or code.co_argcount != len(args):
            bound = inspect.signature(forward).bind(*args, **kwargs)
            bound.apply_defaults()
            return bound.args, bound.kwargs
        return args, kwargs
    names = inspect.signature(forward).parameters
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in names.values()):
        for name in kwargs:
            if name not in names:
                raise TypeError(f"forward() got an unexpected keyword argument '{name}'")
    return args, kwargs


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
        guarded = _Refuse.apply(*map(_pretending, several))
        return guarded if isinstance(results, tuple) else guarded[0]

    return once


def _pretending(value: Any) -> Any:
    """A gradient as a leaf, so that whatever is made of it has a history: one that refuses."""
    if not isinstance(value, TensorState):
        return value
    leaf: Any = value.detach()  # type: ignore[attr-defined]
    return leaf.requires_grad_() if leaf._data.dtype.kind in "fcV" else leaf


class _Refuse(Function):
    """Passes its arguments on, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, *values: Any) -> Any:
        known: tuple[Any, ...] = values
        return tuple(one.detach() if hasattr(one, "detach") else one for one in known)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        raise RuntimeError(errors.ONCE_DIFFERENTIABLE)


_Refuse._node_type.__name__ = "Error"  # as PyTorch prints it
