"""Asking for proofs: names, arguments, shapes, executors, and what is said on the way."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from autodiff.ops.pointwise import EXP
from autodiff.primitive import pointwise, primitive
from reference import build
from reference.engines.autodiff_rules import RuleView
from reference.graph import Input, Node
from reference.prove import METHODS, Proof, places, prove, prove_all, table
from reference.prove.compare import compare
from reference.prove.proof import weakest
from reference.prove.statement import Case, Statement, missing_statement, named

EVERYWHERE = np.random.default_rng


def outcome(rule, definition, *shapes, **params):  # type: ignore[no-untyped-def]
    row = RuleView("test.ROW", pointwise("row", "Row", lambda x: x, (rule,), inputs=("x",)))
    statement = Statement("test.ROW", definition, (Case(shapes, params),))
    return compare(row, statement, statement.cases[0], 0, EVERYWHERE(0))


def test_by_name_by_place_and_by_row() -> None:
    found = prove("exp"), prove("pointwise.EXP", "x"), prove(EXP)
    assert {(p.operation, p.argument, p.method) for p in found} == {
        ("pointwise.EXP", "x", "identical")
    }


def test_all_arguments_together_and_kernels() -> None:
    assert prove("pointwise.MUL").argument == "x, y"
    assert prove("mul", "value").ok
    assert [p.argument for p in prove_all("pointwise.MUL", values=False)] == ["x", "y"]
    assert prove("add").operation == "pointwise.ADD, pointwise.ADD_SCALED"


def test_other_shapes() -> None:
    assert prove("softmax", shapes=[(4,)]).shapes == ("4, dim=0",)
    assert prove("mm", shapes=[(3, 2), (2, 4)]).ok
    with pytest.raises(ValueError, match="is stated for"):
        prove("mm", shapes=[(3,), (3,)])


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="places"):
        prove("no_such_operation")
    with pytest.raises(ValueError, match="has no argument 'z' with a rule: x, y"):
        prove("pointwise.MUL", "z")
    assert prove_all("no_such_operation") == []


def test_where_proofs_run_makes_no_difference() -> None:
    def without_time(proofs: list[Proof]) -> list[Proof]:
        return [replace(proof, seconds=0.0) for proof in proofs]

    alone = prove_all("pointwise.S*N*")
    with ThreadPoolExecutor(1) as executor:
        assert without_time(prove_all("pointwise.S*N*", executor)) == without_time(alone)
    assert len(alone) > 4


def test_every_rule_has_a_place_of_its_own() -> None:
    assert len(places()) == len(set(places())) > 100
    assert places("softmax") == ("softmax.SOFTMAX",)


def test_a_rule_linear_in_the_wrong_way_is_refuted() -> None:
    cube = lambda x: named("pow")(x, 3)  # noqa: E731
    assert outcome(lambda g, x: g * (3 * x * x), cube, (2,)).method == "identical"
    assert outcome(lambda g, x: 3 * g * (x + 1) * x - 3 * g * x, cube, ()).method == "simplified"
    for wrong in (
        lambda g, x: g * g * (3 * x * x),
        lambda g, x: g * (3 * x * x) + 1,
        lambda xp, g, x: xp.where(g > 0, g * (3 * x * x), 0),
        lambda xp, g, x: xp.where(x > 2, g, g * (3 * x * x)),
        lambda g, x: (g * (3 * x * x))[:1],
        lambda g, x: g * (3 * x.detach() * x),
    ):
        found = outcome(wrong, cube, (2,))
        assert found.method == "refuted", found


def test_what_sympy_cannot_decide_is_evaluated_at_points() -> None:
    """x (atan x + atan 1/x) is x π/2 for positive x."""

    def define(x: Input) -> Node:
        return build.elementwise(lambda a: a * (sp.atan(a) + sp.atan(1 / a)), x)

    row = RuleView("test.ROW", pointwise("row", "Row", abs, (lambda g: g * (math.pi / 2),)))
    case = Case(((),), domain={0: (0.0, math.inf)})
    found = compare(row, Statement("test.ROW", define, (case,)), case, 0, EVERYWHERE(0))
    assert found.method == "evaluated at 40 points"
    assert found.meanings == {math.pi / 2: sp.pi / 2}
    assert weakest([found.method, "simplified"]) == found.method


def test_a_row_without_a_statement() -> None:
    view = RuleView("new.EXP", EXP)
    assert missing_statement(view).cases[0].shapes == ((),)
    other = primitive("sum", "Sum", lambda xp, x: xp.sum(x), (lambda g, x_shape: g,))
    with pytest.raises(LookupError, match="which definition it is held to"):
        missing_statement(RuleView("new.SUM", other))


def test_the_weakest_method_stands_for_all() -> None:
    assert weakest(["identical", "refuted", "simplified"]) == "refuted"
    assert weakest([]) == "not proved"
    assert [Proof("", "", method, (), "", 0.0).ok for method in METHODS] == [True] * 5 + [
        False
    ] * 2


def test_table_groups_arguments() -> None:
    made = table(prove_all("pointwise.MUL"))
    assert made.count("\n") == 2
    assert "| `pointwise.MUL` | x, y, value | identical |" in made


def test_transposed_definitions_need_a_shape_or_a_point() -> None:
    assert prove("indexing.PUT").ok
