"""Ties that the first directions do not show, as these agree by chance or by symmetry."""

import numpy as np

from reference import certify
from reference.tensor import apply


def test_a_branch_for_one_point_has_the_slope_of_the_others() -> None:
    certificate = certify(
        lambda x: np.where(x == 0, 0, x * np.log(0.5)).sum(), np.array([0.0, 1.0])
    )
    np.testing.assert_array_equal(certificate.gradients[0].mid, [np.log(0.5)] * 2)
    assert certificate.status(0).tolist() == ["certified"] * 2


def test_xlogy_at_zero() -> None:
    certificate = certify(
        lambda x, y: apply("xlogy", x, y).sum(), np.array([0.0, 1.0]), np.array([0.5, 0.5])
    )
    np.testing.assert_array_equal(certificate.gradients[0].mid, [np.log(0.5)] * 2)


def test_the_middle_one_of_equal_eigenvalues_is_not_certain() -> None:
    certificate = certify(lambda a: apply("eigvalsh", a)[1], np.zeros((3, 3)))
    assert (certificate.status(0) == "kink").all()


def test_products_of_signs_are_kinks() -> None:
    """Of the directions that are tried first, each sign of the product may have none."""
    zeros = np.zeros(12)
    certificate = certify(lambda x, y: apply("copysign", x, y).sum(), zeros, zeros)
    assert (certificate.status(0) == "kink").all()
