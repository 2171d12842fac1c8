"""Points where gradients go wrong, found from the mathematics of an operation.

>>> import numpy as np
>>> points = special_points("hypot", "float32", np.random.default_rng(0))
>>> {"tie", "scales", "zero"} <= {point.kind for point in points}
True
"""

from __future__ import annotations

from reference.points.neighbours import Neighbour, around, special_arguments
from reference.points.point import Point
from reference.points.special import LIMIT, special_points

__all__ = ["LIMIT", "Neighbour", "Point", "around", "special_arguments", "special_points"]
