"""Certificates hold mpmath's derivatives, are narrow enough, and say where they cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.certify import Certificate, certify, certify_problem
from reference.domains.certified import to_balls, working_precision
from reference.enclosure import Enclosure
from reference.floats import FORMATS, format_of, round_fraction, round_to_format
from reference.graph import Map, Node, argument
from reference.problem import trace_nodes

a, b = argument(0), argument(1)


@pytest.fixture(autouse=True)
def sixty_digits() -> Iterator[None]:
    with mpmath.workdps(60):
        yield


def certified(f: Callable[..., Node], *arrays: Any, **options: Any) -> Certificate:
    return certify_problem(trace_nodes(f, arrays, **options))


def as_mpf(ball: Any) -> Any:
    mantissa, exponent = ball.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def encloses(enclosure: Enclosure, expected: Sequence[Any]) -> bool:
    """Balls hold values that are known to about 40 digits."""
    pairs = zip(enclosure.balls.ravel(), expected, strict=True)
    return all(
        abs(as_mpf(ball) - value)
        <= mpmath.mpf(float(ball.rad())) + (abs(value) + 1) * mpmath.mpf(10) ** -35
        for ball, value in pairs
    )


def exactly(values: Any) -> np.ndarray:
    """Balls of numbers that need more than the usual 53 bits."""
    with working_precision(2000):
        return to_balls(values)


def softmax_loss(x: Node) -> Node:
    e = Map(sp.exp(a), [x])
    return build.sum(build.multiply(build.divide(e, build.sum(e)), np.array([1.0, -2.0, 0.5])))


def plain_softmax_loss(*x: Any) -> Any:
    e = [mpmath.exp(v) for v in x]
    return sum(w * v for w, v in zip((1, -2, mpmath.mpf(0.5)), e, strict=True)) / sum(e)


POINT = [0.5, -1.25, 2.0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gradient(dtype: str) -> None:
    found = certified(softmax_loss, np.array(POINT, dtype))
    units = np.eye(3, dtype=int).tolist()
    expected = [mpmath.diff(plain_softmax_loss, POINT, tuple(unit)) for unit in units]
    assert found.certified
    assert found.dtypes == (dtype,)
    assert encloses(found.gradients[0], expected)
    assert found.gradients[0].tight(dtype).all()
    assert encloses(found.value, [plain_softmax_loss(*map(mpmath.mpf, POINT))])


def test_second_order_along_a_direction() -> None:
    direction = [1.0, 0.5, -2.0]
    found = certified(softmax_loss, np.array(POINT), order=2, direction=np.array(direction))

    def slope(*x: Any) -> Any:
        return mpmath.diff(
            lambda t: plain_softmax_loss(*(v + t * d for v, d in zip(x, direction, strict=True))),
            0,
        )

    with mpmath.workdps(120):
        units = np.eye(3, dtype=int).tolist()
        expected = [mpmath.diff(slope, POINT, tuple(unit)) for unit in units]
    assert encloses(found.gradients[0], expected)


def test_second_order_with_two_arguments() -> None:
    found = certified(
        lambda x, y: build.sum(build.multiply(build.multiply(x, x), y)),
        np.array([2.0]), np.array([3.0]), order=2,
    )  # fmt: skip
    # <gradient, (1, 1)> is 2xy + x², whose gradient is (2y + 2x, 2x)
    assert [float(g.mid[0]) for g in found.gradients] == [10.0, 4.0]


def test_cotangent() -> None:
    f: Callable[[Node], Node] = lambda x: Map(sp.sin(a), [x])  # noqa: E731
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar"):
        certified(f, np.ones(2))
    with pytest.raises(ValueError, match="cotangent has shape"):
        certified(f, np.ones(2), cotangent=np.ones(3))
    with pytest.raises(ValueError, match="order is 0"):
        certified(f, np.ones(()), order=0)
    with pytest.raises(ValueError, match="direction has shapes"):
        certified(f, np.ones(()), order=2, direction=np.ones(3))
    found = certified(f, np.array([0.5, 1.0]), cotangent=np.array([2.0, -1.0]))
    expected = [2 * mpmath.cos(0.5), -mpmath.cos(1)]
    assert encloses(found.gradients[0], expected)


def test_floats_mean_what_they_hold() -> None:
    tenth = np.float32(0.1)
    found = certified(lambda x: build.multiply(x, x), tenth)
    assert found.gradients[0][()] == exactly(Fraction(float(tenth)) * 2)[()]


def test_an_unused_argument_has_gradient_zero() -> None:
    found = certified(lambda x, y: build.sum(x), np.ones(2), np.ones((2, 3)))
    assert found.gradients[1].shape == (2, 3)
    assert (found.gradients[1].mid == 0).all()


def test_cancellation_raises_the_precision() -> None:
    found = certified(
        lambda x: Map((sp.exp(a) - 1 - a - a**2 / 2) / a**3, [x]), np.array(2.0**-40)
    )
    with mpmath.workdps(200):
        expected = mpmath.diff(
            lambda x: (mpmath.exp(x) - 1 - x - x**2 / 2) / x**3, mpmath.mpf(2) ** -40,
            h=mpmath.mpf(10) ** -60,
        )  # fmt: skip
        assert (
            abs(as_mpf(found.gradients[0][()]) - expected) < abs(expected) * mpmath.mpf(10) ** -16
        )
    assert found.precision > 128
    assert found.certified


def test_a_true_zero_is_certified_by_raising_the_precision() -> None:
    """Softmax does not change when all inputs move together."""
    found = certified(lambda t: softmax_loss(build.add(np.array(POINT), t)), np.float32(0.25))
    assert found.certified
    assert found.gradients[0].round("float32") == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_and_tiny(dtype: str) -> None:
    found = certified(lambda x: Map(sp.exp(a), [x]), np.array([-1e6, 1e6], dtype),
                      cotangent=np.ones(2))  # fmt: skip
    assert found.certified
    assert found.gradients[0].round(dtype).tolist() == [0.0, np.inf]


def test_kink() -> None:
    found = certified(lambda x: build.sum(build.maximum(x, 0)), np.array([-1.0, 0.0, 2.0]))
    assert found.status(0).tolist() == ["certified", "kink", "certified"]
    assert not found.certified
    assert "kink in x at [1]: one-sided derivatives differ (0, 1.000)" in found.report()


def test_a_tie_without_consequence_is_no_kink() -> None:
    found = certified(
        lambda x: build.sum(build.multiply(x, build.absolute(x))), np.array([-1.0, 0.0, 2.0])
    )
    assert found.certified
    assert found.gradients[0].mid.tolist() == [2.0, 0.0, 4.0]


def test_a_tie_of_equal_functions_is_no_kink() -> None:
    found = certified(lambda x: build.maximum(x, x), np.array(3.0))
    assert found.certified
    assert float(found.gradients[0].mid) == 1.0


def test_removable_singularity() -> None:
    def sinc(x: Node) -> Node:
        return Map(sp.Piecewise((sp.sin(a) / a, sp.Ne(a, 0)), (1, True)), [x])

    first = certified(sinc, np.array(0.0))
    second = certified(sinc, np.array(0.0), order=2)
    assert first.certified
    assert second.certified
    assert float(first.gradients[0].mid) == 0.0
    assert second.gradients[0].round("float64") == -1 / 3
    assert "limit" in second.report()


def test_zero_times_infinity() -> None:
    def f(x: Node) -> Node:
        return Map(sp.sqrt(a), [Map(a**4, [x])])

    found = certified(f, np.array(0.0))
    assert found.certified
    assert float(found.gradients[0].mid) == 0.0


def test_undefined() -> None:
    found = certified(
        lambda x: build.sum(Map(sp.sqrt(a), [x])), np.array([0.0, 4.0, -1.0], np.float32)
    )
    assert found.status(0).tolist() == ["undefined", "certified", "undefined"]
    assert "infinite" in found.report()
    assert "undefined in value" in found.report()


def test_a_norm_at_zero_is_a_kink() -> None:
    found = certified(
        lambda x: Map(sp.sqrt(a), [build.sum(build.multiply(x, x))]), np.zeros(2, np.float32)
    )
    assert set(found.status(0)) == {"kink"}


def test_a_tie_that_rounding_hides() -> None:
    """exp(x) = exp(y) is never proved by balls; the report still finds the kink."""
    found = certified(
        lambda x, y: build.maximum(Map(sp.exp(a), [x]), Map(sp.exp(a), [y])),
        np.float32(0.5), np.float32(0.5),
    )  # fmt: skip
    assert found.status(0)[()] == "kink"
    assert found.status(1)[()] == "kink"


def test_network_matches_mpmath() -> None:
    rng = np.random.default_rng(5)
    x, w, v = (rng.standard_normal(s).astype(np.float32) for s in ((4, 5), (5, 3), (3, 2)))

    def network(w_: Node, v_: Node) -> Node:
        hidden = Map(sp.tanh(a), [build.matmul(x, w_)])
        out = build.matmul(hidden, v_)
        return build.mean(build.multiply(out, out))

    found = certified(network, w, v)

    def plain(w_: Any, v_: Any) -> Any:
        hidden = (mpmath.matrix(x.tolist()) * w_).apply(mpmath.tanh)
        out = hidden * v_
        return sum(out[i, j] ** 2 for i in range(4) for j in range(2)) / 8

    for number, array in enumerate((w, v)):
        for position in np.ndindex(*array.shape):

            def along(t: Any, number: int = number, position: Any = position) -> Any:
                parts = [mpmath.matrix(w.tolist()), mpmath.matrix(v.tolist())]
                parts[number][position] = t
                return plain(*parts)

            expected = mpmath.diff(along, mpmath.mpf(float(array[position])))
            one = Enclosure(found.gradients[number].balls[position])
            assert encloses(one, [expected])


# functions as users write them


def test_a_function_of_numpy_calls() -> None:
    found = certify(lambda x, y: (np.exp(x) * y).sum(), np.array([0.5, 1.0]), 2.0)
    assert encloses(found.gradients[0], [2 * mpmath.exp(0.5), 2 * mpmath.exp(1)])
    assert encloses(found.gradients[1], [mpmath.exp(0.5) + mpmath.exp(1)])
    assert found.problem.names == ("x", "y")


def test_a_result_that_is_no_array() -> None:
    with pytest.raises(TypeError, match="f returned a tuple of 2"):
        certify(lambda x: (x, x), 1.0)
    with pytest.raises(TypeError, match="f returned str"):
        certify(lambda x: "three", 1.0)
    assert float(certify(lambda x: 3.0, 1.0).gradients[0].mid) == 0.0


# enclosures and formats


def test_rounding_is_correct_at_midpoints() -> None:
    ulp = Fraction(1, 2**23)
    exact = [1 + ulp / 2, 1 + 3 * ulp / 2, 1 + ulp / 2 + Fraction(1, 2**200)]
    balls = exactly(exact)
    assert Enclosure(balls).round("float32").tolist() == [
        1.0, 1 + 2 * float(ulp), 1 + float(ulp)
    ]  # fmt: skip
    assert Enclosure(balls).determined("float32").all()
    wide = exactly([1.0])[0].union(exactly([1 + float(ulp)])[0])
    assert not Enclosure(np.array([wide], dtype=object)).determined("float32").any()


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_rounding_agrees_with_numpy(name: str) -> None:
    rng = np.random.default_rng(1)
    fmt = FORMATS[name]
    spread = rng.uniform(fmt.emin - fmt.precision - 2, fmt.emax, 200)
    values = [
        Fraction(int(m)) * Fraction(2) ** int(e - 60)
        for m, e in zip(rng.integers(-(2**60), 2**60, 200), spread, strict=True)
    ]
    found = Enclosure(exactly(values)).round(name)
    with np.errstate(over="ignore"):
        expected = np.array([float(v) for v in values]).astype(name)
    single = [round_fraction(v, fmt) for v in values]
    assert np.array_equal(found, np.array(single, dtype=name))
    same = found == expected
    assert same.mean() > 0.99  # float64 on the way rounds twice, rarely


def test_bfloat16() -> None:
    third = Enclosure(exactly([Fraction(1, 3)]))
    assert third.round("bfloat16").tolist() == [0.333984375]
    assert round_to_format(np.array([3.4e38]), FORMATS["bfloat16"])[0] == np.inf


def test_ulps() -> None:
    one = Enclosure(exactly([1.0, 1.0, 0.0, 1.0]))
    values = np.array([1 + 2**-23, 1 - 2**-24, 2.0**-149, np.nan])
    assert one.ulps(values, "float32").tolist() == [1.0, 0.5, 1.0, np.inf]


def test_tails_round_correctly() -> None:
    tiny = Enclosure(exactly([Fraction(1, 10**60), Fraction(10) ** 60]))
    assert tiny.ulps(np.array([0.0, np.inf]), "float32").tolist()[1] == 0.0
    assert tiny.ulps(np.array([0.0, np.inf]), "float32").tolist()[0] < 1e-10


def test_distances_beyond_float64_are_exact() -> None:
    shifted = Enclosure(exactly([1 + Fraction(1, 2**60)]))
    assert shifted.ulps(np.array([1.0]), "float64").tolist() == [2.0**-8]


def test_text() -> None:
    found = Enclosure(exactly([[1, Fraction(1, 3)], [2, 3]]))
    assert found.to_text(5) == "[[1.0000, 0.33333], [2.0000, 3.0000]]"


@pytest.mark.parametrize(
    ("dtype", "name"),
    [(np.float32, "float32"), ("torch.bfloat16", "bfloat16"), (np.dtype("float16"), "float16"),
     (float, "float64"), ("complex64", "float32"), (np.int64, "float64")],
)  # fmt: skip
def test_format_names(dtype: Any, name: str) -> None:
    assert format_of(dtype).name == name


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="no floating-point format 'quad'"):
        format_of("quad")


def test_a_comparison_that_no_precision_decides_is_said_to_be_undecided() -> None:
    def f(x: Any) -> Any:
        return np.where(np.sin(x) ** 2 + np.cos(x) ** 2 > 1, x, 2 * x)

    certificate = certify(f, np.float32(0.3), max_precision=1024)
    assert not certificate.certified
    assert certificate.status(0)[()] == "undecided"
