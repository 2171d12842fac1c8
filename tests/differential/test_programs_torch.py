"""Random programs of operations, views and in-place writes do the same here and in PyTorch.

A program is a list of Python statements on six small tensors. Both engines execute it; what can
be seen of the tensors is compared after every statement, and where a statement fails on one
engine it must fail on the other, with the same type and words, and must have changed nothing.
A failing program is cut down to what shows the difference, and printed as a script.

`python tests/differential/test_programs_torch.py 5000 7` runs 5,000 programs from seed 7.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

import autodiff
from programs import Difference, compare, program, script, shrink

torch = pytest.importorskip("torch")

CHUNK = 50
CHUNKS = 24


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """PyTorch's own threads cost more than they bring on tensors as small as these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def difference(seed: int) -> str | None:
    """What differs in the program of the seed, and the smallest script that shows it."""
    every = seed % 2 == 0

    def found(statements: list[str]) -> Difference | None:
        return compare(statements, torch, autodiff, every)

    statements = program(seed)
    first = found(statements)
    if first is None:
        return None

    def fails(fewer: list[str]) -> bool:
        other = found(fewer)
        return other is not None and other.kind == first.kind

    smallest = shrink(statements, fails)
    last = found(smallest)
    assert last is not None
    return f"seed {seed}: {last.text}\n\n{script(smallest)}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_programs_do_the_same(chunk: int) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        found = difference(seed)
        assert found is None, f"\n\n{found}"


def test_a_difference_is_found_and_cut_down(monkeypatch: Any) -> None:
    """An engine whose `mul_` forgets to count its writes."""
    original = autodiff.Tensor.mul_

    def mul_(self: Any, other: Any) -> Any:
        result = original(self, other)
        self._counter[0] -= 1
        return result

    monkeypatch.setattr(autodiff.Tensor, "mul_", mul_)
    found = next(found for seed in range(0, 400, 2) if (found := difference(seed)) is not None)
    lines = [line for line in found.splitlines() if "mul_" in line or " = " in line]
    assert "mul_" in found
    assert len(lines) <= 3, found
    assert "import autodiff as T" in found


def main(count: int, start: int) -> int:
    """Run many programs, print every difference; how many there were."""
    torch.set_num_threads(1)
    differences = 0
    for seed in range(start, start + count):
        found = difference(seed)
        if found is not None:
            differences += 1
            print(found, end="\n\n", flush=True)
    print(f"{count} programs from seed {start}, {differences} differences, {torch.__version__}")
    return differences


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])) > 0)
