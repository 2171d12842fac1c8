"""Puts this folder on the path, so that its tests share `rows.py` and `mistakes.py`."""

import sys
from pathlib import Path

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)
