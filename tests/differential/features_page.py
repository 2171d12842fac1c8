"""The table of features in docs/differences.md, made from the tables that the tests hold.

python tests/differential/features_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "shared")]

import features  # noqa: E402 - found by the line above
import features_functions  # noqa: E402
import features_tensor  # noqa: E402
import features_transforms  # noqa: E402

__all__ = ["FEATURES", "ROWS", "SECTIONS", "order", "table"]

# the sections of the map of PyTorch's autograd, and how many rows each has
SECTIONS = {
    "A": 14, "B": 6, "C": 9, "D": 22, "E": 13, "F": 9, "G": 9, "H": 16, "I": 5, "J": 7, "K": 4,
    "L": 4, "M": 7, "N": 3, "O": 4, "P": 5, "Q": 6, "R": 13, "S": 5,
}  # fmt: skip
ROWS = [
    *(f"{letter}{number + 1}" for letter, count in SECTIONS.items() for number in range(count)),
    *("1.1", "1.2", "1.3", "1.4", "4", "5"),
]


def order(row: str) -> int:
    """The place of a row in the map; rows of our own come last."""
    return ROWS.index(row) if row in ROWS else len(ROWS)


FEATURES = sorted(
    [
        *features_tensor.FEATURES,
        *features.FEATURES,
        *features_functions.FEATURES,
        *features_transforms.FEATURES,
    ],
    key=lambda feature: order(feature.row),
)
PAGE = HERE.parents[1] / "docs" / "differences.md"
HEADING = "## Row by row\n"
INTRODUCTION = (
    "What autograd users of PyTorch have, and what there is of it here. Made from tables beside",
    "the tests (`python tests/differential/features_page.py`); the tests that these name compare",
    "with PyTorch, or pin the behaviour.",
)


def table() -> str:
    """The section of the page, in Markdown."""
    lines = [
        HEADING,
        *INTRODUCTION,
        "",
        "| row | feature | here | what differs, and why |",
        "|---|---|---|---|",
    ]
    for one in FEATURES:
        why = " ".join(one.why.split()).replace("|", "\\|")
        title = one.title.replace("|", "\\|")
        lines.append(f"| {one.row} | {title} | {one.status} | {why} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page with the section as it is now."""
    before = PAGE.read_text(encoding="utf-8").split(HEADING)[0].rstrip()
    return f"{before}\n\n{table()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
