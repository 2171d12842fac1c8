"""Scalar SymPy expressions as programs over whole arrays of numbers of any kind.

A program is a short list of steps over registers. What a step means is up to the
:class:`Arithmetic` that runs it (rationals, balls, …), so that one expression is translated once,
with `sympy.cse`, however many kinds of numbers it is evaluated over. Case distinctions evaluate
every branch on just the elements that select it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
import sympy as sp

from reference.graph import argument

__all__ = [
    "Arithmetic",
    "Branch",
    "Condition",
    "Program",
    "Relation",
    "Sided",
    "argument_position",
    "compile_expression",
    "is_discrete",
    "run",
]


_SHORT = 8  # steps of a product of numbers in range that stays in range
_SMALL = 4  # exponents of it
_PRODUCTS = ("multiply", "divide", "negative", "exp")


class Arithmetic(Protocol):
    """The numbers that a program runs over: object arrays of one kind, or scalars of it."""

    def number(self, expression: sp.Expr) -> Any:
        """The scalar that a SymPy expression without symbols denotes."""

    def call(self, name: str, operands: Sequence[Any]) -> Any:
        """A function by its SymPy class name, or add, subtract, multiply, divide, negative."""

    def power(self, base: Any, numerator: int, denominator: int) -> Any:
        """base ** (numerator / denominator), the real root."""

    def masked(self) -> Any:
        """What a branch that is literally zero gives."""

    def undefined(self) -> Any:
        """What an element gives that no branch takes."""

    def union(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Elementwise, something that holds both."""

    def relation(
        self, name: str, left: Any, right: Any, positions: np.ndarray, varying: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """(certainly true, cannot be decided) for every one of `positions`.

        name: one of ``<``, ``<=``, ``==``. varying: whether a tie here is worth recording.
        """


class Sided:
    """An arithmetic that is told, before a relation is decided, whose sign the relation asks for.

    gap: the left side minus the right, as an expression in the arguments of the Map.
    """

    gap: sp.Expr = sp.S.Zero


@dataclass(frozen=True)
class _Step:
    """registers[target] = kind(name, operands); `release`: registers nobody reads later."""

    target: int
    kind: str
    payload: Any
    operands: tuple[int, ...]
    release: tuple[int, ...] = ()


@dataclass(frozen=True)
class Relation:
    name: str
    left: Program
    right: Program
    negated: bool
    gap: sp.Expr


@dataclass(frozen=True)
class Logic:
    """`and`, `or` of parts, or a constant truth (no parts)."""

    name: str
    parts: tuple[Condition, ...]


Condition = Relation | Logic


@dataclass(frozen=True)
class Branch:
    condition: Condition
    value: Program | None  # None: literally zero


@dataclass(frozen=True)
class Program:
    """Steps over registers; the first registers are the arguments named by `reads`."""

    reads: tuple[int, ...]
    steps: tuple[_Step, ...]
    registers: int
    result: int

    @cached_property
    def branches(self) -> bool:
        """Whether there is a case distinction, for which positions are needed."""
        return any(step.kind == "cases" for step in self.steps)

    @cached_property
    def is_product(self) -> bool:
        """Whether it only multiplies, divides, takes small powers and exponentials.

        Floats then give every digit but the last, as long as they stay in range.
        """
        return len(self.steps) <= _SHORT and all(map(_keeps_digits, self.steps))


def _keeps_digits(step: _Step) -> bool:
    if step.kind == "power":
        return 0 < step.payload[0] <= _SMALL and step.payload[1] in (1, 2)
    return step.kind == "number" or step.payload in _PRODUCTS


@lru_cache(maxsize=8192)
def compile_expression(expression: sp.Expr) -> Program:
    """The program of an expression in `argument(0), argument(1), …`.

    Raises ValueError for a symbol that is no argument.

    >>> x = argument(0)
    >>> [step.payload for step in compile_expression(x * sp.exp(x)).steps]
    ['exp', 'multiply']
    """
    return _Compiler(expression).program


@lru_cache(maxsize=8192)
def is_discrete(expression: sp.Expr) -> bool:
    """Whether the expression is locally constant: a case distinction between numbers.

    >>> is_discrete(sp.Piecewise((1, argument(0) > 0), (0, True)))
    True
    """
    if isinstance(expression, sp.Piecewise):
        return all(is_discrete(value) for value, _ in expression.args)
    if isinstance(expression, (sp.floor, sp.ceiling, sp.sign)):
        return True
    return not expression.free_symbols


@lru_cache(maxsize=1024)
def argument_position(symbol: sp.Symbol) -> int:
    """k of `argument(k)`; ValueError for any other symbol."""
    text = symbol.name
    if text[:1] == "a" and text[1:].isdigit() and symbol == argument(int(text[1:])):
        return int(text[1:])
    raise ValueError(
        f"symbol {symbol} of a Map is not an argument. Use reference.graph.argument(position)."
    )


def _as_cases(expression: sp.Expr) -> sp.Expr:
    """Abs, Max, … (which SymPy introduces itself) as the case distinctions that they are."""

    def absolute(x: sp.Expr) -> sp.Expr:
        return sp.Piecewise((x, x >= 0), (-x, True), evaluate=False)

    def sign(x: sp.Expr) -> sp.Expr:
        return sp.Piecewise((1, x > 0), (-1, x < 0), (0, True), evaluate=False)

    def extreme(greatest: bool) -> Any:
        def fold(*values: sp.Expr) -> sp.Expr:
            best = values[0]
            for value in values[1:]:
                condition = best > value if greatest else best < value
                best = sp.Piecewise((best, condition), (value, True), evaluate=False)
            return best

        return fold

    replacements: tuple[tuple[Any, Any], ...] = (
        (sp.Abs, absolute),
        (sp.sign, sign),
        (sp.Max, extreme(True)),
        (sp.Min, extreme(False)),
        (
            sp.Heaviside,
            lambda x, half=sp.S.Half: sp.Piecewise(
                (0, x < 0), (half, sp.Eq(x, 0)), (1, True), evaluate=False
            ),
        ),
        (
            sp.DiracDelta,
            lambda x, order=0: sp.Piecewise((sp.nan, sp.Eq(x, 0)), (0, True), evaluate=False),
        ),
    )
    for kind, rewrite in replacements:
        if expression.has(kind):
            expression = expression.replace(kind, rewrite)
    return expression


class _Compiler:
    """Translates one expression; conditions and branches become programs of their own."""

    def __init__(self, expression: sp.Expr) -> None:
        expression = _as_cases(sp.sympify(expression))
        cases: dict[sp.Dummy, sp.Piecewise] = {}
        skeleton = self._without_cases(expression, cases)
        shared, (reduced,) = sp.cse([skeleton], order="none")
        symbols = sorted(
            (s for s in expression.free_symbols if isinstance(s, sp.Symbol)), key=argument_position
        )
        self.steps: list[_Step] = []
        self.register: dict[sp.Basic, int] = {s: i for i, s in enumerate(symbols)}
        self.count = len(symbols)
        self.symbols = symbols
        for dummy, piecewise in cases.items():
            self.register[dummy] = self._cases(piecewise)
        for symbol, value in shared:
            self.register[symbol] = self.visit(value)
        result = self.visit(reduced)
        self.program = Program(
            tuple(argument_position(s) for s in symbols),
            _with_releases(self.steps, result),
            self.count,
            result,
        )

    def _without_cases(self, expression: Any, cases: dict[sp.Dummy, sp.Piecewise]) -> Any:
        if isinstance(expression, sp.Piecewise):
            for dummy, known in cases.items():
                if known == expression:
                    return dummy
            dummy = sp.Dummy("case", real=True)
            cases[dummy] = expression
            return dummy
        if not expression.args or not expression.has(sp.Piecewise):
            return expression
        return expression.func(*(self._without_cases(part, cases) for part in expression.args))

    def _emit(self, kind: str, payload: Any, *operands: int) -> int:
        target = self.count
        self.count += 1
        self.steps.append(_Step(target, kind, payload, operands))
        return target

    def visit(self, expression: Any) -> int:
        """The register that holds the expression's value."""
        known = self.register.get(expression)
        if known is None:
            known = self._translate(expression)
            self.register[expression] = known
        return known

    def _translate(self, expression: Any) -> int:
        if not expression.free_symbols:
            return self._emit("number", expression)
        if isinstance(expression, sp.Add):
            return self._sum(expression)
        if isinstance(expression, sp.Mul):
            return self._product(expression)
        if isinstance(expression, sp.Pow):
            return self._power(expression.base, expression.exp)
        if isinstance(expression, (sp.Derivative, sp.Subs, sp.Integral, sp.meijerg)):
            raise ValueError(  # noqa: TRY004  # a wrong expression is a wrong value
                f"no way is known to evaluate {expression}, the derivative of a special function "
                "by a parameter such as its order: do not differentiate by that argument"
            )
        if isinstance(expression, (sp.Function, sp.LambertW)):
            operands = [self.visit(part) for part in expression.args]
            return self._emit("call", type(expression).__name__, *operands)
        raise ValueError(
            f"a Map cannot evaluate {type(expression).__name__} in {expression}: write it with "
            "sums, products, powers, functions and Piecewise"
        )

    def _sum(self, expression: sp.Add) -> int:
        plus: list[int] = []
        minus: list[int] = []
        for term in expression.args:
            if term.could_extract_minus_sign() and not term.is_Number:
                minus.append(self.visit(-term))
            else:
                plus.append(self.visit(term))
        total = plus.pop(0) if plus else self._emit("call", "negative", minus.pop(0))
        for register in plus:
            total = self._emit("call", "add", total, register)
        for register in minus:
            total = self._emit("call", "subtract", total, register)
        return total

    def _product(self, expression: sp.Mul) -> int:
        negative = expression.args[0] == -1
        above: list[int] = []
        below: list[int] = []
        for factor in expression.args[1:] if negative else expression.args:
            if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(self.visit(sp.Pow(factor.base, -factor.exp)))
            elif factor.is_Rational and factor.p == 1 and factor.q != 1:
                below.append(self.visit(sp.Integer(factor.q)))
            else:
                above.append(self.visit(factor))
        total = above[0] if above else self.visit(sp.Integer(1))
        for register in above[1:]:
            total = self._emit("call", "multiply", total, register)
        if below:
            divisor = below[0]
            for register in below[1:]:
                divisor = self._emit("call", "multiply", divisor, register)
            total = self._emit("call", "divide", total, divisor)
        return self._emit("call", "negative", total) if negative else total

    def _power(self, base: Any, exponent: Any) -> int:
        if base == sp.E:
            return self._emit("call", "exp", self.visit(exponent))
        if exponent.is_Rational:
            if exponent < 0:
                one = self.visit(sp.Integer(1))
                return self._emit("call", "divide", one, self.visit(sp.Pow(base, -exponent)))
            return self._emit("power", (int(exponent.p), int(exponent.q)), self.visit(base))
        return self._emit("call", "pow", self.visit(base), self.visit(exponent))

    def _cases(self, piecewise: sp.Piecewise) -> int:
        branches = tuple(
            Branch(self._condition(condition), None if value == 0 else compile_expression(value))
            for value, condition in piecewise.args
        )
        operands = tuple(self.register[s] for s in self.symbols if s in piecewise.free_symbols)
        reads = tuple(argument_position(s) for s in self.symbols if s in piecewise.free_symbols)
        return self._emit("cases", (branches, reads), *operands)

    def _condition(self, condition: Any) -> Condition:
        return _compile_condition(condition, False)


def _compile_condition(condition: Any, negated: bool) -> Condition:
    if condition in (sp.true, sp.false):
        return Logic("and" if (condition == sp.true) != negated else "or", ())
    if isinstance(condition, sp.Not):
        return _compile_condition(condition.args[0], not negated)
    if isinstance(condition, (sp.And, sp.Or)):
        name = "and" if isinstance(condition, sp.And) != negated else "or"
        return Logic(name, tuple(_compile_condition(part, negated) for part in condition.args))
    if isinstance(condition, sp.core.relational.Relational):
        left, right = condition.lhs, condition.rhs
        name = condition.rel_op
        if name in (">", ">="):
            left, right, name = right, left, name.replace(">", "<")
        if name == "!=":
            name, negated = "==", not negated
        return Relation(
            name, compile_expression(left), compile_expression(right), negated, left - right
        )
    if isinstance(condition, (sp.logic.boolalg.ITE, sp.logic.boolalg.Xor)):
        return _compile_condition(sp.logic.boolalg.to_nnf(condition, simplify=False), negated)
    raise ValueError(f"the condition {condition} is no comparison and no combination of them")


def _with_releases(steps: Sequence[_Step], result: int) -> tuple[_Step, ...]:
    seen = {result}
    reversed_steps = []
    for step in reversed(steps):
        release = tuple(sorted(set(step.operands) - seen))
        seen.update(release)
        reversed_steps.append(_Step(step.target, step.kind, step.payload, step.operands, release))
    return tuple(reversed(reversed_steps))


def run(
    program: Program,
    arguments: Sequence[Any],
    arithmetic: Arithmetic,
    positions: np.ndarray | None = None,
    varying: Sequence[bool] = (),
) -> Any:
    """Evaluate on arrays that broadcast together (or scalars), giving an array or a scalar.

    arguments: by argument position. positions: which flat element of the Map each element is,
    for reporting ties. varying: by argument position, whether it depends on a variable.
    """
    registers: list[Any] = [None] * program.registers
    for register, position in enumerate(program.reads):
        registers[register] = arguments[position]
    for step in program.steps:
        operands = [registers[operand] for operand in step.operands]
        if step.kind == "call":
            value = arithmetic.call(step.payload, operands)
        elif step.kind == "number":
            value = arithmetic.number(step.payload)
        elif step.kind == "power":
            value = arithmetic.power(operands[0], *step.payload)
        else:
            branches, reads = step.payload
            value = _run_cases(
                branches, reads, operands, arguments, arithmetic, positions, varying
            )
        for register in step.release:
            registers[register] = None
        registers[step.target] = value
    return registers[program.result]


def _run_cases(
    branches: tuple[Branch, ...],
    reads: tuple[int, ...],
    operands: list[Any],
    arguments: Sequence[Any],
    arithmetic: Arithmetic,
    positions: np.ndarray | None,
    varying: Sequence[bool],
) -> np.ndarray:
    """The elements of every branch, evaluated where it is taken.

    Where a condition cannot be decided, the result holds both what it would give if true and
    what it would give if false.
    """
    shape = np.broadcast_shapes(*(np.shape(a) for a in arguments)) if positions is None else None
    if positions is None:
        assert shape is not None
        flat = np.arange(math.prod(shape))
        spread = [np.broadcast_to(np.asarray(o, dtype=object), shape).ravel() for o in operands]
    else:
        shape = positions.shape
        flat = positions
        spread = [np.broadcast_to(np.asarray(o, dtype=object), shape).ravel() for o in operands]
    table: list[Any] = [None] * len(arguments)
    for position, value in zip(reads, spread, strict=True):
        table[position] = value
    state = _Cases(branches, arithmetic, table, reads, flat.ravel(), varying)
    return state.select(0, np.arange(flat.size)).reshape(shape)


class _Cases:
    """One case distinction at work on flat arrays."""

    def __init__(
        self,
        branches: tuple[Branch, ...],
        arithmetic: Arithmetic,
        table: list[Any],
        reads: tuple[int, ...],
        positions: np.ndarray,
        varying: Sequence[bool],
    ) -> None:
        self.branches = branches
        self.arithmetic = arithmetic
        self.table = table
        self.reads = reads
        self.positions = positions
        self.varying = varying

    def restricted(self, where: np.ndarray) -> list[Any]:
        if where.size == self.positions.size:
            return self.table
        result: list[Any] = [None] * len(self.table)
        for position in self.reads:
            result[position] = self.table[position][where]
        return result

    def value(self, program: Program | None, where: np.ndarray) -> np.ndarray:
        result = np.empty(where.size, dtype=object)
        if program is None:
            result[:] = self.arithmetic.masked()
        elif where.size:
            result[:] = run(
                program, self.restricted(where), self.arithmetic,
                self.positions[where], self.varying,
            )  # fmt: skip
        return result

    def select(self, number: int, where: np.ndarray) -> np.ndarray:
        if number == len(self.branches):
            result = np.empty(where.size, dtype=object)
            result[:] = self.arithmetic.undefined()
            return result
        if where.size == 0:
            return np.empty(0, dtype=object)
        branch = self.branches[number]
        true, unsure = self.decide(branch.condition, where)
        if true.all():
            return self.value(branch.value, where)
        result = np.empty(where.size, dtype=object)
        result[true] = self.value(branch.value, where[true])
        result[~true] = self.select(number + 1, where[~true])
        if unsure.any():
            both = self.value(branch.value, where[unsure])
            result[unsure] = self.arithmetic.union(both, result[unsure])
        return result

    def decide(self, condition: Condition, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(certainly true, undecided), disjoint."""
        if isinstance(condition, Relation):
            arguments = self.restricted(where)
            positions = self.positions[where]
            left, right = (
                run(side, arguments, self.arithmetic, positions, self.varying)
                for side in (condition.left, condition.right)
            )
            reads = (*condition.left.reads, *condition.right.reads)
            varies = any(self.varying[p] for p in reads) if self.varying else True
            if isinstance(self.arithmetic, Sided):
                self.arithmetic.gap = condition.gap
            true, unsure = self.arithmetic.relation(condition.name, left, right, positions, varies)
            return (~true & ~unsure, unsure) if condition.negated else (true, unsure)
        holds = np.full(where.size, condition.name == "and")
        unsure = np.zeros(where.size, dtype=bool)
        for part in condition.parts:
            here, open_here = self.decide(part, where)
            if condition.name == "and":
                false = (~holds & ~unsure) | (~here & ~open_here)
                holds = holds & here
                unsure = ~holds & ~false
            else:
                holds = holds | here
                unsure = (unsure | open_here) & ~holds
        return holds, unsure
