"""Puts tests/agreement on the path: its planted mistakes are used here too."""

import sys
from pathlib import Path

AGREEMENT = str(Path(__file__).parents[1] / "agreement")
if AGREEMENT not in sys.path:
    sys.path.insert(0, AGREEMENT)
