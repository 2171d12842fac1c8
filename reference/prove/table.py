"""The table of what is proved, and how, for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reference.prove.proof import Proof

__all__ = ["in_document", "table", "table_rows"]


def table_rows(proofs: Iterable[Proof]) -> list[tuple[str, str, str, str]]:
    """Operation, arguments, method and cases: one row for each operation and method.

    >>> one = Proof("pointwise.EXP", "x", "identical", ("scalar", "2×2"), "", 0.1)
    >>> table_rows([one])
    [('pointwise.EXP', 'x', 'identical', 'scalar; 2×2')]
    """
    grouped: dict[tuple[str, str, str], list[Proof]] = {}
    for proof in proofs:
        key = (proof.operation, proof.method, "; ".join(_short(proof.shapes)))
        grouped.setdefault(key, []).append(proof)
    return [
        (operation, ", ".join(proof.argument for proof in group), method, shapes)
        for (operation, method, shapes), group in grouped.items()
    ]


_MOST = 6


def _short(shapes: Sequence[str]) -> list[str]:
    """The first few cases, and how many more there are."""
    if len(shapes) <= _MOST:
        return list(shapes)
    return [*shapes[:_MOST], f"and {len(shapes) - _MOST} more"]


def table(proofs: Sequence[Proof]) -> str:
    """The proofs as a table in Markdown, with a line that counts them.

    >>> one = Proof("pointwise.EXP", "x", "identical", ("scalar",), "", 0.1)
    >>> print(table([one]))
    | operation | arguments | method | shapes and parameters |
    |---|---|---|---|
    | `pointwise.EXP` | x | identical | scalar |
    """
    lines = ["| operation | arguments | method | shapes and parameters |", "|---|---|---|---|"]
    for operation, arguments, method, shapes in table_rows(proofs):
        cell = shapes.replace("|", "\\|")
        lines.append(f"| `{operation}` | {arguments} | {method} | {cell} |")
    return "\n".join(lines)


_BEGIN, _END = "<!-- proofs: begin -->", "<!-- proofs: end -->"


def in_document(document: str, proofs: Sequence[Proof]) -> str:
    """A page with its table, between two comments, made anew.

    Raises ValueError for a page without the comments.
    """
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no place for the table: write {_BEGIN} and {_END}")
    return f"{before}{begin}\n\n{table(proofs)}\n\n{end}{after}"
