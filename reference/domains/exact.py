"""Exact rational numbers (python-flint's fmpq), wherever a graph stays rational.

Sums, products, quotients, comparisons, index maps and linear systems are exact. A function whose
value at the given point is rational (sqrt of 4, exp of 0) is taken too; any other raises
:class:`NotExact`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains import solving
from reference.domains.compile import compile_expression, run
from reference.domains.walk import (
    MASKED,
    concrete,
    contract,
    leaf_values,
    object_array,
    order_positions,
    positions_of,
    put,
    take,
    unmask,
    walk,
)
from reference.graph import (
    Constant,
    Contract,
    Input,
    Map,
    Node,
    Order,
    Put,
    Solve,
    Stop,
    Take,
    topological,
)

__all__ = ["NotExact", "evaluate", "to_fraction", "to_rationals"]

_q = flint.fmpq


class NotExact(ArithmeticError):
    """A graph's value is not rational, or not defined, at this point; `node` says where."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(f"{reason}: no exact rational value. Use reference.certify.")
        self.node = node
        self.reason = reason


class _Irrational(ArithmeticError):
    pass


class _Undefined:
    """What a division by zero gives: absorbs everything but MASKED."""

    __slots__ = ()

    def _absorb(self, other: Any) -> Any:
        return self

    def _scale(self, other: Any) -> Any:
        return MASKED if other is MASKED else self

    __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = _absorb
    __pow__ = __rpow__ = _absorb
    __mul__ = __rmul__ = _scale

    def __neg__(self) -> Any:
        return self


_UNDEFINED = _Undefined()


def _rational(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int)):
        return _q(int(value))
    if isinstance(value, float):
        try:
            numerator, denominator = value.as_integer_ratio()
        except (OverflowError, ValueError):
            raise _Irrational(f"{value} is no number") from None
        return _q(numerator, denominator)
    if isinstance(value, Fraction):
        return _q(value.numerator, value.denominator)
    if isinstance(value, (_q, flint.fmpz)):
        return _q(value)
    if isinstance(value, sp.Expr) and value.is_Rational:
        return _q(int(value.p), int(value.q))
    if isinstance(value, sp.Float):
        return _rational(sp.Rational(value))
    raise _Irrational(f"{value} is not rational")


def to_rationals(values: Any) -> np.ndarray:
    """An object array of fmpq, each exactly the number given (floats as they are).

    >>> to_rationals([0.5, Fraction(1, 3)]).tolist()
    [1/2, 1/3]
    """
    source = np.asarray(values)
    return object_array([_rational(v) for v in source.ravel().tolist()], source.shape)


def to_fraction(value: Any) -> Fraction:
    """A Python fraction of one fmpq."""
    return Fraction(int(value.p), int(value.q))


def _divided(numerator: Any, denominator: Any) -> Any:
    if numerator is MASKED and denominator is not MASKED:
        return MASKED
    if numerator is _UNDEFINED or denominator is _UNDEFINED or denominator is MASKED:
        return _UNDEFINED
    return _UNDEFINED if denominator == 0 else numerator / denominator


def _power(base: Any, numerator: int) -> Any:
    return base**numerator


def _root(base: Any, degree: int) -> Any:
    if base is MASKED or base is _UNDEFINED:
        return base
    if base < 0:
        return _UNDEFINED
    parts = [sp.integer_nthroot(int(part), degree) for part in (base.p, base.q)]
    if not all(exact for _, exact in parts):
        raise _Irrational(f"the root of degree {degree} of {base} is not rational")
    return _q(int(parts[0][0]), int(parts[1][0]))


def _special(name: str) -> Callable[..., Any]:
    """A function's value where SymPy knows it to be rational."""
    known = sp.Pow if name == "pow" else getattr(sp, name, None)

    def value(*arguments: Any) -> Any:
        if any(argument is _UNDEFINED for argument in arguments):
            return _UNDEFINED
        plain = [_q(0) if argument is MASKED else argument for argument in arguments]
        if known is None:
            raise _Irrational(f"{name} has no rational values")
        result = known(*(sp.Rational(int(v.p), int(v.q)) for v in plain))
        if result.is_Rational:
            return _q(int(result.p), int(result.q))
        if result.is_infinite or result is sp.nan or result.is_real is False:
            return _UNDEFINED
        shown = ", ".join(map(str, plain))
        raise _Irrational(f"{name}({shown}) is not rational")

    return value


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "negative": np.negative,
    "divide": np.frompyfunc(_divided, 2, 1),
}

_COMPARE = {"<": operator.lt, "<=": operator.le, "==": operator.eq}


class _RationalArithmetic:
    """How the steps of a program run on rationals; `masked` is what a literal zero gives."""

    def __init__(self, masked: Any) -> None:
        self._masked = masked

    def number(self, expression: sp.Expr) -> Any:
        if expression in (sp.nan, sp.zoo, sp.oo, -sp.oo):
            return _UNDEFINED
        return _rational(expression)

    def call(self, name: str, operands: Sequence[Any]) -> Any:
        known = _ARITHMETIC.get(name)
        if known is not None:
            return known(*operands)
        return np.frompyfunc(_special(name), len(operands), 1)(*operands)

    def power(self, base: Any, numerator: int, denominator: int) -> Any:
        if denominator != 1:
            base = np.frompyfunc(lambda v: _root(v, denominator), 1, 1)(base)
        return np.frompyfunc(lambda v: _power(v, numerator), 1, 1)(base)

    def masked(self) -> Any:
        return self._masked

    def undefined(self) -> Any:
        return _UNDEFINED

    def union(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Only elements whose condition is undefined come here."""
        result = np.empty(first.shape, dtype=object)
        result[...] = _UNDEFINED
        return result

    def relation(
        self, name: str, left: Any, right: Any, positions: np.ndarray, varying: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        first, second = (
            unmask(np.broadcast_to(np.asarray(side, dtype=object), positions.shape), _q(0))
            for side in (left, right)
        )
        unsure = np.array(
            [a is _UNDEFINED or b is _UNDEFINED for a, b in zip(first, second, strict=True)],
            dtype=bool,
        )
        true = np.zeros(positions.shape, dtype=bool)
        compare = _COMPARE[name]
        true[~unsure] = np.asarray(
            [compare(a, b) for a, b in zip(first[~unsure], second[~unsure], strict=True)],
            dtype=bool,
        )
        return true, unsure


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    plain = all(isinstance(v, _q) for part in (left, right) for v in part.ravel().tolist())
    if not plain or left.shape[1] == 0:
        if left.shape[1] == 0:
            result = np.empty((left.shape[0], right.shape[1]), dtype=object)
            result[...] = _q(0)
            return result
        return np.asarray(np.add.reduce(left[:, :, None] * right[None, :, :], axis=1))
    first = flint.fmpq_mat(left.shape[0], left.shape[1], left.ravel().tolist())
    second = flint.fmpq_mat(right.shape[0], right.shape[1], right.ravel().tolist())
    return object_array((first * second).entries(), (left.shape[0], right.shape[1]))


class _Domain:
    def __init__(self, bindings: Mapping[Node, Any], forward: set[int]) -> None:
        self.bindings = {id(node): value for node, value in bindings.items()}
        self.forward = forward

    def compute(self, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        try:
            return self._compute(node, inputs)
        except _Irrational as error:
            raise NotExact(node, str(error)) from None

    def _compute(self, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        shape = concrete(node.shape)
        if isinstance(node, (Input, Constant)):
            bound = self.bindings.get(id(node))
            array = to_rationals(leaf_values(node) if bound is None else bound)
            if array.shape != shape:
                raise ValueError(f"an input has shape {shape}, its binding {array.shape}")
            return array
        zero = _q(0) if id(node) in self.forward else MASKED
        if isinstance(node, Map):
            positions = np.arange(math.prod(shape)).reshape(shape)
            program = compile_expression(node.expression)
            value = run(program, inputs, _RationalArithmetic(zero), positions)
            return np.broadcast_to(np.asarray(value, dtype=object), shape)
        if isinstance(node, Contract):
            return contract(node, inputs, _q(1), _q(0), _product)
        if isinstance(node, (Take, Put)):
            if isinstance(node.index, Order):
                positions = self._order(node, node.index, inputs[1])
            else:
                positions = positions_of(node.index)
            if isinstance(node, Take):
                return take(inputs[0], positions, zero)
            size = math.prod(concrete(node.index.source))
            return put(inputs[0], positions, size, zero).reshape(shape)
        if isinstance(node, Solve):
            return self._solve(node, inputs)
        if isinstance(node, Stop):
            return inputs[0]
        raise TypeError(f"a {type(node).__name__} node has no exact evaluation")

    def _order(self, node: Node, index: Order, key: np.ndarray) -> np.ndarray:
        flat = unmask(key, _q(0)).ravel()
        if any(value is _UNDEFINED for value in flat):
            raise NotExact(node, "a key of an ordering is undefined")
        place = np.array(sorted(range(flat.size), key=lambda i: flat[i]), dtype=np.intp)
        rises = np.ones(flat.size, dtype=bool)
        rises[1:] = np.asarray(flat[place][:-1] < flat[place][1:], dtype=bool)
        return order_positions(index, place, rises, key.shape)[0]

    def _solve(self, node: Solve, inputs: list[np.ndarray]) -> np.ndarray:
        if node.start is not None:
            raise NotExact(node, "the equations are not linear in the unknown")
        given = [unmask(array, _q(0)) for array in inputs]
        if any(v is _UNDEFINED for array in given for v in array.ravel().tolist()):
            raise NotExact(node, "a parameter of a linear system is undefined")
        bindings: dict[Node, Any] = dict(zip(node.parameters, given, strict=True))

        def evaluate_here(
            nodes: Sequence[Node], here: Mapping[Node, Any], precision: int = 0
        ) -> list[np.ndarray]:
            return evaluate(nodes, here)

        def dense(matrix: list[list[Any]], right: list[list[Any]]) -> list[list[Any]]:
            try:
                solution = flint.fmpq_mat(matrix).solve(flint.fmpq_mat(right))
            except ZeroDivisionError:
                raise NotExact(node, "the matrix of a linear system is singular") from None
            return [list(row) for row in solution.tolist()]

        if not node.shape or int(node.shape[0]) == 0:
            return np.empty(concrete(node.shape), dtype=object)
        return solving.solve_linear(node, bindings, evaluate_here, dense)


def evaluate(
    nodes: Sequence[Node],
    bindings: Mapping[Node, Any] | None = None,
    *,
    forward: Collection[Node] = (),
) -> list[np.ndarray]:
    """Object arrays of fmpq: the exact values of the nodes.

    bindings: values of Inputs in place of their own. forward: the outputs of the program whose
    derivatives are evaluated (see `reference.domains.certified.examine`).

    Raises NotExact, with its node, where a value is not rational or not defined.

    >>> from reference.graph import argument
    >>> evaluate([Map(argument(0) ** 2 / 3, [Constant(np.array([0.5, 3.0]))])])[0].tolist()
    [1/12, 3]
    """
    domain = _Domain(bindings or {}, {id(node) for node in topological(forward)})
    results = [unmask(array, _q(0)) for array in walk(nodes, domain.compute)]
    for node, array in zip(nodes, results, strict=True):
        if any(value is _UNDEFINED for value in array.ravel().tolist()):
            raise NotExact(node, "a quotient by zero, or a function outside of its domain")
    return results
