"""What is to be proved: which definition a row is held to, for which shapes and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reference.definitions import definition
from reference.differentiate import vjp, zeros
from reference.graph import Input, Node

__all__ = ["Case", "RowView", "Shape", "Statement", "missing_statement", "named", "transposed"]

Shape = tuple[int, ...]


class RowView(Protocol):
    """An engine's operation, as a proof sees it; `reference/engines/` has one for each engine.

    place: its name, as `pointwise.EXP`. inputs: names of its inputs, "…" for any number of them.
    outputs: names of its results, or None where their number varies and rules take a list.
    name: PyTorch's, which is also the definition's. elementwise: whether it broadcasts its
    inputs and acts on each element alone.
    """

    @property
    def place(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def elementwise(self) -> bool: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...] | None: ...

    def has_rule(self, position: int) -> bool:
        """Whether there is a derivative rule for the input."""
        ...

    def pull(
        self,
        position: int,
        cotangent: Any,
        values: Sequence[Any],
        results: Sequence[Any],
        shapes: Sequence[Shape],
        params: Mapping[str, Any],
        xp: Any,
    ) -> Any:
        """What the engine makes of the rule for one input: an array of the input's shape.

        values, results: inputs and results of the operation, arrays over `xp` or plain.
        """
        ...

    def forward(self, values: Sequence[Any], params: Mapping[str, Any], xp: Any) -> Any:
        """What the operation's kernel makes of its inputs."""
        ...


@dataclass(frozen=True)
class Case:
    """One choice of shapes and parameters.

    shapes: one for each input; what `plain` holds (numbers, masks, None) takes its place.
    params: the row's keyword parameters. domain: intervals of inputs, by position; the whole
    line where there is none. orders: go through every order of the elements of input 0, whose
    indices are results (as those of a sort). special: values of the inputs that no random point
    hits: ties and kinks, where the rules' results must be one of the subdifferential, and zeros,
    by which a wrong rule may divide. near: points in the box of whose neighbours, half a unit to
    each side, the inputs lie: matrices that have a factor. symmetric: inputs of which, on floats,
    the symmetric part is taken, for kernels read one triangle of a matrix.
    """

    shapes: tuple[Shape, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    plain: Mapping[int, Any] = field(default_factory=dict)
    domain: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    orders: bool = False
    special: tuple[tuple[Any, ...], ...] = ()
    near: Mapping[int, Any] = field(default_factory=dict)
    symmetric: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """Shapes and parameters, for people."""
        parts = [
            _shown(self.plain[k]) if k in self.plain else _shape(shape)
            for k, shape in enumerate(self.shapes)
        ]
        parts += [f"{name}={_shown(value)}" for name, value in self.params.items()]
        return ", ".join(parts)


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape)) if shape else "scalar"


def _shown(value: Any) -> str:
    if hasattr(value, "tolist"):
        return repr(value.tolist())
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, slice):
        return ":".join("" if v is None else str(v) for v in (value.start, value.stop)) + (
            "" if value.step in (None, 1) else f":{value.step}"
        )
    return "…" if value is Ellipsis else repr(value)


@dataclass(frozen=True)
class Statement:
    """That a row's rules are the derived gradient of a definition.

    define: from the inputs (nodes and plain values) and the row's parameters to the result, or
    several. note: what a reader should know. raises: the rules refuse, with this exception.
    kernel: what it can be run on: arrays of "symbols"; NumPy's arrays of "expressions", if it is
    made of NumPy's sums and products; "floats" alone, if it calls LAPACK. A rule that calls an
    operation whose kernel does not run on symbols is given its definition.
    """

    place: str
    define: Callable[..., Any]
    cases: tuple[Case, ...]
    note: str = ""
    raises: str = ""
    kernel: str = "symbols"


def named(name: str, **renamed: str) -> Callable[..., Any]:
    """The definition of that name; keyword parameters under the names that it has for them.

    >>> named("softmax")(Input("x", (2,)), dim=0).shape
    (2,)
    """

    def define(*values: Any, **params: Any) -> Any:
        given = {renamed.get(key, key): value for key, value in params.items()}
        return definition(name).function(*values, **given)

    return define


def transposed(name: str, **renamed: str) -> Callable[..., Any]:
    """The derived gradient of a definition as an operation of its own.

    A row that does nothing but pull a cotangent back is defined by what it is for: its inputs
    are the cotangent and the point (or, for a linear operation, a parameter `shape`).
    """
    forward = named(name, **renamed)

    def define(cotangent: Node, *points: Node, **params: Any) -> Node:
        at = points or (Input("at", params.pop("shape")),)
        result = vjp([forward(*at, **params)], [at[0]], [cotangent])[0]
        return zeros(at[0].shape) if result is None else result

    return define


def missing_statement(row: RowView) -> Statement:
    """What an elementwise row of the name of a definition is surely meant to be.

    Raises LookupError for any other row: it needs a statement of its own.
    """
    if not row.elementwise or "…" in row.inputs:
        raise LookupError(
            f"nothing is stated about {row.place}: say in reference/prove/statements/ which "
            "definition it is held to, for which shapes and parameters"
        )
    entry = definition(row.name)
    count = len(row.inputs)
    domain = {k: (interval.low, interval.high) for k, interval in enumerate(entry.domain[:count])}
    cases = tuple(Case((shape,) * count, domain=domain) for shape in ((), (2, 2)))
    return Statement(row.place, named(row.name), cases)
