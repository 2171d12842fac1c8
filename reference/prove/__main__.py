"""`python -m reference.prove docs/proofs.md`: write the table of proofs into a page anew."""

from __future__ import annotations

import sys
from pathlib import Path

from reference.prove.prover import prove_all
from reference.prove.table import in_document

__all__ = ["main"]


def main(path: str) -> None:
    """Prove everything, and put the table into the page at the path."""
    page = Path(path)
    page.write_text(in_document(page.read_text(encoding="utf-8"), prove_all()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
