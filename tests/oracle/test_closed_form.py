"""Closed forms: every node kind as SymPy expressions, for fixed and for symbolic sizes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.differentiate import vjp
from reference.domains import closed_form
from reference.domains.closed_form import NoClosedForm, element, evaluate
from reference.graph import Constant, Contract, Input, Map, Node, Put, Stop, Take, argument
from reference.simplify_sums import Simplifier, cancelled, weight

N, M = (sp.Symbol(name, integer=True, positive=True) for name in "nm")
J, K, L, ROW = (sp.Symbol(name, integer=True) for name in "jkli")
X = sp.IndexedBase("x", real=True)
W = sp.IndexedBase("W", real=True)


def gradient(output: Node, *variables: Input, seed: Node | None = None) -> list[Node | None]:
    return vjp([output], list(variables), [Constant(1) if seed is None else seed])


def only(nodes: list[Node | None]) -> Node:
    assert nodes[0] is not None
    return nodes[0]


# numbers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, sp.Rational(3602879701896397, 36028797018963968)),
        (np.float32(0.1), sp.Rational(13421773, 134217728)),
        (Fraction(1, 10), sp.Rational(1, 10)),
        (np.int64(-3), sp.Integer(-3)),
        (True, sp.Integer(1)),
        (float("inf"), sp.oo),
        (sp.sqrt(2), sp.sqrt(2)),
    ],
)
def test_a_number_means_exactly_what_it_holds(value: Any, expected: sp.Expr) -> None:
    assert closed_form.exact_number(value) == expected


def test_text_is_not_a_number() -> None:
    with pytest.raises(TypeError, match=r"'1' of type str is not an exact number"):
        closed_form.exact_number("1")


# fixed shapes


def test_inputs_stand_for_their_elements_or_their_values() -> None:
    free, held = Input("x", (2, 1)), Input("y", (2,), np.array([0.5, 2.0]))
    values = evaluate([free, held])
    assert values[0].tolist() == [[X[0, 0]], [X[1, 0]]]
    assert values[1].tolist() == [sp.Rational(1, 2), 2]
    assert evaluate([held], {held: np.array([3, 4])})[0].tolist() == [3, 4]


def test_map_broadcasts() -> None:
    x, y = Input("x", (2, 1)), Input("y", (3,))
    value = evaluate([Map(argument(0) * argument(1), [x, y])])[0]
    assert value.shape == (2, 3)
    assert value[1, 2] == X[1, 0] * sp.IndexedBase("y", real=True)[2]


@pytest.mark.parametrize(
    ("labels", "output", "text"),
    [
        ([(0, 1), (1, 2)], (0, 2), "ij,jk->ik"),
        ([(0, 1), (1, 2)], (2, 0), "ij,jk->ki"),
        ([(0, 1), (1, 2)], (), "ij,jk->"),
        ([(0, 1), (1, 2)], (1,), "ij,jk->j"),
    ],
)
def test_contract_is_einsum(labels: Any, output: tuple[int, ...], text: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 9, (2, 3)), rng.integers(-9, 9, (3, 4))
    node = Contract([Constant(a), Constant(b)], labels, output, {0: 2, 1: 3, 2: 4})
    assert (evaluate([node])[0] == np.einsum(text, a, b)).all()


def test_contract_repeats_along_new_labels() -> None:
    node = Contract([Constant(np.array([1, 2]))], [(1,)], (0, 1), {0: 2, 1: 2})
    assert evaluate([node])[0].tolist() == [[1, 2], [1, 2]]


def test_empty_axes_sum_to_zero() -> None:
    node = Contract([Input("x", (0, 2))], [(0, 1)], (1,), {0: 0, 1: 2})
    assert evaluate([node])[0].tolist() == [0, 0]


def test_take_and_put_with_gaps_and_repeats() -> None:
    index = build.take(Input("x", (3,)), np.array([2, -1, 2, 0])).index  # type: ignore[attr-defined]
    x, g = Input("x", (3,)), Input("g", (4,))
    assert evaluate([Take(x, index)])[0].tolist() == [X[2], 0, X[2], X[0]]
    G = sp.IndexedBase("g", real=True)
    assert evaluate([Put(g, index)])[0].tolist() == [G[3], 0, G[0] + G[2]]


def test_sorting_needs_numbers() -> None:
    x = Input("x", (3,))
    node = build.sort(x)
    assert evaluate([node], {x: np.array([2.5, -1.0, 0.0])})[0].tolist() == [
        -1,
        0,
        sp.Rational(5, 2),
    ]
    with pytest.raises(NoClosedForm, match="its key holds variables"):
        evaluate([node])


def test_linear_equations_are_solved() -> None:
    a = Input("a", (2, 2), np.array([[2, 1], [1, 3]]))
    b = Input("b", (2,), np.array([1, 2]))
    x = build.solve_linear(a, b)
    assert evaluate([x])[0].tolist() == [sp.Rational(1, 5), sp.Rational(3, 5)]
    slope = only(gradient(build.sum(x), b))
    assert evaluate([slope])[0].tolist() == [sp.Rational(2, 5), sp.Rational(1, 5)]


def test_stop_passes_its_value_and_no_derivative() -> None:
    x = Input("x", ())
    stopped = Stop(build.multiply(x, x))
    assert evaluate([stopped])[0][()] == sp.Symbol("x", real=True) ** 2
    assert gradient(stopped, x) == [None]


def test_symbolic_sizes_are_refused_by_evaluate() -> None:
    with pytest.raises(NoClosedForm, match=r"shape \(n,\) has a symbolic size"):
        evaluate([Input("x", (N,))])


def test_conditions_are_kept() -> None:
    x = Input("x", (1,))
    value = evaluate([build.maximum(x, 0)])[0][0]
    assert isinstance(value, sp.Piecewise)
    assert value.subs(X[0], -2) == 0
    assert value.subs(X[0], 3) == 3


# index notation


def test_elements_in_index_notation() -> None:
    x = Input("x", (N,))
    assert str(element(x, [J])) == "x[j]"
    assert str(element(build.sum(x), [])) == "Sum(x[k], (k, 0, n - 1))"
    assert str(element(build.mean(build.multiply(3, x)), [])) == "3*Sum(x[k], (k, 0, n - 1))/n"
    with pytest.raises(IndexError, match="2 indices for shape"):
        element(x, [ROW, J])


def test_bound_indices_avoid_names_in_use() -> None:
    x = Input("k", (N,))
    assert str(element(build.sum(x), [])) == "Sum(k[l], (l, 0, n - 1))"
    y = Input("x", (N, N))
    assert str(element(build.sum(y, 1), [K])) == "Sum(x[k, l], (l, 0, n - 1))"


def test_equal_sums_are_one_object() -> None:
    x = Input("x", (N,))
    twice = build.add(build.sum(x), build.sum(build.getitem(x, (slice(None),))))
    assert str(element(twice, [])) == "2*Sum(x[k], (k, 0, n - 1))"


def test_matrix_product() -> None:
    w, x = Input("W", (M, N)), Input("x", (N,))
    assert str(element(build.matmul(w, x), [ROW])) == "Sum(W[i, k]*x[k], (k, 0, n - 1))"
    nested = build.sum(build.matmul(w, x))
    assert element(nested, []) == sp.Sum(W[K, L] * X[L], (K, 0, M - 1), (L, 0, N - 1))


def test_a_delta_picks_its_term() -> None:
    simplifier = Simplifier(["x", "n", "j"])
    k = simplifier.fresh(N)
    j = simplifier.index("j", N)
    assert simplifier.sum(sp.KroneckerDelta(j, k) * X[k], [k]) == X[j]
    assert simplifier.sum((sp.KroneckerDelta(j, k) - X[k]) * 2, [k]) == 2 - 2 * sp.Sum(
        X[sp.Symbol("k", integer=True)], (sp.Symbol("k", integer=True), 0, N - 1)
    )


def test_a_delta_out_of_range_picks_nothing() -> None:
    simplifier = Simplifier(["x", "n", "j"])
    k, j = simplifier.fresh(N), simplifier.index("j", N)
    assert simplifier.sum(sp.KroneckerDelta(j + N, k) * X[k], [k]) == 0
    shifted = simplifier.sum(sp.KroneckerDelta(j - 1, k) * X[k], [k])
    assert shifted == sp.Piecewise((X[j - 1], j >= 1), (0, True))


def test_sums_of_constants_and_of_independent_factors() -> None:
    simplifier = Simplifier(["x", "n", "m"])
    k, p = simplifier.fresh(N), simplifier.fresh(M)
    total = sp.Sum(X[K], (K, 0, N - 1))
    assert simplifier.sum(sp.Integer(3), [k]) == 3 * N
    assert simplifier.sum(X[k], [k, p]) == M * total
    assert simplifier.sum(sp.exp(X[k] + X[p]), [k, p]) == sp.Sum(
        sp.exp(X[K]), (K, 0, N - 1)
    ) * sp.Sum(sp.exp(X[K]), (K, 0, M - 1))


def test_deviations_from_the_mean_sum_to_zero() -> None:
    x = Input("x", (N,))
    centred = build.subtract(x, build.mean(x))
    assert element(build.sum(centred), []) == 0


def test_a_shift_cancels_in_softmax() -> None:
    x, s = Input("x", (N,)), Input("s", ())
    weights = build.elementwise(sp.exp, build.subtract(x, s))
    softmax = build.divide(weights, build.sum(weights))
    assert str(element(softmax, [J])) == "exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))"


def test_slices_and_their_transposes() -> None:
    x = Input("x", (N,))
    assert str(element(build.flip(x, 0), [J])) == "x[-j + n - 1]"
    rest = build.getitem(x, (slice(1, None),))
    assert str(element(rest, [J])) == "x[j + 1]"
    back = only(vjp([rest], [x], [Input("g", rest.shape)]))
    # SymPy's relations only, no particular spelling: compare at concrete places.
    value = element(back, [J])
    G = sp.IndexedBase("g", real=True)
    assert value.subs({J: 0, N: 4}) == 0
    assert value.subs({J: 3, N: 4}) == G[2]


def test_constant_tables_in_index_notation() -> None:
    x = Input("x", (N, 3))
    weighted = build.sum(build.multiply(x, np.array([1.0, 2.0, 4.0])), 1)
    assert element(weighted, [J]) == X[J, 0] + 2 * X[J, 1] + 4 * X[J, 2]


def test_no_formula_for_solve_of_any_size() -> None:
    x = Input("x", (N,))
    unknown = build.root(build.subtract, 1, [build.sum(x)])
    with pytest.raises(NoClosedForm, match="a Solve node of shape"):
        element(unknown, [0])


def test_a_diamond_chain_stays_linear() -> None:
    x = Input("x", (N, N))
    node: Node = x
    for _ in range(12):  # 2**12 paths
        node = build.multiply(Fraction(1, 2), build.add(node, build.permute(node, (1, 0))))
    value = element(build.sum(node), [])
    assert value == sp.Sum(X[K, L], (K, 0, N - 1), (L, 0, N - 1))


# light passes


def test_cancelled_prefers_the_lighter_form() -> None:
    x, y = sp.symbols("x y")
    assert cancelled((x**2 - y**2) / (x - y)) == x + y
    assert cancelled(sp.exp(x) * y / sp.exp(x)) == y
    assert weight(x) < weight(x + y) < weight(sp.Sum(x, (y, 0, 1)))


def test_branches_know_their_conditions() -> None:
    x = sp.Symbol("x", real=True)
    inner = sp.Piecewise((x, x > 0), (sp.Integer(0), True))
    outer = sp.Piecewise((2 * inner, x > 0), (inner + 1, True))
    assert Simplifier().tidy(outer) == sp.Piecewise((2 * x, x > 0), (1, True))


def test_what_is_masked_stays_masked() -> None:
    x = Input("x", (2,))
    safe = build.where(build.greater(x, 0), build.elementwise(sp.log, x), 0)
    slope = only(gradient(build.sum(safe), x))
    simplifier = Simplifier(["x"])
    values = [simplifier.tidy(value) for value in evaluate([slope])[0]]
    assert values[0].subs(X[0], 0) == 0
    assert values[1].subs(X[1], 4) == sp.Rational(1, 4)


def test_constants_leave_a_sum_of_cases() -> None:
    simplifier = Simplifier(["x", "n", "y"])
    k, y = simplifier.fresh(N), sp.Symbol("y", real=True)
    cases = sp.Piecewise((y * X[k], X[k] > 0), (0, True))
    total = sp.Sum(sp.Piecewise((X[K], X[K] > 0), (0, True)), (K, 0, N - 1))
    assert simplifier.sum(cases, [k]) == y * total
