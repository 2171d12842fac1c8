"""Proofs that an engine's derivative rules are the derived gradients.

A rule of `autodiff` is array code. Run on arrays of symbols it becomes a graph of the oracle, and
that graph is compared with the gradient that the oracle derives from the operation's definition:
element by element, case by case, as expressions. What SymPy cannot decide is evaluated with
certified error bounds at random points, and the proof says so. See docs/proofs.md.
"""

from __future__ import annotations

from reference.prove.proof import METHODS, Proof
from reference.prove.prover import Piece, pieces, places, prove, prove_all, prove_piece
from reference.prove.table import table

__all__ = [
    "METHODS",
    "Piece",
    "Proof",
    "pieces",
    "places",
    "prove",
    "prove_all",
    "prove_piece",
    "table",
]
