"""Points of definitions: every class of mistake has its place, at numbers that the dtype holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest

from reference.adapters import Pair
from reference.checking import check
from reference.definitions import definitions
from reference.floats import FORMATS, round_to_format
from reference.points import Point, special_points
from reference.points.calls import parts
from reference.tensor import apply

NAMES = [row.name for row in definitions() if row.samples is not None]


def points_of(name: str, dtype: str = "float32", limit: int = 64) -> list[Point]:
    return special_points(name, dtype, np.random.default_rng(0), limit=limit)


def numbers_of(points: list[Point]) -> set[float]:
    return set(chain.from_iterable(a.ravel().tolist() for p in points for a in parts(p)))


@pytest.mark.parametrize("name", NAMES)
def test_every_definition_has_points_that_can_be_evaluated(name: str) -> None:
    """Evaluation is part of the choice of points, so that it raises nothing is tested too."""
    points = points_of(name, limit=8)
    assert len(points) <= 8
    assert all(point.why and point.kind for point in points)
    if any(parts(point) for point in points):
        assert len(points) >= 2


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("name", ["tanh", "hypot", "softmax", "conv1d", "cholesky"])
def test_every_number_is_one_of_the_dtype(name: str, dtype: str) -> None:
    for point in points_of(name, dtype):
        for array in parts(point):
            assert array.dtype == np.float64
            np.testing.assert_array_equal(round_to_format(array, FORMATS[dtype]), array)


@pytest.mark.parametrize("name", ["pow", "layer_norm", "eigh"])
def test_the_same_seed_gives_the_same_points(name: str) -> None:
    for one, other in zip(points_of(name), points_of(name), strict=True):
        assert (one.why, one.kind) == (other.why, other.kind)
        for a, b in zip(parts(one), parts(other), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_limit_keeps_every_kind() -> None:
    many = {point.kind for point in points_of("softmax", limit=200)}
    few = {point.kind for point in points_of("softmax", limit=2 * len(many))}
    assert many - few <= {"outside"}


UNIT = float(np.nextafter(np.float32(0), np.float32(1)))
ABOVE = float(np.nextafter(np.float32(20), np.float32(30)))
BELOW = float(np.nextafter(np.float32(20), np.float32(0)))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("relu", [0.0, UNIT, -UNIT]),  # a kink, and beside it
        ("hardtanh", [1.0, -1.0]),
        ("softplus", [20.0, ABOVE, BELOW]),  # a switch that only an engine has
        ("digamma", [-0.5, -2.5, -10.5, -1.0]),  # poles, and the other branch
        ("lgamma", [1.0, 2.0, -0.5]),
        ("floor", [1.0, -1.0]),
        ("acosh", [1.0]),
        ("log", [1.0]),
        ("sinc", [0.0, 9.99999993922529e-09]),
    ],
)
def test_places_of_functions_of_one_number(name: str, wanted: list[float]) -> None:
    assert set(wanted) <= numbers_of(points_of(name))


@pytest.mark.parametrize(("dtype", "size"), [("float64", 1e160), ("float32", 1e20)])
def test_squares_overflow_in_hypot(dtype: str, size: float) -> None:
    sizes = {abs(v) for v in numbers_of(points_of("hypot", dtype)) if np.isfinite(v)}
    assert any(size <= v for v in sizes)
    assert any(0 < v <= 1 / size for v in sizes)


def test_float16_has_radii_of_its_own() -> None:
    sizes = {abs(v) for v in numbers_of(points_of("hypot", "float16")) if np.isfinite(v)}
    assert any(256 <= v <= 2048 for v in sizes)
    assert any(2.0**-24 <= v < 2.0**-12 for v in sizes)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "expm1"])
def test_tails_of_both_signs(name: str) -> None:
    found = numbers_of([p for p in points_of(name) if p.kind == "tail"])
    assert min(found) < -8 < 8 < max(found)


def test_ties() -> None:
    assert any(
        point.kind == "tie" and np.unique(point.args[0]).size == 1 for point in points_of("amax")
    )
    assert any(
        point.kind == "tie" and (point.args[0] == point.args[1]).any()
        for point in points_of("maximum")
    )


def test_all_minus_infinity_where_that_has_a_value() -> None:
    assert any(np.isneginf(p.args[0]).all() for p in points_of("logsumexp", limit=200))
    assert any(np.isneginf(p.args[0]).any() for p in points_of("logaddexp", limit=200))


def test_constant_arguments() -> None:
    exponents = {p.args[1] for p in points_of("pow", limit=200) if type(p.args[1]) is int}
    assert {2, 3, -1, -2, 0} <= exponents


def test_degenerate_and_unsymmetric_matrices() -> None:
    points = points_of("eigvalsh")
    assert any(_equal_eigenvalues(p.args[0]) for p in points)
    assert any(not np.array_equal(a, np.swapaxes(a, -1, -2)) for a in (p.args[0] for p in points))
    singular = [p for p in points_of("svdvals") if p.why == "rank one"]
    assert singular


def _equal_eigenvalues(matrix: np.ndarray) -> bool:
    return bool((matrix == np.eye(matrix.shape[-1])).all())


@pytest.mark.parametrize("name", ["exp", "add", "sum"])
def test_lengths_around_the_width_of_registers(name: str) -> None:
    lengths = {p.args[0].size for p in points_of(name, limit=200) if p.kind == "length"}
    assert {1, 3, 7, 8, 9, 16, 17, 33} <= lengths


def test_the_other_side_of_a_choice() -> None:
    points = points_of("where", limit=200)
    assert any(p.kind == "infinite" and np.isinf(p.args[1]).any() for p in points)


# mistakes of the classes, each found at these points alone

BAD: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "tanh": (np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2)),
    "sinc": (
        np.sinc,
        lambda g, x: g * (np.cos(np.pi * x) * np.pi * x - np.sin(np.pi * x)) / (np.pi * x * x),
    ),
    "sqrt": (np.sqrt, lambda g, x: g / (2 * np.sqrt(x * x * x)) * x),
    "hypot": (
        np.hypot,
        lambda g, x, y: (g * x / np.sqrt(x * x + y * y), g * y / np.sqrt(x * x + y * y)),
    ),
    "softplus": (
        lambda x: np.logaddexp(np.zeros((), x.dtype), x),
        lambda g, x: g * np.where(x > 20, 1.001, 1 / (1 + np.exp(-x))).astype(x.dtype),
    ),
    "maximum": (np.maximum, lambda g, x, y: (g * (x >= y), g * (y >= x))),
    "logaddexp": (
        np.logaddexp,
        lambda g, x, y: (
            g * np.exp(x) / (np.exp(x) + np.exp(y)),
            g * np.exp(y) / (np.exp(x) + np.exp(y)),
        ),
    ),
    "exp": (np.exp, lambda g, x: g * np.exp(x) * np.where(np.arange(x.size) % 8 == 7, 1.01, 1)),
    "prod": (np.prod, lambda g, x: g * np.prod(x) / x),
    "relu": (lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, 2.0, x > 0)),
    "log": (np.log, lambda g, x: g * np.exp(-np.log(x))),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_planted_mistakes_are_found(name: str, dtype: str) -> None:
    forward, backward = BAD[name]
    points = points_of(name, dtype, limit=40)
    points.sort(key=lambda point: point.kind not in ("tie", "kink", "overflow"))
    assert any(_fails(name, forward, backward, point, dtype) for point in points)


def _fails(
    name: str, forward: Callable[..., Any], backward: Callable[..., Any], point: Point, dtype: str
) -> bool:
    arrays = [array.astype(dtype) for array in parts(point)]
    rest = point.args[len(arrays) :]
    if rest or point.kwargs or point.kind == "sample":
        return False
    if name == "prod" and arrays[0].ndim != 1:
        return False

    def pulled(g: np.ndarray, *x: np.ndarray) -> Any:
        found = backward(g, *x)
        return tuple(np.asarray(f, dtype) for f in found) if isinstance(found, tuple) else (
            np.asarray(found, dtype)
        )  # fmt: skip

    with np.errstate(all="ignore"):
        report = check(
            Pair(lambda *x: np.asarray(forward(*x), dtype), pulled),
            *arrays,
            definition=lambda *x: apply(name, *x),
            what="vjp",
        )
    return not report.ok
