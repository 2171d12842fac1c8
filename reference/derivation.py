"""The gradient of a user's function as a formula, for arrays of fixed sizes and of any size."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any, overload

import numpy as np
import sympy as sp

from reference.differentiate import vjp
from reference.domains.closed_form import Elements, NoClosedForm, evaluate, exact_number
from reference.formula import Array, Derivation, Formula
from reference.graph import Constant, Input, Node, Size
from reference.simplify_sums import Simplifier, cancelled
from reference.tensor import Tensor, from_node

__all__ = ["array", "derive"]

_INDICES = ("g", "h", "i", "j")  # the last ones first: x[j], W[i, j]
_COTANGENTS = ("v", "g", "c")


class _SizeSymbol(sp.Symbol):  # type: ignore[misc]
    """A size that NumPy's functions of one number take as they take an int."""

    def sqrt(self) -> sp.Expr:
        return sp.sqrt(self)

    def exp(self) -> sp.Expr:
        return sp.exp(self)

    def log(self) -> sp.Expr:
        return sp.log(self)


def array(name: str, *shape: int | str | sp.Expr) -> Array:
    """An array of real variables for `derive`: `array("x")` a number, `array("W", "m", 3)`.

    A size that is a name stands for any positive integer.

    >>> array("W", "m", 3).shape
    (m, 3)
    """
    if not str(name).isidentifier():
        raise ValueError(f"the array name {name!r} is not an identifier: give one such as 'x'")
    return Array(name, tuple(_size(size) for size in shape))


def _size(size: int | str | sp.Expr) -> Size:
    if isinstance(size, str):
        stripped = size.strip()
        if stripped.isdigit():
            return int(stripped)
        if not stripped.isidentifier():
            raise ValueError(f"the size {size!r} is neither a number nor a name such as 'n'")
        symbol: sp.Expr = _SizeSymbol(stripped, integer=True, positive=True)
        return symbol
    if isinstance(size, sp.Expr) and not size.is_Integer:
        return size
    if int(size) < 0:
        raise ValueError(f"the size {size} is negative: give zero or more")
    return int(size)


@overload
def derive(
    f: Callable[..., Any],
    *arguments: Any,
    wrt: str,
    cotangent: Any = None,
    order: int = 1,
) -> Formula: ...
@overload
def derive(
    f: Callable[..., Any],
    *arguments: Any,
    wrt: Sequence[str] | None = None,
    cotangent: Any = None,
    order: int = 1,
) -> Any: ...
def derive(
    f: Callable[..., Any],
    *arguments: Any,
    wrt: str | Sequence[str] | None = None,
    cotangent: Any = None,
    order: int = 1,
) -> Any:
    """The derivative of `f` as a formula.

    f: a function of arrays, written with operators and NumPy functions. arguments: what it takes,
    as `reference.array("x", "n")`, as one of the texts "x", "x[n]", "W[m, 3]", or as a length or
    a shape, then named as f names its parameters. wrt: the names to derive with respect to; None
    for all. cotangent: where f gives an array, the formula is the vector-Jacobian product with an
    array `v`; a text names it otherwise, numbers of f's shape take its place. order: how many
    times to derive.

    Gives a `Formula` for one array, a `Derivation` for several. Raises NoClosedForm where there
    is no formula.

    >>> derive(lambda x: np.log(np.sum(np.exp(x))), "x[n]")
    d f/d x[j] = exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))
    >>> derive(lambda x: np.mean(3 * (x + 2) ** 2), "x[2]")
    d f/d x = [3*x[0] + 6, 3*x[1] + 6]
    """
    if order < 1:
        raise ValueError(f"order={order}: give 1 for the gradient, 2 for its derivative, …")
    arrays = _arguments(f, arguments)
    inputs = {part.name: Input(part.name, part.shape) for part in arrays}
    names = [wrt] if isinstance(wrt, str) else list(inputs if wrt is None else wrt)
    for name in names:
        if name not in inputs:
            raise ValueError(f"wrt={name!r} names no argument: have {', '.join(inputs)}")
    output = _called(f, list(inputs.values()))
    seed = _seed(output, cotangent, set(inputs))
    parameters = list(arrays)
    if isinstance(seed, Input):
        parameters.append(Array(seed.name, seed.shape))
    formulas: dict[Any, Formula] = {}
    for chosen in combinations_with_replacement(names, order):
        variables = [inputs[name] for name in chosen]
        expression, indices = _derivative(output, seed, variables, parameters)
        formulas[chosen if order > 1 else chosen[0]] = Formula(
            expression,
            indices,
            _title(f),
            tuple(Array(part.name, part.shape) for part in variables),
            tuple(parameters),
            seed.name if isinstance(seed, Input) else "v" if cotangent is not None else None,
        )
    return Derivation(formulas) if len(formulas) > 1 else next(iter(formulas.values()))


def _title(f: Callable[..., Any]) -> str:
    title = getattr(f, "__name__", "f")
    return str(title) if title.isidentifier() else "f"


def _arguments(f: Callable[..., Any], arguments: Sequence[Any]) -> list[Array]:
    if not arguments:
        raise TypeError("derive needs a description of each argument: derive(f, 'x[n]')")
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):  # a callable that Python cannot look into
        names = []
    names += [f"x{position}" for position in range(len(names), len(arguments))]
    arrays = [_described(given, name) for given, name in zip(arguments, names, strict=False)]
    used = [part.name for part in arrays]
    sizes = {str(s) for part in arrays for size in part.shape for s in _symbols(size)}
    for name in used:
        if used.count(name) > 1 or name in sizes:
            raise ValueError(f"the name {name!r} stands for two things: give each its own name")
    return arrays


def _symbols(size: Size) -> set[sp.Symbol]:
    return set(sp.sympify(size).free_symbols)


def _described(argument: Any, name: str) -> Array:
    """The array that an argument of `derive` describes; `name` where it gives only a shape."""
    if isinstance(argument, Array):
        return argument
    if isinstance(argument, str):
        matched = re.fullmatch(r"\s*(\w+)\s*(?:\[([^\[\]]*)\])?\s*", argument)
        if matched is None:
            raise ValueError(f"{argument!r} describes no array: write 'x', 'x[n]' or 'W[m, 3]'")
        return array(matched[1], *(s for s in (matched[2] or "").split(",") if s.strip()))
    if isinstance(argument, (int, np.integer)) and not isinstance(argument, bool):
        return array(name, int(argument))
    if isinstance(argument, tuple):
        return array(name, *argument)
    raise TypeError(
        f"{argument!r} describes no array: give reference.array('x', 'n'), a text such as "
        "'x[n]', a length or a shape"
    )


def _called(f: Callable[..., Any], inputs: Sequence[Input]) -> Node:
    try:
        result = f(*(from_node(node, "float64") for node in inputs))
    except (TypeError, ValueError) as error:
        needs = ("Cannot convert symbols to int", "concrete sizes")
        if any(text in str(error) for text in needs):  # SymPy's and the graph language's words
            raise NoClosedForm(
                f"{_title(f)} has no formula for arrays of any size: it needs to know the sizes. "
                f"Describe its arguments with numbers, such as 'x[3]'. ({error})"
            ) from error
        raise
    if isinstance(result, Tensor):
        return result.node
    raise TypeError(
        f"the function returned {type(result).__name__}, which depends on none of its arguments "
        "as far as can be seen: return one array computed from them"
    )


def _seed(output: Node, cotangent: Any, taken: set[str]) -> Node:
    """What the gradient starts from: one, an array of variables, or numbers."""
    if cotangent is None and not output.shape:
        return Constant(1)
    if cotangent is None:
        cotangent = next(name for name in (*_COTANGENTS, "cotangent") if name not in taken)
    if isinstance(cotangent, str):
        if not cotangent.isidentifier() or cotangent in taken:
            raise ValueError(f"cotangent={cotangent!r} is not a free name: give another one")
        return Input(cotangent, output.shape)
    numbers = np.asarray(cotangent, dtype=object)
    if numbers.shape != output.shape:
        raise ValueError(
            f"the cotangent has shape {numbers.shape} and the function gives {output.shape}: "
            "give one number for each of its results"
        )
    return Constant(np.frompyfunc(exact_number, 1, 1)(numbers))


def _derivative(
    output: Node, seed: Node, variables: Sequence[Input], parameters: Sequence[Array]
) -> tuple[Any, tuple[sp.Symbol, ...]]:
    """The derivative of <seed, output> with respect to each variable in turn."""
    sizes = [size for part in parameters for size in part.shape]
    reserved = {part.name for part in parameters}
    reserved.update(symbol.name for size in sizes for symbol in _symbols(size))
    units = [Input("unit", variable.shape) for variable in variables[:-1]]
    gradient: Node | None = output
    for variable, weights in zip(variables, [seed, *units], strict=True):
        if gradient is not None:
            gradient = vjp([gradient], [variable], [weights])[0]
    if any(_symbols(size) for size in sizes):
        return _in_index_notation(gradient, variables, units, reserved)
    return _element_by_element(gradient, variables, units, reserved), ()


def _in_index_notation(
    gradient: Node | None,
    variables: Sequence[Input],
    units: Sequence[Input],
    reserved: set[str],
) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    rank = sum(len(variable.shape) for variable in variables)
    names = _index_names(rank, reserved)
    simplifier = Simplifier(reserved | set(names))
    indices: list[tuple[sp.Symbol, ...]] = []
    for variable in variables:
        own, names = names[: len(variable.shape)], names[len(variable.shape) :]
        indices.append(
            tuple(simplifier.index(n, s) for n, s in zip(own, variable.shape, strict=True))
        )
    bindings = {unit: _unit_at(place) for unit, place in zip(units, indices[:-1], strict=True)}
    every = tuple(index for place in indices for index in place)
    if gradient is None:
        return sp.Integer(0), every
    return cancelled(Elements(simplifier, bindings)(gradient, indices[-1])), every


def _index_names(rank: int, reserved: set[str]) -> list[str]:
    free = [name for name in _INDICES if name not in reserved]
    if rank <= len(free):
        return free[len(free) - rank :]
    names = (f"i{position}" for position in range(1, rank + len(reserved) + 1))
    return [name for name in names if name not in reserved][:rank]


def _unit_at(place: Sequence[sp.Symbol]) -> Callable[[Sequence[sp.Expr]], sp.Expr]:
    """The array that is one at a place and zero elsewhere."""

    def element(indices: Sequence[sp.Expr]) -> sp.Expr:
        pairs = zip(indices, place, strict=True)
        return sp.Mul(*(sp.KroneckerDelta(index, here) for index, here in pairs))

    return element


def _element_by_element(
    gradient: Node | None,
    variables: Sequence[Input],
    units: Sequence[Input],
    reserved: set[str],
) -> Any:
    outer = tuple(int(size) for unit in units for size in unit.shape)
    inner = tuple(int(size) for size in variables[-1].shape)
    result = np.full((*outer, *inner), sp.Integer(0), dtype=object)
    if gradient is None:
        return result if result.shape else sp.Integer(0)
    simplifier = Simplifier(reserved)
    for place in np.ndindex(*outer):
        bindings = {}
        used = 0
        for unit in units:
            rank = len(unit.shape)
            ones = np.zeros([int(size) for size in unit.shape], dtype=object)
            ones[place[used : used + rank]] = 1
            bindings[unit] = ones
            used += rank
        values = evaluate([gradient], bindings)[0]
        for index in np.ndindex(*inner):
            result[(*place, *index)] = cancelled(simplifier.tidy(values[index]))
    return result if result.shape else result[()]
