"""Random programs of operations, views and in-place writes do the same here and in PyTorch.

A program is a list of Python statements on six small tensors. Both engines execute it; what can
be seen of the tensors is compared after every statement, and where a statement fails on one
engine it must fail on the other, with the same type and words, and must have changed nothing.
A failing program is cut down to what shows the difference, and printed as a script.

`python tests/differential/test_programs_torch.py 5000 7` runs 5,000 programs from seed 7, prints
each difference as it is found, and says on stderr how far it is; `... 5000 7 passes` those that
are about backward passes, hooks, saved values and memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

if __name__ == "__main__":  # from a checkout, with nothing installed
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "tests" / "shared"), str(ROOT)]

import autodiff
from autodiff.hooks import RemovableHandle
from programs import Difference, compare, pass_program, program, script, shrink

torch = pytest.importorskip("torch")

CHUNK = 50
CHUNKS = 24
KINDS = {"operations": program, "passes": pass_program}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """PyTorch's own threads cost more than they bring on tensors as small as these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def difference(seed: int, make: Callable[[int], list[str]] = program) -> str | None:
    """What differs in the program of the seed, and the smallest script that shows it."""
    every = seed % 2 == 0

    def found(statements: list[str]) -> Difference | None:
        return compare(statements, torch, autodiff, every)

    statements = make(seed)
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


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_programs_do_the_same(chunk: int, make: Callable[[int], list[str]]) -> None:
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        found = difference(seed, make)
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


def test_a_difference_in_a_pass_is_found_and_cut_down(monkeypatch: Any) -> None:
    """An engine whose hooks on tensors are not removed again."""
    monkeypatch.setattr(RemovableHandle, "remove", lambda self: None)
    seeds = range(0, 2000, 2)
    found = next(found for seed in seeds if (found := difference(seed, pass_program)) is not None)
    assert "remov" in found or "hooking" in found
    assert len(found.split("\n\n")[-2].strip().splitlines()) <= 5, found


def main(count: int, start: int, kind: str = "operations") -> int:
    """Run many programs, print every difference as it is found; how many there were."""
    torch.set_num_threads(1)
    differences = 0
    began = time.perf_counter()
    for done, seed in enumerate(range(start, start + count), 1):
        found = difference(seed, KINDS[kind])
        if found is not None:
            differences += 1
            print(found, end="\n\n", flush=True)
        if done % 100 == 0:
            seconds = time.perf_counter() - began
            progress = f"{done} of {count}, to seed {seed}, {differences} differences"
            print(f"{progress}, {seconds:.0f} s", file=sys.stderr, flush=True)
    print(f"{count} programs from seed {start}, {differences} differences, {torch.__version__}")
    return differences


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]) > 0)
