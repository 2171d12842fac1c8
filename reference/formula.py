"""Formulas of derivatives: as text, as LaTeX, and as functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from reference.domains.closed_form import variable
from reference.formula_parts import named_parts
from reference.formula_text import latex, text
from reference.graph import Shape

__all__ = ["Array", "Derivation", "Formula"]


@dataclass(frozen=True)
class Array:
    """An argument of a function to derive: a name and a shape of ints and symbols."""

    name: str
    shape: Shape


@dataclass(frozen=True, repr=False)
class Formula:
    """One derivative as a formula.

    expression: the element at `indices`; for arrays of fixed sizes an object array of all
    elements, and `indices` is empty. function: the name of what is derived. wrt: the arrays that
    it is derived with respect to, one for each order. parameters: the arrays that the formula may
    read, in the order in which `evaluate` takes them. cotangent: the name of the array that
    weighs the function's results, None for a function that gives one number.
    """

    expression: Any
    indices: tuple[sp.Symbol, ...]
    function: str
    wrt: tuple[Array, ...]
    parameters: tuple[Array, ...]
    cotangent: str | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the derivative: those of the arrays of `wrt`, one after the other."""
        return tuple(size for part in self.wrt for size in part.shape)

    def __str__(self) -> str:
        return f"{self.left} = {text(_listed(self.expression))}"

    __repr__ = __str__

    @property
    def left(self) -> str:
        """What the formula is for, as text: `d f/d x[j]`."""
        order = f"d{len(self.wrt)}" if len(self.wrt) > 1 else "d"
        top = f"<{self.cotangent}, {self.function}>" if self.cotangent else self.function
        below = " ".join(f"d {text(part)}" for part in self._variables())
        return f"{order} {top}/{below}"

    def explain(self) -> str:
        """The formula with names for the parts that it repeats, and what they stand for."""
        return _explained([self])

    def latex(self) -> str:
        """The formula in LaTeX: a fraction of partial differentials, and what it equals."""
        name = latex(sp.Symbol(self.function))
        if len(self.function) > 1:
            name = rf"\operatorname{{{self.function}}}".replace("_", r"\_")
        if self.cotangent:
            name = rf"\langle {latex(sp.Symbol(self.cotangent))}, {name} \rangle"
        order = f"^{{{len(self.wrt)}}}" if len(self.wrt) > 1 else ""
        below = r" \, ".join(rf"\partial {latex(part)}" for part in self._variables())
        above = rf"\partial{order} {name}"
        return rf"\frac{{{above}}}{{{below}}} = {latex(_listed(self.expression))}"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"

    def _variables(self) -> Iterator[sp.Expr]:
        used = 0
        for part in self.wrt:
            rank = len(part.shape) if self.indices else 0
            yield variable(part.name, self.indices[used : used + rank])
            used += rank

    def lambdify(self, modules: str = "numpy") -> Callable[..., np.ndarray]:
        """A function from arrays, one for each of `parameters`, to the derivative's values.

        modules: "numpy" for floats, "mpmath" for numbers of any precision.
        """
        return _Compiled(self, modules)

    def evaluate(self, *arrays: Any) -> np.ndarray:
        """The derivative's values in float64 at arrays, one for each of `parameters`."""
        return self.lambdify()(*arrays)


class Derivation(Mapping[Any, Formula]):
    """The derivatives with respect to several arrays, by name (by names, from order two on)."""

    def __init__(self, formulas: Mapping[Any, Formula]) -> None:
        self._formulas: dict[Any, Formula] = dict(formulas)

    def __getitem__(self, name: Any) -> Formula:
        return self._formulas[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._formulas)

    def __len__(self) -> int:
        return len(self._formulas)

    def __str__(self) -> str:
        return "\n".join(str(formula) for formula in self._formulas.values())

    __repr__ = __str__

    def explain(self) -> str:
        """All formulas with names for the parts that they repeat."""
        return _explained(list(self._formulas.values()))

    def latex(self) -> str:
        """All formulas in LaTeX, one below the other."""
        lines = (formula.latex().replace(" = ", " &= ", 1) for formula in self._formulas.values())
        return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


def _explained(formulas: Sequence[Formula]) -> str:
    expressions: list[sp.Expr] = []
    for formula in formulas:
        expressions.extend(np.asarray(formula.expression, dtype=object).flat)
    taken = {part.name for formula in formulas for part in formula.parameters}
    for formula in formulas:
        sizes = [size for part in formula.parameters for size in part.shape]
        taken.update(symbol.name for size in sizes for symbol in sp.sympify(size).free_symbols)
    indices = {index for formula in formulas for index in formula.indices}
    definitions, shorter = named_parts(expressions, indices, taken)
    lines = []
    for formula in formulas:
        whole = isinstance(formula.expression, np.ndarray)
        shape = formula.expression.shape if whole else ()
        used = int(np.prod(shape))
        values = np.array([*shorter[:used], None], dtype=object)[:-1].reshape(shape)
        shorter = shorter[used:]
        lines.append(f"{formula.left} = {text(_listed(values if whole else values[()]))}")
    for position, (name, value) in enumerate(definitions):
        lines.append(f"{'      ' if position else 'where '}{text(name)} = {text(value)}")
    return "\n".join(lines)


def _listed(expression: Any) -> Any:
    """What to print: an array of expressions as SymPy prints one."""
    return sp.Array(expression) if isinstance(expression, np.ndarray) else expression


class _Compiled:
    """A formula compiled by SymPy, called with one array for each parameter."""

    def __init__(self, formula: Formula, modules: str) -> None:
        self._parameters = formula.parameters
        self._shape = formula.shape
        self._number = np.float64 if modules == "numpy" else object
        self._exact: Callable[[int], Any] = np.float64 if modules == "numpy" else mpmath.mpf
        sizes = {s for part in formula.parameters for s in part.shape if isinstance(s, sp.Symbol)}
        self._sizes = sorted(sizes, key=str)
        variables = [
            sp.IndexedBase(part.name, real=True) if part.shape else variable(part.name, ())
            for part in formula.parameters
        ]
        self._whole = isinstance(formula.expression, np.ndarray)
        factors = {size: sp.Symbol(f"_{size}", positive=True) for size in self._sizes}
        body = [_with_factors(part, factors) for part in np.ravel(formula.expression)]
        self._function = sp.lambdify(
            [*variables, *self._sizes, *factors.values(), *formula.indices],
            body if self._whole else body[0],
            modules,
        )

    def __call__(self, *arrays: Any) -> np.ndarray:
        if len(arrays) != len(self._parameters):
            raise TypeError(
                f"{len(arrays)} arrays for {len(self._parameters)} parameters: give one for each "
                f"of {', '.join(part.name for part in self._parameters)}"
            )
        values = [np.asarray(value, dtype=self._number) for value in arrays]
        lengths = self._lengths(values)
        plain: list[Any] = [value if value.ndim else value[()] for value in values]
        plain.extend(lengths[size] for size in self._sizes)
        plain.extend(self._exact(lengths[size]) for size in self._sizes)
        shape = tuple(int(lengths.get(size, size)) for size in self._shape)
        if self._whole:
            return np.array(self._function(*plain), dtype=self._number).reshape(shape)
        result = np.empty(shape, dtype=self._number)
        for index in np.ndindex(*shape):
            result[index] = self._function(*plain, *index)
        return result

    def _lengths(self, values: list[np.ndarray]) -> dict[Any, int]:
        """What each symbolic size is in these arrays."""
        lengths: dict[Any, int] = {}
        for part, value in zip(self._parameters, values, strict=True):
            fits = len(part.shape) == value.ndim
            for size, length in zip(part.shape, value.shape, strict=False):
                known = lengths.setdefault(size, length) if isinstance(size, sp.Symbol) else size
                fits = fits and known == length
            if not fits:
                raise ValueError(
                    f"{part.name} of shape {value.shape} does not fit its shape {part.shape}"
                    + "".join(f", where {size} = {n}" for size, n in lengths.items())
                    + ": give arrays whose sizes agree"
                )
        return lengths


def _with_factors(expression: Any, factors: Mapping[sp.Symbol, sp.Symbol]) -> Any:
    """The expression with sizes as numbers of the arithmetic, where they do not count elements.

    Python divides two ints in double precision, whatever the precision of the rest.
    """
    if expression in factors:
        return factors[expression]
    if isinstance(expression, sp.Sum):
        return sp.Sum(_with_factors(expression.function, factors), *expression.limits)
    if isinstance(expression, (sp.Indexed, sp.KroneckerDelta, sp.Rel)) or not expression.args:
        return expression
    return expression.func(*(_with_factors(part, factors) for part in expression.args))
