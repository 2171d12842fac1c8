"""Arrays for a function that a command line names: given, from a file, or drawn.

--arg x=0.5,1.5      numbers; rows are separated by semicolons, hex floats are taken too
--args FILE.npz      arrays by the names of the parameters
--shape x=3,4        drawn: standard normal, the same for the same --seed; `x=` is a single number
"""

from __future__ import annotations

import argparse
import inspect
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from reference.adapters import Pair
from reference.commands.targets import TargetError, split_named

__all__ = [
    "DTYPES",
    "add_array_options",
    "arrays_for",
    "named_sizes",
    "numbers",
    "parameters_of",
    "takes_nothing",
]

DTYPES = ("float64", "float32", "float16")


def add_array_options(parser: argparse.ArgumentParser) -> None:
    """The options above, and --dtype and --seed."""
    add = parser.add_argument
    add(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=NUMBERS",
        help="numbers for a parameter, as in x=0.5,1.5 (rows: x=1,2;3,4)",
    )
    add("--args", metavar="FILE.npz", help="arrays for the parameters, by their names")
    add(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=SIZES",
        help="draw a parameter of this shape, as in x=3,4 (x= for a single number)",
    )
    add("--dtype", choices=DTYPES, default="float64", help="of --arg and --shape")
    add("--seed", type=int, default=0, help="of all that is drawn (default 0)")  # fmt: skip


def parameters_of(function: Callable[..., Any]) -> list[tuple[str, bool]]:
    """(name, whether it must be given) of a function's positional parameters."""
    named = function.forward if isinstance(function, Pair) else function
    try:
        parameters = inspect.signature(named).parameters.values()
    except (TypeError, ValueError):  # a function in C, say
        return []
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [(p.name, p.default is p.empty) for p in positional]


def takes_nothing(function: Callable[..., Any]) -> bool:
    """Whether a function can be called without arguments, and is meant to be.

    >>> takes_nothing(lambda: 1), takes_nothing(lambda *x: 1), takes_nothing(lambda x=0: 1)
    (True, False, True)
    """
    if isinstance(function, Pair):
        return False
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return all(p.default is not p.empty or p.kind is p.VAR_KEYWORD for p in parameters)


def arrays_for(function: Callable[..., Any], options: argparse.Namespace) -> list[np.ndarray]:
    """One array for each parameter, up to the last that must be given or is.

    Raises TargetError where one is missing, unknown, or no array of numbers.
    """
    given = _given(options)
    parameters = parameters_of(function)
    names = [name for name, _ in parameters] or list(given)
    unknown = [name for name in given if name not in names]
    if unknown:
        raise TargetError(f"no parameter {unknown[0]!r}: there are {', '.join(names) or 'none'}")
    needed = [n for n, (name, must) in enumerate(parameters) if must or name in given]
    count = max(needed, default=len(names) - 1) + 1
    missing = [name for name in names[:count] if name not in given]
    if missing:
        name = missing[0]
        raise TargetError(
            f"nothing is known about the parameter {name!r}: give --shape {name}=3, "
            f"--arg {name}=0.5,1.5 or --args FILE.npz"
        )
    return [given[name] for name in names[:count]]


def _given(options: argparse.Namespace) -> dict[str, np.ndarray]:
    """The arrays by name; a later kind of option stands for an earlier one."""
    found: dict[str, np.ndarray] = {}
    if options.args is not None:
        found.update(_file(options.args))
    for name, text in split_named(options.shape, "--shape").items():
        # a parameter's numbers do not depend on which others are drawn
        rng = np.random.default_rng([options.seed, zlib.crc32(name.encode())])
        shape = _shape(name, text)
        found[name] = np.asarray(rng.standard_normal(shape), dtype=options.dtype)
    for name, text in split_named(options.arg, "--arg").items():
        found[name] = np.asarray(numbers(f"--arg {name}", text), dtype=options.dtype)
    return found


def _file(path: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as content:  # nothing in a file is evaluated
            if not hasattr(content, "files"):
                raise TargetError(f"{path!r} is no .npz file: write it with numpy.savez")
            return {name: content[name] for name in content.files}
    except OSError as error:
        raise TargetError(f"cannot read {path!r}: {error.strerror or error}") from None
    except (ValueError, zipfile.BadZipFile, EOFError):
        raise TargetError(
            f"{path!r} holds no plain arrays: write it with numpy.savez, without objects"
        ) from None


def named_sizes(text: str) -> list[str]:
    """The sizes of `3,n`; none for an empty text, which is a single number.

    >>> named_sizes("3, n"), named_sizes("")
    (['3', 'n'], [])
    """
    return [part.strip() for part in text.split(",")] if text else []


def _shape(name: str, text: str) -> tuple[int, ...]:
    sizes = named_sizes(text)
    if not all(size.isdigit() for size in sizes):
        raise TargetError(f"--shape {name}={text}: sizes are whole numbers, as in x=3,4")
    return tuple(int(size) for size in sizes)


def numbers(option: str, text: str) -> Any:
    """`0.5` as a number, `1,2` as a list, `1,2;3,4` as rows. Raises TargetError.

    >>> numbers("--arg x", "1,0x1p-1;3,4")
    [[1.0, 0.5], [3.0, 4.0]]
    """
    rows = [[_number(option, part) for part in row.split(",")] for row in text.split(";")]
    if len(rows) > 1:
        if len({len(row) for row in rows}) > 1:
            raise TargetError(f"{option}: the rows have {[len(r) for r in rows]} numbers")
        return rows
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


def _number(option: str, text: str) -> float:
    try:
        return float.fromhex(text) if "0x" in text.lower() else float(text)
    except ValueError:
        raise TargetError(f"{option}: {text.strip()!r} is no number") from None
