"""A recorded application of a row: what it saved, and how its rules are run.

What a rule returns is checked here, and broadcasting is undone here, so that no rule has to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.dtypes import from_numpy_dtype
from autodiff.graph import FREED, FREED_COUNTERS, Node, triples
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.plan import Plan
from autodiff.row import Row
from autodiff.saved import Packed
from autodiff.state import Extra, TensorState
from autodiff.tensor_class import Tensor, wrap

__all__ = [
    "GeneralOperation",
    "Operation",
    "SeveralOperation",
    "legacy_name",
    "sum_to",
    "wrap",
]

_new = object.__new__
_PLAIN = (int, float, complex, type(None))
_NO_PARAMS: dict[str, Any] = {}
_ARRAYS = {np.ndarray, np.float32, np.float64}
_SCALARS = {np.float32, np.float64}
_ndarray = np.ndarray
_LEADING = tuple(tuple(range(n)) for n in range(65))  # NumPy has up to 64 axes


class Operation(Node):
    """A recorded application of a row.

    Nodes of all rows are of this class, so that the walk over them meets one layout. A node gets
    the class that PyTorch's users know, such as `MulBackward0`, when it is shown to somebody.
    """

    __slots__ = ("numbers", "params", "plan", "saved", "shapes")

    plan: Plan
    numbers: Any  # which output of its node each input was; None: all are output 0
    saved: Any  # the values that the rules read, None if there are none, or FREED
    shapes: Any  # shape of each input; None: that of the output
    params: Any  # of the row; None if it has none
    types: Any = None  # dtype of each input; None: that of the cotangent
    output_meta: Any = None  # of several outputs: (shape, dtype) of each

    @property
    def row(self) -> Row:
        """Whose application it is."""
        return self.plan.row

    def shown(self) -> Node:
        kind = type(self)
        if kind in _UNSEEN:
            row = self.plan.row
            shown = row.shown.get(kind)
            if shown is None:
                shown = row.shown[kind] = type(row.node, (kind,), row.node_members())
            self.__class__ = shown
        return self

    def title(self) -> str:
        kind = type(self)
        return self.plan.row.node if kind in _UNSEEN else kind.__name__

    def release(self) -> None:
        if self.saved is not None or (self.plan.indexed and _holds_arrays(self.params)):
            self.saved = FREED
            self.counters = FREED_COUNTERS
            self.params = _NO_PARAMS

    def check(self) -> None:
        """Raise if the saved values were freed or written to."""
        if self.saved is None:
            return
        if self.saved is FREED:
            raise errors.already_freed()
        for counter, version, place in triples(self.counters):
            if counter[0] != version:
                raise self._changed(place, counter, version)

    def backward(  # noqa: PLR0912 - straight on purpose
        self, cotangent: Any, create_graph: bool
    ) -> Sequence[Any]:
        saved = self.saved
        if saved is None:
            saved = ()
        else:
            counters = self.counters
            for place in range(0, len(counters), 3):
                if counters[place][0] != counters[place + 1]:  # written to by a hook
                    self.check()
            if type(saved) is Packed:
                saved = saved.unpacked()
            if create_graph:
                saved = self._saved_tensors(saved)
        if self.types is not None or self.output_meta is not None:
            return self._general_backward(cotangent, create_graph, saved)
        own = type(cotangent)
        xp = NUMPY if own in _ARRAYS else _namespace(cotangent)
        shapes = self.shapes
        results: list[Any] = [None] * len(self.edges)
        if own is Tensor:
            for position, call in self.plan.steps:
                result = call(self, position, cotangent, saved, xp)
                shape = cotangent._data.shape if shapes is None else shapes[position]
                if type(result) is not Tensor or result._data.shape != shape:
                    result = self._fitted(result, position, shape, cotangent, xp)
                results[position] = result
            return results
        for position, call in self.plan.steps:
            result = call(self, position, cotangent, saved, xp)
            if type(result) is own and (own is not _ndarray or result.dtype is cotangent.dtype):
                shape = cotangent.shape if shapes is None else shapes[position]
                if result.shape != shape:
                    result = self._fitted(result, position, shape, cotangent, xp)
            else:
                shape = cotangent.shape if shapes is None else shapes[position]
                result = self._fitted(result, position, shape, cotangent, xp)
            results[position] = result
        return results

    def _general_backward(
        self, cotangent: Any, create_graph: bool, saved: Sequence[Any]
    ) -> Sequence[Any]:
        """The same where inputs differ in dtype, are complex, or there are several outputs."""
        first = cotangent
        if self.output_meta is not None:
            cotangent = self._materialized(cotangent, create_graph)
            first = cotangent[0]
        xp = _namespace(first)
        plan = self.plan
        outside = plan.conjugate and self._on_cuts(saved)
        if outside:
            cotangent = xp.conj(cotangent)
        elif plan.conjugate:
            saved = [_conjugate(one, xp) for one in saved]
        results: list[Any] = [None] * len(self.edges)
        for position, call in plan.steps:
            result = call(self, position, cotangent, saved, xp)
            if outside:
                result = xp.conj(result)
            shape = first.shape if self.shapes is None else self.shapes[position]
            results[position] = self._fitted(result, position, shape, first, xp)
        return results

    def _on_cuts(self, saved: Sequence[Any]) -> bool:
        """Whether a rule of conjugates need not be the conjugate of the rule: then g is turned."""
        row = self.plan.row
        if row.name in _CUT or any(type(one) is complex for one in self.params.values()):
            return True
        if row.name != "pow" or 0 not in self.plan.sources:
            return False
        base = saved[self.plan.sources.index(0)]
        if isinstance(base, int | float):
            return base <= 0  # whose logarithm lies on a cut
        return getattr(base, "dtype", None) is not None and numpy_dtype(base).kind != "c"

    def fitted(self, result: Any, position: int, cotangent: Any) -> Any:
        """What a rule returned, with broadcasting undone, in the input's shape and dtype."""
        shape = cotangent.shape if self.shapes is None else self.shapes[position]
        if type(result) is _ndarray and result.dtype is cotangent.dtype:
            found = result.shape
            if found == shape:
                return result
            if found[1:] == shape and self.plan.row.broadcasts:  # a bias, added to each row
                return NUMPY.sum(result, axis=_LEADING[1])
        if (
            isinstance(result, np.ndarray | np.generic)
            and result.shape == shape
            and result.dtype == cotangent.dtype
        ):
            return result
        return self._fitted(result, position, shape, cotangent, _namespace(cotangent))

    def _fitted(
        self, result: Any, position: int, shape: tuple[int, ...], cotangent: Any, xp: Any
    ) -> Any:
        """What a rule returned, with broadcasting undone, in the input's shape and dtype."""
        if not hasattr(result, "shape"):
            if not isinstance(result, int | float | complex):
                raise errors.RuleError(
                    f"{self.row.name}: the rule for input {position} returned a "
                    f"{type(result).__name__}, expected an array of shape {tuple(shape)}"
                )
            result = xp.asarray(result, dtype=cotangent.dtype)
        if result.shape != shape:
            reduced = sum_to(result, shape, xp) if self.row.broadcasts else result
            if reduced is None or reduced.shape != shape:
                raise errors.RuleError(
                    f"{self.row.name}: the rule for input {position} returned shape "
                    f"{tuple(result.shape)}, expected {tuple(shape)}"
                )
            result = reduced
        wanted = numpy_dtype(cotangent) if self.types is None else self.types[position]
        if wanted is not None and numpy_dtype(result) != wanted:
            result = _cast(result, wanted, xp)
        return result

    def _materialized(self, cotangents: Any, create_graph: bool) -> list[Any]:
        """Zeros for the outputs to which no cotangent came."""
        filled = []
        for given, (shape, dtype) in zip(cotangents, self.output_meta, strict=True):
            zeros = np.zeros(shape, dtype) if given is None else given
            filled.append(wrap(zeros) if given is None and create_graph else zeros)
        return filled

    def _saved_tensors(self, saved: tuple[Any, ...]) -> list[Any]:
        """The saved values as tensors that know where they came from."""
        tensors: list[Any] = []
        for source, value in zip(self.plan.sources, saved, strict=True):
            kind = type(value)
            if (kind is _ndarray and value.dtype.kind == "f") or kind in _SCALARS:
                tensor = _new(Tensor)
                tensor._data = value
                tensor._node = self if source < 0 else self.edges[source]
                tensor._leaf = tensor._counter = tensor._extra = None
                number = -1 - source if source < 0 else 0
                if not number and source >= 0 and self.numbers is not None:
                    number = self.numbers[source]
                if number:
                    tensor._extra = Extra()
                    tensor._extra.number = number
                tensors.append(tensor)
                continue
            if (isinstance(value, _PLAIN) and not isinstance(value, np.generic)) or isinstance(
                value, TensorState
            ):  # a tensor is one of a function that is being recorded (recorder.py)
                tensors.append(value)
                continue
            tensor = wrap(value)
            if source < 0:
                tensor._node = self
                number = -1 - source
            else:
                tensor._node = self.edges[source]
                number = self.numbers[source] if self.numbers is not None else 0
            if number:
                tensor._extra = Extra()
                tensor._extra.number = number
            if numpy_dtype(value).kind not in "fcV":
                tensor._node = None
            tensors.append(tensor)
        for counter, _, place in triples(self.counters):  # the next order notices writes, too
            tensors[place]._counter = counter
        return tensors

    def _changed(self, place: int, counter: Any, expected: int) -> RuntimeError:
        """A saved value was written to: the message names what it is the output of by now."""
        source = self.plan.sources[place]
        node: Node | None
        if source < 0:
            node, number = self, -1 - source
        else:
            node = self.edges[source]
            number = self.numbers[source] if self.numbers is not None else 0
        name = None if node is None or not node.edges else errors.operation_title(node.name())
        if source >= 0:
            view = node
            while view is not None and getattr(getattr(view, "row", None), "view", False):
                if view.several:
                    return errors.view_refused("multiple", number, name, indirect=True)
                view = view.edges[0]
            if view is not node or (node is not None and node.title() == "AsStridedBackward0"):
                name, number = "AsStrided", 0
            elif len(counter) > 1:
                name, number = counter[1], 0
        producer = None if name is None else f"output {number} of {name}"
        return errors.changed_in_place(
            legacy_name(list(self.saved)[place]), producer, counter[0], expected
        )


class GeneralOperation(Operation):
    """An application for which nothing may be taken for granted."""

    __slots__ = ("output_meta", "types")


class SeveralOperation(GeneralOperation):
    """An application whose row gives a list of results."""

    __slots__ = ()
    several = True


_CUT = ("acos", "acosh", "asin", "asinh")  # a difference from 1 lies above the cut either way
_UNSEEN: set[type[Operation]] = {Operation, GeneralOperation, SeveralOperation}


def _namespace(value: Any) -> Any:
    return NUMPY if isinstance(value, np.ndarray | np.generic) else value.__array_namespace__()


def _holds_arrays(params: dict[str, Any]) -> bool:
    """Whether index arrays or masks are among the parameters, which count as saved values."""
    return any(
        isinstance(value, np.ndarray)
        or (isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value))
        for value in params.values()
    )


def legacy_name(value: Any) -> str:
    """`torch.FloatTensor [2, 3]`, as PyTorch's messages name a tensor's type and shape."""
    dtype = from_numpy_dtype(numpy_dtype(value))
    title = f"CPU{dtype.title}Type" if dtype.is_complex else f"torch.{dtype.title}Tensor"
    return f"{title} {list(value.shape)}"


def numpy_dtype(value: Any) -> Any:
    return value._data.dtype if isinstance(value, TensorState) else value.dtype


def _conjugate(value: Any, xp: Any) -> Any:
    """Of what a rule reads; it is g times the conjugate of a derivative that PyTorch computes."""
    if type(value) is complex:
        return value.conjugate()
    if getattr(value, "dtype", None) is None or numpy_dtype(value).kind != "c":
        return value
    return xp.conj(value)


def _cast(value: Any, dtype: Any, xp: Any) -> Any:
    if numpy_dtype(value).kind == "c" and dtype.kind != "c":
        value = xp.real(value)
    return xp.astype(value, dtype)


def sum_to(value: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """Sum over the axes along which `shape` was broadcast; None if it was not.

    >>> sum_to(np.ones((2, 3)), (3,), np)
    array([2., 2., 2.])
    """
    found = value.shape
    lead = len(found) - len(shape)
    if lead < 0:
        return _expand_to(value, shape, xp)
    if found[lead:] == shape:
        return xp.sum(value, axis=_LEADING[lead], dtype=value.dtype)
    axes = [*range(lead)]
    for axis, size in enumerate(shape):
        if found[lead + axis] != size:
            if size != 1:
                return _expand_to(value, shape, xp)
            axes.append(lead + axis)
    total = xp.sum(value, axis=tuple(axes), keepdims=True, dtype=value.dtype)
    return xp.reshape(total, shape) if lead else total


def _expand_to(value: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """A rule may return fewer axes than the input has, to be broadcast; None if it cannot."""
    found = value.shape
    padded = (1,) * (len(shape) - len(found)) + tuple(found)
    fits = len(padded) == len(shape) and all(
        a in (1, b) for a, b in zip(padded, shape, strict=True)
    )
    return xp.broadcast_to(value, shape) if fits else None
