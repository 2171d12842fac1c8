"""Random programs on a handful of tensors, run on two engines statement by statement.

A program is a list of Python statements. `generate` writes programs, `running` executes them on
two engines and says what differs, `shrinking` takes away what a difference does not need and
prints what is left as a script.
"""

from __future__ import annotations

from programs.generate import memory_program, pass_program, program
from programs.meaning import Meaning, Namespace
from programs.running import Difference, compare
from programs.shrinking import script, shrink

__all__ = [
    "Difference",
    "Meaning",
    "Namespace",
    "compare",
    "memory_program",
    "pass_program",
    "program",
    "script",
    "shrink",
]
