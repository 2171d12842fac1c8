"""No row of the engine without mathematics to hold it to, and no row that nothing exercises."""

from __future__ import annotations

import pytest
import rows

import autodiff
from reference.definitions import MissingDefinition, definition

# the first tier: what every program uses
TIER_ONE = """
    add sub mul div neg pow reciprocal abs sign exp log log1p expm1 sqrt rsqrt square sin cos tan
    tanh sigmoid erf clamp maximum minimum where sum mean prod max min amax amin var std logsumexp
    norm linalg.vector_norm cumsum matmul mm mv dot bmm outer einsum addmm view reshape transpose
    permute t T squeeze unsqueeze expand flatten cat stack split chunk unbind __getitem__
    index_put gather index_select masked_fill tril triu diagonal flip clone to sort F.relu
    F.linear softmax log_softmax F.mse_loss F.cross_entropy
""".split()  # noqa: SIM905 - as the list is written there
METHODS = ("view", "T", "expand", "__getitem__", "to")  # of tensors alone, in PyTorch too
ROWS = rows.all_rows()


def is_defined(name: str) -> bool:
    try:
        definition(name)
    except MissingDefinition:
        return False
    return True


def test_there_are_eighty_names() -> None:
    assert len(set(TIER_ONE)) == 80


@pytest.mark.parametrize("name", sorted({row.name for row in ROWS.values()}))
def test_row_has_a_definition(name: str) -> None:
    partner = rows.PARTNERS.get(name, (name, ""))[0]
    places = ", ".join(place for place, row in ROWS.items() if row.name == name)
    assert is_defined(partner), (
        f"the row {name!r} ({places}) has no definition {partner!r} in reference/definitions: "
        "define it, or name its partner in PARTNERS of rows.py and say why"
    )


def test_partners_are_needed() -> None:
    names = {row.name for row in ROWS.values()}
    for name, (partner, reason) in rows.PARTNERS.items():
        assert name in names, f"there is no row {name!r} any more"
        assert not is_defined(name), f"{name!r} has a definition of its own"
        assert is_defined(partner)
        assert reason


@pytest.mark.parametrize("name", TIER_ONE)
def test_tier_one_is_public_and_defined(name: str) -> None:
    short = name.removeprefix("F.")
    assert is_defined(short)
    if name in METHODS:
        assert hasattr(autodiff.Tensor, name)
        return
    place: object = autodiff.nn.functional if name.startswith("F.") else autodiff
    for part in short.split("."):
        assert hasattr(place, part), f"autodiff has no public {name}"
        place = getattr(place, part)
    assert callable(place)


def test_samples_exercise_every_rule() -> None:
    """Each row with a rule is recorded, for each of its inputs, by some sample's call."""
    for row in ROWS.values():
        row.plans.clear()
    for case in rows.cases(dtypes=("float64", "mixed")):
        for order in (1, 2):
            if case.dtype == "float64" or case.name in rows.PROMOTING:
                rows.engine_gradients(case, order)
    plans = [plan for row in ROWS.values() for plan in row.plans.values()]
    used = {rule for plan in plans for rule in plan.rules}  # shared by a row's variants
    missing = {
        place
        for place, row in ROWS.items()
        if any(rule and rule not in used for rule in row.rules)
    }
    assert missing == set(rows.ELSEWHERE)
