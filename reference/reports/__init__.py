"""Reports: what checks found, for a browser, for programs and for CI systems.

>>> from reference.reports import Entry, Run
>>> Run("mine", entries=[Entry("softplus", "activations", "passed")]).summary_lines()
['1 check: 1 passed']
"""

from __future__ import annotations

from reference.reports.data import as_data
from reference.reports.files import read, suffix_of, write
from reference.reports.run import STATES, Entry, Run, environment, merged, now

__all__ = [
    "STATES",
    "Entry",
    "Run",
    "as_data",
    "environment",
    "merged",
    "now",
    "read",
    "suffix_of",
    "write",
]
