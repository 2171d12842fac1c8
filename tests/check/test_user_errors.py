"""What a user may do wrong: the error says the fact, the value and what to do instead."""

from __future__ import annotations

import math
import re
import sys
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from reference import check, define
from reference.adapters import NotOffered, Pair, Pulled
from reference.adapters.pair import PairAdapter
from reference.checking import Report
from reference.definitions import MissingDefinition
from reference.engines.engine import EngineError

X = np.array([0.5, 2.0])
SQUARE = Pair(lambda x: x**2, lambda g, x: 2 * g * x)


def doubled(x: Any) -> Any:
    return 2 * x


@pytest.mark.parametrize(
    ("option", "kind", "said"),
    [
        ({"factor": 0}, ValueError, "factor=0: give a number above 0"),
        ({"factor": -1.0}, ValueError, "factor=-1.0: give a number above 0"),
        ({"factor": math.nan}, ValueError, "factor=nan: give a number above 0"),
        ({"factor": math.inf}, ValueError, "factor=inf: give a number above 0"),
        ({"factor": "2"}, TypeError, "factor='2' is str: give a number"),
        ({"factor": True}, TypeError, "factor=True is bool: give a number"),
        ({"seed": -1}, ValueError, "seed=-1: give 0 or more"),
        ({"seed": "a"}, TypeError, "seed='a' is str: give a whole number"),
        ({"repeats": -3}, ValueError, "repeats=-3: give 0 or more"),
        ({"points": -1}, ValueError, "points=-1: give 0 or more"),
        ({"points": 1.5}, TypeError, "points=1.5 is float: give a whole number"),
        ({"cotangents": -1}, ValueError, "cotangents=-1: give 0 or more"),
        ({"cotangents": None}, TypeError, "cotangents=None is NoneType: give how many"),
        ({"cotangents": []}, ValueError, r"cotangents=\[\]: give one at least"),
        ({"cotangents": [np.ones(3)]}, ValueError, r"shape \(3,\), the output \(2,\): give one"),
        ({"engine": 3}, EngineError, "engine=3: give an adapter, or a name"),
        ({"definition": 3}, TypeError, "definition=3: give a function of the same arguments"),
        ({"definition": "sqare"}, MissingDefinition, "did you mean 'square'"),
        ({"definition": lambda x, y: x}, TypeError, r"<lambda>\(x, y\) is called with the 1 arg"),
        ({"definition": lambda x: None}, TypeError, "gave NoneType: return an array of floats"),
        ({"definition": lambda x: "a"}, TypeError, "gave str: return an array of floats"),
    ],
)
def test_options_that_say_nothing(
    option: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        check(SQUARE, X, **option)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "got none; give NumPy arrays"),
        ((2.0,), "got float; give NumPy arrays"),
        (([1.0, 2.0],), "got float, float; give NumPy arrays"),
        ((np.array([1, 2]),), "got ndarray of int64; give NumPy arrays"),
        ((np.array([True]),), "got ndarray of bool; give NumPy arrays"),
        ((None,), "got NoneType; give NumPy arrays"),
        (((v for v in [1.0]),), "got generator; give NumPy arrays"),
    ],
)
def test_arguments_without_a_derivative(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        check(SQUARE, *arguments)


def test_an_argument_that_cannot_be_read_is_named() -> None:
    class Wide(np.ndarray):
        """Floats that no format of the oracle holds."""

        dtype = "float128"  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"the argument x .* cannot be read as exact"):
        check(SQUARE, np.array([np.nan], np.longdouble).view(Wide))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda x: None, "returned NoneType"),
        (lambda x: "a", "returned str"),
        (lambda x: (), r"returned nothing: \(\)"),
        (np.argmax, "returned int64"),
        (lambda x: x > 1, "returned ndarray of bool"),
        (lambda x: (v for v in x), "returned generator"),
    ],
)
def test_outputs_without_a_derivative(result: Any, said: str) -> None:
    with pytest.raises(TypeError, match=f"{said}, which has no derivative: return an array"):
        check(Pair(result, lambda g, x: g), X)


def test_outputs_beside_floats_are_left_out() -> None:
    seen = []

    def vjp(cotangents: Any, x: Any) -> Any:
        of_sum, of_place, *_ = cotangents
        seen.append(of_place)
        return of_sum * np.ones_like(x)

    pair = Pair(lambda x: (np.sum(x), np.argmax(x), None), vjp)
    report = check(pair, X)
    assert report.ok, report.text
    assert [note for note in report.notes if "left out" in note] == [
        "output 1 is int64, which has no derivative: left out",
        "output 2 is NoneType, which has no derivative: left out",
    ]
    assert not any(seen)
    assert not check(Pair(pair.forward, lambda g, x: 2 * g[0] * np.ones_like(x)), X).ok


def test_a_jvp_beside_integers() -> None:
    pair = Pair(
        lambda x: (np.sum(x), np.argmax(x)),
        lambda g, x: g[0] * np.ones_like(x),
        lambda u, x: (np.sum(u[0]), 0),
    )
    assert "jvp" in check(pair, X).checked
    assert check(pair, X).ok


@pytest.mark.parametrize(
    ("vjp", "said"),
    [
        (lambda g, x: "a", "the gradient of x is str, not an array of floats"),
        (lambda g, x: 2j * g * x, "the gradient of x is complex"),
        (lambda g, x: (2 * g * x)[:1], r"the gradient of x has shape \(1,\)"),
        (lambda g, x: 1 / 0, "ZeroDivisionError"),
        (lambda g: g, "TypeError"),
    ],
)
def test_what_a_vjp_may_give_is_a_fault_not_an_error(vjp: Any, said: str) -> None:
    report = check(Pair(lambda x: x**2, vjp), X)
    assert not report.ok
    assert any(fault.what == "vjp" for fault in report.faults)
    assert re.search(said, report.text), report.text


def test_a_nest_with_other_keys() -> None:
    pair = Pair(lambda p: p["a"] ** 2, lambda g, p: {"b": 2 * g * p["a"]})
    report = check(pair, {"a": X})
    assert "vjp gave the keys ['b'] for an argument with the keys ['a']" in report.text


def test_a_shape_that_changes_between_runs() -> None:
    runs = []

    def varying(x: Any) -> Any:
        runs.append(x)
        return x * 1 if len(runs) < 3 else (x * 1)[:1]

    report = check(Pair(varying, lambda g, x: g * np.ones(2)), X)
    assert [fault.kind for fault in report.faults] == ["wrong shape"]
    assert "where an earlier run had [(2,)]" in report.text


def test_an_engine_that_offers_no_gradient_is_not_correct() -> None:
    class Refuses(PairAdapter):
        """An engine that has values alone."""

        name = "refuses"

        def pull(self, f: Any, arrays: Any, wrt: Any, cotangents: Any) -> Pulled:
            raise NotOffered("not today")

    report = check(SQUARE, X, engine=Refuses())
    assert not report.ok
    assert ("vjp", "missing") in {(fault.what, fault.kind) for fault in report.faults}


def test_what_is_no_function() -> None:
    with pytest.raises(TypeError, match="f is int: give a function"):
        check(3, X)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Pair: vjp is NoneType: give a function"):
        Pair(np.sin, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="give the operation's name and a function"):
        define(3, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: np.array([float(v) for v in x]),
        lambda x: np.array(x.tolist()),
        lambda x: x * x[0].item(),
        lambda x: np.array(math.sin(x[0])),
    ],
)
def test_a_derivative_that_would_be_lost_is_no_zero(forward: Any) -> None:
    with pytest.raises(NotOffered, match=r"makes a Python number .* give its mathematics as"):
        check(Pair(forward, lambda g, x: g), X)


def test_whole_numbers_and_text_of_arguments_are_no_matter() -> None:
    def forward(x: Any) -> Any:
        shown = f"{x[0]:.3f} {x}"
        return x * int(x[1]) if shown else x

    assert check(Pair(forward, lambda g, x: 2 * g), X).ok


def test_writing_in_numpys_ways() -> None:
    def forward(x: Any) -> Any:
        y = x.copy()
        y[0] = 3.0
        y += 1
        return y * y

    def vjp(g: Any, x: Any) -> Any:
        return g * np.array([0.0, 2 * (x[1] + 1)])

    assert check(Pair(forward, vjp), X).ok


def test_a_function_that_writes_into_its_argument_is_told() -> None:
    def forward(x: Any) -> Any:
        x += 1
        return x * 1

    x = X.copy()
    report = check(Pair(forward, lambda g, x: g), x)
    assert [fault.kind for fault in report.faults] == ["modified"]
    assert np.array_equal(x, X)


def test_a_nan_among_the_arguments_is_said() -> None:
    report = check(SQUARE, np.array([1.0, np.nan]))
    assert "x holds 1 NaN, the first at [1]" in report.text


def test_control_characters_in_a_name_reach_no_terminal() -> None:
    pair = Pair(lambda x: x * 2, lambda g, x: g)
    pair.forward.__name__ = "\x1b[31mred\u202e"
    report = check(pair, X)
    assert "\\x1b[31mred\\u202e" in report.summary()
    assert report.text.replace("\n", "").isprintable()
    assert repr(report) == f"<Report: {report.summary()}>"


@dataclass
class Parameters:
    """A nested argument."""

    w: np.ndarray
    scale: float = 2.0


def _module(monkeypatch: pytest.MonkeyPatch, **held: Any) -> None:
    """A module of the user's with these functions."""
    module = types.ModuleType("user_module")
    for name, value in held.items():
        named = value.forward if isinstance(value, Pair) else value
        named.__module__ = "user_module"
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "user_module", module)


def repeated(report: Report) -> Report:
    """What the lines of a report give when they are run."""
    names: dict[str, Any] = {}
    *lines, call = report.source
    exec("\n".join([*lines, f"found = {call}"]), names)  # what a user would paste
    found = names["found"]
    assert isinstance(found, Report)
    return found


def test_the_lines_of_a_report_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(x: Any, n: Any, p: Any) -> Any:
        return x[n] * p.w.sum() * p.scale

    def vjp(g: Any, x: Any, n: Any, p: Any) -> Any:
        at = np.zeros_like(x)
        at[n] = -g * p.w.sum() * p.scale
        return at, None, Parameters(g * x[n] * p.scale * np.ones_like(p.w))

    Parameters.__module__ = "user_module"
    _module(monkeypatch, product=Pair(forward, vjp), Parameters=Parameters)
    long = np.linspace(0, 1, 40, dtype=np.float32) / 3
    report = check(
        sys.modules["user_module"].product, long, 3, Parameters(np.float32([0.1, 0.7])),
        what="vjp", seed=5, factor=2.0, repeats=10,
    )  # fmt: skip
    assert not report.ok
    again = repeated(report)
    assert (again.summary(), again.arguments) == (report.summary(), report.arguments)
    assert [c.text for c in again.failures] == [c.text for c in report.failures]
    assert again.source == report.source


def test_a_function_that_cannot_be_imported_is_described() -> None:
    report = check(Pair(lambda x: x * 2, lambda g, x: g), X, definition=doubled)
    place = [line for line in report.source if line.startswith("# ")]
    assert place[0].startswith("# f: the pair of <lambda> in test_user_errors.py, line ")
    assert report.source[-1].startswith("check(f, x, definition=")


def test_a_report_that_is_right_needs_no_lines() -> None:
    assert check(SQUARE, X).source == ()


@pytest.mark.parametrize("cotangent", [0, 1])
def test_a_single_entry_of_a_cotangent_does_not_hide_the_guess(cotangent: int) -> None:
    one = np.zeros(2)
    one[cotangent] = 1.0
    wrong = Pair(np.sin, lambda g, x: -g * np.cos(x))
    report = check(wrong, X, what="vjp", cotangents=[one])
    assert report.failures[0].guess == "the sign is wrong"
