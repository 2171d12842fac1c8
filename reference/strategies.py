"""Hypothesis strategies for arguments of which a failing one shrinks to its smallest.

Needs Hypothesis (`pip install autodiff-oracle[hypothesis]`), which is loaded when a function here
is called and not before.

>>> special_numbers("relu", "float32")[:2]
[0.0, 1.0]
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from reference.checking import check
from reference.definitions import Definition
from reference.floats import format_of, round_to_format
from reference.points import around as around_function
from reference.points import special_points
from reference.points.calls import parts
from reference.points.ladder import largest

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    Strategy: TypeAlias = SearchStrategy[Any]

__all__ = ["arrays", "gradients_hold", "smallest_failure", "special_numbers"]

Around: TypeAlias = Definition | str | Callable[..., Any] | None
_SEED = 0
_PROBES = 2  # arrays at which a user's function is traced for its special places


def _hypothesis(name: str = "") -> Any:
    try:
        return importlib.import_module(f"hypothesis{name}")
    except ImportError as error:
        raise ImportError(
            "reference.strategies needs Hypothesis, which is not installed: "
            "pip install 'autodiff-oracle[hypothesis]'"
        ) from error


def arrays(
    dtype: Any, shape: Any = None, around: Around = None, *, bound: float | None = None
) -> Strategy:
    """Arrays of floats, special places of an operation or a function among their numbers.

    dtype: float64, float32, float16 or bfloat16 (as float32 arrays whose numbers it holds).
    shape: a tuple of ints, or a strategy for one; by default one axis of one to eight elements.
    around: a definition, its name, or a function of one array (of any number of elements, written
    with operators and NumPy's functions), whose special places join the numbers. bound: the
    largest size of a number; by default the format's. All numbers are finite. A failing array
    shrinks to fewer elements, and these to small whole numbers where such fail too.

    Raises ImportError without Hypothesis, TypeError for a dtype that is no format of floats.
    """
    strategies, extra = _hypothesis(".strategies"), _hypothesis(".extra.numpy")
    fmt = format_of(dtype)
    kept = np.dtype("float32" if fmt.name == "bfloat16" else fmt.name)
    if shape is None:
        shape = extra.array_shapes(max_dims=1, max_side=8)
    top = largest(fmt) if bound is None else float(round_to_format(np.array(bound), fmt))
    numbers = strategies.floats(-top, top, width=kept.itemsize * 8)
    if fmt.name == "bfloat16":
        numbers = numbers.map(lambda value: float(round_to_format(np.array(value), fmt)))
    elements = strategies.one_of(strategies.integers(-3, 3).map(float), numbers)
    pool = [value for value in special_numbers(around, fmt) if abs(value) <= top]
    if pool:
        elements = strategies.one_of(elements, strategies.sampled_from(pool))
    found: Strategy = extra.arrays(kept, shape, elements=elements, fill=strategies.nothing())
    return found


def special_numbers(around: Around, dtype: Any) -> list[float]:
    """The numbers at special places of an operation or a function of one array, simplest first.

    >>> special_numbers(lambda x: abs(x - 3), "float16")[:2]
    [0.0, 1.0]
    >>> 3.0 in special_numbers(lambda x: abs(x - 3), "float16")
    True
    """
    fmt = format_of(dtype)
    rng = np.random.default_rng(_SEED)
    found: list[np.ndarray] = []
    if isinstance(around, (Definition, str)):
        for point in special_points(around, fmt.name, rng):
            found += parts(point)
    elif around is not None:
        for start in (0.5, 1.5)[:_PROBES]:
            probe = np.array([start, -start])
            for point in around_function(around, [probe], fmt, rng):
                found += parts(point)
    numbers = {float(v) for array in found for v in array.ravel().tolist() if np.isfinite(v)}
    numbers |= {0.0, 1.0} if found else set()
    return sorted(numbers, key=_simplicity)


def _simplicity(value: float) -> tuple[bool, float, bool]:
    return not value.is_integer(), abs(value), value < 0


def smallest_failure(
    f: Callable[..., Any],
    *strategies: Strategy,
    examples: int = 200,
    definition: Any = None,
    engine: Any = None,
    what: str | Sequence[str] = ("value", "vjp"),
    convert: Callable[[np.ndarray], Any] | None = None,
    **more: Any,
) -> tuple[np.ndarray, ...] | None:
    """The simplest arguments at which `check` finds f's gradients wrong; None if it finds none.

    strategies: one for each argument, such as :func:`arrays`. examples: how many are tried at
    most. convert: from a NumPy array to one of the engine's, such as torch.from_numpy. The other
    parameters go to :func:`reference.check`. The search is the same every time.
    """
    hypothesis, built = _hypothesis(), _hypothesis(".strategies")

    def fails(arguments: tuple[np.ndarray, ...]) -> bool:
        report = check(
            f, *_converted(arguments, convert), definition=definition, engine=engine, what=what,
            **more,
        )  # fmt: skip
        return not report.ok

    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    )
    try:
        found = hypothesis.find(built.tuples(*strategies), fails, settings=settings)
    except hypothesis.errors.NoSuchExample:
        return None
    return tuple(found)


def _converted(
    arguments: Sequence[np.ndarray], convert: Callable[[np.ndarray], Any] | None
) -> list[Any]:
    return [value if convert is None else convert(value.copy()) for value in arguments]


def gradients_hold(
    f: Callable[..., Any],
    *strategies: Strategy,
    convert: Callable[[np.ndarray], Any] | None = None,
    examples: int = 200,
    what: str | Sequence[str] = ("value", "vjp"),
    **more: Any,
) -> None:
    """Raise AssertionError if f's gradients fail at any of the arguments drawn, at the simplest.

    Parameters as for :func:`smallest_failure`; the message is the report of the check there.
    """
    found = smallest_failure(f, *strategies, examples=examples, what=what, convert=convert, **more)
    if found is not None:
        report = check(f, *_converted(found, convert), what=what, **more)
        shown = ", ".join(f"{array!r}" for array in found)
        raise AssertionError(f"the smallest arguments that fail: {shown}\n{report.text}")
