"""Convex hulls of points: the nearest point, and which side of it a goal lies on, with proof."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

__all__ = ["decide", "minimum_norm_point"]


def minimum_norm_point(points: np.ndarray, rounds: int = 10000) -> tuple[np.ndarray, np.ndarray]:
    """(point, weights) of least Euclidean norm in the convex hull of the rows of `points`.

    Wolfe's algorithm (Math. Programming 11, 1976).

    >>> minimum_norm_point(np.array([[1.0, 1.0], [1.0, -1.0]]))[0].tolist()
    [1.0, 0.0]
    """
    largest = float(np.abs(points).max(initial=0.0))
    if largest == 0:
        return np.zeros(points.shape[1]), np.eye(1, len(points))[0]
    scaled = points / largest
    start = int(np.argmin((scaled**2).sum(axis=1)))
    corral = [start]
    weights = np.array([1.0])
    scale = max(1.0, float((scaled**2).sum(axis=1).max()))
    for _ in range(rounds):
        x = weights @ scaled[corral]
        best = int(np.argmin(scaled @ x))
        if scaled[best] @ x >= x @ x - 1e-15 * scale or best in corral:
            break
        corral.append(best)
        weights = np.append(weights, 0.0)
        while True:
            affine = _affine_minimizer(scaled[corral])
            if (affine > 1e-15).all():
                weights = affine
                break
            falling = affine <= 1e-15
            gap = np.maximum(weights[falling] - affine[falling], 1e-300)
            theta = float(min(1.0, (weights[falling] / gap).min()))
            weights = weights + theta * (affine - weights)
            keep = weights > 1e-15
            if not keep.any():
                keep[int(np.argmax(weights))] = True
            corral = [c for c, k in zip(corral, keep, strict=True) if k]
            weights = weights[keep] / weights[keep].sum()
    full = np.zeros(len(points))
    full[corral] = weights
    return full @ points, full


def _affine_minimizer(points: np.ndarray) -> np.ndarray:
    """Affine weights of the point of least norm in the affine hull."""
    count = len(points)
    if count == 1:
        return np.array([1.0])
    edges = points[1:] - points[0]
    tail, *_ = np.linalg.lstsq(edges.T, -points[0], rcond=None)
    return np.concatenate(([1.0 - tail.sum()], tail))


def decide(
    vertices: np.ndarray, goal: np.ndarray, allowance: np.ndarray
) -> tuple[str, float, np.ndarray, np.ndarray | None]:
    """(answer, distance, direction, normal) of a goal and the hull of the rows of `vertices`.

    answer: "inside" where a point of the hull is within the allowance in every coordinate;
    "outside" where a plane is found, and checked in exact arithmetic, that has the goal and what
    is allowed around it on one side and all vertices on the other; "open" where neither is.
    distance: of the nearest point, as a multiple of the allowance. direction: away from it.
    normal: of the plane.

    >>> corners = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> decide(corners, np.array([0.5, 0.5]), np.full(2, 1e-9))[0]
    'inside'
    >>> decide(corners, np.array([1.0, 1.0]), np.full(2, 1e-9))[0]
    'outside'
    """
    sizes = np.maximum(np.abs(vertices).max(axis=0), np.abs(goal))
    sizes = np.where(sizes > 0, sizes, 1.0)
    points = (vertices - goal) / sizes
    nearest, weights = minimum_norm_point(points)
    gaps = np.abs(_mixture(vertices, weights, goal))
    with np.errstate(over="ignore"):
        distance = float((gaps / allowance).max(initial=0.0))
    direction = -nearest * sizes
    if distance <= 1.0:
        return "inside", distance, direction, None
    normal = nearest / np.abs(nearest).max() / sizes
    normal = normal / np.abs(normal).max()
    if np.isfinite(normal).all() and _separates(normal, vertices, goal, allowance):
        return "outside", distance, direction, normal
    return "open", distance, direction, None


def _mixture(vertices: np.ndarray, weights: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Σ weights · vertices - goal, with weights made to sum to one, in exact arithmetic."""
    used = np.flatnonzero(weights)
    shares = [Fraction(float(weights[k])) for k in used]
    total = sum(shares)
    result = []
    for column in range(goal.size):
        value = sum(
            (share * Fraction(float(vertices[k, column])) for share, k in zip(shares, used,
                                                                             strict=True)),
            Fraction(0),
        )  # fmt: skip
        result.append(float(value / total - Fraction(float(goal[column]))))
    return np.array(result)


def _separates(
    normal: np.ndarray, vertices: np.ndarray, goal: np.ndarray, allowance: np.ndarray
) -> bool:
    exact = [Fraction(float(v)) for v in normal]
    level = sum(
        (n * Fraction(float(g)) + abs(n) * Fraction(float(a))
         for n, g, a in zip(exact, goal, allowance, strict=True)),
        Fraction(0),
    )  # fmt: skip
    return all(
        sum((n * Fraction(float(v)) for n, v in zip(exact, row, strict=True)), Fraction(0)) > level
        for row in vertices
    )
