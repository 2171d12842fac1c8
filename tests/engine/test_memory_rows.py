"""No operation leaves a circle of references behind, and chains of each kind free as they go."""

from __future__ import annotations

import gc
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autodiff
from autodiff.autograd import grad
from operation_samples import SAMPLES, Sample, arrays
from transform_checks import flat

OPERATIONS = sorted({sample.operation for sample in SAMPLES})


def run(sample: Sample) -> None:
    """The call, its first and, where there is one, second derivative."""
    inputs = []
    for one, array in zip(sample.inputs, arrays(sample, "float64"), strict=True):
        tensor = autodiff.from_numpy(array.copy())
        inputs.append(tensor.requires_grad_() if one.cast else tensor)
    leaves = [one for one in inputs if one.requires_grad]
    results = [one for one in flat(sample.call(autodiff, *inputs)) if one.requires_grad]
    if not results:
        return
    total = results[0].sum()
    for one in results[1:]:
        total = total + one.sum()
    if total.is_complex():
        total = total.abs()
    found = [g for g in grad(total, leaves, create_graph=True, allow_unused=True) if g is not None]
    again = [g for g in found if g.requires_grad]
    if again and "outside" not in sample.options:
        grad([g.abs().sum() for g in again], leaves, allow_unused=True)


def is_refused(sample: Sample) -> bool:
    """Whether the call, or its derivative, is one that PyTorch refuses, too."""
    try:
        run(sample)
    except Exception as error:  # noqa: BLE001 - samples of refusals raise all that there is
        error.__traceback__ = None  # which holds the frames, and these the error
        return True
    return False


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_circles_of_references(operation: str) -> None:
    chosen = [s for s in SAMPLES if s.operation == operation and "float64" in s.dtypes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chosen = [sample for sample in chosen if not is_refused(sample)]
        gc.collect()
        gc.disable()
        try:
            for sample in chosen:
                run(sample)
            left = gc.collect()
        finally:
            gc.enable()
    assert left == 0


SIZE = 40_000
CHAINS: dict[str, Callable[[Any], Any]] = {
    "sin": lambda x: x.sin(),
    "product": lambda x: x * x,
    "maximum": lambda x: autodiff.maximum(x, x.detach() * 0.5),
    "softmax": lambda x: x.reshape(200, 200).softmax(1).reshape(-1),
    "matmul": lambda x: (x.reshape(200, 200) @ x.reshape(200, 200)).reshape(-1) * 1e-3,
    "write": lambda x: x.clone().index_fill_(0, autodiff.tensor([0]), 1.0) * 1,
    "scatter_reduce": lambda x: x.scatter_reduce(
        0, autodiff.arange(SIZE), x.detach(), "mean", include_self=True
    ),
    "repeat": lambda x: x.reshape(2, -1).repeat(1, 2).reshape(2, 2, -1).mean(1).reshape(-1),
    "pooling": lambda x: autodiff.nn.functional.max_pool3d(
        x.reshape(1, 10, 40, 100), 3, 1, 1
    ).reshape(-1),
    "layer_norm": lambda x: autodiff.nn.functional.layer_norm(x.reshape(200, 200), (200,)).reshape(
        -1
    ),
    "transform": lambda x: autodiff.fft.irfft(autodiff.fft.rfft(x)),
}


def peak(call: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", CHAINS)
def test_backward_needs_little_more_than_forward(name: str) -> None:
    """A chain of twenty: saved values go as the pass goes by, so that cotangents find room."""
    leaf = autodiff.linspace(0.1, 0.9, SIZE, dtype=autodiff.float64).requires_grad_()

    def forward(steps: int) -> Any:
        x = leaf
        for _ in range(steps):
            x = CHAINS[name](x)
        return x.sum()

    def whole(steps: int) -> None:
        forward(steps).backward()
        leaf.grad = None

    whole(2)
    more = peak(lambda: whole(20)) - peak(lambda: forward(20))
    once = peak(lambda: whole(1))  # one step's own needs, whatever they are
    assert more < once + 4 * SIZE * 8
