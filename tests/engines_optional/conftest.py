"""Before any of these files is imported."""

import os

# tinygrad looks for its device when it is imported; this one needs no compiler
os.environ.setdefault("DEV", "PYTHON")
