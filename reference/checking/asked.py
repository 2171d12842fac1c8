"""What `check` is asked to do: its options, and whether its arguments can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter
from reference.checking.run import EVERYTHING

__all__ = ["contents_of", "refuse", "selected"]


def refuse(*, seed: Any, factor: Any, cotangents: Any, repeats: Any, points: Any) -> None:
    """Raise TypeError or ValueError for an option that says nothing.

    >>> refuse(seed=0, factor=-1.0, cotangents=2, repeats=64, points=0)
    Traceback (most recent call last):
    ValueError: factor=-1.0: give a number above 0, by which the judge's threshold is multiplied
    """
    if isinstance(factor, bool) or not isinstance(factor, Real):
        raise TypeError(f"factor={factor!r} is {_kind(factor)}: give a number above 0")
    if not 0 < float(factor) < math.inf:
        raise ValueError(
            f"factor={factor!r}: give a number above 0, by which the judge's threshold is "
            "multiplied"
        )
    _count("seed", seed, 0, "from which cotangents and directions are drawn")
    _count("repeats", repeats, 0, "how often the same gradient is asked for")
    _count("points", points, 0, "how many further places are checked")
    if isinstance(cotangents, (str, bytes, bool, float)) or cotangents is None:
        raise TypeError(
            f"cotangents={cotangents!r} is {_kind(cotangents)}: give how many are drawn, or a "
            "list of arrays"
        )
    if isinstance(cotangents, Integral):
        _count("cotangents", cotangents, 0, "how many are drawn")


def _count(name: str, value: Any, least: int, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={value!r} is {_kind(value)}: give a whole number, {what}")
    if value < least:
        raise ValueError(f"{name}={value!r}: give {least} or more, {what}")


def _kind(value: Any) -> str:
    return type(value).__name__


def selected(what: str | Sequence[str] | None) -> tuple[str, ...]:
    """The kinds of question that are asked for by name. Raises ValueError for an unknown one.

    >>> selected("vjp"), selected(None)
    (('vjp',), ())
    """
    if what is None:
        return ()
    chosen = (what,) if isinstance(what, str) else tuple(what)
    unknown = [name for name in chosen if name not in EVERYTHING]
    if unknown or not chosen:
        raise ValueError(f"what={what!r}: choose from {', '.join(EVERYTHING)}")
    return chosen


def contents_of(
    adapter: Adapter, arguments: Sequence[Any], names: Sequence[str]
) -> dict[int, np.ndarray]:
    """The exact contents of the arguments that are floats, by number.

    Raises TypeError where there is none, or where one cannot be read.
    """
    floats = [number for number, value in enumerate(arguments) if adapter.is_float(value)]
    if not floats:
        given = ", ".join(_described(value) for value in arguments) or "none"
        raise TypeError(
            f"no argument is an array of floats of {adapter.name}, so that there is nothing to "
            f"differentiate by: got {given}; {_remedy(adapter.name)}"
        )
    found = {}
    for number in floats:
        try:
            found[number] = adapter.content(arguments[number])
        except Exception as error:
            raise TypeError(
                f"the argument {names[number]} ({_described(arguments[number])}) cannot be read "
                f"as exact numbers: {_first_line(error)}; give a plain array of float64, float32, "
                "float16 or bfloat16"
            ) from error
    return found


def _described(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return _kind(value) if dtype is None else f"{_kind(value)} of {dtype}"


def _remedy(engine: str) -> str:
    if engine in ("pair", "hips"):
        return "give NumPy arrays of float64, float32 or float16, as in np.array([0.5, 1.0])"
    return f"give arrays of {engine} with a floating-point dtype"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"
