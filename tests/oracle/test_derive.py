"""Formulas of gradients: their text, and their truth by two independent routes.

Every formula is compared with finite differences at 60 digits of a plain function that loops over
Python lists, and for small fixed sizes with `sympy.diff` of that function's scalar expression.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from reference.derivation import array, derive
from reference.domains.closed_form import NoClosedForm
from reference.formula import Derivation, Formula
from reference.formula_parts import named_parts

# the functions, as a user writes them


def softmax(x: Any) -> Any:
    e = np.exp(x)
    return e / np.sum(e)


def quadratic(x: Any) -> Any:
    return np.mean(3 * (x + 2) ** 2)


def logsumexp(x: Any) -> Any:
    return np.log(np.sum(np.exp(x)))


def weighted_softmax(x: Any, w: Any) -> Any:
    return np.sum(w * softmax(x))


def squared_error(X: Any, y: Any, w: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def layer_norm(x: Any, w: Any, eps: Any) -> Any:
    centred = x - np.mean(x)
    return np.sum(w * centred / np.sqrt(np.mean(centred**2) + eps))


def attention(q: Any, K: Any, V: Any, u: Any) -> Any:
    scores = K @ q / np.sqrt(K.shape[-1])
    return np.sum(u * (softmax(scores) @ V))


# the same functions over lists, for any namespace m with exp, log and sqrt


def plain_softmax(m: Any, x: Any) -> Any:
    e = [m.exp(t) for t in x]
    return [t / sum(e) for t in e]


def plain_quadratic(m: Any, x: Any) -> Any:
    return sum(3 * (t + 2) ** 2 for t in x) / len(x)


def plain_logsumexp(m: Any, x: Any) -> Any:
    return m.log(sum(m.exp(t) for t in x))


def plain_weighted_softmax(m: Any, x: Any, w: Any) -> Any:
    return sum(a * b for a, b in zip(w, plain_softmax(m, x), strict=True))


def plain_squared_error(m: Any, X: Any, y: Any, w: Any) -> Any:
    rows = (sum(a * b for a, b in zip(row, w, strict=True)) for row in X)
    return sum((r - t) ** 2 for r, t in zip(rows, y, strict=True)) / len(y)


def plain_layer_norm(m: Any, x: Any, w: Any, eps: Any) -> Any:
    mean = sum(x) / len(x)
    variance = sum((t - mean) ** 2 for t in x) / len(x)
    return sum(a * (t - mean) for a, t in zip(w, x, strict=True)) / m.sqrt(variance + eps)


def plain_attention(m: Any, q: Any, K: Any, V: Any, u: Any) -> Any:
    scores = [sum(a * b for a, b in zip(row, q, strict=True)) / m.sqrt(len(q)) for row in K]
    p = plain_softmax(m, scores)
    return sum(u[c] * sum(p[row] * V[row][c] for row in range(len(K))) for c in range(len(u)))


@dataclass(frozen=True)
class Case:
    function: Callable[..., Any]
    plain: Callable[..., Any]
    arguments: str
    order: int = 1

    @property
    def name(self) -> str:
        return f"{self.function.__name__}-{self.order}"

    def described(self, **sizes: int) -> list[str]:
        """The descriptions of the arguments, with sizes put in."""
        text = self.arguments
        for name, size in sizes.items():
            for left in "[,":
                for right in ",]":
                    text = text.replace(f"{left}{name}{right}", f"{left}{size}{right}")
        return text.split()

    def derived(self, **sizes: int) -> list[Formula]:
        result = derive(self.function, *self.described(**sizes), order=self.order)
        return list(result.values()) if isinstance(result, Derivation) else [result]


CASES = [
    Case(quadratic, plain_quadratic, "x[n]"),
    Case(quadratic, plain_quadratic, "x[n]", 2),
    Case(logsumexp, plain_logsumexp, "x[n]"),
    Case(logsumexp, plain_logsumexp, "x[n]", 2),
    Case(weighted_softmax, plain_weighted_softmax, "x[n] w[n]"),
    Case(weighted_softmax, plain_weighted_softmax, "x[n] w[n]", 2),
    Case(squared_error, plain_squared_error, "X[m,n] y[m] w[n]"),
    Case(squared_error, plain_squared_error, "X[m,n] y[m] w[n]", 2),
    Case(layer_norm, plain_layer_norm, "x[n] w[n] eps"),
    Case(layer_norm, plain_layer_norm, "x[n] w[n] eps", 2),
    Case(attention, plain_attention, "q[d] K[n,d] V[n,m] u[m]"),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

FORMULAS = {
    "quadratic-1": "d quadratic/d x[j] = 6*(x[j] + 2)/n",
    "quadratic-2": "d2 quadratic/d x[i] d x[j] = 6*KroneckerDelta(i, j)/n",
    "logsumexp-1": "d logsumexp/d x[j] = exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))",
    "logsumexp-2": """\
d2 logsumexp/d x[i] d x[j] = (KroneckerDelta(i, j) - exp(x[i])/Sum(exp(x[k]), (k, 0, n - 1)))\
*exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))""",
    "weighted_softmax-1": """\
d weighted_softmax/d x[j] = (w[j] - Sum(exp(x[k])*w[k], (k, 0, n - 1))/Sum(exp(x[k]), \
(k, 0, n - 1)))*exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))
d weighted_softmax/d w[j] = exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))""",
    "squared_error-1": """\
d squared_error/d X[i, j] = 2*(Sum(X[i, k]*w[k], (k, 0, n - 1)) - y[i])*w[j]/m
d squared_error/d y[j] = -2*(Sum(X[j, k]*w[k], (k, 0, n - 1)) - y[j])/m
d squared_error/d w[j] = 2*Sum((Sum(X[l, k]*w[k], (k, 0, n - 1)) - y[l])*X[l, j], \
(l, 0, m - 1))/m""",
}

EXPLAINED = {
    "layer_norm-1": """\
d layer_norm/d x[j] = (w[j] - b*a[j]/(c + eps*n) - Sum(w[k], (k, 0, n - 1))/n)/sqrt(f)
d layer_norm/d w[j] = a[j]/sqrt(f)
d layer_norm/d eps = -b/(2*f**(3/2))
where a[l] = x[l] - Sum(x[k], (k, 0, n - 1))/n
      b = Sum(a[k]*w[k], (k, 0, n - 1))
      c = Sum(a[k]**2, (k, 0, n - 1))
      f = c/n + eps""",
    "attention-1": """\
d attention/d q[j] = Sum(K[k, j]*a[k]*c[k], (k, 0, n - 1))/(b*sqrt(d))
d attention/d K[i, j] = a[i]*c[i]*q[j]/(b*sqrt(d))
d attention/d V[i, j] = a[i]*u[j]/b
d attention/d u[j] = Sum(V[k, j]*a[k], (k, 0, n - 1))/b
where a[l] = exp(Sum(K[l, k]*q[k], (k, 0, d - 1))/sqrt(d))
      b = Sum(a[k], (k, 0, n - 1))
      c[p] = Sum(V[p, k]*u[k], (k, 0, m - 1)) - Sum(V[k, l]*a[k]*u[l], (k, 0, n - 1), \
(l, 0, m - 1))/b""",
}


# text


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_read_as_a_person_writes_them(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    assert str(derive(case.function, *case.described(), order=case.order)) == FORMULAS[name]


@pytest.mark.parametrize("name", EXPLAINED)
def test_long_formulas_are_explained_with_names(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    assert derive(case.function, *case.described()).explain() == EXPLAINED[name]


def test_fixed_shapes_give_every_element() -> None:
    formula = derive(quadratic, "x[2]")
    assert str(formula) == "d quadratic/d x = [3*x[0] + 6, 3*x[1] + 6]"
    assert str(derive(quadratic, "x[2]", order=2)) == "d2 quadratic/d x d x = [[3, 0], [0, 3]]"
    assert str(derive(logsumexp, "x[2]")) == (
        "d logsumexp/d x = [exp(x[0])/(exp(x[0]) + exp(x[1])), exp(x[1])/(exp(x[0]) + exp(x[1]))]"
    )


def test_text_is_the_same_in_every_process() -> None:
    """Hash randomisation must not show."""
    script = (
        "from test_derive import CASES, derive\n"
        "for case in CASES:\n"
        "    for sizes in ({}, dict(n=2, m=2, d=1)):\n"
        "        if not (sizes and case.order == 2):\n"
        "            print(derive(case.function, *case.described(**sizes)))\n"
        "            print(derive(case.function, *case.described(**sizes)).explain())\n"
    )
    outputs = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        here = str(Path(__file__).parent)
        environment["PYTHONPATH"] = os.pathsep.join([here, *(path for path in sys.path if path)])
        done = subprocess.run(
            [sys.executable, "-c", script],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_latex() -> None:
    formula = derive(logsumexp, "x[n]")
    assert isinstance(formula, Formula)
    assert formula.latex() == (
        r"\frac{\partial \operatorname{logsumexp}}{\partial x_{j}} = "
        r"\frac{e^{x_{j}}}{\sum_{k=0}^{n - 1} e^{x_{k}}}"
    )
    assert formula._repr_latex_() == rf"$\displaystyle {formula.latex()}$"
    both = derive(weighted_softmax, "x[n]", "w[n]")
    assert both.latex().startswith(r"\begin{aligned}\frac{\partial ")
    assert both.latex().count("&=") == 2


# truth


def random_arrays(formula: Formula, sizes: dict[str, int], seed: int) -> list[np.ndarray]:
    """Dyadic numbers as mpmath numbers; what must be positive (eps) is."""
    rng = np.random.default_rng(seed)
    arrays = []
    for part in formula.parameters:
        shape = [sizes[str(size)] if str(size) in sizes else int(size) for size in part.shape]
        numbers = rng.integers(-128, 128, shape) / 64
        numbers = np.abs(numbers) + 0.25 if part.name == "eps" else numbers
        arrays.append(np.frompyfunc(mpmath.mpf, 1, 1)(np.asarray(numbers, dtype=object)))
    return [np.asarray(numbers, dtype=object) for numbers in arrays]


def listed(arrays: Sequence[np.ndarray]) -> list[Any]:
    return [numbers.tolist() if numbers.ndim else numbers[()] for numbers in arrays]


def differences(case: Case, formula: Formula, arrays: list[np.ndarray]) -> np.ndarray:
    """The derivative from values of the plain function alone: central differences."""
    names = [part.name for part in formula.parameters]
    step = mpmath.mpf(10) ** (-20 if case.order == 1 else -15)

    def sloped(which: Sequence[str], at: list[np.ndarray]) -> Any:
        if not which:
            return case.plain(mpmath, *listed(at))
        position = names.index(which[0])
        shape = at[position].shape
        result = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            sides = []
            for sign in (1, -1):
                moved = [numbers.copy() for numbers in at]
                moved[position][index] += sign * step
                sides.append(sloped(which[1:], moved))
            result[index] = (sides[0] - sides[1]) / (2 * step)
        return np.array(result.tolist(), dtype=object)

    return np.asarray(sloped([part.name for part in formula.wrt], arrays))


SIZES = [{"n": 3, "m": 2, "d": 4}, {"n": 1, "m": 1, "d": 1}, {"n": 2, "m": 3, "d": 2}]


@each_case
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_formulas_of_any_size_agree_with_differences_at_60_digits(
    case: Case, sizes: dict[str, int]
) -> None:
    with mpmath.workdps(60):
        for seed, formula in enumerate(case.derived()):
            arrays = random_arrays(formula, sizes, seed)
            values = formula.lambdify("mpmath")(*arrays)
            expected = differences(case, formula, arrays)
            assert values.shape == expected.shape
            for value, close in zip(values.flat, expected.flat, strict=True):
                assert abs(value - close) < mpmath.mpf(10) ** -26 * (1 + abs(close))


def exact_point(case: Case, part: Any, rng: np.random.Generator) -> np.ndarray:
    """Numbers at which the examples stay exact: logarithms of integers where exp is taken."""
    shape = [int(size) for size in part.shape]
    whole = np.asarray(rng.integers(1, 9, shape), dtype=object)
    if part.name in ("x", "q") and case.function is not layer_norm:
        numbers = np.frompyfunc(lambda number: sp.log(sp.Integer(number)), 1, 1)(whole)
    elif part.name == "K":
        numbers = np.frompyfunc(lambda number: sp.Integer(2 * number), 1, 1)(whole)
    else:
        numbers = np.frompyfunc(lambda number: sp.Rational(int(number), 4), 1, 1)(whole)
    return np.asarray(numbers)


@each_case
@pytest.mark.parametrize("sizes", [{"n": 2, "m": 2, "d": 4}, {"n": 3, "m": 1, "d": 1}], ids=str)
def test_formulas_of_fixed_shapes_equal_sympys_derivative(
    case: Case, sizes: dict[str, int]
) -> None:
    rng = np.random.default_rng(7)
    for formula in case.derived(**sizes):
        symbols: list[Any] = []
        for part in formula.parameters:
            base = sp.IndexedBase(part.name, real=True)
            content = np.empty([int(s) for s in part.shape], dtype=object)
            for index in np.ndindex(*content.shape):
                content[index] = base[index] if index else sp.Symbol(part.name, real=True)
            symbols.append(content)
        expanded = case.plain(sp, *listed(symbols))
        point: dict[Any, Any] = {}
        for part, content in zip(formula.parameters, symbols, strict=True):
            point.update(
                zip(content.flat, np.asarray(exact_point(case, part, rng)).flat, strict=True)
            )
        by_name = {p.name: s for p, s in zip(formula.parameters, symbols, strict=True)}
        chosen = [by_name[part.name] for part in formula.wrt]
        values = np.asarray(formula.expression, dtype=object)
        for index in np.ndindex(*values.shape):
            wanted, used = expanded, 0
            for array_of in chosen:
                rank = array_of.ndim
                wanted = sp.diff(wanted, array_of[index[used : used + rank]])
                used += rank
            same(values[index], wanted, point)


def same(first: sp.Expr, second: sp.Expr, point: dict[Any, Any]) -> None:
    """Equal exactly at the point, where logarithms and exponentials cancel."""
    difference = sp.sympify(first).xreplace(point) - sp.sympify(second).xreplace(point)
    if difference != 0:
        difference = sp.radsimp(sp.expand(difference))
    assert difference == 0


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[2], CASES[3]], ids=lambda c: c.name)
def test_short_formulas_equal_sympys_for_all_inputs(case: Case) -> None:
    for formula in case.derived(n=3):
        x = [sp.IndexedBase("x", real=True)[k] for k in range(3)]
        expanded = case.plain(sp, x)
        values = np.asarray(formula.expression, dtype=object)
        for index in np.ndindex(*values.shape):
            wanted = sp.diff(expanded, *(x[k] for k in index))
            assert sp.simplify(values[index] - wanted) == 0


def test_named_parts_put_back_give_the_formula() -> None:
    for case in CASES:
        sizes = {"n": 2, "m": 2, "d": 4}
        for formula in case.derived(**sizes):
            whole = list(np.asarray(formula.expression, dtype=object).flat)
            names = [part.name for part in formula.parameters]
            definitions, shorter = named_parts(whole, [], names)
            for name, value in reversed(definitions):
                shorter = [expression.xreplace({name: value}) for expression in shorter]
            rng = np.random.default_rng(3)
            point = {
                part: sp.Float(rng.uniform(0.5, 2), 40)
                for expression in whole
                for part in sorted(expression.atoms(sp.Indexed, sp.Symbol), key=str)
                if isinstance(part, sp.Indexed) or part.name == "eps"
            }
            for first, second in zip(whole, shorter, strict=True):
                assert abs((first - second).xreplace(point).evalf(30)) < 1e-25


# the call


def test_results_that_are_arrays_are_weighed_by_a_cotangent() -> None:
    formula = derive(softmax, "x[n]")
    assert str(formula) == (
        "d <v, softmax>/d x[j] = (v[j] - Sum(exp(x[k])*v[k], (k, 0, n - 1))/Sum(exp(x[k]), "
        "(k, 0, n - 1)))*exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))"
    )
    named = derive(lambda x: x * x, "x[n]", cotangent="g")
    assert str(named) == "d <g, f>/d x[j] = 2*g[j]*x[j]"
    given = derive(lambda x: x * x, "x[2]", cotangent=[1.0, 0.5])
    assert str(given) == "d <v, f>/d x = [2*x[0], x[1]]"
    with pytest.raises(ValueError, match=r"shape \(3,\) and the function gives \(2,\)"):
        derive(lambda x: x * x, "x[2]", cotangent=[1, 2, 3])
    with pytest.raises(ValueError, match="'x' is not a free name"):
        derive(lambda x: x * x, "x[2]", cotangent="x")


def test_a_name_that_an_argument_bears_is_no_cotangent() -> None:
    assert "<g, f>" in str(derive(lambda v: v * v, "v[n]"))


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        (array("t", "n"), "d f/d t[j] = 2*t[j]"),
        ("t[n]", "d f/d t[j] = 2*t[j]"),
        (("n",), "d f/d x[j] = 2*x[j]"),
        (2, "d f/d x = [2*x[0], 2*x[1]]"),
        ((1, 2), "d f/d x = [[2*x[0, 0], 2*x[0, 1]]]"),
        ("x", "d f/d x = 2*x"),
        ((), "d f/d x = 2*x"),
        ("x[n,2]", "d f/d x[i, j] = 2*x[i, j]"),
        ("x[i]", "d f/d x[j] = 2*x[j]"),
        ("x[j,n]", "d f/d x[h, i] = 2*x[h, i]"),
        ("x[a,b,c]", "d f/d x[h, i, j] = 2*x[h, i, j]"),
        ("x[a,b,c,d,e]", "d f/d x[i1, i2, i3, i4, i5] = 2*x[i1, i2, i3, i4, i5]"),
    ],
)
def test_ways_to_describe_an_argument(argument: Any, text: str) -> None:
    assert str(derive(lambda x: np.sum(x**2), argument)) == text


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        ("x[n", ValueError, "'x[n' describes no array: write 'x', 'x[n]' or 'W[m, 3]'"),
        ("2x[n]", ValueError, "the array name '2x' is not an identifier"),
        ("x[n+1]", ValueError, "the size 'n+1' is neither a number nor a name"),
        (-1, ValueError, "the size -1 is negative: give zero or more"),
        (1.5, TypeError, "1.5 describes no array"),
        ("n[n]", ValueError, "the name 'n' stands for two things"),
    ],
)
def test_wrong_descriptions(argument: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        derive(lambda x: x, argument)
    assert message in str(caught.value)


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="wrt='y' names no argument: have x"):
        derive(quadratic, "x[n]", wrt="y")
    with pytest.raises(ValueError, match="order=0: give 1 for the gradient"):
        derive(quadratic, "x[n]", order=0)
    with pytest.raises(TypeError, match="needs a description of each argument"):
        derive(quadratic)
    with pytest.raises(TypeError, match="the function returned float"):
        derive(lambda x: 1.0, "x[n]")


def test_wrt_selects_and_orders() -> None:
    single = derive(squared_error, "X[m,n]", "y[m]", "w[n]", wrt="w")
    assert isinstance(single, Formula)
    assert single.indices == (sp.Symbol("j", integer=True),)
    several = derive(squared_error, "X[m,n]", "y[m]", "w[n]", wrt=["w", "y"])
    assert isinstance(several, Derivation)
    assert list(several) == ["w", "y"]
    pairs = derive(squared_error, "X[m,n]", "y[m]", "w[n]", wrt=["w", "y"], order=2)
    assert list(pairs) == [("w", "w"), ("w", "y"), ("y", "y")]
    assert str(pairs["w", "y"]) == "d2 squared_error/d w[i] d y[j] = -2*X[j, i]/m"


def test_what_does_not_depend_is_zero() -> None:
    formulas = derive(lambda x, y: np.sum(x), "x[n]", "y[n]")
    assert str(formulas["x"]) == "d f/d x[j] = 1"
    assert str(formulas["y"]) == "d f/d y[j] = 0"
    assert str(derive(lambda x, y: np.sum(x), "x[2]", "y[1]")["y"]) == "d f/d y = [0]"


def test_kinks_stay_visible() -> None:
    formula = derive(lambda x: np.sum(np.maximum(x, 0) ** 2), "x[n]")
    assert str(formula).startswith("d f/d x[j] = Piecewise((2*x[j], ")
    assert formula.evaluate([-1.0, 3.0]).tolist() == [0.0, 6.0]


def test_floats_are_exact_and_shown_as_decimals() -> None:
    formula = derive(lambda x: x * 0.1 + x / 3.5, "x")
    assert formula.expression == sp.Rational(0.1) + sp.Rational(2, 7)
    root = derive(lambda x: np.sum(np.sqrt(x**2 + 1e-05)), "x[n]")
    assert str(root) == "d f/d x[j] = x[j]/sqrt(1e-05 + x[j]**2)"
    assert r"\sqrt{10^{-5} + x_{j}^{2}}" in root.latex()


def test_evaluation_checks_what_it_is_given() -> None:
    formula = derive(squared_error, "X[m,n]", "y[m]", "w[n]", wrt="w")
    assert formula.evaluate([[1.0, 2.0]], [1.0], [3.0, 4.0]).tolist() == [20.0, 40.0]
    with pytest.raises(TypeError, match="1 arrays for 3 parameters: give one for each of X, y, w"):
        formula.evaluate([1.0])
    with pytest.raises(ValueError, match=r"y of shape \(2,\) does not fit its shape \(m,\)"):
        formula.evaluate([[1.0, 2.0]], [1.0, 1.0], [3.0, 4.0])


def test_higher_orders() -> None:
    assert str(derive(lambda x: x**3, "x", order=3)) == "d3 f/d x d x d x = 6"
    third = derive(lambda x: np.sum(x**3), "x[n]", order=3)
    values = third.evaluate([1.0, 2.0])
    assert np.argwhere(values == 6).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert np.sum(values) == 12


def test_no_formula_is_said() -> None:
    with pytest.raises(NoClosedForm, match="has no formula for arrays of any size"):
        derive(lambda x: np.sum(np.sort(x) ** 2), "x[n]")
    with pytest.raises(NoClosedForm, match="its key holds variables"):
        derive(lambda x: np.sum(np.sort(x) ** 2), "x[2]")


def test_more_functions_have_formulas_for_fixed_shapes() -> None:
    largest = derive(np.max, "x[2]")
    assert largest.evaluate([3.0, 1.0]).tolist() == [1.0, 0.0]
    running = derive(lambda x: np.cumsum(x) @ np.array([1.0, 2.0, 4.0]), "x[3]")
    assert running.expression.tolist() == [7, 6, 4]
    power = derive(np.prod, "x[3]")
    assert str(power) == "d prod/d x = [x[1]*x[2], x[0]*x[2], x[0]*x[1]]"
    joined = derive(lambda x, y: np.sum(np.concatenate([x, y]) ** 2), "x[1]", "y[1]")
    assert str(joined["y"]) == "d f/d y = [2*y[0]]"
