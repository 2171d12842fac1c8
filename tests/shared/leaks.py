"""What many calls leave behind, told apart from what arrives meanwhile.

pytest-xdist moves the numbers of thousands of tests from one worker's queue to another's, whenever
one runs dry: as many objects come or go while a test counts, and nobody here has left them. So a
measurement that finds something is made again.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["smallest"]


def smallest(measure: Callable[[], int], enough: int, tries: int = 3) -> int:
    """The smallest of so many measurements, or the first that is below `enough`.

    >>> found = iter([5000, 2, 7])
    >>> smallest(lambda: next(found), 100)
    2
    """
    found = measure()
    for _ in range(tries - 1):
        if found < enough:
            break
        found = min(found, measure())
    return found
