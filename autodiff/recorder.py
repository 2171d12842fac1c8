"""Record: run a function once, and get what it computed as a program.

The function is run on tensors of a class of their own, which know shape and dtype and have no
numbers that could be read. A row applied to them is computed on the example, written down, and
recorded with values of this kind in the place of arrays; so a gradient asked for inside of the
function is written down, too: the walk backwards runs the rules of the rows on them.

>>> import numpy as np
>>> import autodiff
>>> from autodiff.recorder import record
>>> program = record(lambda x: (x * x).sum(), autodiff.ones(3))
>>> print(program)
program(%0: f32[3])
  %1 = mul(%0, %0)  # f32[3]
  %2 = sum(%1, dim=(0,), keepdim=False)  # f32[]
  return %2
>>> program(np.array([1, 2, 3], np.float32))
array(14., dtype=float32)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from autodiff import gradients
from autodiff.graph import LeafState
from autodiff.inplace import allowed, bump
from autodiff.layers import Layered, Level, entered
from autodiff.modes import SILENT, enable_grad, is_grad_enabled, restore, silence
from autodiff.operation import wrap
from autodiff.ops.shapes import TO_COPY
from autodiff.program import Instruction, Literal, Program, ProgramError, Value
from autodiff.promotion import explain, namespace, promote
from autodiff.record import record as record_node
from autodiff.state import TensorState, version_counter
from autodiff.tensor_class import Tensor
from autodiff.trees import flatten
from autodiff.views import requires_grad

__all__ = ["Traced", "record"]

_NUMBERS = (int, float, complex, np.generic)
_SHAPE_ONLY = {
    np.ones_like,
    np.zeros_like,
    np.full_like,
    np.empty_like,
    np.shape,
    np.ndim,
    np.size,
}
_OUT = (
    "the function read the numbers of a tensor that is being recorded ({}): the program would be "
    "right for the example alone. Compute with tensors instead (where(), say), or leave the "
    "tensor that is read, such as indices, out of the arguments, so that it is a constant"
)


def record(function: Callable[..., Any], *examples: Any, gradients: bool = False) -> Program:
    """Run `function(*examples)` once and return the program that computes its result.

    examples: tensors, or nested tuples, lists and dicts of them. The program takes arrays of
    their shapes and dtypes. Other tensors that the function reaches are constants, copied.
    gradients: whether the program returns a pair, the function's result, which must be a scalar,
    and a tuple of its gradients by each example that requires a gradient.

    Raises ProgramError for what a program cannot mean: reading numbers (`item()`, `bool()`,
    `if x > 0`), random numbers, writes to memory that something else shows, `backward()`,
    functions with a backward of the user's own.
    """
    leaves, arguments = flatten(examples)
    for one in leaves:
        if not isinstance(one, Tensor) or one._layered:
            raise ProgramError(
                f"record() needs example tensors, but got {type(one).__name__}: bind other "
                "arguments beforehand, as in record(lambda x: f(x, 3), example)"
            )
    recorder = _Recorder()
    traced = [recorder.argument(one) for one in leaves]
    with entered(_Determined()), enable_grad() if gradients else _AS_IT_IS:
        try:
            result = function(*arguments.build(traced))
            if gradients:
                wanted = [one for one in traced if one._leaf is not None]
                result = result, _gradients_of(result, wanted)
        finally:
            recorder.running = False
    found, outcome = flatten(result)
    results = [recorder.operand(one, result=True) for one in found]
    inputs = [one._data.value for one in traced]
    return Program(inputs, recorder.constants, recorder.instructions, results, arguments, outcome)


def _gradients_of(result: Any, wanted: list[Any]) -> Any:
    if not isinstance(result, Tensor):
        raise ProgramError(
            f"gradients are those of one tensor, but the function returned a "
            f"{type(result).__name__}: return the tensor alone"
        )
    if result.numel() != 1:
        raise ProgramError(
            f"gradients are those of a scalar, but the function returned shape "
            f"{tuple(result.shape)}: reduce it with .sum()"
        )
    if not wanted:
        raise ProgramError(
            "no example requires a gradient: call requires_grad_() on those to differentiate by"
        )
    if not requires_grad(result):
        return tuple(wrap(np.zeros(one.shape, one._data.dtype)) for one in wanted)
    return gradients.grad(result, wanted, materialize_grads=True)


class _AsItIs:
    """A block that changes nothing."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *ignored: object) -> None:
        pass


_AS_IT_IS = _AsItIs()


class _Determined(Level):
    """While this level is open, nobody may draw random numbers."""

    __slots__ = ()
    batches: ClassVar[bool] = True  # levels that batch are asked how numbers are drawn
    transform: ClassVar[bool] = False

    def drawn(self, draw: Callable[[], Any]) -> Any:
        raise ProgramError(
            "the function draws random numbers, which would be the same in every run of the "
            "program: draw them outside and pass them as an argument"
        )


class _Memory:
    """What several recorded tensors may share: nothing is written to it as long as they do."""

    __slots__ = ("argument", "shown")

    def __init__(self, argument: bool = False) -> None:
        self.argument = argument
        self.shown = 1


class _Placeholder:
    """In the place of a recorded tensor's array: shape, dtype and layout, but no numbers."""

    __slots__ = ("_array", "memory", "recorder", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: _Recorder, value: Value, array: Any, memory: _Memory) -> None:
        self.recorder = recorder
        self.value = value
        self.memory = memory
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def size(self) -> int:
        return int(self._array.size)

    @property
    def itemsize(self) -> int:
        return int(self.value.dtype.itemsize)

    @property
    def strides(self) -> Any:
        return self._array.strides

    @property
    def flags(self) -> Any:
        return self._array.flags

    def __len__(self) -> int:
        return self.value.shape[0]

    def __getattr__(self, name: str) -> Any:
        raise ProgramError(_OUT.format(name))

    def _refuse(self, *arguments: Any, **options: Any) -> Any:
        raise ProgramError(_OUT.format("its array"))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's functions that look at shape and dtype alone."""
        if function not in _SHAPE_ONLY:
            self._refuse()
        args = [one._array if isinstance(one, _Placeholder) else one for one in args]
        return function(*args, **kwargs)

    __array__ = __array_ufunc__ = __getitem__ = __iter__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse


class _Recorder:
    """What has been recorded so far."""

    __slots__ = ("_captured", "_count", "constants", "instructions", "running")

    def __init__(self) -> None:
        self.running = True
        self.instructions: list[Instruction] = []
        self.constants: dict[Value, Any] = {}
        self._captured: dict[Any, tuple[Value, Any]] = {}
        self._count = 0

    def fresh(self, array: Any) -> Value:
        self._count += 1
        return Value(self._count, tuple(array.shape), array.dtype)

    def traced(self, array: Any, value: Value, memory: _Memory | None = None) -> Any:
        tensor = object.__new__(Traced)
        tensor._data = _Placeholder(self, value, array, memory or _Memory())
        tensor._node = tensor._leaf = tensor._counter = tensor._extra = None
        return tensor

    def argument(self, example: Any) -> Any:
        tensor = self.traced(example._data, self.fresh(example._data), _Memory(argument=True))
        if requires_grad(example):
            tensor._leaf = LeafState()
        return tensor

    def constant(self, array: Any) -> Value:
        """A value for an array of the program's own."""
        own = np.array(array)
        own.flags.writeable = False
        value = self.fresh(own)
        self.constants[value] = own
        return value

    def operand(self, given: Any, result: bool = False) -> Any:
        """What stands for something in the program."""
        if isinstance(given, Traced):
            if given._data.recorder is not self:
                raise ProgramError(
                    "a tensor of another recording was used: recordings cannot be nested"
                )
            return given._data.value
        if isinstance(given, TensorState):
            if given._layered:
                raise ProgramError(
                    "a tensor of a transform that runs outside was used: record outside of it"
                )
            key = id(given), id(given._data), version_counter(given)[0]
            if key not in self._captured:
                self._captured[key] = self.constant(given._data), given
            return self._captured[key][0]
        if isinstance(given, np.ndarray):
            return self.constant(given)
        if result or given is None or isinstance(given, _NUMBERS):
            return Literal(given)
        raise ProgramError(f"a {type(given).__name__} has no place in a program of rows")

    def apply(self, row: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Compute a row on the examples, write it down, and record it for gradients."""
        if not self.running:
            raise ProgramError(
                "a tensor of a recording was used after the recording had ended: return it from "
                "the recorded function"
            )
        given = [_example(one) for one in inputs]
        values = given if row.promotion is None else promote(row, inputs, given)
        inputs = [
            self._promoted(one, before, after)
            for one, before, after in zip(inputs, given, values, strict=True)
        ]
        operands = tuple(self.operand(one) for one in inputs)
        params = {name: _frozen(value) for name, value in params.items()}
        token = silence(SILENT)
        try:
            if row.kernel_takes_xp:
                out = row.kernel(namespace(given[0]), *values, **params)
            else:
                out = row.kernel(*values, **params)
        except ValueError as error:
            raise explain(row, given, error) from None
        finally:
            restore(token)
        several = isinstance(out, tuple)
        arrays = out if several else (out,)
        results = [
            self.traced(array, self.fresh(array), self._shared(array, inputs)) for array in arrays
        ]
        outputs = tuple(one._data.value for one in results)
        self.instructions.append(Instruction(row, operands, params, outputs, several))
        if row.rules and is_grad_enabled():
            _record_node(row, inputs, results, params)
        return tuple(results) if several else results[0]

    def _promoted(self, given: Any, before: Any, after: Any) -> Any:
        """An input in the dtype in which the row computes: conversions are instructions."""
        if after is before:
            return given
        if isinstance(given, TensorState):
            if after.dtype == before.dtype:
                return given
            return TO_COPY(given, dtype=after.dtype)
        return after

    def _shared(self, array: Any, inputs: Sequence[Any]) -> _Memory:
        """The memory of a result: an input's where they overlap."""
        if isinstance(array, np.ndarray):
            for one in inputs:
                if not isinstance(one, TensorState):
                    continue
                if np.may_share_memory(array, _example(one)):
                    memory: _Memory = one._data.memory if isinstance(one, Traced) else _Memory()
                    memory.shown += 1
                    return memory
        return _Memory()


def _example(given: Any) -> Any:
    """The array that a row is computed on while it is recorded."""
    if isinstance(given, Traced):
        return given._data._array
    return given._data if isinstance(given, TensorState) else given


def _frozen(value: Any) -> Any:
    """A parameter that later writes do not change."""
    if isinstance(value, TensorState | _Placeholder):
        raise ProgramError(_OUT.format("as an index"))
    if isinstance(value, np.ndarray):
        copy = value.copy()
        copy.flags.writeable = False
        return copy
    if type(value) is tuple:
        return tuple(_frozen(part) for part in value)
    return value


def _record_node(row: Any, inputs: Sequence[Any], results: Any, params: dict[str, Any]) -> None:
    """The node of an application, whose saved values are tensors of the recording."""
    arrays = [one._data if isinstance(one, TensorState) else one for one in inputs]
    node = record_node(row, inputs, arrays, results, params)
    if node is not None and node.saved is not None:
        saved = [results[-1 - at] if at < 0 else inputs[at] for at in node.plan.sources]
        node.saved = tuple(saved)


class _Bottom(Level):
    """Recorded tensors lie below all layers."""

    __slots__ = ()

    def __init__(self) -> None:
        self.number, self.alive = 0, True


class Traced(Tensor):
    """A tensor in a function that is being recorded: a value of the program to be."""

    __slots__ = ()
    _layered = True  # so that rows ask it what to do
    _level = _Bottom()

    def _dispatch(self, row: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        for one in inputs:
            if isinstance(one, Layered):
                return one._dispatch(row, inputs, params)
        return self._data.recorder.apply(row, inputs, params)

    def _dispatch_function(
        self, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        raise ProgramError(
            f"{function.__name__} has a backward of its own, which is no row: record the "
            "functions around it"
        )

    def _dispatch_write(self, row: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """A write is a row whose result takes the place of what was there."""
        for one in inputs:
            if isinstance(one, Layered):
                return one._dispatch_write(row, inputs, params)
        target = inputs[0]
        if not isinstance(target, Traced):
            raise ProgramError(
                "the function writes something recorded into a tensor from outside: return it "
                "instead"
            )
        memory = target._data.memory
        if memory.argument or memory.shown > 1:
            what = "an argument" if memory.argument else "memory that several tensors show"
            raise ProgramError(
                f"the function writes into {what}, and a program never writes: use the operation "
                "that returns a new tensor, or clone() first"
            )
        allowed(tuple(inputs))
        result = row(target._alias(), *inputs[1:], **params)
        if result._data.dtype != target._data.dtype:
            result = TO_COPY(result, dtype=target._data.dtype)
        target._data, target._node, target._extra = result._data, result._node, result._extra
        bump(target)
        return target

    def _alias(self) -> Any:
        """The same value with the same history, which later writes leave as it is."""
        alias = object.__new__(Traced)
        alias._data, alias._node, alias._extra = self._data, self._node, self._extra
        alias._leaf = self._leaf
        alias._counter = None
        return alias

    def _gradients(
        self,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        seeds = [
            wrap(np.ones(one.shape, one._data.dtype)) if seed is None else seed
            for one, seed in zip(outputs, cotangents, strict=True)
        ]
        return self._level_gradients(self._level, outputs, targets, seeds, keep, create_graph)

    def _level_gradients(
        self,
        level: Any,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        recorder = self._data.recorder
        seeds = [
            one if one._layered else recorder.traced(one._data, recorder.operand(one))
            for one in cotangents
        ]
        roots = [pair for pair in zip(outputs, seeds, strict=True) if requires_grad(pair[0])]
        if not roots:
            return (None,) * len(targets)
        starts, given = zip(*roots, strict=True)
        return gradients.passed(starts, targets, given, keep, create_graph)

    def _roots(self, outputs: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        raise ProgramError(
            "backward() adds into .grad, which a program does not have: use autograd.grad(), or "
            "record(…, gradients=True)"
        )

    def _settled(self) -> Any:
        return self

    def _parts(self) -> tuple[Any, ...]:
        return ()

    def _spread_over(self, tensor: Any) -> Any:
        return tensor

    def detach(self) -> Any:
        """The same value without history."""
        memory = self._data.memory
        memory.shown += 1
        return self._data.recorder.traced(self._data._array, self._data.value, memory)

    @property
    def data(self) -> Any:
        """As :meth:`detach`."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        raise ProgramError(
            "the function replaces a tensor's data, and a program never writes: compute with the "
            "new tensor instead"
        )

    def numpy(self, *, force: Any = False) -> Any:
        """Refused: a program has no numbers while it is recorded."""
        raise ProgramError(_OUT.format("numpy()"))

    def _scalar(self, convert: Callable[[Any], Any]) -> Any:
        raise ProgramError(_OUT.format(f"{convert.__name__}()"))

    def __copy__(self) -> Any:
        return self.detach()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.clone()

    def __repr__(self) -> str:
        return f"<recorded {self._data.value!r}: {self._data.value.type}>"

    def __format__(self, spec: str) -> str:
        return repr(self)
