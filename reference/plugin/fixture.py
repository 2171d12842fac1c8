"""The fixture `oracle`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.checking import Report, WrongGradients, check
from reference.checking.special import special_inputs

__all__ = ["Interrupted", "Oracle", "options"]

_MORE = {"cotangents": 8, "repeats": 256}


@dataclass(frozen=True)
class Interrupted:
    """A check that ended with an error of the function's, or of the oracle's."""

    function: str
    error: Exception


class Oracle:
    """Checks gradients with the options of a test's marker and of the command line.

    The parameters of its methods are those of :func:`reference.check`; what is given there counts
    before the marker, and the marker before the command line.

    thorough: whether points at special places are checked besides. reports: of all checks so far.

    >>> import numpy as np
    >>> from reference.checking import Pair
    >>> oracle = Oracle({"seed": 3})
    >>> oracle.check(Pair(np.exp, lambda g, x: g * np.exp(x)), np.ones(2)).seed
    3
    """

    def __init__(
        self,
        given: dict[str, Any] | None = None,
        *,
        tell: Callable[[Any], None] | None = None,
        is_known: Callable[[Report], bool] | None = None,
    ) -> None:
        """given: defaults of the parameters, and `thorough`. tell: is told of errors.

        is_known: whether a report's failures are known, and not to be raised.
        """
        self._given = dict(given or {})
        self.thorough = bool(self._given.pop("thorough", False))
        if self.thorough:
            self._given = {**_MORE, **self._given}
        self._tell = tell
        self._is_known = is_known
        self.reports: list[Report] = []

    @property
    def seed(self) -> int:
        """What cotangents and points are drawn from."""
        return int(self._given.get("seed", 0))

    def check(self, f: Callable[..., Any], *arrays: Any, **parameters: Any) -> Report:
        """As :func:`reference.check`. Thorough, the report of the first point that fails."""
        reports = self._checked(f, arrays, parameters)
        return next((report for report in reports if not report), reports[0])

    def assert_gradients(self, f: Callable[..., Any], *arrays: Any, **parameters: Any) -> None:
        """As :func:`reference.assert_gradients`, but failures of the baseline are not raised."""
        __tracebackhide__ = True
        for report in self._checked(f, arrays, parameters):
            if not report and not (self._is_known is not None and self._is_known(report)):
                raise WrongGradients(report)

    def _checked(
        self, f: Callable[..., Any], arrays: tuple[Any, ...], parameters: dict[str, Any]
    ) -> list[Report]:
        used = {**self._given, **parameters}
        try:
            reports = [check(f, *arrays, **used)]
            if self.thorough:
                about = {n: used[n] for n in ("definition", "engine", "seed") if n in used}
                for why, moved in special_inputs(f, arrays, **about):
                    with np.errstate(all="ignore"):  # overflows are what some places are for
                        report = check(f, *moved, **used)
                    report.notes.append(f"at a special place, {why}")
                    reports.append(report)
        except Exception as error:
            if self._tell is not None:
                self._tell(Interrupted(_name(f), error))
            raise
        self.reports += reports
        return reports


def options(defaults: dict[str, Any], marked: list[dict[str, Any]]) -> dict[str, Any]:
    """What the fixture is given: the command line's, then each marker's, the closest last.

    >>> options({"seed": 0}, [{"seed": 2, "factor": 3.0}, {"factor": 1.0}])
    {'seed': 2, 'factor': 1.0}
    """
    result = dict(defaults)
    for mark in marked:
        result.update(mark)
    return result


def _name(f: Callable[..., Any]) -> str:
    named = getattr(f, "forward", f)
    return str(getattr(named, "__name__", None) or type(named).__name__)
