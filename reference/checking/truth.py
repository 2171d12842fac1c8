"""What is true of a traced function: certified rows of its first and second derivatives.

The function is traced and differentiated once, with symbols for cotangents and directions; each
row puts numbers into them. Rows are certified together, and taken apart afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from reference import build
from reference.adapters.adapter import Adapter, flattened
from reference.certify import Certificate, certify_problem
from reference.clarke import Nearby
from reference.differentiate import jvp, vjp, zeros
from reference.domains.rounded import Unsupported
from reference.floats import Format, exact_array, format_of, ulp_exponents
from reference.graph import Constant, Input, Node, substitute
from reference.judge import THRESHOLD, Verdict, judge, scatter
from reference.problem import Problem
from reference.tensor import Tensor, tensor, variable

__all__ = ["Row", "Truth", "argument_names", "trace_function"]

_TOGETHER = 100_000  # numbers certified in one go
_DIRECTIONS = 48


@dataclass(frozen=True, eq=False)
class Row:
    """Certified numbers for one comparison: `count` arrays, and what rounding explains of each."""

    certificate: Certificate
    explain: tuple[np.ndarray, ...]
    count: int

    def judge(self, values: Sequence[Any], factor: float, seed: int) -> Verdict:
        """The verdict on as many arrays of floats; None for one that is missing."""
        rest = [None] * (len(self.certificate.gradients) - self.count)
        found = judge(
            [*values, *rest], self.certificate, factor=factor, explain=self.explain, seed=seed
        )
        end = self.count
        verdicts = found.verdicts[:end]
        if rest and any((verdict == "kink-outside").any() for verdict in verdicts):
            self._by_intervals(values, verdicts, THRESHOLD * factor, seed)
        return Verdict(verdicts, found.ulps[:end], found.excess[:end], found.membership)

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
            found = np.array(
                [[float(v) for v in limit.values[number].tolist()] for limit in limits]
            ).reshape(len(limits), *verdict.shape)
            low, high = np.nanmin(found, axis=0), np.nanmax(found, axis=0)
            size = np.maximum(np.abs(low), np.abs(high))
            fmt = format_of(self.certificate.dtypes[number])
            slack = np.ldexp(0.5, ulp_exponents(size, fmt)) * threshold
            inside = (value >= low - slack) & (value <= high + slack)
            verdict[(verdict == "kink-outside") & inside] = "kink-member"


def argument_names(f: Callable[..., Any], count: int) -> tuple[str, ...]:
    """What f calls its positional arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple(named[k] if k < len(named) else f"x{k}" for k in range(count))


def trace_function(
    run: Callable[[list[Any]], Any],
    arguments: Sequence[Any],
    adapter: Adapter,
    wrt: Sequence[int],
    names: Sequence[str],
) -> tuple[tuple[Node, ...], tuple[Input, ...], tuple[np.ndarray, ...], tuple[str, ...]]:
    """(outputs, inputs, their exact contents, their dtypes) of a function of tensors.

    run: takes the oracle's tensors in place of the arrays of floats. wrt: the arguments that are
    differentiated; other arrays are constants.
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
    outputs = tuple(_node_of(part) for part in flattened(run(given)))
    return outputs, tuple(inputs), tuple(contents), tuple(dtypes)


def _node_of(result: Any) -> Node:
    if isinstance(result, Node):
        return result
    if isinstance(result, Tensor):
        return result.node
    try:
        return Constant(exact_array(result)[0])
    except (TypeError, ValueError):
        raise TypeError(
            f"the function returned {type(result).__name__}: return an array, or a tuple of them"
        ) from None


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
        self._cotangents = [Input(f"g{k}", node.shape) for k, node in enumerate(self.outputs)]
        self._tangents = [Input(f"u{k}", node.shape) for k, node in enumerate(self.inputs)]

    @cached_property
    def _output(self) -> Node:
        if len(self.outputs) == 1:
            return self.outputs[0]
        return build.concat([build.reshape(node, (-1,)) for node in self.outputs])

    @cached_property
    def _pulled(self) -> list[Node]:
        return _or_zeros(vjp(self.outputs, self.inputs, self._cotangents), self.inputs)

    @cached_property
    def _pushed(self) -> list[Node]:
        return _or_zeros(jvp(self.outputs, self.inputs, self._tangents), self.outputs)

    @cached_property
    def _second(self) -> list[Node]:
        return _or_zeros(vjp(self._pulled, self.inputs, self._tangents), self.inputs)

    @cached_property
    def _second_forward(self) -> list[Node]:
        return _or_zeros(jvp(self._pushed, self.inputs, self._tangents), self.outputs)

    def values(self) -> Row:
        """The outputs."""
        return self._forward([list(self.outputs)])[0]

    def pulled(self, cotangents: Sequence[Sequence[np.ndarray]]) -> list[Row]:
        """The gradients of <f, cotangent> for each of the cotangents."""
        at_once = max(1, _TOGETHER // max(1, sum(array.size for array in self.arrays)))
        rows: list[Row] = []
        for start in range(0, len(cotangents), at_once):
            chosen = cotangents[start : start + at_once]
            rows += self._reverse([self._put(self._pulled, cotangents=c) for c in chosen])
        return rows

    def pushed(self, tangents: Sequence[Sequence[np.ndarray]]) -> list[Row]:
        """The derivatives of the outputs along each of the tangents."""
        return self._forward([self._put(self._pushed, tangents=t) for t in tangents])

    def second(self, cotangents: Sequence[np.ndarray], tangents: Sequence[np.ndarray]) -> Row:
        """The gradients of <<f, cotangents>', tangents>."""
        nodes = self._put(self._second, cotangents=cotangents, tangents=tangents)
        return self._reverse([nodes])[0]

    def second_forward(self, tangents: Sequence[np.ndarray]) -> Row:
        """The second derivatives of the outputs along the tangents."""
        return self._forward([self._put(self._second_forward, tangents=tangents)])[0]

    def _put(
        self,
        nodes: Sequence[Node],
        cotangents: Sequence[np.ndarray] = (),
        tangents: Sequence[np.ndarray] = (),
    ) -> list[Node]:
        """The nodes with numbers in place of the symbols."""
        replaced: dict[Node, Node] = {}
        for symbols, numbers in ((self._cotangents, cotangents), (self._tangents, tangents)):
            for symbol, array in zip(symbols, numbers, strict=bool(len(numbers))):
                replaced[symbol] = Constant(array)
        return substitute(nodes, replaced)

    def _problem(self, gradients: Sequence[Node], formats: Sequence[Format]) -> Problem:
        return Problem(
            self._output, self.inputs, self.arrays, tuple(formats), tuple(gradients),
            tuple(node.name for node in self.inputs),
        )  # fmt: skip

    def _reverse(self, rows: Sequence[Sequence[Node]]) -> list[Row]:
        """Rows of one array per input."""
        count = len(self.inputs)
        problems = [self._problem(gradients, self.formats) for gradients in rows]
        return _rows(problems, count)

    def _forward(self, rows: Sequence[Sequence[Node]]) -> list[Row]:
        """Rows of one array per output.

        A problem has as many gradients as inputs: inputs of no elements stand for the outputs,
        and gradients of zero for the inputs.
        """
        count = len(self.outputs)
        empty = np.zeros(0)
        blank = Input("nothing", (0,), empty)
        padding = [zeros(node.shape) for node in self.inputs]
        problems = [
            replace(
                self._problem([*nodes, *padding], (*self.output_formats, *self.formats)),
                inputs=((blank,) * count + self.inputs),
                arrays=((empty,) * count + self.arrays),
                names=(("",) * count + tuple(node.name for node in self.inputs)),
            )
            for nodes in rows
        ]
        return _rows(problems, count)


def _or_zeros(found: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [
        zeros(node.shape) if one is None else one for one, node in zip(found, like, strict=True)
    ]


def _rows(problems: Sequence[Problem], count: int) -> list[Row]:
    """All problems certified as one, and taken apart."""
    if not problems:
        return []
    first = problems[0]
    times = len(problems)
    joined = Problem(
        first.output,
        first.inputs * times,
        first.arrays * times,
        first.formats * times,
        tuple(node for problem in problems for node in problem.gradients),
        first.names * times,
    )
    whole = certify_problem(joined)
    explain = _explained(whole)
    size = len(first.gradients)
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
        rows.append(Row(part, explain[start:end], count))
    return rows


def _explained(whole: Certificate) -> tuple[np.ndarray, ...]:
    try:
        return scatter(whole)
    except Unsupported:  # nothing is explained, then
        return tuple(np.zeros(enclosure.shape) for enclosure in whole.gradients)
