"""NumPy's protocols and the Array API: their functions, by name, on the oracle's tensors.

Each table says under which name a function is defined; :func:`translated` turns parameters'
names (`axis`, `keepdims`) into those of the definitions (`dim`, `keepdim`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import dtypes
from reference.definitions import MissingDefinition
from reference.trace.numpy_elements import KNOWN, by_elements, of_numbers
from reference.trace.numpy_grids import GRIDS
from reference.trace.numpy_more import MORE
from reference.trace.numpy_reduce import REDUCTIONS, accumulated, outer, reduced, reduced_at
from reference.trace.torch_function import complex_result

__all__ = ["Namespace", "array_function", "array_ufunc", "namespace"]

Apply = Callable[..., Any]

# NumPy's and the Array API's names of functions, where they differ from the definitions'.
_SPELLINGS = {
    "absolute": "abs",
    "acos": "acos",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "concat": "cat",
    "concatenate": "cat",
    "cumulative_prod": "cumprod",
    "cumulative_sum": "cumsum",
    "bitwise_and": "logical_and",
    "bitwise_invert": "logical_not",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "expand_dims": "unsqueeze",
    "fabs": "abs",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "invert": "logical_not",
    "less": "lt",
    "less_equal": "le",
    "moveaxis": "movedim",
    "negative": "neg",
    "not_equal": "ne",
    "permute_dims": "permute",
    "power": "pow",
    "ravel": "flatten",
    "subtract": "sub",
    "divide": "div",
    "multiply": "mul",
    "swapaxes": "transpose",
    "take_along_axis": "take_along_dim",
    "vander": "torch_vander",
    "true_divide": "div",
    "clip": "clamp",
    "conjugate": "conj",
    "float_power": "pow",
}
_PARAMETERS = {
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "a_min": "min",
    "a_max": "max",
    "ddof": "correction",
    "k": "diagonal",
}
_IGNORED = ("out", "casting", "order", "subok", "where", "initial", "dtype", "optimize", "copy")


def array_ufunc(
    apply: Apply, ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """A ufunc or its `reduce`, `outer`, `accumulate` on tensors."""
    name = ufunc.__name__
    if method == "__call__":
        return array_function(apply, ufunc, inputs, kwargs)

    def call(one: Any, other: Any) -> Any:
        return array_function(apply, ufunc, (one, other), {})

    if method == "reduce":
        return reduced(apply, call, name, *inputs, **kwargs)
    if method == "accumulate":
        return accumulated(apply, call, name, *inputs, **kwargs)
    if method == "outer":
        return outer(apply, call, *inputs, **kwargs)
    if method == "reduceat":
        return reduced_at(apply, call, name, *inputs, **kwargs)
    raise MissingDefinition(f"numpy.{name}.{method} has no definition: write it with {name}()")


def array_function(
    apply: Apply, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """A function of NumPy on tensors, by its name."""
    module = str(getattr(function, "__module__", "") or "")
    name = function.__name__
    special = _LINALG if "linalg" in module else _SPECIAL
    found = special.get(name) or (MORE.get(name) if special is _SPECIAL else None)
    if name in KNOWN and module.startswith("numpy"):
        return of_numbers(function, args, kwargs)
    if found is not None:
        result = found(apply, *args, **kwargs)
        return by_elements(apply, function, args, kwargs) if result is NotImplemented else result
    spelling = _SPELLINGS.get(name, name)
    try:
        return complex_result(apply, name, apply(spelling, *args, **translated(name, kwargs)))
    except (MissingDefinition, TypeError):
        if not hasattr(function, "_implementation"):
            raise
    return by_elements(apply, function, args, kwargs)


def translated(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments under the names that definitions have for them.

    Raises TypeError for an argument that would change the result and is not understood.
    """
    result = {}
    for key, value in kwargs.items():
        if key in _IGNORED:
            changes = key in ("where", "initial") and value is not (key == "where")
            if value is None or value is np._NoValue or (key != "out" and not changes):
                continue
            raise TypeError(f"{name}({key}=...) is not understood on the oracle's tensors")
        result[_PARAMETERS.get(key, key)] = value
    return result


# functions whose parameters or results differ from the definition of their name


def _spread(name: str) -> Callable[..., Any]:
    """var and std: NumPy divides by the count, PyTorch by the count less one."""

    def function(
        apply: Apply, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
        keepdims: Any = False, *, correction: Any = None, mean: Any = None,
    ) -> Any:  # fmt: skip
        less = ddof if correction is None or correction is np._NoValue else correction
        return apply(name, a, axis, keepdim=keepdims is True, correction=less)

    return function


def _transpose(apply: Apply, a: Any, axes: Any = None) -> Any:
    return apply("T", a) if axes is None else apply("permute", a, tuple(axes))


def _matrix_transpose(apply: Apply, x: Any) -> Any:
    return apply("mT", x)


def _reshape(apply: Apply, a: Any, *shape: Any, **kwargs: Any) -> Any:
    wanted = shape[0] if shape else kwargs.get("shape", kwargs.get("newshape"))
    return apply("reshape", a, wanted if isinstance(wanted, tuple) else (wanted,))


def _sort(apply: Apply, a: Any, axis: int | None = -1, **kwargs: Any) -> Any:
    if axis is None:
        a, axis = apply("flatten", a), -1
    return apply("sort", a, axis, bool(kwargs.get("descending", False)))[0]


def _argsort(apply: Apply, a: Any, axis: int = -1, **kwargs: Any) -> Any:
    return apply("argsort", a, axis, bool(kwargs.get("descending", False)))


def _median(apply: Apply, a: Any, axis: int | None = None, **kwargs: Any) -> Any:
    """NumPy's median of an even number is the mean of two, PyTorch's the lower one."""
    keep = kwargs.get("keepdims") is True
    if axis is None:
        shape = (1,) * a.ndim
        found = _median(apply, apply("flatten", a), 0)
        return apply("reshape", found, shape) if keep else found
    count = int(a.shape[axis])
    ordered = apply("sort", a, axis, False)[0]
    middle = _take(apply, ordered, np.arange((count - 1) // 2, count // 2 + 1), axis)
    return apply("mean", middle, axis, keep)


def _split(apply: Apply, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    total = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        return list(apply("split", ary, total // indices_or_sections, axis))
    ends = [*indices_or_sections, total]
    sizes = [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return list(apply("split", ary, sizes, axis))


def _take(apply: Apply, a: Any, indices: Any, axis: int | None = None, **kwargs: Any) -> Any:
    if axis is None:
        a, axis = apply("flatten", a), 0
    lead = (slice(None),) * (axis % max(a.ndim, 1))
    return apply("getitem", a, (*lead, indices))


def _flip(apply: Apply, m: Any, axis: Any = None) -> Any:
    axes = tuple(range(m.ndim)) if axis is None else axis
    return apply("flip", m, axes if isinstance(axes, tuple) else (axes,))


def _expand_dims(apply: Apply, a: Any, axis: Any = 0) -> Any:
    for place in sorted(axis if isinstance(axis, tuple) else (axis,)):
        a = apply("unsqueeze", a, place)
    return a


def _squeeze(apply: Apply, a: Any, axis: Any = None) -> Any:
    return apply("squeeze", a) if axis is None else apply("squeeze", a, axis)


def _roll(apply: Apply, a: Any, shift: Any, axis: Any = None) -> Any:
    return apply("roll", a, shift, axis)


def _repeat(apply: Apply, a: Any, repeats: int, axis: int | None = None) -> Any:
    if axis is None:
        a, axis = apply("flatten", a), 0
    places = np.repeat(np.arange(int(a.shape[axis])), repeats)
    return _take(apply, a, places, axis)


def _tile(apply: Apply, a: Any, reps: Any) -> Any:
    return apply("tile", a, reps if isinstance(reps, tuple) else (reps,))


def _where(apply: Apply, condition: Any, *values: Any) -> Any:
    if not values:
        raise TypeError("where() on the oracle's tensors takes three arguments")
    return apply("where", condition, *values)


def _cumulative(name: str) -> Callable[..., Any]:
    def function(apply: Apply, a: Any, axis: Any = None, **kwargs: Any) -> Any:
        if axis is None:
            a, axis = apply("flatten", a), 0
        return apply(name, a, axis)

    return function


def _dot(apply: Apply, a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: a product of scalars, or over the last axis and the one before the last."""
    rank = np.ndim(b) if not hasattr(b, "ndim") else b.ndim
    if getattr(a, "ndim", np.ndim(a)) == 0 or rank == 0:
        return apply("mul", a, b)
    if rank <= 2 and getattr(a, "ndim", np.ndim(a)) <= 2:
        return apply("matmul", a, b)
    return apply("tensordot", a, b, ((-1,), (-2 if rank > 1 else -1,)))


def _outer(apply: Apply, a: Any, b: Any, out: Any = None) -> Any:
    return apply("outer", apply("flatten", a), apply("flatten", b))


def _inner(apply: Apply, a: Any, b: Any) -> Any:
    return apply("tensordot", a, b, ((-1,), (-1,)))


def _tensordot(apply: Apply, a: Any, b: Any, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = tuple((part,) if isinstance(part, int) else tuple(part) for part in axes)
    return apply("tensordot", a, b, axes)


def _vecdot(apply: Apply, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return apply("sum", apply("mul", x1, x2), axis)


def _trace(apply: Apply, a: Any, offset: int = 0, **kwargs: Any) -> Any:
    return apply("sum", apply("diagonal", a, offset, -2, -1), -1)


def _diagonal(apply: Apply, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return apply("diagonal", a, offset, axis1, axis2)


def _clip(apply: Apply, a: Any, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    low = kwargs.get("min", a_min)
    high = kwargs.get("max", a_max)
    low, high = (None if value is np._NoValue else value for value in (low, high))
    return apply("clamp", a, low, high)


def _broadcast_to(apply: Apply, array: Any, shape: Any, **kwargs: Any) -> Any:
    return apply("expand", array, shape if isinstance(shape, tuple) else (shape,))


def _like(value: float) -> Callable[..., Any]:
    def function(apply: Apply, a: Any, *args: Any, **kwargs: Any) -> Any:
        return apply("add", apply("mul", a, 0), value).detach()

    return function


def _full_like(apply: Apply, a: Any, fill_value: Any, **kwargs: Any) -> Any:
    return apply("add", apply("mul", a, 0), fill_value).detach()


def _shape(apply: Apply, a: Any) -> Any:
    return tuple(a.shape)


def _ndim(apply: Apply, a: Any) -> Any:
    return a.ndim


def _size(apply: Apply, a: Any, axis: int | None = None) -> Any:
    return a.numel() if axis is None else a.shape[axis]


def _copy(apply: Apply, a: Any, **kwargs: Any) -> Any:
    return apply("clone", a)


def _stack(name: str) -> Callable[..., Any]:
    def function(apply: Apply, arrays: Sequence[Any], axis: int | None = 0, **kwargs: Any) -> Any:
        if axis is None:
            arrays, axis = [apply("flatten", value) for value in arrays], 0
        return apply(name, list(arrays), axis)

    return function


def _joined(name: str) -> Callable[..., Any]:
    def function(apply: Apply, tup: Sequence[Any], **kwargs: Any) -> Any:
        return apply(name, list(tup))

    return function


def _square(apply: Apply, x: Any, **kwargs: Any) -> Any:
    return apply("square", x)


def _norm(apply: Apply, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Vector norms, and the norms of matrices."""
    matrix = isinstance(axis, tuple) or (axis is None and x.ndim == 2)
    if ord is None or (ord == "fro" and matrix):
        return apply("vector_norm", x, 2, axis, keepdims)
    if matrix:
        own = (-2, -1) if axis is None else axis
        return apply("matrix_norm", x, ord, own, keepdims)
    return apply("vector_norm", x, ord, axis, keepdims)


def _vector_norm(
    apply: Apply, x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Any:
    return apply("vector_norm", x, ord, axis, keepdims)


def _solve(apply: Apply, a: Any, b: Any) -> Any:
    return apply("solve", a, b)


def _inv(apply: Apply, a: Any) -> Any:
    return apply("inv", a)


def _svd(
    apply: Apply, a: Any, full_matrices: bool = True, compute_uv: bool = True, **kwargs: Any
) -> Any:
    if not compute_uv:
        return apply("svdvals", a)
    return np.linalg._linalg.SVDResult(*apply("svd", a, full_matrices))


def _result(name: str, kind: str) -> Callable[..., Any]:
    """A definition whose results NumPy gives names to."""

    def function(apply: Apply, a: Any, *args: Any, **kwargs: Any) -> Any:
        home = np.linalg._linalg
        return getattr(home, kind)(*apply(name, a, *args, **kwargs))

    return function


_LINALG: dict[str, Callable[..., Any]] = {
    "eigh": _result("eigh", "EighResult"),
    "slogdet": _result("slogdet", "SlogdetResult"),
    "svd": _svd,
    "norm": _norm,
    "vector_norm": _vector_norm,
    "matrix_norm": _norm,
    "solve": _solve,
    "inv": _inv,
    "matmul": lambda apply, x1, x2: apply("matmul", x1, x2),
    "outer": _outer,
    "trace": _trace,
    "diagonal": lambda apply, x, **kw: apply("diagonal", x, kw.get("offset", 0), -2, -1),
    "matrix_transpose": _matrix_transpose,
    "tensordot": _tensordot,
    "vecdot": _vecdot,
}

_SPECIAL: dict[str, Callable[..., Any]] = {
    **REDUCTIONS,
    **GRIDS,
    "var": _spread("var"),
    "std": _spread("std"),
    "cumsum": _cumulative("cumsum"),
    "cumprod": _cumulative("cumprod"),
    "transpose": _transpose,
    "permute_dims": _transpose,
    "matrix_transpose": _matrix_transpose,
    "reshape": _reshape,
    "sort": _sort,
    "median": _median,
    "argsort": _argsort,
    "split": _split,
    "take": _take,
    "flip": _flip,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "roll": _roll,
    "repeat": _repeat,
    "tile": _tile,
    "where": _where,
    "dot": _dot,
    "outer": _outer,
    "inner": _inner,
    "tensordot": _tensordot,
    "vecdot": _vecdot,
    "trace": _trace,
    "diagonal": _diagonal,
    "clip": _clip,
    "broadcast_to": _broadcast_to,
    "ones_like": _like(1),
    "zeros_like": _like(0),
    "empty_like": _like(0),
    "full_like": _full_like,
    "shape": _shape,
    "ndim": _ndim,
    "size": _size,
    "copy": _copy,
    "concatenate": _stack("cat"),
    "concat": _stack("cat"),
    "stack": _stack("stack"),
    "hstack": _joined("hstack"),
    "vstack": _joined("vstack"),
    "square": _square,
}


class _Named:
    """A function of a namespace: an object with a name, called with tensors."""

    def __init__(self, apply: Apply, name: str, module: str) -> None:
        self._apply = apply
        self.__name__ = name
        self.__module__ = module

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return array_function(self._apply, self, args, kwargs)


class Namespace:
    """The Array API's functions for the oracle's tensors, as `x.__array_namespace__()` gives.

    A name without a function of its own here is looked up among the definitions, so that what
    `reference.define` adds is found too.
    """

    pi = math.pi
    e = math.e
    inf = math.inf
    nan = math.nan
    newaxis = None
    float32 = dtypes.float32
    float64 = dtypes.float64
    int64 = dtypes.int64
    bool = dtypes.bool_

    def __init__(self, apply: Apply, make: Callable[..., Any], module: str = "array_api") -> None:
        self._apply = apply
        self._make = make
        self._module = module
        if module == "array_api":
            self.linalg = Namespace(apply, make, "linalg")

    def asarray(self, value: Any, *, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of the value; tensors stay what they are."""
        if hasattr(value, "__array_namespace__") and hasattr(value, "cell"):
            return value if dtype is None else value.to(dtype)
        return self._make(value, dtype=dtype)

    def ones(self, shape: Any, *, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of ones."""
        return self._make(np.ones(shape), dtype=dtype)

    def zeros(self, shape: Any, *, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of zeros."""
        return self._make(np.zeros(shape), dtype=dtype)

    def full(self, shape: Any, fill_value: Any, *, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of one number."""
        return self._make(np.full(shape, fill_value), dtype=dtype)

    def arange(self, *bounds: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of evenly spaced numbers."""
        return self._make(np.arange(*bounds), dtype=dtype)

    def eye(self, n: int, m: int | None = None, *, dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor with ones on the diagonal."""
        return self._make(np.eye(n, m), dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        # The one place where names are looked up: a namespace is a table of names.
        if name.startswith("_"):
            raise AttributeError(name)
        return _Named(self._apply, name, self._module)


def namespace(apply: Apply, make: Callable[..., Any]) -> Namespace:
    """The Array API namespace of tensors made by `make`."""
    return Namespace(apply, make)
