"""Zero in place of a small number: all digits are lost, whatever else is let pass."""

import numpy as np
import pytest

from reference import certify
from reference.judge import judge
from reference.tensor import apply


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("x", [19.9, -20.0])
def test_zero_for_a_small_number_is_wrong(order: int, x: float) -> None:
    """What 1 - tanh(x)**2 gives."""
    truth = certify(lambda x: apply("tanh", x).sum(), np.array([x, 0.5]), order=order)
    values = truth.gradients[0].round("float64")
    assert judge(values, truth).ok
    assert judge(np.array([0.0, values[1]]), truth).counts == {"correct": 1, "wrong": 1}
