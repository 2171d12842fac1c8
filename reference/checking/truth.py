"""What is true of a traced function: certified rows of its first and second derivatives.

The function is traced once; each row puts numbers in the place of the symbols for cotangents and
directions in its differentiated graph. Rows are certified together, and taken apart afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from reference import build
from reference.adapters.adapter import Adapter, flattened
from reference.certify import Certificate, Finding, certify_problem
from reference.checking.structure import Rows, structure_of
from reference.checking.together import certified_together
from reference.clarke import Nearby
from reference.complexes.formats import PartFormat, explained_in_modulus
from reference.domains.certified import working_precision
from reference.domains.rounded import Unsupported
from reference.enclosure import Enclosure
from reference.explained import scatter
from reference.floats import Format, exact_array, format_of, ulp_exponents
from reference.graph import Cast, Constant, Input, Node, topological
from reference.judge import THRESHOLD, Verdict, judge
from reference.problem import Problem
from reference.tensor import Tensor, tensor, variable

__all__ = ["Correct", "Row", "Truth", "trace_function"]

Correct = list[tuple[np.ndarray, np.ndarray] | tuple[float, float]]
"""(errors in ULPs, excess) of each array; floats where it has one number."""

_BLANK = Input("nothing", (0,), np.zeros(0))
_TOGETHER = 100_000  # numbers certified in one go
_DIRECTIONS = 48
_REVERSE = ("pulled", "second")  # rows of one array per input; others have one per output
_AT_KINKS = ("kink-outside", "undecided")


@dataclass(frozen=True, eq=False)
class Row:
    """Certified numbers for one comparison: `count` arrays, and what rounding explains of each."""

    certificate: Certificate
    explain: tuple[np.ndarray, ...]
    count: int
    paired: tuple[bool, ...] = ()
    """Which of the arrays hold the parts of complex numbers along their last axis."""

    def judge(self, values: Sequence[Any], factor: float, seed: int) -> Verdict:
        """The verdict on as many arrays of floats; None for one that is missing."""
        rest = [None] * (len(self.certificate.gradients) - self.count)
        found = judge(
            [*values, *rest], self.certificate, factor=factor, explain=self.explain, seed=seed
        )
        end = self.count
        verdicts = found.verdicts[:end]
        if rest and any(np.isin(verdict, _AT_KINKS).any() for verdict in verdicts):
            self._by_intervals(values, verdicts, THRESHOLD * factor, seed)
        return Verdict(verdicts, found.ulps[:end], found.excess[:end], found.membership)

    def correct(self, values: Sequence[np.ndarray | None], factor: float) -> Correct | None:
        """(errors in ULPs, excess) of arrays of which every element is plainly correct.

        Of an array of one number, two floats. None where some element is not correct, or may not
        be, or has no single number for a truth.
        """
        held = self.certificate
        if held.findings:
            return None
        result: Correct = []
        for number, value in enumerate(values):
            truth, fmt = held.gradients[number], held.problem.formats[number]
            if value is None or value.shape != truth.shape:
                return None
            if value.size == 1:
                one = self._one_correct(float(value.item()), number, THRESHOLD * factor)
                if one is None:
                    return None
                result.append(one)
                continue
            if not np.isfinite(value).all():
                return None
            ulps = truth.gaps(value, fmt)
            if ulps is None:
                return None
            excess = ulps / (0.5 + self.explain[number])
            if not (excess <= THRESHOLD * factor).all():
                return None
            result.append((ulps, excess))
        return result

    def _one_correct(
        self, value: float, number: int, threshold: float
    ) -> tuple[float, float] | None:
        """The same of a single number."""
        if not math.isfinite(value):
            return None
        held = self.certificate
        ulps = held.gradients[number].gap(value, held.problem.formats[number])
        if ulps is None:
            return None
        excess = ulps / (0.5 + float(self.explain[number].item()))
        return (ulps, excess) if excess <= threshold else None

    def times(self, number: float, one: float, cotangent: Mapping[Node, Any]) -> Row:
        """The row of number / one times the cotangent: all its numbers multiplied.

        number, one: not zero. cotangent: what its symbols hold then.
        """
        held = self.certificate
        problem = replace(held.problem, extra={**held.problem.extra, **cotangent})
        gradients, explain = [], []
        for enclosure, size, fmt in zip(
            held.gradients, self.explain, held.problem.formats, strict=True
        ):
            with working_precision(held.precision + 64):
                factor = flint.arb(number) / one
                balls = np.empty(enclosure.shape, dtype=object)
                balls[...] = enclosure.balls * factor
            product = Enclosure(balls, enclosure.precision)
            change = enclosure.ulp_exponents(fmt) - product.ulp_exponents(fmt)
            gradients.append(product)
            explain.append(np.ldexp(size * abs(number / one), change))
        certificate = Certificate(
            held.value, tuple(gradients), held.precision, held.dtypes, held.findings, problem,
            held.around,
        )  # fmt: skip
        return Row(certificate, tuple(explain), self.count, self.paired)

    def without(self, hopeless: Sequence[np.ndarray]) -> Row:
        """The row with some more elements that are undefined; masks."""
        more = []
        for number, mask in enumerate(hopeless):
            fresh = mask & (self.certificate.status(number) == "certified")
            if fresh.any():
                places = tuple(tuple(int(i) for i in place) for place in np.argwhere(fresh))
                reason = "for other cotangents the derivative is infinite or overflows"
                more.append(Finding(number, places, "undefined", reason))
        if not more:
            return self
        findings = (*self.certificate.findings, *more)
        return replace(self, certificate=replace(self.certificate, findings=findings))

    def hopeless(self) -> list[np.ndarray]:
        """Where nothing is to be asked of an engine: no derivative, or none in the format."""
        found = []
        for number in range(self.count):
            enclosure = self.certificate.gradients[number]
            fmt = self.certificate.problem.formats[number]
            if enclosure.size == 1 and not self.certificate.findings:
                ball = enclosure.balls.item()
                lost = ball.is_finite() and abs(float(ball)) > float(fmt.largest)
                found.append(np.full(enclosure.shape, lost))
                continue
            with np.errstate(invalid="ignore"):
                beyond = enclosure.finite & (np.abs(enclosure.mid) > float(fmt.largest))
            found.append(beyond | (self.certificate.status(number) == "undefined"))
        return found

    def _by_intervals(
        self, values: Sequence[Any], verdicts: Sequence[np.ndarray], threshold: float, seed: int
    ) -> None:
        """Decide again, element by element, where tangents at a kink were found outside.

        The search for vertices walks in the space of gradients, and may not find those of
        tangents. The tangents of one output at a kink are an interval; its ends are approached
        by nearby points in random directions.
        """
        nearby = Nearby(self.certificate.problem)
        limits = [nearby.along(d) for d in nearby.random_directions(_DIRECTIONS, seed)]
        for number, (value, verdict) in enumerate(zip(values, verdicts, strict=True)):
            if value is None:
                continue
            found = np.array(
                [[float(v) for v in limit.values[number].tolist()] for limit in limits]
            ).reshape(len(limits), *verdict.shape)
            low, high = np.nanmin(found, axis=0), np.nanmax(found, axis=0)
            size = np.maximum(np.abs(low), np.abs(high))
            fmt = format_of(self.certificate.dtypes[number])
            slack = np.ldexp(0.5, ulp_exponents(size, fmt)) * threshold
            inside = (value >= low - slack) & (value <= high + slack)
            verdict[np.isin(verdict, _AT_KINKS) & inside] = "kink-member"


def trace_function(
    run: Callable[[list[Any]], Any],
    arguments: Sequence[Any],
    adapter: Adapter,
    wrt: Sequence[int],
    names: Sequence[str],
    kept: Sequence[int] | None = None,
    count: int = 0,
) -> tuple[tuple[Node, ...], tuple[Input, ...], tuple[np.ndarray, ...], tuple[str, ...]]:
    """(outputs, inputs, their exact contents, their dtypes) of a function of tensors.

    run: takes the oracle's tensors in place of the arrays of floats. wrt: the arguments that are
    differentiated; other arrays are constants. kept: where the function has `count` outputs, those
    that are wanted (all, by default).

    Raises TypeError where it gives nothing that can be compared.
    """
    given: list[Any] = []
    inputs: list[Input] = []
    contents: list[np.ndarray] = []
    dtypes: list[str] = []
    for number, value in enumerate(arguments):
        if not adapter.is_float(value):
            given.append(value)
            continue
        content, dtype = adapter.content(value), adapter.dtype(value)
        if number not in wrt:
            given.append(tensor(content, dtype=dtype))
            continue
        held = variable(names[number], content, dtype=dtype)
        node = held.node
        if not isinstance(node, Input):
            raise TypeError(f"reference.tensor.variable gave a {type(node).__name__} node")
        given.append(held)
        inputs.append(node)
        contents.append(content)
        dtypes.append(dtype)
    found = flattened(run(given))
    if kept is not None and len(found) == count:
        found = [found[number] for number in kept]
    outputs = tuple(_node_of(part) for part in found)
    return outputs, tuple(inputs), tuple(contents), tuple(dtypes)


def _node_of(result: Any) -> Node:
    if isinstance(result, Node):
        return result
    if isinstance(result, Tensor):
        return result.node
    if result is not None:
        with suppress(TypeError, ValueError):
            return Constant(exact_array(result)[0])
    raise TypeError(
        f"the mathematics gave {type(result).__name__}: return an array of floats, or a tuple of "
        "them, computed from the arguments"
    )


class Truth:
    """The true value and derivatives of a traced function, in rows to be judged against."""

    def __init__(
        self,
        outputs: Sequence[Node],
        inputs: Sequence[Input],
        arrays: Sequence[np.ndarray],
        dtypes: Sequence[str],
        output_dtypes: Sequence[str],
    ) -> None:
        self.outputs = tuple(outputs)
        self.inputs = tuple(inputs)
        self.arrays = tuple(arrays)
        self.formats = tuple(format_of(dtype) for dtype in dtypes)
        self.output_formats = tuple(format_of(dtype) for dtype in output_dtypes)
        self.paired = tuple(isinstance(dtype, PartFormat) for dtype in dtypes)
        self._outputs_paired = tuple(isinstance(dtype, PartFormat) for dtype in output_dtypes)
        casts = [format_of(n.format) for n in topological(self.outputs) if isinstance(n, Cast)]
        if self.output_formats:  # cotangents come in these formats
            casts.append(_widest(self.output_formats))
        self._coarsest = min(casts, key=lambda fmt: fmt.precision, default=None)
        self.structure, self._leaves = structure_of(outputs, inputs)
        self._names = tuple(node.name for node in inputs)
        self._known: dict[tuple[Any, ...], Row] = {}
        self.allowed: dict[Row, list[np.ndarray]] = {}  # what is explained of gradients
        self._base: tuple[Row, float] | None = None

    def foresee(
        self,
        cotangents: Sequence[Sequence[np.ndarray]],
        tangents: Sequence[Sequence[np.ndarray]],
        second: Sequence[np.ndarray] | None = None,
        *,
        values: bool = True,
    ) -> None:
        """Certify what will be asked for, all of it at once where that can be.

        second: the direction of second derivatives, taken with the first of the cotangents.
        """
        multiples = bool(cotangents) and self._multiples_of_one(cotangents)
        if multiples:
            cotangents = cotangents[:1]
        given: dict[str, list[Sequence[Any]]] = {
            "values": [()] if values else [],
            "pulled": [(c, None) for c in cotangents],
            "pushed": [(None, t) for t in tangents],
        }
        if second is not None:  # its rows share the symbols of the first rows of the others
            given["pushed"] = [(None, second), *given["pushed"]]
            given["second"] = [(cotangents[0], second)]
            given["second_forward"] = [(None, second)]
        kinds = [(kind, len(rows)) for kind, rows in given.items() if rows]
        reverse = len(given["pulled"]) + len(given.get("second", ()))
        size = reverse * sum(array.size for array in self.arrays)
        size += sum(count for _, count in kinds) * sum(int(node.size) for node in self.outputs)
        if not kinds or size > _TOGETHER or not any(a.size for a in self.arrays):
            return
        every = [(kind, arrays) for kind, _ in kinds for arrays in given[kind]]
        problems = [one for kind, _ in kinds for one in self._problems(kind, given[kind])[1]]
        found = certified_together(problems, self.structure.together(kinds))
        for (kind, arrays), known in zip(every, found, strict=True):
            if known is None:
                continue
            certificate, sizes = known
            paired = self.paired if kind in _REVERSE else self._outputs_paired
            row = _row(certificate, sizes, paired)
            self._known[_key(kind, arrays)] = row
            if kind == "pulled" and multiples:
                self._base = (row, _number(arrays[0]))

    @property
    def _single(self) -> bool:
        """Whether the outputs are a single number."""
        return sum(int(node.size) for node in self.outputs) == 1

    def _multiples_of_one(self, cotangents: Sequence[Sequence[np.ndarray]]) -> bool:
        """Whether their gradients are multiples of one another, none of them zero."""
        if not self._single:
            return False
        numbers = [_number(c) for c in cotangents]
        return all(map(math.isfinite, numbers)) and all(numbers)

    def values(self) -> Row:
        """The outputs."""
        return self._found("values", [()])[0]

    def pulled(self, cotangents: Sequence[Sequence[np.ndarray]]) -> list[Row]:
        """The gradients of <f, cotangent> for each of the cotangents."""
        if (len(cotangents) > 1 or self._base) and self._multiples_of_one(cotangents):
            return self._multiples(cotangents)
        at_once = max(1, _TOGETHER // max(1, sum(array.size for array in self.arrays)))
        rows: list[Row] = []
        for start in range(0, len(cotangents), at_once):
            chosen = cotangents[start : start + at_once]
            rows += self._found("pulled", [(c, None) for c in chosen])
        return rows

    def pushed(self, tangents: Sequence[Sequence[np.ndarray]]) -> list[Row]:
        """The derivatives of the outputs along each of the tangents."""
        return self._found("pushed", [(None, t) for t in tangents])

    def second(self, cotangents: Sequence[np.ndarray], tangents: Sequence[np.ndarray]) -> Row:
        """The gradient of <<f, cotangents>', tangents>."""
        return self._found("second", [(cotangents, tangents)])[0]

    def second_forward(self, tangents: Sequence[np.ndarray]) -> Row:
        """The second derivatives of the outputs along the tangents."""
        return self._found("second_forward", [(None, tangents)])[0]

    def _found(self, kind: str, given: Sequence[Sequence[Any]]) -> list[Row]:
        """Rows that were foreseen, or certified now, all at once."""
        known = [self._known.get(_key(kind, arrays)) for arrays in given]
        rows = [row for row in known if row is not None]
        return rows if len(rows) == len(known) else self._certified(kind, given)

    def _multiples(self, cotangents: Sequence[Sequence[np.ndarray]]) -> list[Row]:
        """Rows of a single output: gradients are linear in the one number of the cotangent."""
        if self._base is None:
            ones = [np.ones(array.shape) for array in cotangents[0]]
            self._base = (self._certified("pulled", [(ones, None)])[0], 1.0)
        base, one = self._base
        symbols = self.structure.cotangents
        rows = []
        for c in cotangents:
            number = _number(c)
            held: dict[Node, Any] = dict(zip(symbols, c, strict=True))
            rows.append(base if number == one else base.times(number, one, held))
        return rows

    def _bindings(self, rows: Rows, given: Sequence[Sequence[Any]]) -> list[dict[Node, Any]]:
        """What the leaves hold, for each row: (cotangents, directions), None where not used."""
        found = []
        for symbols, arrays in zip(rows.symbols, given, strict=True):
            cotangents, directions = arrays or (None, None)
            count = len(self.structure.cotangents)
            here: dict[Node, Any] = {}
            for names, numbers in ((symbols[:count], cotangents), (symbols[count:], directions)):
                if numbers is not None:
                    here |= dict(zip(names, numbers, strict=True))
            found.append(here)
        return found

    def _seed(self, kind: str, symbols: Sequence[Node]) -> Node | None:
        """The cotangent of the structure's one output, where the rows are its gradients."""
        if kind != "pulled":
            return None
        own = symbols[: len(self.structure.outputs)]
        if len(own) == 1:
            return own[0]
        return build.concat([build.reshape(symbol, (-1,)) for symbol in own])

    def _problems(self, kind: str, given: Sequence[Sequence[Any]]) -> tuple[Rows, list[Problem]]:
        """A problem for each row.

        A problem has as many gradients as inputs. In rows of one array per output, inputs of no
        elements stand for the outputs, and gradients of zero for the inputs.
        """
        blanks: tuple[Input, ...] = ()
        formats: Sequence[Format] = self.formats
        padding: Sequence[Node] = ()
        if kind not in _REVERSE:
            blanks = (_BLANK,) * len(self.structure.outputs)
            formats = (*self.output_formats, *self.formats)
            padding = self.structure.padding
        rows = self.structure.rows(kind, len(given))
        below = self._below(kind)
        bindings = self._bindings(rows, given)
        inputs = (*blanks, *self.structure.inputs)
        arrays = (*(np.zeros(0) for _ in blanks), *self.arrays)
        names = (*("" for _ in blanks), *self._names)
        return rows, [
            Problem(
                self.structure.output, inputs, arrays, tuple(formats), (*nodes, *padding), names,
                {**self._leaves, **here}, plans, self._seed(kind, symbols),
                kind == "values", (*below, *padding) if below and number == 0 else (),
                self._coarsest,
            )
            for number, (nodes, here, plans, symbols) in enumerate(
                zip(rows.nodes, bindings, rows.single, rows.symbols, strict=True)
            )
        ]  # fmt: skip

    def _below(self, kind: str) -> Sequence[Node]:
        """The first derivatives that rows of second ones are derivatives of (the first row's)."""
        if kind == "second":
            return self.structure.pulled
        return self.structure.pushed if kind == "second_forward" else ()

    def _certified(self, kind: str, given: Sequence[Sequence[Any]]) -> list[Row]:
        """All rows certified as one problem, and taken apart."""
        if not given:
            return []
        rows, problems = self._problems(kind, given)
        times = len(problems)
        first = problems[0]
        joined = Problem(
            self.structure.output,
            first.inputs * times,
            first.arrays * times,
            first.formats * times,
            tuple(node for problem in problems for node in problem.gradients),
            first.names * times,
            {k: v for problem in problems for k, v in problem.extra.items()},
            rows.plans,
            pointwise=kind == "values",
            coarsest=self._coarsest,
        )
        paired = self.paired if kind in _REVERSE else self._outputs_paired
        return _apart(joined, problems, paired)


def _key(kind: str, arrays: Sequence[Any]) -> tuple[Any, ...]:
    """What tells a row from others: its kind, and its cotangents and directions."""
    told = (None if part is None else tuple(a.tobytes() for a in part) for part in arrays)
    return (kind, *told)


def _number(cotangent: Sequence[np.ndarray]) -> float:
    """The one number of a cotangent of a single number."""
    return next(float(array.item()) for array in cotangent if array.size)


def _apart(joined: Problem, problems: Sequence[Problem], paired: tuple[bool, ...]) -> list[Row]:
    whole = certify_problem(joined)
    size = len(problems[0].gradients)
    asked = [k for k in range(len(whole.gradients)) if k % size < len(paired)]
    if all((whole.status(k) == "undefined").all() for k in asked):
        explain = tuple(np.zeros(enclosure.shape) for enclosure in whole.gradients)
    else:
        explain = _explained(whole)
    rows = []
    for number, problem in enumerate(problems):
        start, end = number * size, (number + 1) * size
        findings = tuple(
            replace(finding, argument=finding.argument - start)
            for finding in whole.findings
            if finding.argument is not None and start <= finding.argument < end
        )
        part = Certificate(
            whole.value,
            whole.gradients[start:end],
            whole.precision,
            whole.dtypes[start:end],
            findings,
            problem,
        )
        rows.append(_row(part, explain[start:end], paired))
    return rows


def _widest(formats: Sequence[Format]) -> Format:
    return max(formats, key=lambda fmt: fmt.precision)


def _row(part: Certificate, explain: Sequence[np.ndarray], paired: tuple[bool, ...]) -> Row:
    sizes = list(explain)
    for place, parts in enumerate(paired):
        if parts:
            truth, dtype = part.gradients[place].mid, part.dtypes[place]
            sizes[place] = explained_in_modulus(sizes[place], truth, dtype)
    return Row(part, tuple(sizes), len(paired), paired)


def _explained(whole: Certificate) -> tuple[np.ndarray, ...]:
    try:
        return scatter(whole)
    except Unsupported:  # nothing is explained, then
        return tuple(np.zeros(enclosure.shape) for enclosure in whole.gradients)
