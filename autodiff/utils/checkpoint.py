"""Checkpointing: saved tensors are dropped and computed again when backward needs them.

What a region saves is replaced by place holders, by saved-tensor hooks. The first of them that
backward asks for runs the region again; what is saved this time fills the holders, in the same
order. Each backward pass has values of its own, which are dropped as soon as they have been read.
"""

from __future__ import annotations

import contextlib
import contextvars
import copy
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autodiff import errors
from autodiff.creation import generator
from autodiff.function import Function
from autodiff.gradients import backward
from autodiff.graph_tools import saved_tensors_hooks
from autodiff.hooks import current_walk
from autodiff.modes import Block, enable_grad, no_grad, recording
from autodiff.operation import legacy_name
from autodiff.row import Row
from autodiff.saved import PackedTensor, packed
from autodiff.state import TensorState, version_counter
from autodiff.utils.selective import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
)
from autodiff.views import edge_of, requires_grad, title

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

Contexts = tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]

_early_stop: contextvars.ContextVar[bool | None] = contextvars.ContextVar(
    "autodiff.checkpoint.early_stop", default=None
)
_debug: contextvars.ContextVar[bool | None] = contextvars.ContextVar(
    "autodiff.checkpoint.debug", default=None
)

_TIP = (
    "\nTip: To see a more detailed error message, either pass `debug=True` to\n"
    "`torch.utils.checkpoint.checkpoint(...)` or wrap the code block\n"
    "with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to\n"
    "enable checkpoint‑debug mode globally.\n"
)
_DUMPED = (
    "An error happened while unpacking tensors; dumping logs of latest computation\n"
    "because you passed `debug=True` to `torch.utils.checkpoint.checkpoint()`.\n"
)
_EXPLICIT = (
    "{}: the use_reentrant parameter should be passed explicitly. {} use_reentrant=False is "
    "recommended, but if you need to preserve the current default behavior, you can pass "
    "use_reentrant=True. Refer to docs for more details on the differences between the two "
    "variants."
)
_REENTRANT_ONLY = (
    "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an "
    "`inputs` parameter to .backward(). To resolve this error, you can either set "
    "use_reentrant=False, or call .backward() without passing the `inputs` argument."
)


class CheckpointError(RuntimeError):
    """The recomputation did not save what the forward pass saved."""


class _Stop(Exception):
    """All that is needed has been recomputed."""


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether recomputation stops as soon as all that is needed is there, for those inside."""
    token = _early_stop.set(enable)
    try:
        yield
    finally:
        _early_stop.reset(token)


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Whether errors of checkpoints inside show the operations that ran; None: as each says."""
    token = _debug.set(enabled)
    try:
        yield
    finally:
        _debug.reset(token)


class _Holder:
    """Stands in the graph for a saved tensor."""

    __slots__ = ("__weakref__",)


class _Pass:
    """What one backward pass has recomputed."""

    __slots__ = ("__weakref__", "count", "done", "read", "values")

    def __init__(self) -> None:
        self.count = 0
        self.done = False
        self.values: weakref.WeakKeyDictionary[_Holder, Any] = weakref.WeakKeyDictionary()
        self.read: weakref.WeakSet[_Holder] = weakref.WeakSet()


class _Input:
    """A tensor that the region was given, as saved for backward."""

    __slots__ = ("count", "packed", "tensor")

    def __init__(self, tensor: Any) -> None:
        value = packed(recording(), tensor)
        self.packed = None if value is None else PackedTensor(value, tensor._leaf, edge_of(tensor))
        self.tensor: Any = None if value is not None else tensor
        self.count = version_counter(tensor)[0]

    def get(self) -> Any:
        if self.packed is not None:
            return self.packed.restored()
        counter = version_counter(self.tensor)
        if counter[0] != self.count:
            node, number = edge_of(self.tensor)
            known = node is not None and node.edges
            producer = f"output {number} of {title(node)}" if known else None
            name = legacy_name(self.tensor._data)
            raise errors.changed_in_place(name, producer, counter[0], self.count)
        return self.tensor


class _Frame:
    """One checkpointed region: what it saved, and how to compute that again."""

    def __init__(self, run: Callable[..., Any], args: Sequence[Any], early_stop: bool) -> None:
        self.run = run
        self.args = [_Input(one) if isinstance(one, TensorState) else one for one in args]
        self.early_stop = early_stop
        self.holders: list[weakref.ref[_Holder]] = []
        self.described: list[Any] = []
        self.describe: Callable[[Any], Any] = _nothing
        self.passes: weakref.WeakKeyDictionary[Any, _Pass] = weakref.WeakKeyDictionary()
        self.forward_completed = False
        self.ignore_mismatch = False
        self.explain: Callable[[CheckpointError], CheckpointError] | None = None

    def pack(self, tensor: Any) -> _Holder:
        holder = _Holder()
        self.holders.append(weakref.ref(holder))
        self.described.append(self.describe(tensor))
        return holder

    def unpack(self, holder: _Holder) -> Any:
        try:
            return self._unpacked(holder)
        except CheckpointError as error:
            if self.explain is None:
                raise
            raise self.explain(error) from error

    def _unpacked(self, holder: _Holder) -> Any:
        walk = current_walk.get()
        state = _Pass() if walk is None else self.passes.setdefault(walk, _Pass())
        if not state.done:
            args = [one.get() if isinstance(one, _Input) else one for one in self.args]
            hooks = saved_tensors_hooks(_Refill(self, state), _same)
            with contextlib.suppress(_Stop), hooks, enable_grad():
                self.run(*args)
            state.done = True
            self._check(state)
        if holder in state.read:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
                "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to do "
                "so only once. Otherwise please open an issue with details on your use case."
            )
        state.read.add(holder)
        return state.values.pop(holder)

    def _check(self, state: _Pass) -> None:
        """Raise CheckpointError where the recomputation saved something else."""
        if self.ignore_mismatch:
            return
        if len(self.holders) != state.count:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {state.count}.\n{_TIP}"
            )
        differing = ""
        for place, reference in enumerate(self.holders):
            holder = reference()
            if holder is None:
                continue
            found = self.describe(state.values[holder])
            if found != self.described[place]:
                differing += (
                    f"tensor at position {place}:\n"
                    f"saved metadata: {self.described[place]}\n"
                    f"recomputed metadata: {found}\n"
                )
        if differing:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{differing}.\n{_TIP}"
            )


class _Refill:
    """The pack hook of a recomputation: fills the holders, one after the other."""

    __slots__ = ("frame", "state")

    def __init__(self, frame: _Frame, state: _Pass) -> None:
        self.frame = weakref.ref(frame)
        self.state = state

    def __call__(self, tensor: Any) -> Any:
        frame, state = self.frame(), self.state
        assert frame is not None
        kept = tensor.detach() if tensor.requires_grad else tensor
        place = state.count
        state.count += 1
        if place >= len(frame.holders):
            if not frame.forward_completed:
                frame.ignore_mismatch = True
                return kept
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than "
                f"during the original forward pass.\n{_TIP}"
            )
        holder = frame.holders[place]()
        if holder is not None:
            state.values[holder] = kept
        if frame.early_stop and state.count == len(frame.holders):
            raise _Stop
        return kept


def _same(value: Any) -> Any:
    return value


def _nothing(tensor: Any) -> None:
    return None


def _metadata(tensor: Any) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


_CHECKS: dict[str, Callable[[Any], Any]] = {"default": _metadata, "none": _nothing}


@contextlib.contextmanager
def _random_state(state: Any) -> Iterator[None]:
    """Random numbers as they were at `state`, inside; None changes nothing."""
    if state is None:
        yield
        return
    bits = generator().bit_generator
    before = bits.state
    bits.state = copy.deepcopy(state)
    try:
        yield
    finally:
        bits.state = before


class _Log(Block):
    """Notes the operations that run inside, and where they were called."""

    __slots__ = ("lines", "traces")

    def __init__(self) -> None:
        super().__init__(intercept=self._note)
        self.lines: list[str] = []
        self.traces: list[str] = []

    def _note(self, row: Row, kernel: Callable[[], Any], inputs: Any, params: Any) -> Any:
        out = kernel()
        shapes = ", ".join(str(list(getattr(one, "shape", ()))) for one in inputs)
        self.lines.append(f"{row.name}({shapes})")
        self.traces.append("".join(traceback.format_stack(limit=12)))
        return out


def _logged() -> tuple[Contexts, Callable[[CheckpointError], CheckpointError]]:
    """Contexts that note what runs, and what makes an error of the notes."""
    forward, again = _Log(), _Log()

    def explain(error: CheckpointError) -> CheckpointError:
        parts = [_DUMPED]
        for label, log in (("original", forward), ("recompute", again)):
            parts += [
                f"{line}   ({number + 1} of {len(log.lines)} in {label})\n\n{trace}\n"
                for number, (line, trace) in enumerate(zip(log.lines, log.traces, strict=True))
            ]
        parts += [
            "Operations executed during the original forward:\n\n",
            "\n".join(forward.lines),
            "\n\nOperations executed during recomputation:\n\n",
            "\n".join(again.lines),
            "\n\n ERROR: Detected non-determinism while running activation checkpointing\n",
        ]
        return CheckpointError("".join(parts))

    return (forward, again), explain


class CheckpointFunction(Function):
    """The reentrant variant: the region runs unrecorded, and again, recorded, in backward."""

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        if not any(isinstance(one, TensorState) and requires_grad(one) for one in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None",
                UserWarning,
                stacklevel=4,
            )
        ctx.ensure_hooks()  # so that backward knows which pass it is part of
        ctx.run_function = run_function
        state = generator().bit_generator.state if preserve_rng_state else None
        ctx.random_state = state
        ctx.inputs = [None if isinstance(one, TensorState) else one for one in args]
        ctx.places = [i for i, one in enumerate(args) if isinstance(one, TensorState)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *args: Any) -> Any:
        walk = current_walk.get()
        if walk is None or walk.needed is not None:
            raise RuntimeError(_REENTRANT_ONLY)
        inputs = list(ctx.inputs)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[place] = tensor.detach()
            inputs[place].requires_grad = tensor.requires_grad
        with _random_state(ctx.random_state), enable_grad():
            outputs = ctx.run_function(*inputs)
        outputs = outputs if isinstance(outputs, tuple | list) else (outputs,)
        pairs = [
            (out, cotangent)
            for out, cotangent in zip(outputs, args, strict=True)
            if isinstance(out, TensorState) and requires_grad(out)
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([out for out, _ in pairs], [cotangent for _, cotangent in pairs])
        grads = (one.grad if isinstance(one, TensorState) else None for one in inputs)  # type: ignore[attr-defined]
        return (None, None, *grads)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, whose saved tensors are recomputed when backward needs them.

    use_reentrant: pass False; True is PyTorch's older variant, which supports `backward()` on
    whole graphs only. preserve_rng_state (default True): random numbers come out the same in the
    recomputation. context_fn: gives two contexts, for the call and for its recomputation.
    determinism_check: "default" compares shapes and dtypes of what is saved, "none" nothing.
    debug: errors list the operations that ran. early_stop: stop when all that is needed is there.

    Raises CheckpointError in backward if the recomputation saves something else, ValueError for
    options that do not go together.

    >>> import autodiff
    >>> from autodiff.utils.checkpoint import checkpoint
    >>> x = autodiff.tensor(0.5, requires_grad=True)
    >>> y = checkpoint(lambda t: t.sin().exp(), x, use_reentrant=False)
    >>> y.backward()
    >>> x.grad
    tensor(1.4174)
    """
    if use_reentrant is None:
        since = "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
        text = _EXPLICIT.format("torch.utils.checkpoint", f"{since}exception.")
        warnings.warn(text, UserWarning, stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        return _recorded(
            function, args, kwargs, preserve, context_fn, determinism_check, debug, early_stop
        )
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug is not False:
        raise ValueError(
            "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
        )
    return CheckpointFunction.apply(function, preserve, *args)


def _recorded(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    preserve: bool,
    context_fn: Callable[[], Contexts],
    determinism_check: str,
    debug: bool,
    early_stop: bool,
) -> Any:
    """The variant that records the region, with holders for what it saves."""
    explain = None
    asked = _debug.get()
    if debug if asked is None else asked:
        if context_fn is not noop_context_fn:
            raise ValueError("debug=True is incompatible with non-default context_fn")
        (forward_context, again_context), explain = _logged()
    if determinism_check not in _CHECKS:
        raise ValueError(
            f"determinism_check should be one of {list(_CHECKS)}, but got {determinism_check}"
        )
    if explain is None:
        forward_context, again_context = context_fn()
    if not recording():
        return function(*args, **kwargs)
    state = copy.deepcopy(generator().bit_generator.state) if preserve else None

    def run(keywords: dict[str, Any], *values: Any) -> None:
        with _random_state(state), again_context:
            function(*values, **keywords)

    stop = _early_stop.get()
    frame = _Frame(run, (kwargs, *args), early_stop if stop is None else stop)
    frame.describe, frame.explain = _CHECKS[determinism_check], explain
    with saved_tensors_hooks(frame.pack, frame.unpack), forward_context:
        result = function(*args, **kwargs)
    frame.forward_completed = True
    return result


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Apply functions one after the other, in checkpointed segments (the last one is not).

    >>> import autodiff
    >>> from autodiff.utils.checkpoint import checkpoint_sequential
    >>> x = autodiff.tensor(1., requires_grad=True)
    >>> steps = [autodiff.sin, autodiff.exp, autodiff.tanh]
    >>> checkpoint_sequential(steps, 2, x, use_reentrant=False)
    tensor(0.9809, grad_fn=<TanhBackward0>)
    """
    if use_reentrant is None:
        since = "In version 2.9 we will raise an exception if use_reentrant is not passed."
        text = _EXPLICIT.format("torch.utils.checkpoint.checkpoint_sequential", since)
        warnings.warn(text, UserWarning, stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))

    def chain(start: int, stop: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for function in functions[start:stop]:
                value = function(value)
            return value

        return run

    size = len(functions) // segments
    begin = 0
    for start in range(0, size * (segments - 1), size):
        begin = start + size
        input = checkpoint(
            chain(start, begin), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return chain(begin, len(functions))(input)
