"""JAX's own record of a function, a jaxpr, as mathematics: one entry per primitive.

What does not depend on the arguments is computed by JAX itself. Primitives that only move
elements are asked of JAX on an array of positions. Custom derivatives are looked through: the
mathematics is that of the function, whatever rule stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.complexes import Complex, joined, parts, split
from reference.complexes.pair import by_parts, imaginary, whole
from reference.definitions import MissingDefinition, definition
from reference.evaluate import whole_numbers
from reference.graph import IndexMap, Input, Node, Put, Solve
from reference.tensor import Tensor
from reference.trace.complex_jaxpr import COMPLEX, PART_BY_PART, is_complex, is_traced, product
from reference.trace.jax_primitives import POINTWISE, PRIMITIVES
from reference.trace.jax_windows import window_positions

__all__ = ["run_traced"]

Values = list[Any]  # a Node where it depends on the arguments, else a NumPy array


def run_traced(
    jax: Any, f: Callable[..., Any], tensors: Sequence[Any], arrays: Sequence[Any]
) -> list[Any]:
    """The outputs of f, as nodes, over the oracle's tensors (which stand for `arrays`).

    Raises MissingDefinition for a primitive that has none.
    """
    places = [number for number, value in enumerate(tensors) if isinstance(value, Tensor)]

    def of_tensors(*chosen: Any) -> Any:
        given = list(arrays)
        for place, value in zip(places, chosen, strict=True):
            given[place] = value
        return f(*given)

    closed = jax.make_jaxpr(of_tensors)(*(arrays[place] for place in places))
    inputs = [
        split(held.node) if held.dtype.is_complex else held.node
        for held in (tensors[place] for place in places)
    ]
    return _Run(jax).closed(closed, inputs)


def known(value: Any) -> Any:
    """Whole numbers that the program needs to go on: at the arguments as they are."""
    if not isinstance(value, Node):
        return value
    try:
        return whole_numbers(value)
    except (ValueError, TypeError, KeyError) as error:
        raise MissingDefinition(
            f"a position or a condition that varies with the arguments is not known here: {error}"
        ) from error


def _whole(atom: Any) -> Any:
    """The dtype of an operand of integers, which may have been found as longer ones."""
    dtype = getattr(atom.aval, "dtype", None)
    return dtype if str(dtype).startswith(("int", "uint")) else None


def _sign_of_gamma(x: sp.Expr) -> sp.Expr:
    odd = sp.floor(x) - 2 * sp.floor(x / 2)
    return sp.Piecewise((1, x > 0), (1 - 2 * odd, True))


def _of_integers(equation: Any) -> bool:
    """Whether integers are made of integers and truth values: what has no derivative."""
    given = [str(getattr(atom.aval, "dtype", "")) for atom in equation.invars]
    made = [str(getattr(atom.aval, "dtype", "")) for atom in equation.outvars]
    return all(name.startswith(("int", "uint")) for name in made) and all(
        name.startswith(("int", "uint", "bool")) for name in given
    )


def _counts(params: dict[str, Any]) -> tuple[int, int]:
    """How many operands of a scan are constant, and how many are carried."""
    if "ft_in" in params:  # since JAX 0.11
        consts, carry, *_ = params["ft_in"].unpack()
        return len(consts), len(carry)
    return params["num_consts"], params["num_carry"]


def _any_traced(values: Sequence[Any]) -> bool:
    return any(is_traced(value) for value in values)


class _Unknown:
    """The result of a primitive without a definition; an error once it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Run:
    """One interpretation."""

    def __init__(self, jax: Any) -> None:
        self.jax = jax

    def closed(self, closed: Any, given: Sequence[Any]) -> Values:
        return self.body(closed.jaxpr, [self.array(c) for c in closed.consts], given)

    def body(self, jaxpr: Any, consts: Sequence[Any], given: Sequence[Any]) -> Values:
        held: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
        held.update(zip(jaxpr.invars, given, strict=True))

        def read(atom: Any) -> Any:
            return self.array(atom.val) if hasattr(atom, "val") else held[atom]

        for equation in jaxpr.eqns:
            values = [read(atom) for atom in equation.invars]
            results = self.equation(equation, values)
            held.update(zip(equation.outvars, results, strict=True))
        results = [read(atom) for atom in jaxpr.outvars]
        for result in results:
            if isinstance(result, _Unknown):
                raise _missing(result.name)
        return results

    def equation(self, equation: Any, values: Values) -> Values:
        name = equation.primitive.name
        if name in _SILENT:
            return []
        if name in _LOOKED_THROUGH:
            own = str(equation.params.get("name", ""))
            if own in _BY_BITS and _any_traced(values):  # made of the bits of the numbers
                return [_BY_BITS[own](*values)]
            return self.inner(equation.params, values)
        if name in _STRUCTURES and not (name in _AT_INDICES and not _any_traced(values)):
            return _STRUCTURES[name](self, equation.params, values)
        unknown = [value.name for value in values if isinstance(value, _Unknown)]
        if unknown:
            raise _missing(unknown[0])
        if not any(is_traced(value) for value in values):
            return self.concrete(equation, values)
        if _of_integers(equation):
            with suppress(MissingDefinition):
                return self.concrete(equation, [known(value) for value in values])
        if any(is_complex(value) for value in values) or name in _COMPLEX_ONLY:
            return self.of_complex(equation, values)
        if name == "fft":
            return [COMPLEX["fft"](*values, **equation.params)]
        if name in _MOVES:
            return self.moved(equation, values)
        if name in POINTWISE:
            return [POINTWISE[name](*values)]
        if name in PRIMITIVES:
            result = PRIMITIVES[name](*values, **equation.params)
            return list(result) if isinstance(result, tuple) else [result]
        return self.defined(equation, values)

    def defined(self, equation: Any, values: Values) -> Values:
        """What a user has defined under JAX's name."""
        name = equation.primitive.name
        try:  # PyTorch's operations of that name may mean other things
            result = definition(f"jax.{name}").function(*values, **equation.params)
        except MissingDefinition:
            return [_Unknown(name) for _ in equation.outvars]
        return list(result) if isinstance(result, (tuple, list)) else [result]

    def of_complex(self, equation: Any, values: Values) -> Values:
        """A primitive with complex operands or results, on pairs of nodes."""
        name = equation.primitive.name
        if name in _MOVES:
            places = [n for n, value in enumerate(values) if is_complex(value) or is_traced(value)]
            halves = [
                self.moved(equation, [_half(v, k) if n in places else v
                                      for n, v in enumerate(values)])
                for k in (0, 1)
            ]  # fmt: skip
            return [Complex(real, imag) for real, imag in zip(*halves, strict=True)]
        if name == "dot_general":
            return [product(lambda x, y: PRIMITIVES[name](x, y, **equation.params), *values)]
        if name in PART_BY_PART:
            function = PRIMITIVES[name]
            return [by_parts(lambda part: function(part, **equation.params), values[0])]
        if name not in COMPLEX:
            return self.defined(equation, values)
        result = COMPLEX[name](*values, **equation.params)
        return list(result) if isinstance(result, tuple) else [result]

    def without_fill(self, equation: Any) -> tuple[dict[str, Any], float | None]:
        """The parameters with -1 for what a gather gives outside of its source; and that."""
        params = dict(equation.params)
        fill = params.get("fill_value")
        if equation.primitive.name == "gather" and fill is not None:
            return {**params, "fill_value": -1}, float(fill)
        return params, None

    def bound(
        self, equation: Any, values: Sequence[Any], params: dict[str, Any] | None = None
    ) -> Values:
        """What JAX gives."""
        primitive = equation.primitive
        arrays = [
            self.jax.numpy.asarray(value, dtype=_whole(atom))
            for value, atom in zip(values, equation.invars, strict=True)
        ]
        with np.errstate(invalid="ignore"):  # nan stands for what a gather leaves out
            found = primitive.bind(*arrays, **(equation.params if params is None else params))
        return list(found) if primitive.multiple_results else [found]

    def concrete(self, equation: Any, values: Values) -> Values:
        return [self.array(found) for found in self.bound(equation, values)]

    def array(self, value: Any) -> Any:
        """NumPy's array; a key of random numbers, which NumPy has no dtype for, as it is."""
        dtypes = self.jax.dtypes
        is_key = hasattr(value, "dtype") and dtypes.issubdtype(value.dtype, dtypes.extended)
        return value if is_key else np.asarray(value)

    def moved(self, equation: Any, values: Values) -> Values:
        """The same elements, where JAX puts them in arrays of positions."""
        sources = [number for number, v in enumerate(values) if isinstance(v, Node)]
        if equation.primitive.name in ("concatenate", "pad", "stack"):
            sources = list(range(len(values)))
        elif equation.primitive.name == "dynamic_update_slice" and sources in ([0], [1], [0, 1]):
            sources = [0, 1]
        else:
            values = [values[0], *(known(value) for value in values[1:])]
            sources = sources[:1] if sources[:1] == [0] else []
        if not sources:
            return self.concrete(equation, values)
        nodes = [build.node(values[number]) for number in sources]
        starts = np.cumsum([0, *(node.size for node in nodes)])
        places = list(values)
        for number, node, start in zip(sources, nodes, starts, strict=False):
            flat = np.arange(start, start + node.size, dtype=np.int32)
            places[number] = flat.reshape(node.shape)
        joined = nodes[0]
        if len(nodes) > 1:
            joined = build.concat([build.reshape(node, (-1,)) for node in nodes])
        given, fill = self.without_fill(equation)
        found = [np.asarray(part).astype(np.intp) for part in self.bound(equation, places, given)]
        if fill is not None:
            joined = build.concat([build.reshape(joined, (-1,)), np.array([fill])])
            found = [np.where(part < 0, starts[-1], part) for part in found]
        elif any(part.size and (part.min() < 0 or part.max() >= starts[-1]) for part in found):
            raise MissingDefinition(f"{equation.primitive.name} with indices out of bounds")
        return [build.take(joined, part) for part in found]

    def inner(self, params: dict[str, Any], values: Values) -> Values:
        for key in ("call_jaxpr", "jaxpr", "fun_jaxpr", "call"):
            if key in params:
                jaxpr = params[key]
                return (
                    self.closed(jaxpr, values)
                    if hasattr(jaxpr, "consts")
                    else self.body(jaxpr, [], values)
                )
        raise MissingDefinition("a call without a jaxpr")

    # structures of control

    def scan(self, params: dict[str, Any], values: Values) -> Values:
        fixed, carried = _counts(params)
        consts, carry = values[:fixed], values[fixed : fixed + carried]
        rows = values[fixed + carried :]
        total = params["length"]
        stacked: list[Values] = []
        for step in reversed(range(total)) if params["reverse"] else range(total):
            here = [_row(value, step) for value in rows]
            found = self.closed(params["jaxpr"], [*consts, *carry, *here])
            carry = found[:carried]
            stacked.append(found[carried:])
        if params["reverse"]:
            stacked.reverse()
        return [*carry, *(_stacked(parts) for parts in zip(*stacked, strict=True))]

    def loop(self, params: dict[str, Any], values: Values) -> Values:
        first, second = params["cond_nconsts"], params["body_nconsts"]
        asked, fixed = values[:first], values[first : first + second]
        carry = values[first + second :]
        while True:
            (again,) = self.closed(params["cond_jaxpr"], [*asked, *carry])
            going = np.asarray(known(again)).astype(bool)
            if not going.any():
                return carry
            found = self.closed(params["body_jaxpr"], [*fixed, *carry])
            if not going.all():  # of a batch, some go on
                found = [_going_on(going, new, old) for new, old in zip(found, carry, strict=True)]
            carry = found

    def cond(self, params: dict[str, Any], values: Values) -> Values:
        branches, index, rest = params["branches"], values[0], values[1:]
        if not isinstance(index, Node):
            chosen = int(np.clip(index, 0, len(branches) - 1))
            return self.closed(branches[chosen], rest)
        results = self.closed(branches[-1], rest)
        for number in reversed(range(len(branches) - 1)):
            other = self.closed(branches[number], rest)
            results = [
                _chosen(build.less(index, number + 0.5), new, old)
                for new, old in zip(other, results, strict=True)
            ]
        return results

    def linear_solve(self, params: dict[str, Any], values: Values) -> Values:
        """matvec(u) = b, differentiated by the implicit function theorem."""
        count = params["const_lengths"].matvec
        sides = values[sum(params["const_lengths"]) :]
        if len(sides) != 1:
            raise MissingDefinition("custom_linear_solve with several right-hand sides")
        if any(is_complex(value) for value in [*values[:count], *sides]):
            return [self.complex_solve(params, values[:count], whole(sides[0]))]
        consts = [build.node(value) for value in values[:count]]
        right = [build.node(sides[0])]
        parameters = [Input(f"p{number}", node.shape) for number, node in enumerate(consts)]
        unknown, target = Input("u", (right[0].size,)), Input("b", right[0].shape)
        (product,) = self.closed(
            params["jaxprs"].matvec, [*parameters, build.reshape(unknown, right[0].shape)]
        )
        equations = build.reshape(build.subtract(product, target), (-1,))
        solved = Solve(unknown, equations, [*parameters, target], [*consts, right[0]])
        return [build.reshape(solved, right[0].shape)]

    def complex_solve(self, params: dict[str, Any], consts: Values, right: Complex) -> Complex:
        """The same with complex numbers: unknown are the parts, one after the other."""
        held = [joined(value) if is_complex(value) else build.node(value) for value in consts]
        parameters = [Input(f"p{number}", node.shape) for number, node in enumerate(held)]
        given = [
            split(node) if is_complex(value) else node
            for node, value in zip(parameters, consts, strict=True)
        ]
        total = int(right.size)
        unknown, target = Input("u", (2 * total,)), Input("b", (2 * total,))
        halves = [
            build.reshape(build.getitem(unknown, slice(k * total, (k + 1) * total)), right.shape)
            for k in (0, 1)
        ]
        (product_,) = self.closed(params["jaxprs"].matvec, [*given, Complex(*halves)])
        flat = build.concat([build.reshape(p, (-1,)) for p in _both(product_)], 0)
        sides = build.concat([build.reshape(p, (-1,)) for p in _both(right)], 0)
        equations = build.subtract(flat, target)
        solved = Solve(unknown, equations, [*parameters, target], [*held, sides])
        return Complex(
            *(
                build.reshape(
                    build.getitem(solved, slice(k * total, (k + 1) * total)), right.shape
                )
                for k in (0, 1)
            )
        )

    def scattered(self, params: dict[str, Any], values: Values, *, add: bool) -> Values:
        if is_complex(values[0]) or is_complex(values[2]):
            halves = [
                self.scattered(
                    params, [_half(values[0], k), values[1], _half(values[2], k)], add=add
                )
                for k in (0, 1)
            ]
            return [Complex(halves[0][0], halves[1][0])]
        operand, index, updates = build.node(values[0]), values[1], build.node(values[2])
        if not add and len(getattr(params.get("update_jaxpr"), "eqns", ())):
            raise _missing("scatter_apply")
        places = self.targets(params, operand, known(index), updates)
        put = Put(updates, IndexMap(operand.shape, updates.shape, places))
        if add:
            return [build.add(operand, put)]
        kept = np.ones(operand.size)
        kept[places[places >= 0]] = 0
        return [build.add(build.multiply(operand, kept.reshape(operand.shape)), put)]

    def scattered_by(
        self, params: dict[str, Any], values: Values, combine: Callable[[Any, Any], Node]
    ) -> Values:
        """Updates multiplied into the operand, or compared with it, one after the other."""
        operand, index, updates = build.node(values[0]), values[1], build.node(values[2])
        places = self.targets(params, operand, known(index), updates).ravel()
        result = build.reshape(operand, (-1,))
        left = np.flatnonzero(places >= 0)
        while left.size:  # the first update of each place, then the second, …
            _, first = np.unique(places[left], return_index=True)
            source = np.full(operand.size, -1)
            source[places[left[first]]] = left[first]
            new = combine(result, build.take(build.reshape(updates, (-1,)), source))
            result = build.where(source >= 0, new, result)
            left = np.delete(left, first)
        return [build.reshape(result, operand.shape)]

    def reduced(self, params: dict[str, Any], values: Values) -> Values:
        """A reduction by a function of the user's, element after element."""
        count = len(values) // 2
        axes = tuple(params["dimensions"])
        rows = []
        for value in map(build.node, values[:count]):
            kept = [axis for axis in range(value.ndim) if axis not in axes]
            shape = [int(value.shape[axis]) for axis in kept]
            rows.append(build.reshape(build.permute(value, (*axes, *kept)), (-1, *shape)))
        carry: Values = [
            build.broadcast_to(value, row.shape[1:])
            for value, row in zip(values[count:], rows, strict=True)
        ]
        for step in range(int(rows[0].shape[0])):
            carry = self.closed(params["jaxpr"], [*carry, *(build.getitem(r, step) for r in rows)])
        return carry

    def windows(self, params: dict[str, Any], values: Values) -> Values:
        """The same over windows; padding holds the initial value."""
        if len(values) != 2:
            raise MissingDefinition("reduce_window of several arrays")
        operand = build.node(values[0])
        given = {key: value for key, value in params.items() if key not in ("jaxpr", "consts")}
        cells = window_positions(operand.shape, **given)
        flat = build.concat([build.reshape(part, (-1,)) for part in (operand, values[1])], 0)
        held = build.take(flat, np.where(cells >= 0, cells, operand.size))
        carry = build.broadcast_to(values[1], cells.shape[:-1])
        for place in range(cells.shape[-1]):
            part = build.getitem(held, (Ellipsis, place))
            (carry,) = self.body(params["jaxpr"], params["consts"], [carry, part])
        return [carry]

    def targets(
        self, params: dict[str, Any], operand: Node, index: np.ndarray, updates: Node
    ) -> np.ndarray:
        """Where each update goes: what a gather of the same indices would read, -1 if nowhere."""
        lax, zeros = self.jax.lax, self.jax.numpy.zeros
        chosen = {key: params[key] for key in ("dimension_numbers", "mode")}

        def added(given: Any) -> Any:
            whole = zeros(operand.shape, np.float32)
            return lax.scatter_add(whole, self.jax.numpy.asarray(index), given, **chosen)

        _, back = self.jax.vjp(added, zeros(updates.shape, np.float32))
        if operand.size >= 1 << 24:
            raise MissingDefinition("scatter into more than 2**24 elements")
        numbered = np.arange(1, operand.size + 1, dtype=np.float32).reshape(operand.shape)
        return np.asarray(back(self.jax.numpy.asarray(numbered))[0]).astype(np.intp) - 1


_Structure = Callable[[_Run, dict[str, Any], Values], Values]
_STRUCTURES: dict[str, _Structure] = {
    "scan": _Run.scan,
    "while": _Run.loop,
    "cond": _Run.cond,
    "custom_linear_solve": _Run.linear_solve,
    "scatter-add": lambda run, params, values: run.scattered(params, values, add=True),
    "scatter": lambda run, params, values: run.scattered(params, values, add=False),
    "scatter-sub": lambda run, params, values: run.scattered(
        params, [*values[:2], _negative(values[2])], add=True
    ),
    "scatter-mul": lambda run, params, values: run.scattered_by(params, values, build.multiply),
    "scatter-max": lambda run, params, values: run.scattered_by(params, values, build.maximum),
    "scatter-min": lambda run, params, values: run.scattered_by(params, values, build.minimum),
    "reduce": _Run.reduced,
    "reduce_window": _Run.windows,
}
_AT_INDICES = frozenset({
    "reduce", "reduce_window", "scatter", "scatter-add", "scatter-max", "scatter-min",
    "scatter-mul", "scatter-sub",
})  # fmt: skip
# functions that JAX makes of the bits of numbers, by the names of their calls
_BY_BITS: dict[str, Callable[..., Node]] = {
    "copysign": lambda x, y: definition("copysign").function(x, y),
    "gammasgn": lambda x: build.stop(build.elementwise(_sign_of_gamma, x)),
    "ldexp": lambda x, y: definition("ldexp").function(x, y),
    "signbit": lambda x: build.less(x, 0),
}
_LOOKED_THROUGH = frozenset({
    "call", "checkpoint", "closed_call", "composite", "core_call", "custom_jvp_call",
    "custom_vmap_call", "custom_vjp_call",
    "custom_vjp_call_jaxpr", "jit", "pjit", "remat", "remat2",
})  # fmt: skip
_SILENT = frozenset({"debug_callback", "debug_print"})  # printing is not mathematics
_MOVES = frozenset({
    "broadcast_in_dim", "concatenate", "dynamic_slice", "dynamic_update_slice", "expand_dims",
    "gather", "pad", "reshape", "rev", "slice", "split", "squeeze", "stack", "tile", "transpose",
    "unstack",
})  # fmt: skip


_COMPLEX_ONLY = frozenset({"complex", "conj", "eig", "imag", "real"})


def _missing(name: str) -> MissingDefinition:
    return MissingDefinition(
        f"JAX's primitive {name!r} has no definition. Add one, as mathematics:\n"
        "    from reference import build, define\n"
        f'    define("jax.{name}", lambda x, **parameters: build.elementwise(sympy.exp, x))'
    )


def _half(value: Any, number: int) -> Any:
    """The real part (0) or the imaginary part (1)."""
    return imaginary(value) if number else parts(value)[0]


def _both(value: Any) -> tuple[Node, Node]:
    return _half(value, 0), _half(value, 1)


def _negative(value: Any) -> Any:
    return by_parts(build.negative, value) if is_complex(value) else build.negative(value)


def _row(value: Any, step: int) -> Any:
    if isinstance(value, Complex):
        return by_parts(lambda part: build.getitem(part, step), value)
    return build.getitem(value, step) if isinstance(value, Node) else value[step]


def _stacked(rows: Sequence[Any]) -> Any:
    if not any(is_traced(row) for row in rows):
        return np.stack(rows)
    if any(is_complex(row) for row in rows):
        return Complex(*(build.stack([_half(row, k) for row in rows]) for k in (0, 1)))
    return build.stack(rows)


def _going_on(going: np.ndarray, new: Any, old: Any) -> Any:
    """The new state of those that go on; the condition is of the first axes."""
    rank = len(new.shape)
    spread = going.reshape((*going.shape, *(1,) * (rank - going.ndim)))
    if not is_traced(new) and not is_traced(old):
        return np.where(spread, new, old)
    return _chosen(spread, new, old)


def _chosen(condition: Any, new: Any, old: Any) -> Any:
    """The one where a condition holds, else the other."""
    if is_complex(new) or is_complex(old):
        halves = [build.where(condition, _half(new, k), _half(old, k)) for k in (0, 1)]
        return Complex(*halves)
    return build.where(condition, new, old)
