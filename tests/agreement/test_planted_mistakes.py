"""Wrong rules, planted in the engine's rows: every one is found; right ones never are."""

from __future__ import annotations

import pytest
import rows
from mistakes import HARMLESS, MISTAKES
from planting import ROWS, Mistake, find, planted


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_mistake_is_found(mistake: Mistake) -> None:
    for dtype in mistake.dtypes:
        assert find(mistake, dtype) is not None, f"not found in {dtype}"


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.id)
def test_other_right_rules_pass(change: Mistake) -> None:
    for dtype in change.dtypes:
        assert find(change, dtype) is None


def test_there_are_enough_of_many_kinds() -> None:
    assert len({mistake.id for mistake in MISTAKES}) == len(MISTAKES) >= 60
    assert len({mistake.kind for mistake in MISTAKES}) >= 20


def test_a_row_is_itself_again_afterwards() -> None:
    for mistake in MISTAKES:
        row = ROWS[mistake.place]
        before = (row.rules, row.codes, row.plans, row.kernel, row.numpy_kernel)
        with planted(mistake):
            assert (row.rules, row.kernel) != (before[0], before[3])
        assert (row.rules, row.codes, row.plans, row.kernel, row.numpy_kernel) == before


@pytest.mark.parametrize("name", sorted({mistake.name for mistake in MISTAKES}))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nothing_planted_nothing_found(name: str, dtype: str) -> None:
    found = [rows.judged(case, order) for case in rows.cases([name], (dtype,)) for order in (1, 2)]
    assert found
    assert not [outcome.text for outcome in found if not outcome.ok]
