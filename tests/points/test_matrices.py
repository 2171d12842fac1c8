"""Points of matrix functions: matrices, of which an algorithm can say something."""

import numpy as np
import pytest

from reference.points import special_points
from reference.points.calls import parts

MATRICES = ("inv", "eigh", "cholesky_solve", "lstsq", "qr", "lu")


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_are_not_made_singular_by_patterns_of_vectors(name: str) -> None:
    points = special_points(name, "float64", np.random.default_rng(0), limit=40)
    vectors = {"a large mean and a small spread", "all equal", "far apart on both sides"}
    assert not vectors & {point.why for point in points}


@pytest.mark.parametrize("name", ["inv", "eigh", "lstsq", "qr"])
def test_matrices_with_special_spectra_come_early(name: str) -> None:
    points = special_points(name, "float64", np.random.default_rng(0), limit=8)
    assert {"matrix", "spectrum"} <= {point.kind for point in points}


@pytest.mark.parametrize("name", ["movedim", "interpolate", "permute", "expand", "atleast_2d"])
def test_arrays_stay_arrays_of_as_many_axes(name: str) -> None:
    points = special_points(name, "float64", np.random.default_rng(0), limit=16)
    known = {tuple(a.ndim for a in parts(p)) for p in points if p.kind == "sample"}
    for point in points:
        assert all(isinstance(array, np.ndarray) for array in parts(point))
        assert parts(point)
        assert name not in ("movedim", "interpolate") or (
            tuple(array.ndim for array in parts(point)) in known
        )
