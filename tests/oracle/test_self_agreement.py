"""The oracle against itself: closed form, exact and certified numbers of one graph agree.

And against mpmath: every step of a random program is also written as plain code over arrays of
`mpf`, and differentiated by differences at 160 digits. The enclosures must hold what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reference import build
from reference.differentiate import vjp
from reference.domains import certified, closed_form, exact
from reference.domains.certified import working_precision
from reference.graph import Constant, Contract, Input, Map, Node, Put, Stop, argument
from reference.simplify_sums import cancelled

DIGITS = 160
STEP = mpmath.mpf(10) ** -45
TRUSTED = "1e-60"  # what central differences of that step may be off, with a wide margin

Array = np.ndarray
Plain = Callable[..., Array]

A, B = argument(0), argument(1)


def each(function: Callable[..., Any], arguments: int = 1) -> Plain:
    """A function of numbers as one of object arrays."""
    applied = np.frompyfunc(function, arguments, 1)
    return lambda *arrays: np.asarray(applied(*arrays), dtype=object)


RATIONAL: dict[str, tuple[sp.Expr, Plain]] = {
    "square": (A**2, each(lambda a: a * a)),
    "affine": (3 * A / 4 - 1, each(lambda a: 3 * a / 4 - 1)),
    "bump": (1 / (1 + A**2), each(lambda a: 1 / (1 + a * a))),
    "kinked": (
        sp.Piecewise((A**3, sp.Rational(1, 3) < A), (A / 5, True)),
        each(lambda a: a**3 if 3 * a > 1 else a / 5),
    ),
    "masked": (
        sp.Piecewise((1 / A, sp.Rational(1, 7) < A), (0, True)),
        each(lambda a: 1 / a if 7 * a > 1 else mpmath.mpf(0)),
    ),
}
SMOOTH: dict[str, tuple[sp.Expr, Plain]] = {
    "exp": (sp.exp(A / 8), each(lambda a: mpmath.exp(a / 8))),
    "sin": (sp.sin(A), each(mpmath.sin)),
    "tanh": (sp.tanh(A), each(mpmath.tanh)),
    "log": (sp.log(1 + A**2), each(lambda a: mpmath.log(1 + a * a))),
    "sqrt": (sp.sqrt(1 + A**2), each(lambda a: mpmath.sqrt(1 + a * a))),
}
BINARY: dict[str, tuple[sp.Expr, Plain]] = {
    "times": (A * B, each(lambda a, b: a * b, 2)),
    "minus": (A - B, each(lambda a, b: a - b, 2)),
    "over": (A / (1 + B**2), each(lambda a, b: a / (1 + b * b), 2)),
}


@dataclass
class Program:
    """A random program: nodes, and for each the plain code of the same step."""

    inputs: list[Input]
    nodes: list[Node]
    steps: list[Callable[[list[Array], bool], Array]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    rational: bool = True

    def add(self, name: str, node: Node, plain: Plain, *sources: int) -> None:
        """A step whose plain code takes the values of the nodes at `sources`."""
        self.nodes.append(node)
        self.names.append(f"{name}{sources}")
        self.steps.append(lambda values, frozen: plain(*(values[s] for s in sources)))

    def add_stop(self, source: int) -> None:
        """A step that keeps the value of its first run."""
        first: list[Array] = []

        def plain(values: list[Array], frozen: bool) -> Array:
            if not frozen:
                first[:] = [values[source]]
            return first[0]

        self.nodes.append(Stop(self.nodes[source]))
        self.names.append(f"stop({source},)")
        self.steps.append(plain)

    def run(self, contents: Sequence[Array], frozen: bool) -> Array:
        """The value of the last node by plain code."""
        values = list(contents)
        for step in self.steps:
            values.append(step(values, frozen))
        return values[-1]

    def __repr__(self) -> str:
        shapes = [part.shape for part in self.inputs]
        values = [None if part.value is None else part.value.tolist() for part in self.inputs]
        return f"Program({shapes}, {values}, {self.names})"


def numbers(shape: Sequence[Any]) -> st.SearchStrategy[Array]:
    """Dyadic numbers: exact in every kind of arithmetic."""
    count = int(np.prod(shape))
    return st.lists(st.integers(-24, 24), min_size=count, max_size=count).map(
        lambda whole: np.array(whole, dtype=np.float64).reshape(tuple(shape)) / 8
    )


SHAPES: list[tuple[int, ...]] = [(), (2,), (3,), (2, 3), (1, 2), (3, 1)]


@st.composite
def programs(draw: st.DrawFn, smooth: bool) -> Program:
    inputs = []
    for position in range(draw(st.integers(1, 2))):
        shape = draw(st.sampled_from(SHAPES))
        inputs.append(Input(f"x{position}", shape, draw(numbers(shape))))
    program = Program(inputs, list(inputs), rational=not smooth)
    steps = [unary, binary, reduced, product, taken, put, solved, stopped, permuted]
    for _ in range(draw(st.integers(2, 6))):
        draw(st.sampled_from(steps))(draw, program, smooth)
    return program


def pick(draw: st.DrawFn, program: Program) -> int:
    """A node, a late one more often than not."""
    return len(program.nodes) - 1 - draw(st.integers(0, len(program.nodes) - 1))


def unary(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    source = pick(draw, program)
    table = {**RATIONAL, **SMOOTH} if smooth else RATIONAL
    name = draw(st.sampled_from(sorted(table)))
    expression, plain = table[name]
    program.add(name, Map(expression, [program.nodes[source]]), plain, source)


def binary(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    first, second = pick(draw, program), pick(draw, program)
    try:
        np.broadcast_shapes(program.nodes[first].shape, program.nodes[second].shape)
    except ValueError:
        second = first
    name = draw(st.sampled_from(sorted(BINARY)))
    expression, plain = BINARY[name]
    pair = [program.nodes[first], program.nodes[second]]
    program.add(name, Map(expression, pair), plain, first, second)


def reduced(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    source = pick(draw, program)
    node = program.nodes[source]
    axis = draw(st.sampled_from([None, *range(node.ndim)]))
    summed = build.sum(node, axis)
    program.add("sum", summed, lambda a: np.asarray(np.sum(a, axis=axis), dtype=object), source)


def product(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    """A sum of products over one shared axis, or an outer product."""
    first, second = pick(draw, program), pick(draw, program)
    a, b = program.nodes[first], program.nodes[second]
    shared = bool(a.ndim and b.ndim and a.shape[-1] == b.shape[-1])
    if a.ndim + b.ndim > 3 and not shared:
        return
    left = tuple(range(a.ndim))
    right = tuple(range(10, 10 + b.ndim))
    if shared:
        right = (*right[:-1], left[-1])
    sizes = dict(zip((*left, *right), (*a.shape, *b.shape), strict=True))
    output = tuple(label for label in sizes if not shared or label != left[-1])
    if len(output) > 2:
        return
    letters = {label: chr(97 + position) for position, label in enumerate(sizes)}
    text = ",".join("".join(letters[label] for label in part) for part in (left, right))
    text += "->" + "".join(letters[label] for label in output)

    def plain(x: Array, y: Array) -> Array:
        wide_x = x.reshape((*x.shape, *(1,) * (y.ndim - shared)))
        if not shared:
            return np.asarray(wide_x * y, dtype=object)
        moved = np.moveaxis(wide_x, x.ndim - 1, -1)
        return np.asarray(np.sum(moved * y, axis=-1), dtype=object)

    node = Contract([a, b], [left, right], output, sizes)
    program.add(text, node, plain, first, second)


def permuted(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    source = pick(draw, program)
    axes = tuple(reversed(range(program.nodes[source].ndim)))
    node = build.permute(program.nodes[source], axes)
    program.add("permute", node, lambda a: a.transpose(), source)


def taken(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    source = pick(draw, program)
    size = int(program.nodes[source].size)
    positions = np.array(draw(st.lists(st.integers(-1, size - 1), min_size=1, max_size=3)))

    def plain(a: Array) -> Array:
        flat = [*a.reshape(-1), mpmath.mpf(0)]
        result = np.empty(len(positions), dtype=object)
        result[:] = [flat[position] for position in positions]
        return result

    node = build.take(program.nodes[source], positions)
    program.add(f"take{positions.tolist()}", node, plain, source)


def put(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    source = pick(draw, program)
    node = program.nodes[source]
    size = int(node.size)
    positions = np.array(
        draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size)), dtype=np.intp
    ).reshape([int(s) for s in node.shape])
    index = build.take(Constant(np.zeros(3)), positions).index  # type: ignore[attr-defined]

    def plain(a: Array) -> Array:
        result = np.full(3, mpmath.mpf(0), dtype=object)
        for position, value in zip(positions.reshape(-1), a.reshape(-1), strict=True):
            if position >= 0:
                result[position] += value
        return result

    program.add(f"put{positions.tolist()}", Put(node, index), plain, source)


def solved(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    """[[s² + 2, 1], [1, 3]] u = [s, t], with s and t two elements of a node."""
    source = pick(draw, program)
    node = program.nodes[source]
    last = int(node.size) - 1
    pair = build.take(node, np.array([0, last]))
    corner = build.take(Map(A**2 + 2, [node]), np.array([[0, -1], [-1, -1]]))
    matrix = build.add(corner, np.array([[0, 1], [1, 3]]))

    def plain(a: Array) -> Array:
        s, t = a.reshape(-1)[0], a.reshape(-1)[last]
        determinant = 3 * (s * s + 2) - 1
        result = np.empty(2, dtype=object)
        result[:] = [(3 * s - t) / determinant, ((s * s + 2) * t - s) / determinant]
        return result

    program.add("solve", build.solve_linear(matrix, pair), plain, source)


def stopped(draw: st.DrawFn, program: Program, smooth: bool) -> None:
    program.add_stop(pick(draw, program))


# the routes


def weights_of(shape: Sequence[Any]) -> Array:
    """A cotangent without symmetry: 1, -1/2, 5/4, …"""
    count = int(np.prod(shape))
    return np.array([1 + (k % 3) / 4 if k % 2 == 0 else -k / 2 for k in range(count)]).reshape(
        tuple(shape)
    )


def gradients(program: Program) -> list[Node]:
    output = program.nodes[-1]
    pulled = vjp([output], program.inputs, [Constant(weights_of(output.shape))])
    return [
        Constant(np.zeros([int(s) for s in part.shape])) if node is None else node
        for node, part in zip(pulled, program.inputs, strict=True)
    ]


def differences(program: Program) -> list[Array]:
    """The gradient by central differences of the plain code."""
    contents = [
        np.asarray(np.frompyfunc(mpmath.mpf, 1, 1)(part.value), dtype=object)
        for part in program.inputs
    ]
    weights = weights_of(program.nodes[-1].shape)

    def loss(moved: Sequence[Array], frozen: bool) -> Any:
        values = program.run(moved, frozen)
        terms = zip(weights.reshape(-1), np.asarray(values).reshape(-1), strict=True)
        return sum((mpmath.mpf(float(w)) * v for w, v in terms), mpmath.mpf(0))

    loss(contents, frozen=False)
    slopes = []
    for position, content in enumerate(contents):
        slope = np.empty(content.shape, dtype=object)
        for index in np.ndindex(*content.shape):
            sides = []
            for sign in (1, -1):
                moved = [part.copy() for part in contents]
                moved[position][index] += sign * STEP
                sides.append(loss(moved, frozen=True))
            slope[index] = (sides[0] - sides[1]) / (2 * STEP)
        slopes.append(slope)
    return slopes


def ball_of(value: Any) -> Any:
    """A 60-digit value as a ball that is as wide as what it may be off."""
    return flint.arb(mpmath.nstr(value, 90), TRUSTED)


def agree(program: Program) -> None:
    nodes = gradients(program)
    evaluation = certified.examine(nodes, precision=128, forward=[program.nodes[-1]])
    assume(not evaluation.ties and not evaluation.undecided)
    closed = closed_form.evaluate(nodes)
    with mpmath.workdps(DIGITS):
        slopes = differences(program)
        for balls, slope in zip(evaluation.values, slopes, strict=True):
            assert balls.shape == slope.shape
            with working_precision(400):
                for ball, value in zip(balls.flat, slope.flat, strict=True):
                    assert ball.rad() < 1e-25 * (1 + abs(ball.mid()))
                    assert ball.overlaps(ball_of(value)), (ball, value)
        with working_precision(400):
            for balls, forms in zip(evaluation.values, closed, strict=True):
                for ball, form in zip(balls.flat, forms.flat, strict=True):
                    number = flint.arb(str(form.evalf(60)), "1e-45")
                    assert ball.overlaps(number), (ball, form)
    try:
        rationals = exact.evaluate(nodes, forward=[program.nodes[-1]])
    except exact.NotExact:
        assert not program.rational
        return
    for fractions, forms in zip(rationals, closed, strict=True):
        for fraction, form in zip(fractions.flat, forms.flat, strict=True):
            same = sp.Rational(int(fraction.p), int(fraction.q))
            assert form == same or sp.simplify(form - same) == 0


@settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(programs(smooth=False))
def test_rational_programs_agree_exactly_in_every_domain(program: Program) -> None:
    agree(program)


@settings(
    max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(programs(smooth=True))
def test_smooth_programs_agree_in_every_domain(program: Program) -> None:
    agree(program)


# second order, and index notation at numbers


def softmax(x: Node) -> Node:
    weights = build.elementwise(sp.exp, x)
    return build.divide(weights, build.sum(weights))


FUNCTIONS: dict[str, Callable[[Node], Node]] = {
    "quadratic": lambda x: build.mean(build.multiply(3, build.power(build.add(x, 2), 2))),
    "logsumexp": lambda x: build.elementwise(sp.log, build.sum(build.elementwise(sp.exp, x))),
    "entropy": lambda x: build.sum(
        build.multiply(softmax(x), build.elementwise(sp.log, softmax(x)))
    ),
    "cosine": lambda x: build.divide(
        build.sum(build.multiply(x, build.flip(x, 0))), build.sum(build.multiply(x, x))
    ),
    "variation": lambda x: build.sum(
        build.power(
            build.subtract(
                build.getitem(x, (slice(1, None),)), build.getitem(x, (slice(None, -1),))
            ),
            2,
        )
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_index_notation_agrees_with_enclosures(name: str, order: int) -> None:
    """The formula for any size, written out at n = 3, lies in the balls at n = 3."""
    values = np.array([0.5, -1.25, 2.0])
    direction = np.array([1.0, -0.5, 0.25])
    size = sp.Symbol("n", integer=True, positive=True)

    def derived(x: Input, u: Node) -> Node:
        node = vjp([FUNCTIONS[name](x)], [x], [Constant(1)])[0]
        assert node is not None
        if order == 2:
            node = vjp([node], [x], [u])[0]
            assert node is not None
        return node

    fixed = Input("x", (3,), values)
    balls = certified.evaluate([derived(fixed, Constant(direction))], precision=128)[0]
    place = sp.Symbol("j", integer=True)
    formula = closed_form.element(derived(Input("x", (size,)), Input("u", (size,))), [place])
    x, u = (sp.IndexedBase(letter, real=True) for letter in "xu")
    known = {
        base[k]: sp.Rational(float(held[k]))
        for base, held in ((x, values), (u, direction))
        for k in range(3)
    }
    for index in range(3):
        at = {place: sp.Integer(index), size: sp.Integer(3)}
        written = written_out(formula.xreplace(at)).xreplace(known)
        number = flint.arb(str(sp.sympify(written).evalf(60)), "1e-45")
        with working_precision(400):
            assert balls[index].overlaps(number)


# random programs of symbolic sizes: the simplifier against plain evaluation

ROWS, COLUMNS = (sp.Symbol(name, integer=True, positive=True) for name in "mn")
Step = Callable[[list[Node]], Node]


@st.composite
def sized_programs(draw: st.DrawFn) -> list[Step]:
    """Steps that run on nodes of symbolic and of fixed sizes alike: x (n,), W (m, n), s ()."""
    trial: list[Node] = [
        Input("x", (COLUMNS,)),
        Input("W", (ROWS, COLUMNS)),
        Input("s", ()),
    ]
    steps: list[Step] = []
    kinds = [one_map, two_map, total, along, inner, turned, part]
    for _ in range(draw(st.integers(2, 6))):
        step = draw(st.sampled_from(kinds))(draw, trial)
        if step is not None:
            steps.append(step)
            trial.append(step(trial))
    return steps


def late(draw: st.DrawFn, nodes: list[Node]) -> int:
    return len(nodes) - 1 - draw(st.integers(0, len(nodes) - 1))


def one_map(draw: st.DrawFn, nodes: list[Node]) -> Step:
    place = late(draw, nodes)
    name = draw(st.sampled_from(["square", "affine", "bump", "masked", "exp", "tanh"]))
    expression = {**RATIONAL, **SMOOTH}[name][0]
    return lambda held: Map(expression, [held[place]])


def two_map(draw: st.DrawFn, nodes: list[Node]) -> Step | None:
    first, second = late(draw, nodes), late(draw, nodes)
    shapes = (nodes[first].shape, nodes[second].shape)
    if shapes[0] != shapes[1] and () not in shapes:
        return None
    expression = BINARY[draw(st.sampled_from(sorted(BINARY)))][0]
    return lambda held: Map(expression, [held[first], held[second]])


def total(draw: st.DrawFn, nodes: list[Node]) -> Step:
    place = late(draw, nodes)
    return lambda held: build.mean(held[place])


def along(draw: st.DrawFn, nodes: list[Node]) -> Step | None:
    """Deviations from the mean, or shares of the sum, along the last axis."""
    place = late(draw, nodes)
    if not nodes[place].ndim:
        return None
    if draw(st.booleans()):
        return lambda held: build.subtract(held[place], build.mean(held[place], -1, True))
    return lambda held: build.divide(
        held[place],
        build.add(1, build.sum(build.multiply(held[place], held[place]), -1, True)),
    )


def inner(draw: st.DrawFn, nodes: list[Node]) -> Step | None:
    first, second = late(draw, nodes), late(draw, nodes)
    a, b = nodes[first], nodes[second]
    if not a.ndim or b.ndim != 1 or a.shape[-1] != b.shape[0]:
        return None
    return lambda held: build.matmul(held[first], held[second])


def turned(draw: st.DrawFn, nodes: list[Node]) -> Step | None:
    place = late(draw, nodes)
    if not nodes[place].ndim:
        return None
    return lambda held: build.flip(held[place], -1)


def part(draw: st.DrawFn, nodes: list[Node]) -> Step | None:
    """Differences of neighbours, or every other element but one end."""
    place = late(draw, nodes)
    if not nodes[place].ndim or nodes[place].shape[-1] not in (ROWS, COLUMNS):
        return None
    later, earlier = (..., slice(1, None)), (..., slice(None, -1))
    return lambda held: build.subtract(
        build.getitem(held[place], later), build.getitem(held[place], earlier)
    )


def written_out(formula: Any) -> Any:
    """Every Sum term by term; SymPy's doit lets conditions on the bound index escape the Sum."""
    if isinstance(formula, sp.Sum):
        (bound, low, high), *others = formula.limits
        body = sp.Sum(formula.function, *others) if others else formula.function
        terms = (body.xreplace({bound: sp.Integer(k)}) for k in range(low, high + 1))
        return sp.Add(*(written_out(term) for term in terms))
    if not formula.args or isinstance(formula, sp.Indexed):
        return formula
    return formula.func(*(written_out(part) for part in formula.args))


SIZED = {"x": (3,), "W": (2, 3), "s": ()}


@settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(sized_programs(), st.integers(0, 10_000))
def test_formulas_of_random_programs_hold_at_fixed_sizes(steps: list[Step], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {name: rng.integers(-16, 16, shape) / 8 for name, shape in SIZED.items()}
    known: dict[Any, Any] = {}
    for name, content in values.items():
        for index in np.ndindex(*content.shape):
            known[closed_form.variable(name, index)] = sp.Rational(float(content[index]))

    def run(shapes: dict[str, Any], held: bool) -> tuple[list[Input], list[Node | None]]:
        inputs = [
            Input(name, shape, values[name] if held else None) for name, shape in shapes.items()
        ]
        nodes: list[Node] = list(inputs)
        for step in steps:
            nodes.append(step(nodes))
        loss = build.sum(Map(A * B, [nodes[-1], nodes[-1]]))
        return inputs, vjp([loss], inputs, [Constant(1)])

    inputs, fixed = run(SIZED, True)
    _, formulas = run({"x": (COLUMNS,), "W": (ROWS, COLUMNS), "s": ()}, False)
    for variable, number, formula in zip(inputs, fixed, formulas, strict=True):
        if number is None or formula is None:
            assert number is formula is None
            continue
        expected = closed_form.evaluate([number])[0]
        places = [sp.Symbol(name, integer=True) for name in "ij"[: len(variable.shape)]]
        written = cancelled(closed_form.element(formula, places))
        for index in np.ndindex(*expected.shape):
            at = dict(zip([*places, ROWS, COLUMNS], map(sp.Integer, (*index, 2, 3)), strict=True))
            value = written_out(written.xreplace(at)).xreplace(known)
            difference = sp.N(value - expected[index], 30)
            assert abs(difference) < 1e-20 * (1 + abs(sp.N(expected[index]))), written


def test_whole_powers_of_balls_around_zero() -> None:
    """x - x is a ball around zero after rounding; its square is a small ball, not unknown."""
    x = Input("x", (), np.array(0.125))
    third = Map(A / 3, [x])
    zero = Map(A - B, [third, Map(A / 3 + 0 * B, [x, x])])
    for exponent in (2, 3, 4):
        bump = Map(1 / (1 + A**exponent), [zero])
        ball: Any = certified.evaluate([bump], precision=64)[0].item()
        assert ball.contains(1)
        assert ball.rad() < 1e-15
