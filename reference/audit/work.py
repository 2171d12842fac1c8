"""The work of an audit: points, one after the other, and what is to be said of them together."""

from __future__ import annotations

import importlib
import math
import signal
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from reference.audit.calls import Call, call_of
from reference.audit.engines import EngineUnderTest, audited_engine
from reference.audit.extremes import (
    ELEMENTWISE,
    has_floats,
    is_extreme,
    is_far,
    is_flushed,
    is_near_the_end,
    without_subnormals,
)
from reference.audit.model import (
    GRAVITY,
    MODE_NAMES,
    MODES,
    Finding,
    Outcome,
    Piece,
    Settings,
    graver,
)
from reference.audit.normwise import is_right_normwise
from reference.checking import Comparison, Element, Report, check
from reference.commands.jobs import Done, run_pieces
from reference.points import Point, special_points

__all__ = ["audit", "audit_piece", "command_of", "examine_point", "points_of"]

_SHOWN = 24  # numbers of a call that a finding spells out
_GOOD = ("correct", "kink-member", "undefined")
_GRACE = 30.0  # seconds beyond twice a piece's own, after which its process is ended


class _TooLong(BaseException):
    """A point that took too long; no Exception, which `check` would take for the engine's."""


def audit(
    settings: Settings,
    pieces: Sequence[Piece],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
) -> Iterator[Outcome]:
    """Outcomes of the pieces as they are done, in any order; no piece ends the others.

    jobs: processes. executor: any of `concurrent.futures`, in place of them.
    """
    limit = 2 * settings.seconds + _GRACE
    for done in run_pieces(audit_piece, pieces, jobs=jobs, executor=executor, limit=limit):
        yield _outcome(done)


def _outcome(done: Done[Piece, Outcome]) -> Outcome:
    if done.result is not None:
        return done.result
    return Outcome(done.piece.operation, done.piece.dtype, error=done.error)


@cache
def _loaded(name: str, modules: tuple[str, ...]) -> EngineUnderTest:
    for module in modules:
        importlib.import_module(module)
    return audited_engine(name)


def points_of(piece: Piece) -> list[Point]:
    """The points of a piece, the same on every machine.

    An engine that takes subnormal numbers for zero is asked at the smallest normal ones instead.
    """
    seed = [piece.settings.seed, zlib.crc32(piece.operation.encode())]
    rng = np.random.default_rng(seed)
    points = [
        point
        for point in special_points(piece.operation, piece.dtype, rng, limit=piece.settings.points)
        if has_floats(point)  # there is something to differentiate by
    ]
    if not _loaded(piece.settings.engine, piece.settings.load).flushes(piece.dtype):
        return points
    return [without_subnormals(point, piece.dtype) for point in points]


def command_of(piece: Piece, point: int, mode: str) -> str:
    """The command that shows one point again."""
    settings = piece.settings
    text = (
        f"python -m reference audit --engine {settings.engine} --ops {piece.operation} "
        f"--dtype {piece.dtype} --point {point} --what {mode}"
    )
    standard = Settings(settings.engine)
    text += "".join(f" --load {module}" for module in settings.load)
    if settings.seed:
        text += f" --seed {settings.seed}"
    if settings.points != standard.points:
        text += f" --points {settings.points}"
    if settings.factor != standard.factor:
        text += f" --factor {settings.factor:g}"
    return text


def examine_point(piece: Piece, point: Point) -> Report:
    """All that the settings ask of one point. Raises what the engine's function raises."""
    settings = piece.settings
    engine = _loaded(settings.engine, settings.load)
    call = call_of(engine, piece.operation, point, piece.dtype)
    return _checked(piece, engine, call)


def _checked(piece: Piece, engine: EngineUnderTest, call: Call) -> Report:
    settings = piece.settings
    what: list[str] = [w for w in ("value", "vjp", "jvp") if w in settings.what]
    if any(mode in settings.what for mode in MODE_NAMES):
        what.append("second")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        report = check(
            call.f, *call.arrays, definition=call.definition, engine=engine.adapter,
            what=what, seed=settings.seed, factor=settings.factor, cotangents=1,
        )  # fmt: skip
    names = set(MODE_NAMES) - set(settings.what)
    report.comparisons = [c for c in report.comparisons if _mode(c) not in names]
    return report


def _mode(comparison: Comparison) -> str:
    """Which column of the table a comparison belongs to."""
    if comparison.what != "second":
        return comparison.what
    found = comparison.detail.partition(",")[0]  # "…, by the cotangent" is the same mode
    return next(mode for mode, name in MODE_NAMES.items() if name == found)


def audit_piece(piece: Piece) -> Outcome:
    """Every point of an operation in a dtype."""
    start = time.monotonic()
    gathered = _Gathered(piece)
    points = points_of(piece)
    left = 0
    for number, point in enumerate(points):
        passed = time.monotonic() - start
        if passed >= piece.settings.seconds:
            left = len(points) - number
            break
        try:
            with _at_most(piece.settings.seconds, piece.settings.each):
                gathered.add(number, point, examine_point(piece, point))
        except _TooLong:
            left += 1
            gathered.too_long.append(number)
        except Exception as error:  # noqa: BLE001  # an engine raises anything
            gathered.refused(number, point, error)
    return gathered.outcome(len(points) - left, left, time.monotonic() - start)


@contextmanager
def _at_most(seconds: float, each: float) -> Iterator[None]:
    """Alarms, where there are any: signals reach the main thread only, and not on Windows.

    seconds: that pass, as a point may hang and do nothing. each: of the processor's time.
    """
    setitimer: Callable[..., Any] | None = getattr(signal, "setitimer", None)
    if setitimer is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        raise _TooLong

    timers = (
        (signal.ITIMER_REAL, signal.SIGALRM, seconds),
        (signal.ITIMER_PROF, signal.SIGPROF, each),
    )
    before = [(sign, signal.signal(sign, ring)) for _, sign, _ in timers]
    for timer, _, limit in timers:
        setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, _, _ in timers:
            setitimer(timer, 0)
        for sign, handler in before:
            signal.signal(sign, handler)


class _Gathered:
    """What the points of a piece have shown so far."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.grid: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        self.met_plainly: set[tuple[str, str]] = set()
        self.excess: dict[str, float] = {}
        self.raised: dict[str, str] = {}
        self.worst: dict[tuple[str, str], tuple[tuple[float, ...], Callable[..., Finding]]] = {}
        self.where: dict[tuple[str, str], list[int]] = {}
        self.too_long: list[int] = []

    def offers(self, mode: str) -> bool:
        """Whether the engine claims to have a mode at all."""
        settings = self.piece.settings
        adapter = _loaded(settings.engine, settings.load).adapter
        if mode in MODE_NAMES:
            return mode in adapter.second_order
        return mode != "jvp" or adapter.forward_mode

    def note(self, mode: str, verdict: str, extreme: bool = True) -> None:
        """Take a verdict into the table."""
        self.grid[mode] = graver(self.grid.get(mode, "nothing"), verdict)
        if not extreme:
            self.plain[mode] = graver(self.plain.get(mode, "nothing"), verdict)
            self.met_plainly.add((mode, verdict))

    def add(self, number: int, point: Point, report: Report) -> None:
        """Take in one report."""
        far = is_extreme(point, self.piece.dtype)
        for comparison in report.comparisons:
            mode = _mode(comparison)
            for verdict in comparison.counts:
                good = verdict in _GOOD or self._only_flushed(verdict, comparison)
                good = good or self._right_normwise(verdict, comparison)
                own = "correct" if good else verdict
                self.note(mode, own, self._is_extreme(far, verdict, comparison))
                if own not in ("correct", "undecided"):
                    self._found(number, point, mode, own, comparison)
            if not comparison.counts:
                self.note(mode, "correct", far)
            if comparison.ok and math.isfinite(comparison.excess):
                self.excess[mode] = max(self.excess.get(mode, 0.0), round(comparison.excess, 3))
        for fault in report.faults:
            modes = [fault.what]
            if fault.what == "second":
                modes = [m for m, name in MODE_NAMES.items() if name in fault.text]
                modes = [m for m in modes or MODE_NAMES if m in self.piece.settings.what]
            kind = "not offered" if fault.kind == "missing" else fault.kind
            for mode in modes:
                if mode in self.piece.settings.what:
                    self._fault(number, point, mode, kind, fault.text)

    def _is_extreme(self, far: bool, verdict: str, comparison: Comparison) -> bool:
        """Whether a verdict is that of extreme numbers alone: given, or to be returned."""
        if far and self._only_far(verdict, comparison):
            return True
        found = [e for e in comparison.worst if e.verdict == verdict]
        return bool(found) and all(is_near_the_end(e.truth, self.piece.dtype) for e in found)

    def _only_flushed(self, verdict: str, comparison: Comparison) -> bool:
        """Whether zeros stand for subnormal numbers, in an engine that has none."""
        settings, dtype = self.piece.settings, self.piece.dtype
        found = [e for e in comparison.worst if e.verdict == verdict]
        return (
            verdict in ("wrong", "inaccurate")
            and bool(found)  # a comparison remembers the worst alone
            and all(is_flushed(e.returned, e.truth, dtype) for e in found)
            and _loaded(settings.engine, settings.load).flushes(dtype)
        )

    def _right_normwise(self, verdict: str, comparison: Comparison) -> bool:
        """Whether an array of linear algebra is right as a whole, which is all that is asked."""
        return verdict in ("wrong", "inaccurate") and is_right_normwise(
            self.piece.operation, comparison, self.piece.settings.factor
        )

    def _only_far(self, verdict: str, comparison: Comparison) -> bool:
        """Whether no element with this verdict is known to be that of an ordinary argument."""
        if self.piece.operation not in ELEMENTWISE:
            return True
        found = [e.given for e in comparison.worst if e.verdict == verdict and e.given is not None]
        return all(is_far(float.fromhex(given), self.piece.dtype) for given in found)

    def refused(self, number: int, point: Point, error: Exception) -> None:
        """The engine's function itself, or its mathematics, raised."""
        self.note("value", "raised", is_extreme(point, self.piece.dtype))
        text = str(error).strip().splitlines()
        line = f"point {number}: {type(error).__name__}: {text[0][:160] if text else ''}"
        self.raised.setdefault("value", line)

    def _fault(self, number: int, point: Point, mode: str, kind: str, text: str) -> None:
        verdict = kind if kind in GRAVITY else "raised"
        if verdict == "raised" and "NotImplementedError" in text:
            verdict = "not offered"  # HIPS autograd has no rule, and says so in this way
        self.note(mode, verdict, is_extreme(point, self.piece.dtype))
        if verdict in ("raised", "not offered"):
            self.raised.setdefault(mode, f"point {number}: {text[:200]}")
            return
        element = Element((), None, None, text, math.inf, math.nan, math.nan, kind)
        self._keep(number, point, mode, verdict, (0.0, 0.0, 0.0), "", "", element, None)

    def _found(
        self, number: int, point: Point, mode: str, verdict: str, comparison: Comparison
    ) -> None:
        elements = [e for e in comparison.worst if e.verdict == verdict]
        if not elements:  # there are worse ones in this array
            self.where.setdefault((mode, verdict), []).append(number)
            return
        element = elements[0]
        # plain numbers first: what happens at 1.5 concerns more people than what does at 1e300
        far = self._is_extreme(is_extreme(point, self.piece.dtype), verdict, comparison)
        size = 0.0 if element.given is None else _size(float.fromhex(element.given))
        excess = element.excess if math.isfinite(element.excess) else 1e300
        weight = math.log10(1 + excess)
        if verdict == "kink-outside":  # decided for all elements jointly: few say which it is
            weight = -float(comparison.counts[verdict])
            weight += 0.0 if element.returned is None or math.isfinite(element.returned) else 1e9
        rank = (-float(far), -float(size > 8), weight)
        self._keep(
            number, point, mode, verdict, rank,
            comparison.target, comparison.detail, element, comparison.guess,
        )  # fmt: skip

    def _keep(
        self,
        number: int,
        point: Point,
        mode: str,
        verdict: str,
        rank: tuple[float, ...],
        target: str,
        detail: str,
        element: Element,
        guess: str | None,
    ) -> None:
        key = (mode, verdict)
        self.where.setdefault(key, []).append(number)
        if key not in self.worst or rank > self.worst[key][0]:
            make = partial(
                _finding, self.piece, number, point, key, target, detail, element, guess
            )
            self.worst[key] = (rank, make)

    def outcome(self, looked: int, left: int, seconds: float) -> Outcome:
        """All together."""
        asked = self.piece.settings.what
        unseen = {mode: "nothing" if self.offers(mode) else "not offered" for mode in MODES}
        grid = {mode: self.grid.get(mode, unseen[mode]) for mode in MODES if mode in asked}
        order = sorted(self.worst, key=lambda key: (MODES.index(key[0]), GRAVITY.index(key[1])))
        findings = [
            replace(
                self.worst[key][1](tuple(sorted(set(self.where[key])))),
                extreme=key not in self.met_plainly,
            )
            for key in order
        ]
        error = None
        if self.too_long:
            settings = self.piece.settings
            error = (
                f"points that took longer than {min(settings.each, settings.seconds):g} s: "
                + ", ".join(map(str, self.too_long))
            )
        return Outcome(
            self.piece.operation, self.piece.dtype, grid, looked, left, tuple(findings),
            dict(self.raised), dict(self.excess), error, round(seconds, 2),
            {mode: self.plain.get(mode, unseen[mode]) for mode in grid},
        )  # fmt: skip


def _size(value: float) -> float:
    """How far a number is from one, in decades."""
    return abs(math.log10(abs(value))) if value and math.isfinite(value) else 0.0


def _finding(
    piece: Piece,
    number: int,
    point: Point,
    key: tuple[str, str],
    target: str,
    detail: str,
    element: Element,
    guess: str | None,
    points: tuple[int, ...],
) -> Finding:
    mode, verdict = key
    returned = "nothing" if element.returned is None else repr(element.returned)
    return Finding(
        piece.operation, piece.dtype, mode, verdict, number, point.why, target, detail,
        _arguments(point), element.position, element.given, returned, element.truth,
        f"{element.radius:.3g}", f"{element.ulps:.6g}", f"{element.excess:.6g}", guess, points,
        command_of(piece, number, mode),
    )  # fmt: skip


def _arguments(point: Point) -> tuple[str, ...]:
    """The call's arguments as text: small arrays in hex."""
    texts = [_text(value) for value in point.args]
    return (*texts, *(f"{name}={_text(value)}" for name, value in point.kwargs.items()))


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(_text(part) for part in value) + ")"
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.dtype.kind != "f":
        return str(value.tolist()) if value.size <= _SHOWN else f"{value.dtype}{list(value.shape)}"
    if value.size > _SHOWN:
        return f"array of shape {list(value.shape)}"
    return _hex(value)


def _hex(value: np.ndarray) -> str:
    if not value.ndim:
        return float(value).hex()
    return "[" + ", ".join(_hex(np.asarray(row)) for row in value) + "]"
