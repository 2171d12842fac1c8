"""Many threads at once: grad mode is each one's own, shared leaves get exact sums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import autodiff

THREADS, PASSES = 8, 200


def together(work: object) -> list[object]:
    """Run `work(number)` in all threads at the same time; exceptions come out."""
    start = Barrier(THREADS)

    def one(number: int) -> object:
        start.wait()
        return work(number)  # type: ignore[operator]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


@pytest.mark.parametrize("size", [1, 50_000])
def test_sums_on_shared_leaves_are_exact(size: int) -> None:
    leaf = autodiff.ones(size, dtype=autodiff.float64, requires_grad=True)
    passes = PASSES if size == 1 else 20

    def work(number: int) -> None:
        for _ in range(passes):
            (leaf * float(number + 1)).sum().backward()

    together(work)
    total = passes * sum(range(1, THREADS + 1))
    assert leaf.grad.tolist() == [float(total)] * size


def test_shared_scalar_leaf() -> None:
    leaf = autodiff.tensor(2.0, dtype=autodiff.float64, requires_grad=True)
    together(lambda number: [(leaf * leaf).backward() for _ in range(PASSES)])
    assert leaf.grad.item() == 4.0 * THREADS * PASSES


def test_separate_graphs() -> None:
    def work(number: int) -> list[float]:
        found = []
        for step in range(PASSES):
            x = autodiff.tensor([float(number), float(step)], requires_grad=True)
            y = x * x
            y[0] = x[1] * 2
            y.sum().backward()
            found.append(x.grad.tolist() == [0.0, 2.0 * step + 2.0])
        return found

    assert all(all(found) for found in together(work))  # type: ignore[call-overload]


def test_one_graph_many_passes() -> None:
    x = autodiff.tensor([1.0, 2.0], dtype=autodiff.float64, requires_grad=True)
    s = (x * x).sum()
    together(lambda number: [s.backward(retain_graph=True) for _ in range(PASSES)])
    assert x.grad.tolist() == [2.0 * THREADS * PASSES, 4.0 * THREADS * PASSES]


def test_hooks_see_every_pass() -> None:
    x = autodiff.ones(1, requires_grad=True)
    seen: list[int] = []
    x.register_hook(lambda g: seen.append(1))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(2))
    together(lambda number: [(x * 2).sum().backward() for _ in range(20)])
    assert seen.count(1) == seen.count(2) == 20 * THREADS


def test_grad_mode_belongs_to_the_thread() -> None:
    def work(number: int) -> bool:
        fresh = autodiff.is_grad_enabled()
        with autodiff.set_grad_enabled(number % 2 == 0):
            for _ in range(PASSES):
                if (autodiff.ones(1, requires_grad=True) * 2).requires_grad != (number % 2 == 0):
                    return False
        return fresh and autodiff.is_grad_enabled()

    with autodiff.no_grad():
        assert all(together(work))
        assert not autodiff.is_grad_enabled()


def test_thousands_of_passes_on_shared_and_own_leaves() -> None:
    """Sums of small integers are exact in any order: a lost or doubled addition shows."""
    shared = [autodiff.zeros(3, dtype=autodiff.float64, requires_grad=True) for _ in range(4)]
    passes = 500

    def work(number: int) -> float:
        own = autodiff.zeros(3, dtype=autodiff.float64, requires_grad=True)
        for step in range(passes):
            leaf = shared[(number + step) % len(shared)]
            y = (leaf + own).mul_(float(number + 1))
            y[0] = 0.0
            y.sum().backward()
        return own.grad.tolist() == [0.0, *[passes * float(number + 1)] * 2]

    assert all(together(work))
    total = sum(leaf.grad for leaf in shared)
    expected = passes * float(sum(range(1, THREADS + 1)))
    assert total.tolist() == [0.0, expected, expected]


def test_plans_are_made_at_the_same_time() -> None:
    """The first use of a row in each combination of inputs fills its table of plans."""
    rows = [autodiff.lerp, autodiff.addcmul, autodiff.addcdiv]

    def work(number: int) -> list[bool]:
        found = []
        for mask in range(1, 8):
            for row in rows:
                inputs = [
                    autodiff.tensor([2.0], dtype=autodiff.float64, requires_grad=mask >> i & 1 > 0)
                    for i in range(3)
                ]
                row(*inputs).sum().backward()
                found.append(all((t.grad is not None) == t.requires_grad for t in inputs))
        return found

    assert all(all(found) for found in together(work))  # type: ignore[call-overload]


def test_random_stream_is_shared_without_loss() -> None:
    """Numbers drawn at once in many threads are all different: no stretch is handed out twice."""
    autodiff.manual_seed(0)
    drawn = together(
        lambda number: [autodiff.rand(1, dtype=autodiff.float64).item() for _ in range(PASSES)]
    )
    every = [value for one in drawn for value in one]  # type: ignore[attr-defined]
    assert len(set(every)) == THREADS * PASSES
