"""The table of features in docs/differences.md, made from the tables that the tests hold.

python tests/differential/features_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "shared")]

import features  # noqa: E402 - found by the line above
import features_tensor  # noqa: E402
import features_transforms  # noqa: E402

__all__ = ["FEATURES", "table"]

FEATURES = [*features_tensor.FEATURES, *features.FEATURES, *features_transforms.FEATURES]
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
