"""The compiled front of a row beside the Python function behind it, on inputs made alike.

What either makes is described in full: data, node, saved values, write counters, views. A row's
front is made anew around a function that says that it was asked, so that tests know which of the
two answered.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest

import autodiff
import autodiff.ops
from autodiff import Tensor
from autodiff.compiled import core
from autodiff.graph import Node
from autodiff.operation import GeneralOperation, Operation
from autodiff.primitive import Primitive
from operation_samples import SAMPLES, arrays

__all__ = [
    "KINDS",
    "MODES",
    "ROWS",
    "Asked",
    "asked_python",
    "cases",
    "compare",
    "difference",
    "front_of",
    "leaf",
    "made",
    "outcome",
    "result",
]

Case = tuple[tuple[Any, ...], dict[str, Any]]  # what a kernel is given


class Asked(Exception):
    """The compiled front left the case to the Python function."""


def asked_python(*_: Any, **__: Any) -> Any:
    raise Asked


def _rows() -> dict[str, Primitive]:
    found: dict[str, Primitive] = {}
    known: set[int] = set()
    for module in pkgutil.walk_packages(autodiff.ops.__path__, "autodiff.ops."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Primitive) and hasattr(value.straight, "__wrapped__"):
                if id(value) not in known:
                    found[f"{module.name.rpartition('.')[2]}.{name}"] = value
                known.add(id(value))
    return found


ROWS = _rows()


def front_of(row: Primitive, plain: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled front of the row around another Python function."""
    if row.promotion is not None and row.broadcasts and not row.parameters:
        shape = core.ELEMENTWISE if len(row.inputs) < 3 else core.CALL
    elif row.view:
        shape = core.VIEWS if row.outputs == -1 else core.VIEW
    else:
        shape = core.CALL
    made: Callable[..., Any] = core.straight(row, plain, shape, len(row.inputs))
    return made


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [one for part in value for one in _tensors(part)] if type(value) is tuple else []


@functools.cache
def cases() -> dict[str, list[Case]]:
    """What the kernels of the rows are given by the samples, and by the rules of these."""
    found: dict[str, dict[str, Case]] = {name: {} for name in ROWS}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, row in ROWS.items():
            for slot in ("kernel", "numpy_kernel"):
                patch.setattr(row, slot, _noted(row, slot, found[name]))
        for sample in SAMPLES:
            for dtype in {"float64", "float32"} & set(sample.dtypes):
                _run(sample.call, [autodiff.from_numpy(one) for one in arrays(sample, dtype)])
    for name, row in ROWS.items():
        if not found[name]:
            known = {
                "min": 0.5,
                "max": 0.625,
                "index": FOUND if name in VIEWED else PLACES,
                **PARAMS,
            }
            params = {parameter: known[parameter] for parameter in row.parameters}
            found[name][""] = ((MATRIX, MATRIX.T.copy(), MATRIX)[: len(row.inputs)], params)
    for name, params in OF_NUMBERS.items():
        found[name] = {"numbers": ((MATRIX,), params), **found[name]}
    return {name: list(found[name].values()) for name in ROWS}


# the parameters of rows that no sample comes by
MATRIX = np.array([[0.25, 0.5], [0.625, 0.75]])
PLACES = (np.array([1, 0]),)
FOUND = np.array([[1, 2], [0, 3]])
VIEWED = {"windows.WINDOWS_GATHER"}
# rows that the samples run on bools and whole numbers alone
OF_NUMBERS: dict[str, dict[str, Any]] = {
    "reductions.ALL": {"dim": (0,), "keepdim": False},
    "reductions.ANY": {"dim": (0, 1), "keepdim": True},
    "reductions.ARGMAX": {"dim": 0, "keepdim": False},
    "reductions.ARGMIN": {"dim": None, "keepdim": False},
    "reductions.COUNT_NONZERO": {"dim": (0,)},
    "sorting.ARGSORT": {"dim": 1, "descending": True},
}
PARAMS: dict[str, Any] = {
    "accumulate": False,
    "alpha": 2,
    "atol": 0.0,
    "decimals": 1,
    "dim": 0,
    "hermitian": False,
    "ignoring": False,
    "k": 1,
    "n": 1,
    "nan": 1.0,
    "neginf": -2.0,
    "posinf": 2.0,
    "rank": 1,
    "rtol": 1e-3,
    "value": 2,
    "weight": 0.25,
}


def _noted(row: Primitive, slot: str, found: dict[str, Case]) -> Callable[..., Any]:
    kernel = getattr(row, slot)
    first = int(slot == "kernel" and row.kernel_takes_xp)

    def noted(*values: Any, **params: Any) -> Any:
        given = values[first:]
        seen = [getattr(one, "shape", one) for one in given]
        kinds = [getattr(one, "dtype", None) for one in given]
        key = f"{seen}{kinds}{params}"
        if key not in found and not any(isinstance(one, list) for one in given):
            found[key] = (given, params)
        return kernel(*values, **params)

    return noted


def _run(call: Callable[..., Any], inputs: list[Tensor]) -> None:
    for one in inputs:
        if one.is_floating_point():
            one.requires_grad_()
    try:
        results = [one for one in _tensors(call(autodiff, *inputs)) if one.requires_grad]
        totals = [one.sum() for one in results if one.is_floating_point()]
        leaves = [one for one in inputs if one.requires_grad]
        if totals:
            total = functools.reduce(Tensor.__add__, totals)
            autodiff.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
    except Exception:  # noqa: BLE001 - some samples are of what is refused
        return


# inputs ------------------------------------------------------------------------------------------


def leaf(array: Any) -> Tensor:
    made: Tensor = autodiff.tensor(array)
    return made.requires_grad_() if made.is_floating_point() or made.is_complex() else made


class _Twice(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1, x * 1

    @staticmethod
    def backward(ctx: Any, first: Any, second: Any) -> Any:
        return first + second


class _Own(Tensor):
    """A user's class."""


def _own(array: Any) -> Tensor:
    tensor, other = autodiff.tensor(array), object.__new__(_Own)
    for slot in ("_data", "_node", "_leaf", "_counter", "_extra"):
        setattr(other, slot, getattr(tensor, slot))
    return other


def _written(array: Any) -> Tensor:
    base = leaf(array).clone()
    view = base.view(base.shape)
    base.mul_(1)
    return view


def _written_through(array: Any) -> Tensor:
    view = leaf(array).clone().view(np.shape(array))
    view.mul_(1)
    return view


def _turned(array: Any) -> Tensor:
    base = leaf(array).clone()
    view = base.view(base.shape)
    return view if base.dim() != 2 else (base.t_(), view)[1]


def _quiet(array: Any, wanted: bool = True) -> Tensor:
    base = leaf(array) if wanted else autodiff.tensor(array)
    with autodiff.no_grad():
        return base.view(base.shape)


def _inference(array: Any) -> Tensor:
    with autodiff.inference_mode():
        return autodiff.tensor(array)


def result(array: Any) -> Tensor:
    """A result, whose data is a NumPy scalar where it has no dimensions."""
    return leaf(array) * 1


KINDS: dict[str, Callable[[Any], Any]] = {
    "leaf": leaf,
    "constant": autodiff.tensor,
    "result": result,
    "clone": lambda array: leaf(array).clone(),
    "view": lambda array: leaf(array).clone().view(np.shape(array)),
    "view of a view": lambda array: result(array)[None].clone()[0][...],
    "view of a leaf": lambda array: leaf(array).view(np.shape(array)),
    "view of a constant": lambda array: autodiff.tensor(array).view(np.shape(array)),
    "one of several views": lambda array: autodiff.stack([leaf(array)] * 2).unbind()[1],
    "second output": lambda array: _Twice.apply(leaf(array))[1],
    "written": _written,
    "written through": _written_through,
    "turned": _turned,
    "written itself": lambda array: result(array).clone().mul_(1),
    "made quietly": _quiet,
    "made quietly of a constant": lambda array: _quiet(array, False),
    "inference": _inference,
    "parameter": lambda array: autodiff.nn.Parameter(leaf(array).detach()),
    "of a user's class": _own,
    "detached": lambda array: leaf(array).clone().detach(),
    "no longer a leaf": lambda array: leaf(array).requires_grad_(False),
}

MODES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "recorded": nullcontext,
    "no_grad": autodiff.no_grad,
    "inference_mode": autodiff.inference_mode,
    "saved hooks": lambda: autodiff.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x),
}


def made(value: Any, kind: str) -> Any:
    """An array as a tensor; all else stays what it is."""
    if not isinstance(value, np.ndarray | np.generic):
        return value
    array = np.array(value)
    inexact = array.dtype.kind in "fc"
    return KINDS[kind if inexact or kind in ("constant", "inference") else "leaf"](array)


# what is compared --------------------------------------------------------------------------------


class Known:
    """Names for the objects that the inputs consist of, and descriptions in these names."""

    def __init__(self, inputs: tuple[Any, ...], results: list[Tensor]) -> None:
        self.names: dict[int, str] = {}
        self.data: list[Any] = []
        for number, one in enumerate(inputs):
            if isinstance(one, Tensor):
                self._add(one, f"input {number}")
                self.data.append(one._data)
                if one._extra is not None and one._extra.view is not None:
                    self._add(one._extra.view.base, f"base of {number}")
        for number, result in enumerate(results):
            self.names.setdefault(id(result), f"result {number}")
            self.names.setdefault(id(result._data), f"data of result {number}")
            self._name(result._counter, f"counter of result {number}")

    def _add(self, tensor: Any, name: str) -> None:
        self._name(tensor, name)
        self._name(tensor._data, f"data of {name}")
        self._name(tensor._counter, f"counter of {name}")
        self._name(tensor._node, f"node of {name}")
        if tensor._leaf is not None:
            self._name(tensor._leaf.accumulator(), f"leaf of {name}")

    def _name(self, value: Any, name: str) -> None:
        if value is not None:
            self.names.setdefault(id(value), name)

    def value(self, value: Any, own: bool = False) -> Any:
        """Anything, in terms that can be compared; own: what it is, not what it is called."""
        if not own and id(value) in self.names:
            return self.names[id(value)]
        if isinstance(value, np.ndarray | np.generic):
            return self._array(value)
        if isinstance(value, Tensor):
            return self.tensor(value)
        if isinstance(value, Operation):
            return self.node(value)
        if isinstance(value, Node):
            return type(value), self.value(value.edges), self.value(value.numbers)
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        if type(value) in (tuple, list):
            return type(value), [self.value(one) for one in value]
        if type(value) in (int, float, complex, bool, str, type(None), type(...), slice):
            return type(value), repr(value)  # NaN is NaN
        return value

    def _array(self, value: Any) -> Any:
        shared = None
        if isinstance(value, np.ndarray):
            shared = [np.shares_memory(value, one) for one in self.data]
        strides = value.strides if value.size else None
        return type(value), value.dtype, value.shape, strides, value.tobytes(), shared

    def tensor(self, value: Any) -> Any:
        extra = value._extra
        return {
            "type": type(value),
            "data": self.value(value._data, own=True),
            "leaf": value._leaf is not None and [value._leaf.grad, value._leaf.post_hooks],
            "counter": self.value(value._counter),
            "count": None if value._counter is None else list(value._counter),
            "node": None if value._node is None else self.value(value._node),
            "extra": extra
            and {slot: self._part(getattr(extra, slot)) for slot in type(extra).__slots__},
            "attributes": value.__dict__,
        }

    def _part(self, value: Any) -> Any:
        if type(value).__name__ != "ViewOf":
            return self.value(value)
        return {slot: self.value(getattr(value, slot)) for slot in type(value).__slots__}

    def node(self, node: Any) -> Any:
        kind = type(node)
        if kind is GeneralOperation and node.types is None and node.output_meta is None:
            kind = Operation  # where nothing differs, the class is a matter of speed
        shapes = node.shapes
        if shapes is not None and len({*shapes}) == 1 and kind is Operation:
            made = self.result_shape
            shapes = None if set(shapes) == {made} and node.row.broadcasts else shapes
        return {
            "class": kind,
            "plan": node.plan,
            "edges": self.value(node.edges),
            "numbers": self.value(node.numbers),
            "hooks": node.hooks,
            "params": self.value(node.params or {}),
            "saved": self.value(node.saved),
            "counters": self.value(node.counters),
            "shapes": self.value(shapes),
            "types": node.types,
            "output_meta": self.value(node.output_meta),
            "number": type(node.number),
        }

    result_shape: Any = None


def outcome(function: Callable[..., Any], inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """All that a call has made, or what it raised, and what it did to its inputs."""
    results: list[Tensor] = []
    found: Any
    try:
        value = function(*inputs, **params)
    except Asked:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        found = type(error), str(error)
    else:
        results = _tensors(value)
        found = type(value)
    known = Known(inputs, results)
    if results:
        known.result_shape = results[0].shape
    state = [known.value(one, own=True) for one in inputs if isinstance(one, Tensor)]
    return found, [known.value(one, own=True) for one in results], state


def compare(row: Primitive, case: Case, kinds: tuple[str, ...], mode: str = "recorded") -> bool:
    """Whether the compiled front answered; that both answers are the same is asserted."""
    values, params = case
    answers = []
    for function in (front_of(row, asked_python), row.straight.__wrapped__):
        inputs = tuple(made(one, kind) for one, kind in zip(values, kinds, strict=True))
        if not any(isinstance(one, Tensor) for one in inputs):
            return False
        with MODES[mode](), warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                answers.append(outcome(function, inputs, params))
            except Asked:
                return False
    found = difference(*answers)
    assert found is None, f"{kinds}, {mode}: {found}"
    return True


def difference(left: Any, right: Any, place: str = "") -> str | None:
    """Where two descriptions differ first."""
    if isinstance(left, dict | list | tuple) and type(left) is type(right):
        if isinstance(left, dict) and [*left] == [*right]:
            pairs = [(key, left[key], right[key]) for key in left]
        elif not isinstance(left, dict) and len(left) == len(right):
            pairs = [(key, *both) for key, both in enumerate(zip(left, right, strict=True))]
        else:
            return f"{place}: {left} and {right}"
        places = (difference(one, other, f"{place}/{key}") for key, one, other in pairs)
        return next((one for one in places if one is not None), None)
    return None if left is right or left == right else f"{place}: {left!r} and {right!r}"
