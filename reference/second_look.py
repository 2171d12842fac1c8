"""A second look at elements that rounding the definition's own graph does not explain.

An implementation may be as good as can be asked, and still compute by another graph than the
definition's: a softmax that subtracts its maximum, `erf` scaled and shifted in the slope of gelu.
What such implementations show is bounded by the *conditioning*: they are right for inputs that
differ by a rounding (mixed stability; Higham 2002, section 1.5). So the inputs are moved, by a
share of a rounding, and what that does to the gradient counts as explained, within two limits:

- Conditioning alone would excuse everything where it is bad enough, such as sin at 10¹⁷. It never
  explains more than half of the format's digits, of the gradient's size around the point.
- Where adding a constant to an argument leaves the gradients as they are, as in a softmax, an
  implementation may subtract the maximum. There, inputs move in proportion to their distance
  from it, not from zero. Unless the definition itself has a rounded step that moves along with
  the argument, as the mean does in a variance.

Where equations are solved, algorithms are accurate norm-wise, and in no finer sense: an element
may be off by a roundoff of the array's largest.

Roundings inside a formula, and of results that are used more than once, are another matter
(:class:`_InSteps`, :class:`_Apart`); the same limit holds for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.certify import Certificate
from reference.domains.certified import Balls, evaluate, to_balls, working_precision
from reference.domains.linearised import Linearised
from reference.domains.rounded import BallRounding, Noise, Unsupported
from reference.domains.walk import unmask
from reference.floats import Format
from reference.graph import Constant, Map, Node, Solve, topological

__all__ = ["CAP", "allowances", "centres_of", "look_again"]

_arb = flint.arb
_SHARE = 0.25  # of a rounding, by which inputs are moved
CAP = 0.125  # of the square root of the unit roundoff, which conditioning explains at most
_FEW = 4.0  # ULPs that textbook formulas explain at most
_EVERYWHERE = 0.5 + 2 * _FEW  # ULPs that are explained of every element
_RUNS = 24
_STAGES = (2, 8)  # runs made so far, after which hopeless elements are given up
_HOPELESS = 100.0  # so many times the threshold


def centres_of(certificate: Certificate) -> list[np.ndarray | None]:
    """What the formula gives at the point, where the truth is a limit or a set of them.

    Rounding is not to be credited with the difference between the two. Flat balls for each
    gradient; None where the formula gives the truth everywhere.
    """
    places: list[list[tuple[int, ...]]] = [[] for _ in certificate.gradients]
    for finding in certificate.findings:
        if finding.argument is not None and finding.kind in ("limit", "kink"):
            places[finding.argument] += finding.positions
    if not any(places):
        return [None] * len(places)
    found = certificate.problem.evaluate(certificate.precision + 32, value=False)
    result: list[np.ndarray | None] = []
    for positions, balls, enclosure in zip(
        places, found.values, certificate.gradients, strict=True
    ):
        centre = np.array(enclosure.balls)
        for position in positions:
            centre[position] = balls[position]
        result.append(centre.ravel() if positions else None)
    return result


def look_again(
    certificate: Certificate,
    fmt: Format,
    formats: Sequence[Format],
    values: Sequence[np.ndarray | None],
    failing: Sequence[np.ndarray],
    explain: Sequence[np.ndarray],
    threshold: float,
    seed: int,
) -> list[np.ndarray]:
    """Excess errors of the failing elements, flat, one array for each argument.

    fmt: what is computed in. formats: what each gradient is judged in. values: float64, of the
    gradients' shapes; finite where they are failing. failing: masks. explain: the scatter of the
    first look, in ULPs; measured anew, on balls, where the truth is zero or close to subnormal.
    """
    look = _Look(certificate, fmt, values, failing)
    halves = look.half_ulps(formats)
    first = [half * 2 * part.ravel()[k] for half, part, k in zip(halves, explain, look.places,
                                                                 strict=True)]  # fmt: skip
    sizes = look.sizes(seed)
    tiny = _arb(2) ** (fmt.emin + fmt.precision)
    zero = any(bool(abs(ball) < tiny) for truth in look.truths for ball in truth.tolist())
    norms, (steps, plain), apart = look.norms(halves), look.steps(seed), look.apart(seed)
    inner = [np.zeros(half.size) for half in halves]
    outer = [np.zeros(half.size) for half in halves]
    done = 0
    excess: list[np.ndarray] = []
    for stage in _STAGES:
        for number in range(done, stage):
            rng = np.random.default_rng([seed, 7, number])
            _add(outer, look.moved(rng, _SHARE))
            if zero:
                _add(inner, look.rounded(rng))
        done = stage
        excess = []
        for half, old, within, without, size, norm, step, bare, uses in zip(
            halves, first, inner, outer, sizes, norms, steps, plain, apart, strict=True
        ):
            rounding = np.fmax(np.fmax(old, within / np.sqrt(done)), np.minimum(uses, size))
            conditioning = np.fmax(without / np.sqrt(done), step)
            explained = half + rounding + np.minimum(conditioning, size) + norm
            explained += np.minimum(bare, look.few * half)
            excess.append(1.0 / np.maximum(explained, 1e-300))
        least = min((float(e.min(initial=np.inf)) for e in excess), default=np.inf)
        if least > threshold * _HOPELESS:
            break
    return excess


def allowances(
    certificate: Certificate,
    fmt: Format,
    formats: Sequence[Format],
    explain: Sequence[np.ndarray],
    seed: int,
) -> list[np.ndarray]:
    """What rounding explains of every element, in ULPs, in both looks.

    Without half an ULP and the few ULPs that are allowed everywhere; at least the scatter. Zero
    where the truth is zero, or no number. Arguments as for :func:`look_again`.
    """
    values, masks = [], []
    for enclosure, own in zip(certificate.gradients, formats, strict=True):
        known = enclosure.finite & (enclosure.mid != 0)
        ulp = np.ldexp(1.0, enclosure.ulp_exponents(own))
        values.append(np.where(known, enclosure.mid + ulp, 0.0))
        masks.append(known & np.isfinite(values[-1]))
    found = look_again(certificate, fmt, formats, values, masks, explain, np.inf, seed)
    result = []
    for excess, mask, value, enclosure, own, scattered in zip(
        found, masks, values, certificate.gradients, formats, explain, strict=True
    ):
        sizes = np.zeros(mask.shape)
        errors = enclosure.ulps(value, own)[mask]
        sizes[mask] = np.maximum(errors / excess - _EVERYWHERE, scattered[mask])
        result.append(sizes)
    return result


def _add(totals: Sequence[np.ndarray], ratios: Sequence[np.ndarray]) -> None:
    for total, ratio in zip(totals, ratios, strict=True):
        np.hypot(total, ratio, out=total)


class _Look:
    """Evaluations of the gradients near the point, in multiples of the errors made."""

    def __init__(
        self,
        certificate: Certificate,
        fmt: Format,
        values: Sequence[np.ndarray | None],
        failing: Sequence[np.ndarray],
    ) -> None:
        self.certificate = certificate
        self.problem = certificate.problem
        self.fmt = fmt
        self.places = [np.flatnonzero(mask) for mask in failing]
        self.precision = certificate.precision + 32
        self.few = 2 * min(_FEW, 2.0 ** (fmt.precision / 2 - 7))  # fewer where digits are few
        self.truths: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []
        with working_precision(self.precision):
            for enclosure, value, places in zip(
                certificate.gradients, values, self.places, strict=True
            ):
                truth = enclosure.balls.ravel()[places]
                truth = np.array([ball.mid() for ball in truth.tolist()], dtype=object)
                given = np.zeros(0) if value is None else value.ravel()[places]
                self.truths.append(truth)
                self.errors.append(np.asarray(abs(to_balls(given) - truth), dtype=object))
        self.centres = [
            None if centre is None else centre[places]
            for centre, places in zip(centres_of(certificate), self.places, strict=True)
        ]
        self.spreads = self._spreads()

    def _spreads(self) -> list[np.ndarray]:
        """The size that an element of each argument is moved in proportion to."""
        result = []
        for number, array in enumerate(self.problem.arrays):
            content = array.astype(np.float64)
            every = tuple(range(array.ndim))
            found = [
                content.max(axis=axes, keepdims=True) - content
                for axes in dict.fromkeys([every, *((axis,) for axis in every)])
                if array.size > 1 and axes and self._invariant(number, axes)
            ]
            result.append(np.minimum.reduce(found) if found else np.abs(content))
        return result

    def _invariant(self, number: int, axes: tuple[int, ...]) -> bool:
        """Whether the gradients stay when numbers are added that are constant along the axes.

        And whether no rounded step towards them moves along, as a mean does.
        """
        array = self.problem.arrays[number]
        largest = float(np.abs(array.astype(np.float64)).max())
        if largest == 0:
            return False  # nothing is moved in proportion to zeros
        lines = tuple(1 if k in axes else n for k, n in enumerate(array.shape))
        step = largest * 2.0 ** (-self.fmt.precision / 2)
        added = np.random.default_rng(axes).uniform(0.5, 1.0, size=lines) * step
        shifted = [to_balls(other) for other in self.problem.arrays]
        with working_precision(self.precision):
            moved = shifted[number] + to_balls(np.broadcast_to(added, array.shape))
            shifted[number] = np.asarray(moved, dtype=object).reshape(array.shape)
        here, there = _Steps(largest / 4), _Steps(largest / 4)
        found = self.problem.evaluate(self.precision, shifted, value=False, after=there)
        same = all(
            bool(
                (
                    np.abs(_floats(balls) - enclosure.mid.ravel())
                    <= 2.0**-40 * np.abs(enclosure.mid.ravel()) + 4.0 * enclosure.rad.ravel()
                ).all()
            )
            for balls, enclosure in zip(found.values, self.certificate.gradients, strict=True)
        )
        if not same or not there.large:
            return same
        self.problem.evaluate(self.precision, value=False, after=here)
        return not any(
            key in here.large and _moves(here.large[key], there.large[key], step)
            for key in there.large
        )

    def half_ulps(self, formats: Sequence[Format]) -> list[np.ndarray]:
        """Half a unit in the last place of the truth, in multiples of the error."""
        result = []
        for error, fmt, enclosure, places in zip(
            self.errors, formats, self.certificate.gradients, self.places, strict=True
        ):
            exponents = enclosure.ulp_exponents(fmt).ravel()[places]
            with working_precision(self.precision):
                ratios = [
                    float(_arb(2) ** int(k - 1) / e)
                    for k, e in zip(exponents, error.tolist(), strict=True)
                ]
            result.append(np.array(ratios))
        return result

    def sizes(self, seed: int) -> list[np.ndarray]:
        """The most that conditioning may explain, in multiples of the error."""
        rng = np.random.default_rng([seed, 8])
        root = 2.0 ** (-self.fmt.precision / 2)
        near = self._gradients(self._inputs(rng, 1 / root), None)
        result = []
        for enclosure, balls, error in zip(
            self.certificate.gradients, near, self.errors, strict=True
        ):
            sizes = [abs(float(v)) for v in (*enclosure.balls.ravel(), *balls)]
            size = max((s for s in sizes if np.isfinite(s)), default=0.0)
            with working_precision(self.precision):
                limit = _arb(size) * _arb(root * CAP)
                result.append(np.array([float(limit / e) for e in error.tolist()]))
        return result

    def rounded(self, rng: np.random.Generator) -> list[np.ndarray]:
        """How far rounding moves the gradients, in multiples of the error."""
        return self._ratios(self._gradients(None, rng))

    def moved(self, rng: np.random.Generator, share: float) -> list[np.ndarray]:
        """How far inputs moved by a share of a rounding move the gradients."""
        return self._ratios(self._gradients(self._inputs(rng, share), None))

    def steps(self, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What rounding explains where functions inside a formula are rounded, too.

        First those of arguments that are computed, then those of bare ones.
        """
        return self._steps(seed, False), self._steps(seed, True)

    def _steps(self, seed: int, bare: bool) -> list[np.ndarray]:
        rng = np.random.default_rng([seed, 9])
        after = _InSteps(self.fmt, rng, self.problem.gradients, bare)
        totals = [np.zeros(error.size) for error in self.errors]
        if not after.split:
            return totals
        for _ in range(_STAGES[-1]):
            found = self.problem.evaluate(self.precision, value=False, after=after)
            _add(totals, self._ratios([array.ravel() for array in found.values]))
        return [total / np.sqrt(_STAGES[-1]) for total in totals]

    def apart(self, seed: int) -> list[np.ndarray]:
        """What rounding explains where each use of a result has a rounding of its own."""
        nodes = self.problem.gradients
        after = _Apart(self.fmt, _RUNS, np.random.default_rng([seed, 10]), nodes)
        blank = [np.zeros(error.size) for error in self.errors]
        if not after.shared:
            return blank
        try:
            self.problem.evaluate(self.precision, value=False, after=after)
        except Unsupported:
            return blank
        result = []
        for node, error, places, none in zip(nodes, self.errors, self.places, blank, strict=True):
            tangent = after.tangents.get(id(node))
            if tangent is None:
                result.append(none)
                continue
            rows = tangent.reshape(_RUNS, -1)[:, places]
            sizes = np.sqrt(np.mean(np.square(rows), axis=0))
            result.append(self._multiples(np.where(np.isfinite(sizes), sizes, 0.0), error))
        return result

    def norms(self, halves: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What accuracy relative to the largest element explains.

        A roundoff of it where equations are solved: more is not promised. Elsewhere a share of
        it, and a few ULPs at most: close to its zeros, a derivative is a difference by some
        formulas, if not by the definition's.
        """
        unit = 2.0**-self.fmt.precision
        result = []
        for node, enclosure, error, half in zip(
            self.problem.gradients, self.certificate.gradients, self.errors, halves, strict=True
        ):
            largest = float(np.abs(enclosure.mid).max(initial=0.0, where=enclosure.finite))
            solved = error.size and any(isinstance(part, Solve) for part in topological([node]))
            sizes = np.full(error.size, largest * unit)
            whole = self._multiples(sizes, error)
            result.append(whole if solved else np.minimum(CAP * whole, self.few * half))
        return result

    def _multiples(self, sizes: np.ndarray, error: np.ndarray) -> np.ndarray:
        with working_precision(self.precision):
            return np.array(
                [float(_arb(s) / e) for s, e in zip(sizes.tolist(), error.tolist(), strict=True)]
            )

    def _inputs(self, rng: np.random.Generator, share: float) -> list[np.ndarray]:
        unit = 2.0**-self.fmt.precision
        moved = []
        with working_precision(self.precision):
            for array, size in zip(self.problem.arrays, self.spreads, strict=True):
                draw = rng.uniform(-1.0, 1.0, size=array.shape)
                step = to_balls(draw) * to_balls(size) * _arb(unit * share)
                moved.append(np.asarray(to_balls(array) + step, dtype=object).reshape(array.shape))
        return moved

    def _gradients(
        self, inputs: Sequence[np.ndarray] | None, rng: np.random.Generator | None
    ) -> list[np.ndarray]:
        """Flat balls of every gradient, at these inputs, rounded where there is rng."""
        after = None if rng is None else BallRounding(self.fmt, rng)
        found = self.problem.evaluate(self.precision, inputs, value=False, after=after)
        return [array.ravel() for array in found.values]

    def _ratios(self, gradients: Sequence[np.ndarray]) -> list[np.ndarray]:
        result = []
        with working_precision(self.precision):
            for array, truth, centre, error, places in zip(
                gradients, self.truths, self.centres, self.errors, self.places, strict=True
            ):
                chosen = array[places]
                ratios = np.abs(_floats(np.asarray((chosen - truth) / error, dtype=object)))
                if centre is not None:
                    other = _floats(np.asarray((chosen - centre) / error, dtype=object))
                    ratios = np.fmin(ratios, np.abs(other))
                result.append(np.where(np.isfinite(ratios), ratios, 0.0))
        return result


class _Steps:
    """The `after` that keeps the results that are rounded, and nowhere smaller than a size."""

    def __init__(self, least: float) -> None:
        self.least = least
        self.large: dict[int, np.ndarray] = {}

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if result.shape and 0 in result.shape:
            return result
        rounded = Noise.is_relative(node) or Noise.is_summed(node)
        if rounded and bool((np.abs(result.mids()) >= self.least).all()):
            self.large[id(node)] = np.asarray(result.array(), dtype=object)
        return result


def _moves(here: np.ndarray, there: np.ndarray, step: float) -> bool:
    """Whether every number has moved by about as much as the arguments, half a step to one."""
    moved = _floats(np.asarray(there - here, dtype=object)) / step
    return bool(((moved > 0.45) & (moved < 1.05)).all())


class _Apart(Linearised):
    """Tangents of roundings, in which every use of a result has its own rounding.

    Implementations leave out what is zero, and so what makes up for a rounding elsewhere: the
    gradient of a variance, 2 (x - mean), sheds with the sum of the differences, which is zero,
    the term that would cancel the error of the mean.
    """

    def __init__(
        self, fmt: Format, runs: int, rng: np.random.Generator, wanted: Sequence[Node]
    ) -> None:
        super().__init__(fmt, runs, rng, wanted)
        uses = Counter(id(child) for node in topological(wanted) for child in node.inputs)
        self.shared = {key for key, count in uses.items() if count > 1}

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        held = [value.tangent for value in inputs]
        for child, value, tangent in zip(node.inputs, inputs, held, strict=True):
            if tangent is not None and id(child) in self.shared:
                signs = self.rng.choice([-1.0, 1.0], size=(self.runs, *(1,) * (tangent.ndim - 1)))
                value.tangent = tangent * signs
        try:
            return super().__call__(node, inputs, result)
        finally:
            for value, tangent in zip(inputs, held, strict=True):
                value.tangent = tangent


class _InSteps:
    """The `after` of an evaluation in which the functions that are parts of a Map are rounded.

    The slope of gelu is a formula of `erf(x / sqrt(2))`, and everybody computes it in several
    steps. A function of an argument itself, as in 1 - tanh(x)^2, is another matter (`bare`): the
    derivative may well have a formula that does not cancel.
    """

    def __init__(
        self, fmt: Format, rng: np.random.Generator, wanted: Sequence[Node], bare: bool
    ) -> None:
        self.unit = 2.0**-fmt.precision
        self.rng = rng
        self.split = {
            id(node): found
            for node in topological(wanted)
            if isinstance(node, Map) and (found := _parts(node.expression, bare))
        }

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if id(node) not in self.split or 0 in result.shape:
            return result
        assert isinstance(node, Map)
        given = [Constant(unmask(value.array(), _arb(0))) for value in inputs]
        total = result.array()
        for slope, part in self.split[id(node)]:
            draws = to_balls(self.rng.uniform(-self.unit, self.unit, size=result.shape))
            moved = evaluate([Map(slope * part, given)])[0]
            change = np.broadcast_to(moved, result.shape) * draws
            total = np.where(np.asarray(_bounded(change), dtype=bool), total + change, total)
        return Balls(result.shape, np.asarray(total, dtype=object).reshape(result.shape))


_bounded = np.frompyfunc(lambda v: v.is_finite(), 1, 1)


@lru_cache(maxsize=4096)
def _parts(expression: sp.Expr, bare: bool) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    """(the slope of the expression with respect to it, it), for each function in it."""
    if expression.has(sp.Piecewise):
        return ()
    found = []
    for part in sorted(expression.atoms(sp.Function), key=str):
        if part == expression or part.has(*_STEPWISE):
            continue
        if bare != all(_is_bare(argument) for argument in part.args):
            continue
        step = sp.Dummy("step")
        slope = sp.diff(expression.xreplace({part: step}), step).xreplace({step: part})
        found.append((slope, part))
    return tuple(found)


_SMALL = 16
_STEPWISE = (sp.floor, sp.ceiling, sp.sign, sp.Mod)


def _is_bare(argument: sp.Expr) -> bool:
    """An argument of the Map, or a multiple of one by a small number: simple formulas do that."""
    coefficient, rest = argument.as_coeff_Mul()
    if not argument.free_symbols:
        return True
    small = coefficient.is_Rational and max(abs(coefficient.p), coefficient.q) <= _SMALL
    return bool(small and rest.is_Symbol)


def _floats(balls: Any) -> np.ndarray:
    return np.array([float(v) for v in balls.ravel().tolist()], dtype=np.float64)
