"""How the C library is told to keep the memory of freed arrays, and NumPy not to copy rows.

A pass over large arrays frees and allocates the same sizes over and over. By default, glibc hands
a freed block of 128 KiB or more back to the operating system, and pays for it again, page fault
by page fault: on arrays of 4 MB that costs as much as the arithmetic. The limit is dynamic,
however (mallopt(3), M_MMAP_THRESHOLD): it rises to the size of the largest block that was ever
freed, up to 32 MiB, and as much as twice that is then kept in reserve. So it is enough to
allocate such a block once, which touches none of its pages, and to free it. Other C libraries
take no notice.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["keep_freed_memory", "unbuffered"]

_LARGEST = 32 * 1024 * 1024 - 64 * 1024  # below glibc's upper bound, its own header included


def keep_freed_memory() -> None:
    """Let the process keep up to 64 MiB of freed memory for its next arrays.

    >>> keep_freed_memory()
    """
    np.empty(_LARGEST, np.uint8)


_BUFFER = 512  # elements
_LONG = 8192  # elements of a row that NumPy's own buffer does not hold
_MANY = 1 << 15  # elements of an array for which it pays


def _buffer_setting() -> tuple[Any, Any]:
    """The context variable that holds the size of NumPy's buffers, and its value for small ones.

    `np.setbufsize` takes two microseconds, and many more between passes over large arrays. With
    it comes the setting in which kernels run: no warnings of inf and nan.
    """

    def settings() -> dict[Any, Any]:
        np.seterr(all="ignore")
        np.setbufsize(_BUFFER)
        return dict(contextvars.copy_context().items())

    for variable, value in contextvars.copy_context().run(settings).items():
        if variable.name == "numpy.ufunc.extobj":
            return variable, value
    return contextvars.ContextVar("unknown"), None


_setting, _small = _buffer_setting()


def unbuffered(work: Callable[..., Any], x: Any, *others: Any) -> Any:
    """work(x, *others), in which rows and columns that are broadcast against x are not copied.

    Since version 2.3, NumPy copies a row or column that is broadcast into a buffer (of 8,192
    elements by default), so as to work on several rows at once, which on rows of about a thousand
    elements takes twice as long. It does not where the buffer is no longer than a row.

    >>> unbuffered(np.add, np.ones((2, 1)), np.ones(2))
    array([[2., 2.],
           [2., 2.]])
    """
    if not _BUFFER <= x.shape[-1] < _LONG or x.size < _MANY:
        return work(x, *others)
    token = _setting.set(_small)
    try:
        return work(x, *others)
    finally:
        _setting.reset(token)
