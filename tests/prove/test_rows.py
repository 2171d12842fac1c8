"""Every rule of the engine is the derived gradient, and the documentation's table says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference.prove import Proof, places, prove_all
from reference.prove.statements import statements
from reference.prove.table import in_document, table_rows

PAGE = Path(__file__).parents[2] / "docs" / "proofs.md"
SHOWN = ("identical", "simplified")  # which of the two may differ from one SymPy to another


def documented() -> dict[tuple[str, str], tuple[str, str]]:
    """Method and cases, by operation and argument, from the table in docs/proofs.md."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cells = line.replace("\\|", "\0").strip("| ").split(" | ")
            operation, arguments, method, shapes = (cell.replace("\0", "|") for cell in cells)
            for argument in arguments.split(", "):
                found[operation.strip("`"), argument] = (method, shapes)
    return found


TABLE = documented()


@pytest.mark.parametrize("place", places())
def test_every_rule_is_proved_as_documented(place: str) -> None:
    proofs = prove_all(place)
    assert proofs
    for proof in proofs:
        assert proof.ok, f"{proof.operation}, {proof.argument}: {proof.text}"
        method, _ = TABLE[place, proof.argument]
        assert method == proof.method or {method, proof.method} <= set(SHOWN)
    (_, _, _, shapes) = table_rows(proofs[:1])[0]
    assert TABLE[place, proofs[0].argument][1] == shapes


def test_table_names_every_row_and_no_other() -> None:
    assert {place for place, _ in TABLE} == set(places())


def test_statements_are_about_rows_that_exist() -> None:
    assert set(statements()) <= set(places())


def test_page_has_a_place_for_the_table() -> None:
    proof = Proof("pointwise.EXP", "x", "identical", ("scalar",), "", 0.0)
    made = in_document(PAGE.read_text(encoding="utf-8"), [proof])
    assert made.count("| `") == 1
    assert in_document(made, [proof]) == made
    with pytest.raises(ValueError, match="no place for the table"):
        in_document("# A page", [proof])
