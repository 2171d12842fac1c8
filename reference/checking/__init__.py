"""Is a gradient right? `check` answers for a function of any engine that has an adapter.

>>> import numpy as np
>>> from reference.adapters import Pair
>>> wrong = Pair(lambda x: np.sin(x), lambda g, x: -g * np.cos(x))
>>> check(wrong, np.array([0.5, 1.0])).failures[0].guess
'the sign is wrong'
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reference.adapters import Adapter, Pair, adapter, recognised
from reference.adapters.trees import flatten_arguments
from reference.checking.asked import contents_of, refuse, selected
from reference.checking.recording import record
from reference.checking.report import (
    Argument,
    Comparison,
    Element,
    Fault,
    Report,
    WrongGradients,
)
from reference.checking.run import EVERYTHING, Check
from reference.checking.source import name_of, origin_of, source_of
from reference.checking.special import mathematics, special_inputs
from reference.checking.truth import Truth, trace_function

__all__ = [
    "EVERYTHING",
    "Argument",
    "Comparison",
    "Element",
    "Fault",
    "Pair",
    "Report",
    "WrongGradients",
    "assert_gradients",
    "check",
]

Function = Callable[..., Any]


def check(
    f: Function,
    *arrays: Any,
    definition: Function | str | None = None,
    engine: str | Adapter | None = None,
    what: str | Sequence[str] | None = None,
    seed: int = 0,
    factor: float = 1.0,
    cotangents: int | Sequence[Any] = 2,
    repeats: int = 64,
    points: int = 0,
) -> Report:
    """Compare an engine's value and derivatives of f, at these arrays, with what is true there.

    f: a function of the engine's arrays, giving one or a tuple of them; for the engine `pair`, a
    :class:`Pair`. arrays: its arguments; a float means exactly the number that it holds. Those
    that ask for a gradient are differentiated, all floats where none can say so.
    definition: the mathematics, as a function of the same arguments written with operators and
    NumPy's (or PyTorch's) functions, or the name of a definition; by default, f itself is traced.
    engine: an adapter or its name, by default known from the arrays. what: some of EVERYTHING;
    by default, all that the engine offers. factor: multiplies the judge's threshold.
    cotangents: how many are drawn, or the arrays themselves (tuples of them, where there are
    several outputs). repeats: how often the same gradient is asked for. points: at how many
    further places, near these arguments and special to the function (kinks, ties, poles, tails),
    the same is asked.

    Raises EngineError for an unknown engine, MissingDefinition for an operation that no
    definition explains, TypeError where nothing can be differentiated, ValueError for an option
    that says nothing, and whatever f itself raises.

    >>> report = check(Pair(np.exp, lambda g, x: g * np.exp(x)), np.float32(0.5))
    >>> report.ok, report.checked
    (True, ('value', 'vjp', 'layout', 'repeat'))
    >>> wrong = Pair(lambda x: np.maximum(x, 1), lambda g, x: g * (x >= 1) * 2.0 ** (x == 1))
    >>> check(wrong, np.array([0.5, 2.0])).ok, check(wrong, np.array([0.5, 2.0]), points=8).ok
    (True, False)
    """
    refuse(seed=seed, factor=factor, cotangents=cotangents, repeats=repeats, points=points)
    if not callable(f):
        raise TypeError(f"f is {type(f).__name__}: give a function, a Pair or a module")
    asked: dict[str, Any] = {"definition": definition, "engine": engine}
    how: dict[str, Any] = {
        "seed": seed,
        "factor": factor,
        "cotangents": cotangents,
        "repeats": repeats,
    }
    report = _checked(f, arrays, what=what, **asked, **how)
    if points:
        start = time.perf_counter()
        for why, moved in special_inputs(f, arrays, **asked, seed=seed, limit=points):
            with np.errstate(all="ignore"):  # overflows are what some of these places are for
                _join(report, why, _checked(f, moved, what=what, **asked, **how))
        report.seconds += time.perf_counter() - start
    if not report.ok:
        asking = {**asked, **how, "what": what, "points": points}
        report.source = source_of(f, arrays, _adapter(f, arrays, engine), asking)
    record(report)
    return report


def _checked(
    f: Function,
    arrays: Sequence[Any],
    *,
    definition: Function | str | None,
    engine: str | Adapter | None,
    what: str | Sequence[str] | None,
    seed: int,
    factor: float,
    cotangents: int | Sequence[Any],
    repeats: int,
) -> Report:
    """The check at these arrays alone."""
    start = time.perf_counter()
    seen = flatten_arguments(_adapter(f, arrays, engine), f, arrays)
    used, arguments, names = seen.adapter, seen.arrays, seen.names
    contents = contents_of(used, arguments, names)
    wrt = [number for number in contents if used.asks(arguments[number])] or list(contents)
    asked = selected(what)
    report = Report(
        name_of(f),
        used.name,
        tuple(Argument(names[n], tuple(contents[n].shape), used.dtype(arguments[n])) for n in wrt),
        seed,
        factor,
    )
    report.notes += _unknown_points(names, contents, wrt)

    def truth(output_dtypes: Sequence[str], kept: Sequence[int], count: int) -> Truth:
        def run(tensors: list[Any]) -> Any:
            if definition is None:
                return used.trace(seen.function, tensors, arguments)
            return used.explain(seen.flat(mathematics(definition)), tensors, arguments)

        traced = trace_function(run, arguments, used, wrt, names, kept, count)
        return Truth(*traced, output_dtypes)

    asking = Check(
        used,
        seen.function,
        arguments,
        contents,
        wrt,
        truth,
        report,
        what=asked or EVERYTHING,
        asked=asked,
        cotangents=cotangents,
        repeats=repeats,
    )
    asking.run()
    report.origin = origin_of(f)
    report.seconds = time.perf_counter() - start
    return report


def _join(report: Report, why: str, other: Report) -> None:
    """Add what was found at another place."""
    report.comparisons += [replace(c, detail=f"{c.detail}; {why}") for c in other.comparisons]
    report.faults += [replace(fault, text=f"{fault.text} ({why})") for fault in other.faults]
    report.notes += [note for note in other.notes if note not in report.notes]


def assert_gradients(
    f: Function,
    *arrays: Any,
    definition: Function | str | None = None,
    engine: str | Adapter | None = None,
    what: str | Sequence[str] | None = None,
    seed: int = 0,
    factor: float = 1.0,
    cotangents: int | Sequence[Any] = 2,
    repeats: int = 64,
    points: int = 0,
) -> None:
    """Raise WrongGradients, an AssertionError, unless all is right; see `check`.

    >>> assert_gradients(Pair(np.exp, lambda g, x: g * np.exp(x)), np.array([0.5, 1.0]))
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    report = check(
        f, *arrays, definition=definition, engine=engine, what=what, seed=seed, factor=factor,
        cotangents=cotangents, repeats=repeats, points=points,
    )  # fmt: skip
    if not report.ok:
        raise WrongGradients(report)


def _adapter(f: Function, arrays: Sequence[Any], engine: str | Adapter | None) -> Adapter:
    if isinstance(engine, Adapter):
        return engine
    return recognised(f, arrays) if engine is None else adapter(engine)


def _unknown_points(
    names: Sequence[str], contents: dict[int, np.ndarray], wrt: Sequence[int]
) -> list[str]:
    """Notes about arguments that hold a NaN, where nothing can be said."""
    found = []
    for number in wrt:
        lost = np.isnan(contents[number])
        if lost.any():
            place = [int(i) for i in np.argwhere(lost)[0]]
            count = int(lost.sum())
            found.append(f"{names[number]} holds {count} NaN, the first at {place}: what depends "
                         "on it is undefined, and any answer is accepted")  # fmt: skip
    return found
