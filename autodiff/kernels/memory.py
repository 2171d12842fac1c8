"""How the C library is told to keep the memory of freed arrays.

A pass over large arrays frees and allocates the same sizes over and over. By default, glibc hands
a freed block of 128 KiB or more back to the operating system, and pays for it again, page fault
by page fault: on arrays of 4 MB that costs as much as the arithmetic. The limit is dynamic,
however (mallopt(3), M_MMAP_THRESHOLD): it rises to the size of the largest block that was ever
freed, up to 32 MiB, and as much as twice that is then kept in reserve. So it is enough to
allocate such a block once, which touches none of its pages, and to free it. Other C libraries
take no notice.
"""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]

_LARGEST = 32 * 1024 * 1024 - 64 * 1024  # below glibc's upper bound, its own header included


def keep_freed_memory() -> None:
    """Let the process keep up to 64 MiB of freed memory for its next arrays.

    >>> keep_freed_memory()
    """
    np.empty(_LARGEST, np.uint8)
