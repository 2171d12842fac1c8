"""The documented scenarios hold, and their verdicts can say otherwise."""

import contextlib
import dataclasses
import math
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autodiff
import reference
from reference import engines, report
from reference.engines import Engine, EngineError
from reference.scenarios import (
    SCENARIOS,
    Observation,
    Outcome,
    Raised,
    Result,
    Scenario,
    ScenarioError,
    choose,
    run,
)
from reference.scenarios.judge import judge, snapshot
from reference.scenarios.scenario import plain, raised, see

ORACLE = engines.load("reference")
AUTODIFF = engines.load("autodiff")
PLAIN = report.Style()

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)


def planted(base: Any = autodiff, **changes: Any) -> Engine:
    """An engine like `base`, but for some of its names."""
    return Engine("broken", "0", types.SimpleNamespace(**{**vars(base), **changes}))


def hooked(change: Callable[[Any, Any], Any], base: Any = autodiff) -> Engine:
    """An engine whose leaves' gradients go through `change(gradient, leaf)`."""

    def made_by(factory: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            leaf = factory(*args, **kwargs)
            if leaf.requires_grad:
                leaf.register_hook(lambda gradient: change(gradient, leaf))
            return leaf

        return make

    return planted(base, ones=made_by(base.ones), tensor=made_by(base.tensor))


def outcome_of(engine: Engine, identifier: str, oracle: Engine = ORACLE) -> Outcome:
    (result,) = run(choose([identifier]), [engine], oracle)
    return result.outcomes[0]


def complaints_of(outcome: Outcome) -> list[tuple[str, str]]:
    return [(judged.name, c.what) for judged in outcome.seen for c in judged.complaints]


# What holds


def test_all_documented_scenarios_are_there_in_order() -> None:
    expected = [f"S{number}" for number in range(1, 16)]
    expected.insert(6, "S6b")
    assert [scenario.id for scenario in SCENARIOS] == expected


@each_scenario
@pytest.mark.parametrize("engine", [AUTODIFF, ORACLE], ids=lambda engine: engine.name)
def test_holds(scenario: Scenario, engine: Engine) -> None:
    (result,) = run([scenario], [engine], ORACLE)
    assert result.holds, report.scenario_text(result, PLAIN)
    assert all(outcome.seen for outcome in result.outcomes)


def test_holds_when_run_again_in_the_same_process() -> None:
    for _ in range(2):
        assert all(result.holds for result in run(SCENARIOS, [AUTODIFF], ORACLE))


EXACT = {
    ("S5", "x.grad"): [[Fraction(9, 2)] * 2] * 2,
    ("S6", "x.grad"): [[Fraction(11, 2)] * 2] * 2,
    ("S6", "x.grad, from zero"): [[1, 1], [1, 1]],
    ("S6b", "x.grad"): [[2, 2], [2, 2]],
    ("S6b", "x.grad, from zero"): [[1, 1], [1, 1]],
    ("S8", "x.grad"): [2 * Fraction(float(np.float32(d))) for d in (1, 0.1, 0.01, 0.001)],
    ("S10", "x.grad"): 2,
    ("S12", "x.grad"): [2],
    ("S13", "x.grad"): [2, 3],
    ("S15", "x.grad"): [3, Fraction(1, 2)],
}


@pytest.mark.parametrize(("place", "expected"), EXACT.items(), ids=map(" ".join, EXACT))
def test_exact_values(place: tuple[str, str], expected: Any) -> None:
    outcome = outcome_of(AUTODIFF, place[0])
    (judged,) = [judged for judged in outcome.seen if judged.name == place[1]]
    assert judged.exact is not None
    assert judged.exact.tolist() == np.array(expected, dtype=object).tolist()
    assert judged.error == 0


def test_s8_with_decimals_given_exactly() -> None:
    x = reference.tensor([1, 2], dtype=reference.float32, requires_grad=True)
    (2 * x).backward(reference.tensor([Fraction(1, 10), Fraction(1, 100)]))
    assert x.grad is not None
    assert [str(value) for value in x.grad.exact.tolist()] == ["1/5", "1/50"]


# What is in a scenario


@each_scenario
def test_scenario_is_well_formed(scenario: Scenario) -> None:
    seen = list(scenario.program(reference))
    names = [observation.name for observation in seen]
    assert len(set(names)) == len(names)
    assert all(observation.texts for observation in seen), "each has a documented text"
    assert all(len(name) <= 20 for name in names), "names fit their column"
    assert max(len(line) for line in scenario.steps.splitlines()) <= 98


@each_scenario
def test_every_observation_can_fail(scenario: Scenario) -> None:
    """Another text, and numbers one float32 further, are complained about wherever they are."""
    for observation in scenario.program(reference):
        seen = snapshot(observation)
        assert judge(seen, seen.truth).holds
        other_text = dataclasses.replace(seen, shown=seen.shown + " ")
        assert [c.what for c in judge(other_text, seen.truth).complaints] == ["text"]
        if seen.numbers is None:
            assert seen.truth is None
            continue
        further = np.nextafter(seen.numbers.values.astype(np.float32), np.float32(np.inf))
        for place in np.ndindex(further.shape):
            values = seen.numbers.values.copy()
            values[place] = further[place]
            moved = dataclasses.replace(
                seen, numbers=dataclasses.replace(seen.numbers, values=values)
            )
            judged = judge(moved, seen.truth)
            assert [c.what for c in judged.complaints] == ["numbers"]
            assert judged.error is not None
            assert judged.error >= 1


# Engines with a mistake planted


class Attribute:
    """Stands before a tensor and answers one attribute otherwise."""

    def __init__(self, tensor: Any, name: str, value: Any) -> None:
        self._tensor, self._name, self._value = tensor, name, value

    def __getattr__(self, name: str) -> Any:
        return self._value if name == self._name else getattr(self._tensor, name)

    def __str__(self) -> str:
        return str(self._tensor)


def silent(*args: Any, **kwargs: Any) -> Any:
    raise TypeError("this engine has no random numbers")


class FunctionDeaf(autodiff.autograd.Function):
    """Does not ask the backward of its subclasses."""

    def __init_subclass__(cls) -> None:
        type.__setattr__(cls, "backward", staticmethod(lambda ctx, g: g))
        super().__init_subclass__()


class FunctionNameless(autodiff.autograd.Function):
    """Forgets the names of its subclasses."""

    def __init_subclass__(cls) -> None:
        cls.__name__ = "Function"
        super().__init_subclass__()


def with_detach(base: Callable[..., Any], detach: Callable[[Any], Any]) -> Callable[..., Any]:
    class Leaf(Attribute):
        def __mul__(self, other: Any) -> Any:
            return self._tensor * other

    def make(*args: Any, **kwargs: Any) -> Any:
        leaf = base(*args, **kwargs)
        return Leaf(leaf, "detach", lambda: detach(leaf))

    return make


SCALED = hooked(lambda g, leaf: g * (1 + 1e-6))
PLANTED: dict[str, tuple[Engine, str, list[tuple[str, str]]]] = {
    "a relative error of 1e-6, which four decimals do not show": (
        SCALED,
        "S5",
        [("x.grad", "numbers"), ("x.grad, given 1.", "numbers")],
    ),
    "the same in small numbers": (SCALED, "S8", [("x.grad", "numbers")]),
    "a wrong sign": (
        hooked(lambda g, leaf: -g),
        "S10",
        [("x.grad", "text"), ("x.grad", "numbers")],
    ),
    "gradients that are not finite": (
        hooked(lambda g, leaf: g * math.nan),
        "S12",
        [("x.grad", "text"), ("x.grad", "numbers")],
    ),
    "S12 gives 200": (
        hooked(lambda g, leaf: g * leaf.detach()),
        "S12",
        [("x.grad", "text"), ("x.grad", "numbers")],
    ),
    "another format": (
        planted(ones=lambda *size, **named: autodiff.ones(*size, dtype=autodiff.float64, **named)),
        "S1",
        [("x", "text"), ("x", "dtype")],
    ),
    "another shape": (
        planted(ones=lambda *size, **named: autodiff.ones(1, **named)),
        "S1",
        [("x", "text"), ("x", "shape")],
    ),
    "no text of one's own": (
        planted(ones=lambda *size, **named: Attribute(autodiff.ones(*size), "grad_fn", 1)),
        "S1",
        [("x", "text"), ("x.grad_fn", "text")],
    ),
    "no_grad records": (
        planted(no_grad=contextlib.nullcontext),
        "S10",
        [("y2", "text"), ("y2.requires_grad", "text"), ("x.grad", "text"), ("x.grad", "numbers")],
    ),
    "detach copies": (
        planted(tensor=with_detach(autodiff.tensor, lambda leaf: leaf.detach().clone())),
        "S13",
        [("x, after d *= 10", "text"), ("x, after d *= 10", "numbers")],
    ),
    "a Function's backward is not used": (
        planted(autograd=types.SimpleNamespace(Function=FunctionDeaf)),
        "S15",
        [("x.grad", "text"), ("x.grad", "numbers")],
    ),
    "a Function's name is lost": (
        planted(autograd=types.SimpleNamespace(Function=FunctionNameless)),
        "S15",
        [("y", "text"), ("y.grad_fn", "text")],
    ),
}


@pytest.mark.parametrize(("engine", "identifier", "expected"), PLANTED.values(), ids=PLANTED)
def test_planted_mistake_is_found(
    engine: Engine, identifier: str, expected: list[tuple[str, str]]
) -> None:
    outcome = outcome_of(engine, identifier)
    assert complaints_of(outcome) == expected
    assert outcome.raised is None
    assert not outcome.holds


def test_a_small_error_is_counted_in_ulps() -> None:
    judged = outcome_of(SCALED, "S5").seen[0]
    assert judged.shown == "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])"
    assert judged.error is not None
    assert 9 <= judged.error <= 10  # 4.5e-6, where a ULP is 2**-21
    assert judged.complaints[0].expected == "[[9/2, 9/2], [9/2, 9/2]]"


def test_half_a_ulp_holds_and_more_does_not() -> None:
    def third(t: Any) -> Iterator[Observation]:
        yield see("third", t.tensor(1.0) / 3, "tensor(0.3333)")

    scenario = Scenario("T1", "one rounding", "t.tensor(1.) / 3", third)
    (result,) = run([scenario], [AUTODIFF], ORACLE)
    assert result.holds
    assert 0 < (result.outcomes[0].seen[0].error or 0) <= 0.5
    truth = snapshot(see("third", reference.tensor(1.0) / 3)).truth
    next_one = np.nextafter(np.float32(1) / np.float32(3), np.float32(1))
    judged = judge(snapshot(see("third", next_one)), truth)
    assert [complaint.what for complaint in judged.complaints] == ["numbers"]


def test_an_engine_that_raises_fails_with_what_it_showed_before() -> None:
    outcome = outcome_of(planted(randn=silent), "S4")
    assert outcome.raised == Raised("TypeError", "this engine has no random numbers", None)
    assert outcome.seen == ()
    assert not outcome.holds
    lacking = types.SimpleNamespace(**vars(autodiff))
    del lacking.float
    outcome = outcome_of(Engine("broken", "0", lacking), "S8")
    assert outcome.raised is not None
    assert outcome.raised.type == "AttributeError"

    def refuse(gradient: Any, leaf: Any) -> Any:
        raise RuntimeError("no backward today")

    outcome = outcome_of(hooked(refuse), "S10")
    assert outcome.raised == Raised("RuntimeError", "no backward today", "y3")
    assert complaints_of(outcome) == []
    assert not outcome.holds


def test_an_interruption_is_no_result() -> None:
    def interrupted(*args: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome_of(planted(randn=interrupted), "S4")


def test_a_wrong_oracle_is_found_by_what_is_documented() -> None:
    wrong = hooked(lambda g, leaf: g * Fraction(1000001, 1000000), base=reference)
    oracle = outcome_of(AUTODIFF, "S5", oracle=wrong)
    assert not oracle.holds, "the engine is held to the oracle"
    (result,) = run(choose(["S5"]), [AUTODIFF], wrong)
    assert complaints_of(result.outcomes[1]) == [
        ("x.grad", "exact"),
        ("x.grad, given 1.", "exact"),
    ]
    complaint = result.outcomes[1].seen[0].complaints[0]
    assert complaint.expected == "[[9/2, 9/2], [9/2, 9/2]]"
    assert complaint.seen.startswith("[[9000009/2000000, ")


def test_numbers_without_exact_ones_do_not_hold() -> None:
    (result,) = run(choose(["S1"]), [AUTODIFF], planted(reference, ones=silent))
    engine, oracle = result.outcomes
    assert oracle.raised is not None
    assert complaints_of(engine) == [("x", "exact")]


def test_a_gradient_that_is_missing() -> None:
    truth = snapshot(see("x.grad", reference.tensor(2.0), "tensor(2.)")).truth
    judged = judge(snapshot(see("x.grad", None, "tensor(2.)")), truth)
    assert [(c.what, c.seen) for c in judged.complaints] == [
        ("text", "None"),
        ("numbers", "no numbers"),
    ]
    assert judged.error is None


# Texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<AddBackward0 object at 0x7FF6e9e7ec10>", "<AddBackward0 object at 0x...>"),
        ("<torch.autograd.function.EchoBackward object at 0x1>", "<EchoBackward object at 0x...>"),
        ("<torch::autograd::Copy object at 0xa>", "<Copy object at 0x...>"),
        ("tensor(1., grad_fn=<AddBackward0>)", "tensor(1., grad_fn=<AddBackward0>)"),
        (None, "None"),
    ],
)
def test_plain(text: Any, expected: str) -> None:
    assert plain(text) == expected


def test_raised() -> None:
    assert raised(lambda: int("x")).startswith("ValueError: invalid literal")
    assert raised(lambda: None) == "no error"


def test_older_name_of_view_is_accepted_in_s7_alone() -> None:
    accepted = {
        (scenario.id, observation.name)
        for scenario in SCENARIOS
        for observation in scenario.program(reference)
        if len(observation.texts) > 1
    }
    assert accepted == {("S7", "z")}


# The report


def lines_of(text: str) -> list[str]:
    lines = text.splitlines()
    assert [line for line in lines if len(line) > 100 or line != line.rstrip()] == []
    assert text.isascii()
    return lines


def failing_results() -> list[Result]:
    bad = [planted(randn=silent), SCALED, hooked(lambda g, leaf: g * math.nan)]
    named = [dataclasses.replace(e, name=f"broken{number}") for number, e in enumerate(bad)]
    return list(run(SCENARIOS, [AUTODIFF, *named], ORACLE))


def test_report_fits_100_columns() -> None:
    for results in (list(run(SCENARIOS, [AUTODIFF], ORACLE)), failing_results()):
        for result in results:
            lines_of(report.scenario_text(result, PLAIN))
        lines_of(report.summary(results, PLAIN))
    lines_of(report.heading([AUTODIFF, ORACLE] * 5, PLAIN))


def test_report_of_a_long_text_fits_100_columns() -> None:
    def long(t: Any) -> Iterator[Observation]:
        yield see("x", t.arange(60.0), "tensor(" + "1, " * 50 + ")")
        yield see("y", t.tensor([0.1, 1e-30]), "tensor([0.1000, 0.0000])")
        raise ValueError("no " * 60 + "\nand no again")

    scenario = Scenario("T2", "long", "code " * 50, long)
    (result,) = run([scenario], [dataclasses.replace(AUTODIFF, name="engine" * 10)], ORACLE)
    text = report.scenario_text(result, PLAIN)
    lines_of(text)
    assert "and no again" in text
    assert "an error after y" in text


def test_report_shows_exact_values_beside_numbers() -> None:
    (result,) = run(choose(["S5"]), [AUTODIFF], ORACLE)
    lines = lines_of(report.scenario_text(result, PLAIN))
    assert [line.split(maxsplit=1) for line in lines[2:4]] == [
        ["x.grad", "tensor([[4.5000, 4.5000],                        [[9/2, 9/2],         0"],
        ["[4.5000,", "4.5000]])                        [9/2, 9/2]]"],
    ]
    assert lines[-1] == "  holds on autodiff, reference"


def test_report_says_what_was_expected_and_what_was_seen() -> None:
    engine = hooked(lambda g, leaf: g * leaf.detach())
    (result,) = run(choose(["S12"]), [AUTODIFF, engine], ORACLE)
    text = report.scenario_text(result, PLAIN)
    assert text.endswith(
        f"{'  x.grad               tensor([2.])':72}[2]                  0\n"
        "   autodiff\n"
        "   reference\n"
        f"{'  x.grad               tensor([200.])':72}[2]                  8.3e+08\n"
        "   broken\n"
        "  holds on autodiff, reference\n"
        "  fails on broken\n"
        "    x.grad: text\n"
        "      expected  tensor([2.])\n"
        "      seen      tensor([200.])\n"
        "    x.grad: numbers, 8.3e+08 ULPs from the exact ones\n"
        "      expected  [2]\n"
        "      seen      [200.0]\n"
    )


def test_summary_counts() -> None:
    lines = lines_of(report.summary(failing_results(), PLAIN))
    assert lines[1] == "autodiff   16 of 16 scenarios hold, largest error 0 ULPs"
    assert lines[2] == "broken0    15 of 16 scenarios hold, largest error 0 ULPs; fails: S4"
    assert lines[3].endswith("; fails: S5, S6, S6b, S8, S10, S12, S13, S15")
    assert "largest error inf ULPs" in lines[4]


def test_colours_change_nothing_but_colours() -> None:
    coloured = report.Style(colours=True)
    for result in run(choose(["S1", "S4"]), [AUTODIFF, planted(randn=silent)], ORACLE):
        text = report.scenario_text(result, coloured)
        assert "\x1b[" in text
        assert re.sub(r"\x1b\[[\d;]*m", "", text) == report.scenario_text(result, PLAIN)


def test_json_holds_everything() -> None:
    engine = hooked(lambda g, leaf: g * math.nan)
    results = list(run(choose(["S4", "S5", "S10"]), [engine], ORACLE))
    content = report.as_json(results, [engine, ORACLE])
    assert content["schema"] == "reference.scenarios/1"
    assert content["holds"] is False
    assert [engine["name"] for engine in content["engines"]] == ["broken", "reference"]
    assert [scenario["holds"] for scenario in content["scenarios"]] == [True, False, False]
    broken, oracle = content["scenarios"][1]["outcomes"]
    assert broken["engine"] == "broken"
    seen = broken["observations"][0]
    assert seen["values"] == [["nan", "nan"], ["nan", "nan"]]
    assert seen["exact"] == [["9/2", "9/2"], ["9/2", "9/2"]]
    assert seen["ulps"] == [["inf", "inf"], ["inf", "inf"]]
    assert [complaint["what"] for complaint in seen["complaints"]] == ["text", "numbers"]
    assert oracle["observations"][0]["values"] == [[4.5, 4.5], [4.5, 4.5]]
    scalar = content["scenarios"][2]["outcomes"][1]["observations"][0]
    assert (scalar["shape"], scalar["values"], scalar["exact"], scalar["ulps"]) == ([], 1, "1", 0)


# Choosing


def test_choose() -> None:
    assert choose([]) == SCENARIOS
    assert [s.id for s in choose(["S12", "s6B", "S12"])] == ["S6b", "S12"]
    with pytest.raises(ScenarioError, match=r"no scenario 'S16': did you mean S1, .*\?"):
        choose(["S1", "S16"])
    with pytest.raises(ScenarioError, match="did you mean S10"):
        choose(["nograd"])
    with pytest.raises(ScenarioError, match=r"^no scenario 'x': there are S1 to S15 and S6b$"):
        choose(["x"])


def test_engines_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines.load("autodiff").namespace is autodiff
    assert engines.load("reference").namespace is reference
    with pytest.raises(EngineError, match=r"^no engine 'Torch': did you mean torch"):
        engines.load("Torch")
    with pytest.raises(EngineError, match="use one of autodiff, reference, torch"):
        engines.load("x")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineError, match=r"torch is not installed: .*autodiff-oracle\[torch\]"):
        engines.load("torch")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import lost_part", "torch does not load: No module named 'lost_part'"),
        ("raise OSError('libtorch.so: no such file')", "torch does not load: libtorch.so"),
        ("from math import lost", "torch does not load: cannot import name 'lost'"),
    ],
)
def test_a_torch_that_does_not_load(
    program: str, message: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(program, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with pytest.raises(EngineError, match=message):
        engines.load("torch")


def test_engines_load_nothing_until_asked() -> None:
    program = (
        "import sys, reference.cli\n"
        "print([n for n in ('autodiff', 'torch', 'jax') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
