"""Mistakes planted in the engine's rows: what is wrong in mathematics is refuted, never proved."""

from __future__ import annotations

import pytest
from mistakes import HARMLESS, MISTAKES
from planting import Mistake, planted

from reference.prove import Proof, prove

# The same function, computed worse: for the judge, not for a proof.
ROUNDING = ("cancellation", "overflow")
RAISES = "norm without scaling"  # of order 0, where it divides by it
WORSE = [m for m in MISTAKES if m.kind in ROUNDING and m.text != RAISES]
WRONG = [mistake for mistake in MISTAKES if mistake not in WORSE]


def proof_with(mistake: Mistake) -> Proof:
    with planted(mistake):
        return prove(mistake.place, None if mistake.kernel is None else "value")


@pytest.mark.parametrize("mistake", WRONG, ids=lambda mistake: mistake.id)
def test_wrong_rules_are_refuted(mistake: Mistake) -> None:
    proof = proof_with(mistake)
    assert proof.method == "refuted"
    assert proof.text


@pytest.mark.parametrize("mistake", [*WORSE, *HARMLESS], ids=lambda mistake: mistake.id)
def test_the_same_function_is_not_refuted(mistake: Mistake) -> None:
    proof = proof_with(mistake)
    assert proof.ok, proof.text


def test_most_mistakes_are_mathematical() -> None:
    assert len(WRONG) > 5 * len(WORSE) > 0
