"""Transforms of functions: derivatives as functions, composable in any order.

>>> import autodiff
>>> from autodiff.func import grad, jacrev, vmap
>>> grad(lambda x: (x ** 3).sum())(autodiff.tensor([1., 2.]))
tensor([ 3., 12.])
>>> vmap(grad(grad(lambda x: x ** 3)))(autodiff.tensor([1., 2.]))
tensor([ 6., 12.])
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.derivatives import (
    Recording,
    chosen,
    differentiated,
    has_history,
    only_tensors,
    with_chosen,
)
from autodiff.dual import make_dual
from autodiff.graph import LeafState
from autodiff.layers import Level, entered, open_levels, primal_at, settled, tangent_at
from autodiff.mapping import along_directions, vmap
from autodiff.modes import is_grad_enabled, recorded
from autodiff.operation import wrap
from autodiff.state import TensorState
from autodiff.tangents import zeros_for
from autodiff.trees import flatten, tree_map

__all__ = [
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "vjp",
    "vmap",
]

Argnums = int | tuple[int, ...]


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Any:
    """The gradient of a function with a scalar result, as a function of the same arguments.

    argnums: by which arguments; a tuple gives a tuple of gradients. has_aux: `func` returns a
    pair, the second part of which is passed on.
    """
    with_value = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func, assigned=_names(func))
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = with_value(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Any:
    """As :func:`grad`, returning the gradient and the value (and what comes with it)."""

    @functools.wraps(func, assigned=_names(func))
    def both(*args: Any, **kwargs: Any) -> Any:
        recording = Recording()
        with recorded():
            chosen(argnums, args)
            inner, leaves, structure = recording.inputs(args, argnums)
            output = recording.run(func, inner, kwargs)
            aux = None
            if has_aux:
                if not (isinstance(output, tuple) and len(output) == 2):
                    raise RuntimeError(
                        "grad_and_value(f)(*args): output of function f should be a tuple: "
                        "(output, aux) if has_aux is True"
                    )
                output, aux = output
            if not isinstance(output, TensorState):
                raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
                    "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got "
                    f"{type(output)}"
                )
            if output._data.ndim:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got "
                    f"tensor with {output._data.ndim} dims. Maybe you wanted to use the vjp or "
                    "jacrev APIs instead?"
                )
            found = differentiated([output], leaves, None, recording.keeps([output]))
        gradient = structure.build([recording.result(one) for one in found])
        value = recording.result(output)
        return gradient, (value, recording.results(aux)) if has_aux else value

    return both


def _names(func: Any) -> list[str]:
    return [name for name in functools.WRAPPER_ASSIGNMENTS if hasattr(func, name)]


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """`func(*primals)`, and the function that pulls cotangents of the result back to the primals.

    The latter returns a tuple with a gradient (nested as the primal is) for each primal.
    """
    return _vjp(func, primals, None, has_aux)


def _vjp(func: Callable[..., Any], primals: tuple[Any, ...], argnums: Any, has_aux: bool) -> Any:
    recording = Recording()
    with recorded():
        inner, leaves, structure = recording.inputs(primals, argnums)
        result = recording.run(func, inner, {})
        aux = None
        if has_aux:
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(
                    "vjp(f, *primals): output of function f should be a tuple: (output, aux) if "
                    "has_aux is True"
                )
            result, aux = result
    outputs, shape = flatten(result)
    only_tensors(outputs, "vjp(f, *primals)", "expected f(*primals)")
    for one in outputs:
        if not _is_float(one):
            raise RuntimeError(
                "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got "
                f"Tensor with dtype {one.dtype}"
            )
    kept = recording.keeps(outputs)

    def pull_back(
        cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None
    ) -> Any:
        seeds, given = flatten(cotangents)
        if given != shape:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {given.shown()}, primal output: "
                f"{shape.shown()}"
            )
        record = is_grad_enabled() and (kept or has_history(seeds))
        return structure.build(differentiated(outputs, leaves, seeds, record, retain_graph))

    value = shape.build([recording.result(one) for one in outputs])
    if has_aux:
        return value, pull_back, recording.results(aux)
    return value, pull_back


def jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """`func(*primals)`, and the tangent of the result for given tangents of the primals."""
    return _jvp(func, primals, tangents, None, has_aux, strict)


def _jvp(
    func: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    argnums: Any,
    has_aux: bool,
    strict: bool = False,
) -> Any:
    if not isinstance(primals, tuple):
        raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid "
            "to call f(*primals)."
        )
    points = primals if argnums is None else chosen(argnums, primals)
    leaves, structure = flatten(points)
    slopes, given = flatten(tangents)
    if given != structure:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            "structure. For example, if primals is a tuple of 3 tensors, tangents also must be. "
            f"Got primals with structure {structure!r} and tangents with structure {given!r}"
        )
    _check_inputs(leaves, "primals")
    _check_inputs(slopes, "tangents")
    level = Level()
    with entered(level):
        duals = structure.build(
            [
                make_dual(level, _checked_primal(point, slope), settled(slope))
                for point, slope in zip(leaves, slopes, strict=True)
            ]
        )
        arguments = duals if argnums is None else with_chosen(argnums, primals, duals)
        result = func(*arguments)
        aux = None
        if has_aux:
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(
                    "jvp(f, primals, tangents): output of function f should be a tuple: (output, "
                    "aux) if has_aux is True"
                )
            result, aux = result
            aux = tree_map(lambda one: _value_at(one, level), aux)
        outputs, shape = flatten(result)
        only_tensors(outputs, "jvp(f, primals, tangents)", "expected f(*primals)")
        outputs = [settled(one) for one in outputs]
        values = [primal_at(one, level) for one in outputs]
        found = [tangent_at(one, level) for one in outputs]
        if strict and any(one is None for one in found):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the "
                "inputs. This is not allowed with strict=True."
            )
        filled = [
            zeros_for(value) if one is None else one
            for value, one in zip(values, found, strict=True)
        ]
    pair = shape.build(values), shape.build(filled)
    return (*pair, aux) if has_aux else pair


def _value_at(value: Any, level: Level) -> Any:
    return primal_at(settled(value), level) if isinstance(value, TensorState) else value


def _check_inputs(leaves: Sequence[Any], name: str) -> None:
    if not leaves:
        raise RuntimeError(
            f"jvp(f, primals, tangents): Expected {name} to contain at least one Tensor."
        )
    for leaf in leaves:
        if not isinstance(leaf, TensorState):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
                f"jvp(f, primals, tangents): Expected {name} to only contain Tensors, got "
                f"{type(leaf)}"
            )


def _checked_primal(point: Any, slope: Any) -> Any:
    if point._data.dtype.kind not in "fcV":
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {point.dtype}"
        )
    if not _is_float(slope):
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {slope.dtype}"
        )
    if point.shape != slope.shape:
        raise RuntimeError(errors.TANGENT_SIZE.format(list(point.shape), list(slope.shape)))
    return settled(point)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """`func(*primals)`, and its linear approximation there: tangents to the result's tangent.

    The function is run once; each call of the linear map is one pass through what it recorded.
    """
    recording = Recording()
    with recorded():
        inner, leaves, structure = recording.inputs(primals, None)
        outputs, shape = flatten(recording.run(func, inner, {}))
        tensors = [one for one in outputs if isinstance(one, TensorState)]
        seeds = [_leaf_like(one) for one in tensors if _is_float(one)]
        floats = [one for one in tensors if _is_float(one)]
        pulled = differentiated(floats, leaves, seeds, True)

    def push_forward(*tangents: Any) -> Any:
        slopes, given = flatten(tangents)
        if given != structure:
            raise RuntimeError(
                f"Expected the tangents {given!r} to have the same argspec as the primals "
                f"{structure!r}"
            )
        for place, (slope, leaf) in enumerate(zip(slopes, leaves, strict=True)):
            for what, mine, theirs in (
                ("shape", slope.shape, leaf.shape),
                ("dtype", slope.dtype, leaf.dtype),
            ):
                if mine != theirs:
                    raise RuntimeError(
                        f"tangent:{place} with {what} {mine} in flattened pytree doesn't match "
                        f"the {what} {theirs} of the corresponding primal."
                    )
        record = is_grad_enabled() and (recording.keeps(tensors) or has_history(slopes))
        found = iter(differentiated(pulled, seeds, slopes, record))
        return shape.build(
            [
                next(found) if isinstance(one, TensorState) and _is_float(one)
                else zeros_for(one) if isinstance(one, TensorState) else one
                for one in outputs
            ]
        )  # fmt: skip

    return shape.build([recording.result(one) for one in outputs]), push_forward


def _leaf_like(tensor: Any) -> Any:
    leaf = zeros_for(tensor)
    leaf._leaf = LeafState()
    for level in open_levels():
        leaf = level.spread(leaf)
    return leaf


def _is_float(tensor: Any) -> bool:
    return tensor._data.dtype.kind in "fcV"


def _refuse_complex(name: str, what: str, tree: Any) -> None:
    for place, one in enumerate(flatten(tree)[0]):
        if isinstance(one, TensorState) and one._data.dtype.kind == "c":
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at "
                f"flattened input idx: {place}"
            )


def _basis(tensors: Sequence[Any]) -> list[Any]:
    """For each tensor one direction after the other, of all tensors together, as its batch."""
    sizes = [one._data.size for one in tensors]
    total, start = sum(sizes), 0
    made = []
    for one, size in zip(tensors, sizes, strict=True):
        array = np.zeros((total, size), one._data.dtype)
        array[start : start + size] = np.eye(size, dtype=array.dtype)
        made.append(wrap(array.reshape(total, *one._data.shape)))
        start += size
    return made


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Any:
    """The Jacobian by reverse mode: one pass for each element of the result, as a batch.

    For an output of shape S and an argument of shape T the result has shape (*S, *T).
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func, assigned=_names(func))
    def jacobian(*args: Any) -> Any:
        _refuse_complex("jacrev", "inputs", args)
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        chosen(numbers, args)
        found = _vjp(func, args, numbers, has_aux)
        value, pull_back = found[:2]
        outputs, shape = flatten(value)
        _refuse_complex("jacrev", "outputs", outputs)
        batches = vmap(pull_back, chunk_size=chunk_size)(shape.build(_basis(outputs)))
        rows, structure = flatten(batches)
        sizes = [one._data.size for one in outputs]
        parts = [row.split(sizes) for row in rows]
        trees = []
        for place, output in enumerate(outputs):
            of_output = structure.build(
                [
                    part[place].reshape(*output.shape, *row.shape[1:])
                    for part, row in zip(parts, rows, strict=True)
                ]
            )
            trees.append(of_output[0] if isinstance(argnums, int) else of_output)
        result = shape.build(trees)
        return (result, found[2]) if has_aux else result

    return jacobian


def jacfwd(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Any:
    """The Jacobian by forward mode: one pass for each element of the arguments, as a batch."""

    @functools.wraps(func, assigned=_names(func))
    def jacobian(*args: Any) -> Any:
        _refuse_complex("jacfwd", "inputs", args)
        numbers: Any = (argnums,) if isinstance(argnums, int) else argnums
        points, structure = flatten(args if numbers is None else chosen(numbers, args))
        _check_inputs(points, "primals")

        def push(directions: Any) -> Any:
            found = _jvp(func, args, directions, numbers, has_aux)
            _refuse_complex("jacfwd", "outputs", found[0])
            return (found[1], found[2]) if has_aux else found[1]

        directions = structure.build(_basis(points))
        out_dims = (0, None) if has_aux else 0
        result = along_directions(push, out_dims, randomness)(directions)
        slopes, aux = result if has_aux else (result, None)
        rows, shape = flatten(slopes)
        sizes = [one._data.size for one in points]
        trees = []
        for row in rows:
            columns = [
                part.movedim(0, -1).reshape(*row.shape[1:], *point.shape)
                for part, point in zip(row.split(sizes), points, strict=True)
            ]
            of_output = structure.build(columns)
            trees.append(of_output[0] if isinstance(argnums, int) else of_output)
        jacobians = shape.build(trees)
        return (jacobians, aux) if has_aux else jacobians

    return jacobian


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Any:
    """The matrix of second derivatives: forward over reverse."""
    return jacfwd(jacrev(func, argnums), argnums)
