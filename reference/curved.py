"""Sets of gradients that are curved, as where eigenvalues are equal: what all of them satisfy.

Where eigenvalues are equal, the limits of gradients at nearby points are products of eigenvectors
of whatever directions: an algebraic set, of which corners are never all found. But linear
equations that hold for enough limits along random directions hold for all that the directions can
show, with probability one, and so for the hull, in which the Clarke subdifferential lies. The
trace, for instance, is the sum of the cotangent. The same goes for a sphere on which all limits
are found to lie: the hull is within it. A gradient that breaks one of them is no member.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["breaks_an_equation"]

_EXTRA = 4  # limits in a row that must satisfy the equations of those before
_MOST = 24  # limits that are asked for
_SAME = 1e-9  # of the size of the limits: what differs by less is the same
_LEAST = 1e-300


def breaks_an_equation(
    limit: Callable[[int], np.ndarray | None], goal: np.ndarray, allowed: np.ndarray
) -> bool:
    """Whether a gradient violates an equation that all limits satisfy, or their sphere.

    limit(k): the limit along the k-th of any number of random directions, flat; None where it is
    not known, and infinite or nan where there is none. allowed: by how much elements may differ.

    >>> rng = np.random.default_rng(0)
    >>> def circle(k):
    ...     angle = rng.uniform(0, 2 * np.pi)
    ...     return np.array([np.cos(angle), np.sin(angle), 2.0])
    >>> small = np.full(3, 1e-12)
    >>> [breaks_an_equation(circle, np.array(g), small)
    ...  for g in ([0.5, 0.5, 2.0], [0.5, 0.5, 2.1], [0.9, 0.9, 2.0])]
    [False, True, True]
    """
    points = _limits(limit)
    if points is None:
        return False
    base = points[0]
    size = max(float(np.abs(points).max()), float(np.abs(goal).max()), _LEAST)
    basis = _basis(points - base, size)
    off = goal - base
    off = off - basis.T @ (basis @ off)
    slack = float(np.abs(off) @ allowed)
    if off @ off > slack + _SAME * size * float(np.abs(off).sum()):
        return True
    return _outside_sphere((points - base) @ basis.T, basis @ (goal - base), basis, allowed, size)


def _limits(limit: Callable[[int], np.ndarray | None]) -> np.ndarray | None:
    """Limits, so many that the last few add no dimension; None where there never are enough."""
    points: list[np.ndarray] = []
    for number in range(_MOST):
        found = limit(number)
        if found is None:
            continue
        if not np.isfinite(found).all():
            return None
        points.append(found)
        # one more for the centre of a sphere
        if len(points) >= _rank(points) + 2 + _EXTRA:
            return np.array(points)
    return None


def _rank(points: Sequence[np.ndarray]) -> int:
    array = np.array(points)
    return len(_basis(array - array[0], max(float(np.abs(array).max()), _LEAST)))


def _basis(rows: np.ndarray, size: float) -> np.ndarray:
    """An orthonormal basis of what the rows span, up to a small share of the size."""
    _, values, basis = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(basis[values > _SAME * size])


def _outside_sphere(
    points: np.ndarray, goal: np.ndarray, basis: np.ndarray, allowed: np.ndarray, size: float
) -> bool:
    """Whether all points lie on one sphere, and the goal outside it."""
    count = points.shape[1]
    if not count:
        return False
    unknowns = np.hstack([2 * points, np.ones((len(points), 1))])
    squares = (points**2).sum(axis=1)
    solution, *_ = np.linalg.lstsq(unknowns, squares, rcond=None)
    centre = solution[:count]
    radii = np.linalg.norm(points - centre, axis=1)
    if np.ptp(radii) > _SAME * size:
        return False
    away = goal - centre
    distance = float(np.linalg.norm(away))
    slack = float(np.abs(basis.T @ away) @ allowed) / max(distance, _LEAST)
    return distance > float(radii.max()) + slack + _SAME * size
