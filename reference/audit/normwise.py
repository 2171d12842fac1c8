"""Which operations are held to the norm of a matrix: algorithms promise no more for elements.

A backward stable factorisation leaves errors of a roundoff of the largest element everywhere, in
elements that are small or exactly zero too. `reference.judge` allows for that where it sees that
equations are solved; definitions that eliminate step by step are not seen so.
"""

from __future__ import annotations

from reference.checking import Comparison
from reference.judge import THRESHOLD

__all__ = ["NORMWISE", "is_right_normwise"]

NORMWISE = frozenset(
    {
        "cholesky",
        "cholesky_ex",
        "cholesky_inverse",
        "cholesky_solve",
        "det",
        "eig",
        "eigh",
        "eigvals",
        "eigvalsh",
        "householder_product",
        "inv",
        "inv_ex",
        "lstsq",
        "lu",
        "lu_factor",
        "lu_factor_ex",
        "lu_solve",
        "matrix_exp",
        "ormqr",
        "pinv",
        "qr",
        "solve",
        "solve_ex",
        "solve_triangular",
        "svd",
        "svdvals",
        "tensorinv",
        "tensorsolve",
        "triangular_solve",
        "vander",
    }
)


def is_right_normwise(operation: str, comparison: Comparison, factor: float) -> bool:
    """Whether an array of linear algebra is within the judge's threshold in epsilons of its norm.

    factor: times the threshold.
    """
    return operation in NORMWISE and comparison.norm <= THRESHOLD * factor
