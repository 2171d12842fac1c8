"""Arrays of balls as results: midpoints, radii, correctly rounded floats, distances in ULPs."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from reference.domains.certified import to_balls, working_precision
from reference.floats import (
    Format,
    exact_array,
    format_of,
    round_fraction,
    round_to_format,
    ulp_exponents,
)

__all__ = ["Enclosure", "exact_bounds"]

_arb = flint.arb
_accuracy = np.frompyfunc(_arb.rel_accuracy_bits, 1, 1)
_is_finite = np.frompyfunc(_arb.is_finite, 1, 1)
_mid = np.frompyfunc(_arb.mid, 1, 1)
_rad = np.frompyfunc(_arb.rad, 1, 1)
_contains = np.frompyfunc(_arb.contains, 2, 1)


def _exponent(value: Any) -> int:
    """e with 2**e <= |value| < 2**(e + 1), of an exact ball that is not zero."""
    mantissa, exponent = value.man_exp()
    return int(abs(int(mantissa)).bit_length() + int(exponent) - 1)


def _dyadic(value: Any, fmt: Format) -> Fraction:
    """An exact ball as a fraction; what is far beyond the format is brought just beyond it.

    Balls have exponents of any size, which a fraction would have to write out.
    """
    if value.is_zero():
        return Fraction(0)
    exponent = _exponent(value)
    beyond = max(min(exponent, fmt.emax + 2), fmt.tiny_exponent - 2)
    if beyond != exponent:
        size = Fraction(2) ** beyond
        return size if value > 0 else -size
    mantissa, power = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(power)


def exact_bounds(ball: Any, fmt: Format) -> tuple[Fraction, Fraction]:
    """Ends of a finite ball, rounded outwards to the working precision."""
    return _dyadic(ball.lower(), fmt), _dyadic(ball.upper(), fmt)


class Enclosure:
    """An array of balls that hold the true values, one each.

    >>> third = Enclosure(to_balls([1.0]) / 3)
    >>> third.round("float32").tolist()
    [0.3333333432674408]
    >>> third.to_text(10)
    '[0.3333333333]'
    """

    __slots__ = ("_mid", "balls", "precision")

    def __init__(
        self, balls: np.ndarray, precision: int = 128, mid: np.ndarray | None = None
    ) -> None:
        self.balls = np.asarray(balls, dtype=object)
        self.precision = precision
        self._mid = mid

    @property
    def shape(self) -> tuple[int, ...]:
        return self.balls.shape

    @property
    def size(self) -> int:
        return int(self.balls.size)

    @property
    def mid(self) -> np.ndarray:
        """The midpoints as float64 (nan where nothing is known)."""
        if self._mid is None:
            self._mid = _floats(self.balls)
        return self._mid.copy()

    @property
    def rad(self) -> np.ndarray:
        """The radii as float64 (inf where nothing is known)."""
        radius = _floats(np.asarray(_rad(self.balls), dtype=object))
        return np.where(self.finite, radius, np.inf)

    @property
    def finite(self) -> np.ndarray:
        """Where the ball is finite."""
        return np.asarray(_is_finite(self.balls), dtype=bool).reshape(self.shape)

    def __getitem__(self, key: Any) -> Any:
        """One ball (`arb`), or an Enclosure of several."""
        chosen = self.balls[key]
        return Enclosure(chosen, self.precision) if isinstance(chosen, np.ndarray) else chosen

    def __len__(self) -> int:
        return len(self.balls)

    def __repr__(self) -> str:
        return f"Enclosure(shape={self.shape}, precision={self.precision})"

    def contains(self, values: Any) -> np.ndarray:
        """Which balls hold the exact numbers given (floats mean exactly what they hold)."""
        given = _broadcast(to_balls(exact_array(values)[0]), self.shape)
        return np.asarray(_contains(self.balls, given), dtype=bool).reshape(self.shape)

    def tight(self, dtype: Any, slack: int = 10) -> np.ndarray:
        """Where the radius is below 2**-slack ULP of the dtype at the true value."""
        fmt = format_of(dtype)
        flat = self.balls.ravel()
        bits = np.asarray(_accuracy(flat), dtype=np.float64)
        result = bits >= fmt.precision + slack + 2
        for number in np.flatnonzero(~result):
            result[number] = _is_tight(flat[number], fmt, slack)
        return result.reshape(self.shape)

    def round(self, dtype: Any) -> np.ndarray:
        """The nearest number of the dtype to each true value, ties to even.

        The array has the NumPy dtype of that name (float64 for bfloat16). Where a ball is too
        wide to tell, its midpoint is rounded; nan where nothing is known. See `determined`.
        """
        fmt = format_of(dtype)
        return _as_numpy(self._rounded(fmt)[0], fmt)

    def determined(self, dtype: Any) -> np.ndarray:
        """Where the ball is narrow enough for `round` to be certain."""
        return self._rounded(format_of(dtype))[1]

    def rounding(self, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        """`round` (as float64) and `determined` at once."""
        return self._rounded(format_of(dtype))

    def _rounded(self, fmt: Format) -> tuple[np.ndarray, np.ndarray]:
        flat = self.balls.ravel()
        finite = self.finite.ravel()
        guess = round_to_format(_floats(flat), fmt)
        usable = finite & np.isfinite(guess)
        exponents = ulp_exponents(np.where(usable, guess, 0.0), fmt)
        with working_precision(max(self.precision, 64) + 64):
            rest = np.array([_arb(0)] * flat.size, dtype=object)
            rest[usable] = flat[usable] - to_balls(guess[usable])
            rest = _scaled(rest, -exponents)
        distance = np.abs(_floats(rest)) + _floats(np.asarray(_rad(rest), dtype=object))
        # half a unit, but a quarter below a power of two, where the grid is twice as fine
        at_power = np.abs(np.frexp(guess)[0]) == 0.5
        certain = usable & (distance < np.where(at_power, 0.2499, 0.4999))
        result = np.where(finite, guess, np.nan)
        for number in np.flatnonzero(finite & ~certain):
            with working_precision(max(self.precision, 64) + 128):
                low, high = exact_bounds(flat[number], fmt)
            ends = round_fraction(low, fmt), round_fraction(high, fmt)
            certain[number] = ends[0] == ends[1]
            result[number] = ends[0] if certain[number] else round_fraction((low + high) / 2, fmt)
        return result.reshape(self.shape), certain.reshape(self.shape)

    def ulps(self, values: Any, dtype: Any) -> np.ndarray:
        """|value - truth| in ULPs of the dtype at the true value, float64, elementwise.

        inf for values that are not finite, except an infinity that is the correctly rounded
        truth; nan where the truth is not known.
        """
        fmt = format_of(dtype)
        given = np.broadcast_to(np.asarray(exact_array(values)[0], dtype=np.float64), self.shape)
        flat, given = self.balls.ravel(), given.ravel()
        usable = self.finite.ravel() & np.isfinite(given)
        result = np.where(self.finite.ravel(), np.inf, np.nan)
        if usable.any():
            result[usable] = self._errors(flat[usable], given[usable], fmt)
        infinite = self.finite.ravel() & np.isinf(given)
        if infinite.any():
            places = np.flatnonzero(infinite)
            rounded = Enclosure(flat[places], self.precision)._rounded(fmt)[0]
            result[places[rounded == given[places]]] = 0.0
        return result.reshape(self.shape)

    def gaps(self, values: np.ndarray, fmt: Format) -> np.ndarray | None:
        """`ulps` of finite float64 values of this shape; None where it takes more to tell.

        Then a truth is unknown, or near the ends of the range of float64, or zero where the
        value is not.
        """
        if self.balls.size == 1:
            gap = self.gap(float(values.item()), fmt)
            return None if gap is None else np.full(self.shape, gap)
        middle = self.mid
        size = np.abs(middle)
        known = ((size > 2.0**-900) & (size < 2.0**1000)) | ((size == 0) & (values == 0))
        if not known.all():
            return None
        if fmt.precision <= 24:  # float64 rounds this by less than 2**-28 of an ULP
            return np.asarray(np.ldexp(np.abs(values - middle), -ulp_exponents(middle, fmt)))
        with working_precision(max(self.precision, 64) + 64):
            pairs = zip(self.balls.ravel().tolist(), values.ravel().tolist(), strict=True)
            found = [abs(float(ball - value)) for ball, value in pairs]
        gaps = np.array(found, dtype=np.float64).reshape(self.shape)
        return np.asarray(np.ldexp(gaps, -ulp_exponents(middle, fmt)))

    def gap(self, value: float, fmt: Format) -> float | None:
        """The same of a single number, without arrays."""
        ball = self.balls.item()
        middle = float(ball)
        size = abs(middle)
        if not (2.0**-900 < size < 2.0**1000 or size == 0 == value):
            return None
        gap = abs(value - middle)
        if fmt.precision > 24:
            with working_precision(max(self.precision, 64) + 64):
                gap = abs(float(ball - value))
        try:
            return math.ldexp(gap, -fmt.ulp_exponent_at(middle))
        except OverflowError:
            return math.inf

    def _errors(self, flat: np.ndarray, given: np.ndarray, fmt: Format) -> np.ndarray:
        """|given - ball| in ULPs; in float64 where that rounds by less than 2**-28 of an ULP."""
        if fmt.precision <= 24:
            middle = _floats(flat)
            if np.isfinite(middle).all():
                with np.errstate(over="ignore"):
                    gaps = np.ldexp(given - middle, -ulp_exponents(middle, fmt))
                return np.asarray(np.abs(gaps))
        with working_precision(max(self.precision, 64) + 64):
            gap = flat - to_balls(given)
            return np.asarray(np.abs(_floats(_scaled(gap, -self._exponents(flat, fmt)))))

    def distance(self, other: Enclosure, dtype: Any) -> np.ndarray:
        """|midpoint - midpoint of other| in ULPs of the dtype at the other's value."""
        fmt = format_of(dtype)
        mine, theirs = self.balls.ravel(), other.balls.ravel()
        usable = self.finite.ravel() & other.finite.ravel()
        result = np.full(self.size, np.nan)
        if usable.any():
            with working_precision(max(self.precision, 64) + 64):
                gap = mine[usable] - theirs[usable]
                result[usable] = np.abs(
                    _floats(_scaled(gap, -self._exponents(theirs[usable], fmt)))
                )
        return result.reshape(self.shape)

    def ulp_exponents(self, dtype: Any) -> np.ndarray:
        """The exponent of one ULP of the dtype at each true value (0 where it is unknown)."""
        if self.balls.size == 1:
            return np.full(self.shape, self._exponent_of_one(format_of(dtype)), dtype=np.int64)
        finite = self.finite
        result = np.zeros(self.shape, dtype=np.int64)
        result[finite] = self._exponents(self.balls[finite], format_of(dtype))
        return result

    def _exponent_of_one(self, fmt: Format) -> int:
        ball = self.balls.item()
        if not ball.is_finite():
            return 0
        middle = float(ball)
        beyond = math.isinf(middle)
        return fmt.ulp_exponent(fmt.emax) if beyond else fmt.ulp_exponent_at(middle)

    @staticmethod
    def _exponents(flat: np.ndarray, fmt: Format) -> np.ndarray:
        middle = _floats(flat)
        finite = np.isfinite(middle)
        exponents = ulp_exponents(np.where(finite, middle, 0.0), fmt)
        return np.where(finite, exponents, fmt.emax - fmt.precision + 1)

    def to_text(self, digits: int = 17) -> str:
        """The midpoints in decimal, as nested lists read."""
        texts = [_ball_text(v, digits) for v in self.balls.ravel()]
        return _nested(texts, self.shape)


def _ball_text(ball: Any, digits: int) -> str:
    return str(ball.str(digits, radius=False)) if ball.is_finite() else "undefined"


def _nested(texts: list[str], shape: tuple[int, ...]) -> str:
    if not shape:
        return texts[0]
    step = len(texts) // shape[0] if shape[0] else 0
    rows = [_nested(texts[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]
    return "[" + ", ".join(rows) + "]"


def _floats(balls: np.ndarray) -> np.ndarray:
    return np.array([float(v) for v in balls.ravel().tolist()], dtype=np.float64).reshape(
        balls.shape
    )


def _broadcast(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(array, shape)


def _scaled(balls: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """balls · 2**exponents, in two steps so that the factors are floats."""
    half = exponents // 2
    first = to_balls(np.ldexp(1.0, half))
    second = to_balls(np.ldexp(1.0, exponents - half))
    return np.asarray(balls * first * second, dtype=object)


def _as_numpy(values: np.ndarray, fmt: Format) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values if fmt.name == "bfloat16" else values.astype(fmt.name)


def _is_tight(ball: Any, fmt: Format, slack: int) -> bool:
    if not ball.is_finite():
        return False
    if ball.is_exact():
        return True
    low = ball.abs_lower()
    exponent = fmt.emin if low.is_zero() else _exponent(low)
    return bool(ball.rad() <= _arb(2) ** (fmt.ulp_exponent(exponent) - slack))
