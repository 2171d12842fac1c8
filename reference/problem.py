"""What is to be differentiated where: a traced function, its exact inputs, its gradient graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.content import complex_array, content
from reference.differentiate import vjp, zeros
from reference.domains.certified import Evaluation, Prepared, examine, prepare
from reference.domains.sides import Sides
from reference.floats import Format, exact_array, format_of
from reference.graph import Constant, Contract, Input, Node

__all__ = ["Problem", "gradient_nodes", "trace", "trace_nodes"]


@dataclass(frozen=True, eq=False)
class Problem:
    """One output node, the inputs it is differentiated with respect to, and the gradients.

    arrays: the exact content of each input. formats: the dtype of each input. extra: the
    contents of other leaves without a value of their own. plans: what is known of the graph.
    seed: the cotangent of the output, where the gradients are those of <output, seed>. pointwise:
    the gradients are values, which count at the point alone, whatever they are nearby. below:
    where these are second derivatives, the first ones, element by element. coarsest: the format
    of fewest bits that numbers are cast to on the way.
    """

    output: Node
    inputs: tuple[Input, ...]
    arrays: tuple[np.ndarray, ...]
    formats: tuple[Format, ...]
    gradients: tuple[Node, ...]
    names: tuple[str, ...] = field(default=())
    extra: Mapping[Node, Any] = field(default_factory=dict, repr=False)
    plans: dict[bool, Prepared] = field(default_factory=dict, repr=False)
    seed: Node | None = field(default=None, repr=False)
    pointwise: bool = False
    below: tuple[Node, ...] = field(default=(), repr=False)
    coarsest: Format | None = None

    def bindings(self, arrays: Sequence[Any] | None = None) -> dict[Node, Any]:
        """What every leaf holds, with the inputs as they are or with other contents."""
        given = self.arrays if arrays is None else arrays
        return {**self.extra, **dict(zip(self.inputs, given, strict=True))}

    def prepared(self, value: bool) -> Prepared:
        """The order of evaluation of the gradients, with or without the value."""
        if value not in self.plans:
            nodes = [self.output, *self.gradients] if value else list(self.gradients)
            inputs = self.inputs if self.extra else None
            self.plans[value] = prepare(nodes, [self.output], inputs)
        return self.plans[value]

    def evaluate(
        self,
        precision: int,
        arrays: Sequence[Any] | None = None,
        *,
        value: bool = True,
        diagnose: bool = False,
        after: Any = None,
        sides: Sides | None = None,
    ) -> Evaluation:
        """The value (if asked) and the gradients, at the exact inputs or at others."""
        return examine(
            [self.output, *self.gradients] if value else list(self.gradients),
            self.bindings(arrays),
            precision=precision,
            after=after,
            diagnose=diagnose,
            prepared=self.prepared(value),
            sides=sides,
        )


def gradient_nodes(
    output: Node,
    inputs: Sequence[Input],
    cotangent: Any = None,
    order: int = 1,
    direction: Sequence[Any] | None = None,
) -> tuple[Node, ...]:
    """The gradient graph of <output, cotangent>; for each further order, of <gradient, u>.

    cotangent: an array of the output's shape, ones by default for a single element. direction:
    u, one array per input, ones by default.

    Raises RuntimeError for a missing cotangent, ValueError for a shape or order that cannot be.
    """
    seed = _seed(output, cotangent)
    if order < 1:
        raise ValueError(f"order is {order}: give 1 for the gradient, 2 for second derivatives")
    pulled = vjp([output], inputs, [seed])
    directions = _directions(inputs, direction)
    for _ in range(order - 1):
        pairs = [(g, u) for g, u in zip(pulled, directions, strict=True) if g is not None]
        pulled = vjp([g for g, _ in pairs], inputs, [u for _, u in pairs])
    return tuple(
        zeros(node.shape) if gradient is None else gradient
        for gradient, node in zip(pulled, inputs, strict=True)
    )


def _seed(output: Node, cotangent: Any) -> Node:
    if cotangent is None:
        if any(size != 1 for size in output.shape):
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        cotangent = np.ones(output.shape)
    seed = cotangent if isinstance(cotangent, Node) else Constant(exact_array(cotangent)[0])
    if seed.shape != output.shape:
        raise ValueError(
            f"the cotangent has shape {seed.shape}, the output {output.shape}: give equal shapes"
        )
    return seed


def _directions(inputs: Sequence[Input], direction: Sequence[Any] | None) -> list[Node]:
    if direction is None:
        return [Constant(np.ones(node.shape)) for node in inputs]
    given = (
        [direction]
        if len(inputs) == 1 and not isinstance(direction, (list, tuple))
        else (list(direction))
    )
    arrays = [exact_array(value)[0] for value in given]
    shapes = [array.shape for array in arrays]
    if shapes != [node.shape for node in inputs] and len(inputs) == 1:
        arrays = [exact_array(direction)[0]]
        shapes = [arrays[0].shape]
    if shapes != [node.shape for node in inputs]:
        raise ValueError(
            f"direction has shapes {shapes}, the arrays {[node.shape for node in inputs]}: "
            "give one array of the same shape for each"
        )
    return [Constant(array) for array in arrays]


def trace(
    f: Callable[..., Any],
    arrays: Sequence[Any],
    *,
    cotangent: Any = None,
    order: int = 1,
    direction: Sequence[Any] | None = None,
) -> Problem:
    """Run f on the oracle's tensors (or, where it is written so, on nodes) and differentiate.

    arrays: NumPy arrays, numbers, or anything that looks like an array; floats are exact.
    """
    return _trace(_tensors, f, arrays, cotangent, order, direction)


def trace_nodes(
    f: Callable[..., Node],
    arrays: Sequence[Any],
    *,
    cotangent: Any = None,
    order: int = 1,
    direction: Sequence[Any] | None = None,
) -> Problem:
    """The same for a function from nodes to a node, as `reference.build` writes them.

    >>> from reference import build
    >>> problem = trace_nodes(lambda x: build.sum(x), [np.ones(3, np.float32)])
    >>> problem.names, problem.formats[0].name, problem.gradients[0].shape
    (('x',), 'float32', (3,))
    """
    return _trace(_inputs, f, arrays, cotangent, order, direction)


def _trace(
    variables: Callable[..., tuple[tuple[Input, ...], list[Any]]],
    f: Callable[..., Any],
    arrays: Sequence[Any],
    cotangent: Any,
    order: int,
    direction: Sequence[Any] | None,
) -> Problem:
    contents = [_content(array) for array in arrays]
    names = _parameter_names(f, len(arrays))
    inputs, arguments = variables(names, contents)
    output = _node_of(f(*arguments))
    seed = _seed(output, cotangent)
    return Problem(
        output,
        inputs,
        tuple(content for content, _ in contents),
        tuple(format_of(dtype) for _, dtype in contents),
        gradient_nodes(output, inputs, seed, order, direction),
        names,
        seed=seed if order == 1 else None,
        below=gradient_nodes(output, inputs, seed) if order == 2 else (),
    )


def _content(array: Any) -> tuple[np.ndarray, str]:
    """The exact content and the dtype; of complex numbers, the parts along a last axis more."""
    if isinstance(array, complex) or "complex" in str(getattr(array, "dtype", "")):
        values = complex_array(array)
        parts, dtype = content(values)
        return parts, dtype.name
    return exact_array(array)


def _parameter_names(f: Callable[..., Any], count: int) -> tuple[str, ...]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return tuple(
        positional[number] if number < len(positional) else f"x{number}" for number in range(count)
    )


def _inputs(
    names: Sequence[str], contents: Sequence[tuple[np.ndarray, str]]
) -> tuple[tuple[Input, ...], list[Any]]:
    nodes = [
        Input(name, array.shape, array) for name, (array, _) in zip(names, contents, strict=True)
    ]
    return tuple(nodes), list(nodes)


def _tensors(
    names: Sequence[str], contents: Sequence[tuple[np.ndarray, str]]
) -> tuple[tuple[Input, ...], list[Any]]:
    from reference.tensor import variable  # noqa: PLC0415  # heavy, and not needed by nodes

    tensors: list[Any] = []
    inputs: list[Input] = []
    for name, (array, dtype) in zip(names, contents, strict=True):
        known = dtype if array.dtype.kind == "f" else None
        tensor = variable(name, array, dtype=known)
        node = tensor.node
        if not isinstance(node, Input):
            raise TypeError(f"reference.tensor.variable gave a {type(node).__name__} node")
        tensors.append(tensor)
        inputs.append(node)
    return tuple(inputs), tensors


def _node_of(result: Any) -> Node:
    if isinstance(result, Node):
        return result
    node = getattr(result, "node", None)
    if isinstance(node, Node):
        return node
    if isinstance(result, (tuple, list)):
        raise TypeError(
            f"f returned a {type(result).__name__} of {len(result)}: return one array, "
            "for example the one whose gradient is wanted"
        )
    try:
        array, _ = exact_array(result)
    except (TypeError, ValueError):
        array = np.empty(0, dtype=object)
    if array.dtype.kind in "fiub":
        return Contract([Constant(array)], [tuple(range(array.ndim))], tuple(range(array.ndim)),
                        dict(enumerate(array.shape)))  # fmt: skip
    raise TypeError(
        f"f returned {type(result).__name__}, which is no array of the oracle: compute with the "
        "arguments that f is given"
    )
