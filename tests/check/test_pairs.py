"""What `check` finds in pairs of NumPy functions that are wrong, and what it lets pass."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference.adapters import Adapter, EngineError, NotOffered, Pulled, adapter, names
from reference.checking import EVERYTHING, Pair, Report, assert_gradients, check
from reference.definitions import MissingDefinition

X = np.linspace(-2.0, 2.0, 7)


def exp_pair(rule: Callable[[Any, Any], Any]) -> Pair:
    return Pair(np.exp, rule)


def right(g: Any, x: Any) -> Any:
    return g * np.exp(x)


def one_entry(g: Any, x: Any) -> Any:
    result = g * np.exp(x)
    result.flat[x.size // 2] *= 1.0001
    return result


def bad_half(g: Any, x: Any) -> Any:
    return np.where(x < 0, 0.5, 1.0) * g * np.exp(x)


WRONG = {
    "sign": lambda g, x: -g * np.exp(x),
    "relative 1e-5": lambda g, x: g * np.exp(x) * (1 + 1e-5),
    "factor": lambda g, x: 2 * g * np.exp(x),
    "zero": lambda g, x: np.zeros_like(x),
    "cotangent ignored": lambda g, x: np.exp(x),
    "below zero": bad_half,
    "not finite": lambda g, x: g * np.exp(x) / np.where(x == 0, 0.0, 1.0),
    "missing": lambda g, x: None,
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(name: str, dtype: type) -> None:
    report = check(exp_pair(WRONG[name]), X.astype(dtype), repeats=2)
    assert not report.ok
    assert report.failures
    with pytest.raises(AssertionError, match="NOT correct"):
        assert_gradients(exp_pair(WRONG[name]), X.astype(dtype), repeats=2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_the_right_rule_passes(dtype: type) -> None:
    report = check(exp_pair(right), X.astype(dtype))
    assert report.ok, report.text
    assert report.repeats == 64
    assert set(report.checked) == {"value", "vjp", "layout", "repeat"}


def test_one_wrong_entry_of_a_thousand_is_found_and_named() -> None:
    report = check(exp_pair(one_entry), np.linspace(-1, 1, 1000, dtype=np.float32), what="vjp")
    worst = report.failures[0].worst[0]
    assert worst.position == (500,)
    assert "1 of 1000 entries" in str(report.failures[0].guess)


def test_a_sum_over_a_broadcast_axis_must_not_be_missing() -> None:
    x, y = np.ones((3, 4)), np.linspace(1, 2, 4)
    report = check(Pair(lambda x, y: x * y, lambda g, x, y: (g * y, (g * x)[0])), x, y)
    assert {failure.target for failure in report.failures} == {"the gradient of y"}
    assert check(Pair(lambda x, y: x * y, lambda g, x, y: (g * y, (g * x).sum(0))), x, y).ok


def test_wrong_shapes_and_dtypes_are_faults() -> None:
    def unsummed(g: Any, x: Any, y: Any) -> Any:
        return g * y, g * x

    report = check(Pair(lambda x, y: x * y, unsummed), np.ones((3, 4)), np.ones(4))
    assert any(fault.kind == "wrong shape" for fault in report.faults)
    wide = check(exp_pair(lambda g, x: right(g, x).astype(np.float64)), X.astype(np.float32))
    assert [fault.kind for fault in wide.faults if fault.what == "vjp"] == ["wrong dtype"]


def test_one_call_in_ten() -> None:
    for start in range(10):
        calls = itertools.count(start)

        def sometimes(g: Any, x: Any, calls: Any = calls) -> Any:
            return right(g, x) * (1.001 if next(calls) % 10 == 9 else 1.0)

        report = check(exp_pair(sometimes), X, what="repeat")
        assert [fault.kind for fault in report.faults] == ["non-deterministic"], start


def test_noise_within_rounding_is_noted_only() -> None:
    calls = itertools.count()

    def shaken(g: Any, x: Any) -> Any:
        return right(g, x) * (1 + (next(calls) % 3) * 2.0**-52)

    report = check(exp_pair(shaken), X)
    assert report.ok, report.text
    assert any("non-deterministic" in note for note in report.notes)


def test_changed_arguments_and_cotangents_are_faults() -> None:
    def eats_argument(g: Any, x: Any) -> Any:
        result = right(g, x)
        x += 1
        return result

    def eats_cotangent(g: Any, x: Any) -> Any:
        g *= np.exp(x)
        return g

    given = X.copy()
    for rule in (eats_argument, eats_cotangent):
        report = check(exp_pair(rule), given, what=("vjp", "unmodified"))
        assert "modified" in [fault.kind for fault in report.faults]
    assert (given == X).all()  # the user's own arrays are never handed over


def test_forward_mode_is_held_to_the_same_truth() -> None:
    def swapped(tangents: Any, x: Any) -> Any:
        return tangents[0][::-1] * np.exp(x)

    fine = Pair(np.exp, right, lambda tangents, x: tangents[0] * np.exp(x))
    assert "jvp" in check(fine, X).checked
    relu = Pair(
        lambda x: np.maximum(x, 0.0),
        lambda g, x: g * (x > 0),
        lambda tangents, x: tangents[0] * (x > 0),
    )
    report = check(relu, np.zeros(3))
    assert report.ok, report.text
    twice = Pair(relu.forward, relu.vjp, lambda tangents, x: tangents[0] * (2.0 - (x > 0)))
    assert {f.what for f in check(twice, np.zeros(3)).failures} == {"jvp"}
    assert {f.what for f in check(Pair(np.exp, right, swapped), X).failures} == {"jvp"}


def softmax_pair(scale: float) -> Pair:
    def forward(x: Any) -> Any:
        powers = np.exp(scale * x - np.max(scale * x, axis=-1, keepdims=True))
        return powers / np.sum(powers, axis=-1, keepdims=True)

    def vjp(g: Any, x: Any) -> Any:
        s = forward(x)
        return (scale * s * (g - np.sum(g * s, axis=-1, keepdims=True))).astype(x.dtype)

    return Pair(forward, vjp)


def logsumexp(x: Any) -> Any:
    top = np.max(x)
    return np.log(np.sum(np.exp(x - top))) + top


def layer_norm(x: Any) -> Any:
    centred = x - np.mean(x)
    return centred / np.sqrt(np.mean(centred**2) + 1e-5)


def layer_norm_vjp(g: Any, x: Any) -> Any:
    deviation = np.sqrt(np.mean((x - np.mean(x)) ** 2) + x.dtype.type(1e-5))
    y = (x - np.mean(x)) / deviation
    return (g - np.mean(g) - y * np.mean(g * y)) / deviation


HARD: dict[str, tuple[Pair, Any]] = {
    "sharp softmax": (softmax_pair(8.0), np.array([[1.0, 0.9, -3.0], [0.0, 0.25, 0.5]])),
    "logsumexp": (
        Pair(logsumexp, lambda g, x: g * np.exp(x - logsumexp(x))),
        np.array([10.0, 9.5, -20.0]),
    ),
    "layer norm": (Pair(layer_norm, layer_norm_vjp), np.array([1.0, 2.0, 4.0, -3.0, 0.5])),
    "cancelling sum": (
        Pair(np.sum, lambda g, x: np.broadcast_to(g, x.shape).copy()),
        np.array([1000.0, 1.0, -1000.0]),
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("name", HARD)
def test_right_but_hard_passes(name: str, dtype: type) -> None:
    pair, x = HARD[name]
    report = check(pair, x.astype(dtype), repeats=4)
    assert report.ok, report.text


@pytest.mark.parametrize(("share", "ok"), [(0.0, True), (1.0, True), (0.5, True), (1.5, False)])
def test_relu_at_zero(share: float, ok: bool) -> None:
    def vjp(g: Any, x: Any) -> Any:
        return g * np.where(x > 0, 1.0, np.where(x == 0, share, 0.0))

    pair = Pair(lambda x: np.maximum(x, 0.0), vjp)
    report = check(pair, np.array([-1.0, 0.0, 2.0]), repeats=2)
    assert report.ok is ok, report.text


@pytest.mark.parametrize(
    ("shares", "ok"), [((1.0, 0.0), True), ((0.5, 0.5), True), ((1.0, 1.0), False)]
)
def test_shares_of_a_tie_sum_to_one(shares: tuple[float, float], ok: bool) -> None:
    pair = Pair(np.max, lambda g, x: g * np.array([*shares, 0.0]))
    report = check(pair, np.array([3.0, 3.0, 1.0]), repeats=2)
    assert report.ok is ok, report.text
    if not ok:
        assert "sum to one" in report.text


def test_a_definition_speaks_for_an_opaque_kernel() -> None:
    def opaque(x: Any) -> Any:
        return np.asarray([float(v) ** 2 for v in x])

    fine = Pair(opaque, lambda g, x: 2 * g * x)
    assert check(fine, X, definition=lambda x: x**2).ok
    assert check(fine, X, definition="square").ok
    wrong = check(fine, X, definition=lambda x: x**3)
    assert {failure.what for failure in wrong.failures} >= {"value", "vjp"}
    with pytest.raises(MissingDefinition, match="define"):
        check(Pair(np.spacing, lambda g, x: g), X)


def test_a_report_tells_what_is_needed_to_look_into_it() -> None:
    report = check(exp_pair(lambda g, x: -g * np.exp(x)), np.array([0.1, 0.5]), seed=3)
    assert isinstance(report, Report)
    for part in ("0x1.999999999999ap-4", "returned", "truth", "ULP", "excess", "wrong", "seed 3",
                 "guess", "the sign is wrong", "reproduce", "float.fromhex"):  # fmt: skip
        assert part in report.text
    element = report.failures[0].worst[0]
    assert element.radius < 1e-20
    assert element.verdict == "wrong"
    assert not report


def test_the_threshold_is_scaled_by_a_factor() -> None:
    slack = exp_pair(lambda g, x: right(g, x) * (1 + 2.0**-46))
    assert not check(slack, X, what="vjp").ok
    assert check(slack, X, what="vjp", factor=10).ok


def test_the_seed_decides_the_cotangents() -> None:
    drawn = [check(exp_pair(right), X, what="vjp", seed=seed) for seed in (0, 0, 1)]
    first = [report.comparisons[0].worst[0].truth for report in drawn]
    assert first[0] == first[1] != first[2]


def test_given_cotangents_are_used() -> None:
    report = check(exp_pair(right), X, what="vjp", cotangents=[np.ones(7)])
    assert [comparison.detail for comparison in report.comparisons] == ["given cotangent 0"]


def test_several_outputs() -> None:
    def vjp(g: Any, x: Any) -> Any:
        return g[0] * np.cos(x) + g[1]

    pair = Pair(lambda x: (np.sin(x), np.sum(x)), vjp)
    assert check(pair, X).ok
    half = Pair(pair.forward, lambda g, x: g[0] * np.cos(x))
    assert not check(half, X).ok


def test_what_is_checked_can_be_chosen() -> None:
    report = check(exp_pair(right), X, what="value")
    assert report.checked == ("value",)
    with pytest.raises(ValueError, match="choose from"):
        check(exp_pair(right), X, what="jacobian")
    assert not check(exp_pair(right), X, what="jvp").ok  # asked for by name, and not there
    assert "second" in EVERYTHING


def test_engines_are_known_by_name_or_type() -> None:
    assert "torch" in names()
    with pytest.raises(EngineError, match="did you mean torch"):
        adapter("pytorch")
    with pytest.raises(EngineError, match="give arrays"):
        check(lambda x: x, "text")
    with pytest.raises(TypeError, match="got ndarray of int64; give NumPy arrays of float64"):
        check(exp_pair(right), np.arange(3))


def test_an_adapter_of_ones_own() -> None:
    class Doubler(Adapter):
        """An engine whose only function is 2 x."""

        name = "doubler"
        layouts = False

        def recognises(self, value: Any) -> bool:
            return isinstance(value, np.ndarray)

        def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
            return content.astype(like.dtype)

        def pull(self, f: Any, arrays: Any, wrt: Any, cotangents: Any) -> Pulled:
            return Pulled([f(*arrays)], [[2 * given[0]] for given in cotangents])

    assert check(lambda x: 2 * x, X, engine=Doubler()).ok
    assert not check(lambda x: 3 * x, X, engine=Doubler()).ok
    with pytest.raises(NotOffered):
        Doubler().push(np.sin, [X], [0], [X])


def softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    "definition",
    [
        lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        lambda x: np.exp(x) / np.exp(x).sum(axis=-1).reshape(-1, 1).astype(x.dtype),
        lambda x: x.softmax(-1),
    ],
)
def test_methods_in_a_definition_are_numpys_then_pytorchs(definition: Any) -> None:
    def vjp(g: Any, x: Any) -> Any:
        return softmax(x) * (g - (g * softmax(x)).sum(-1, keepdims=True))

    x = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, 0.25]])
    assert check(Pair(softmax, vjp), x, definition=definition).ok


def test_a_variance_in_a_definition_is_numpys() -> None:
    x = np.array([0.5, -1.0, 2.0])
    pair = Pair(lambda x: x.var(), lambda g, x: g * 2 * (x - x.mean()) / x.size)
    assert check(pair, x, definition=lambda x: x.var()).ok
    assert check(pair, x, definition=lambda x: ((x - x.mean()) ** 2).sum() / x.size).ok
