"""Parameters that speak of axes: one number for all of them, keys along one."""

from __future__ import annotations

from typing import Any

__all__ = ["along", "each_axis"]


def along(axis: int, *key: Any) -> tuple[Any, ...]:
    """An index that takes all of the axes before one.

    >>> along(1, 3)
    (slice(None, None, None), 3)
    """
    return (*(slice(None),) * axis, *key)


def each_axis(value: Any, rank: int) -> tuple[int, ...]:
    """One number for each axis, from one for all or from as many.

    >>> each_axis(2, 3), each_axis((2, 1), 2)
    ((2, 2, 2), (2, 1))
    """
    if isinstance(value, int):
        return (value,) * rank
    given = tuple(int(number) for number in value)
    return given * rank if len(given) == 1 else given
