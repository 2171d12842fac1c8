"""One rule, for one choice of shapes and parameters, against the derived gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.differentiate import vjp, zeros
from reference.domains.walk import object_array
from reference.graph import Constant, Input, Node, Stop, topological
from reference.prove.array import FLOAT, INTEGER, Array, Binding
from reference.prove.called import meaning_of
from reference.prove.elements import Path, Undecided, elements, explore
from reference.prove.kernel_runs import by_expressions, flattened
from reference.prove.namespace import bound
from reference.prove.on_floats import floats_of, other_on_floats
from reference.prove.points import POINTS, Difference, difference_at
from reference.prove.region import Inequality, Region
from reference.prove.special import wrong_at
from reference.prove.statement import Case, RowView, Statement
from reference.prove.zero import same

__all__ = ["Outcome", "compare", "compare_forward", "compare_special"]

_HALF = Fraction(1, 2)
_SPOT_CHECKS = 2  # points on every path at which a proof by symbols is looked at as well
_PATHS_CHECKED = 8


@dataclass(frozen=True)
class Outcome:
    """What was found: a method of Proof, a line of text, the floats and what they stand for."""

    method: str
    text: str = ""
    meanings: dict[float, Any] = field(default_factory=dict)
    paths: int = 1


@dataclass
class _Setting:
    """The operation on symbols: its inputs, its results by definition, and their cotangents."""

    binding: Binding
    values: list[Any]  # what the definition is given: Inputs, and plain values
    results: list[Node]
    cotangents: list[Input]
    region: Region

    @property
    def symbols(self) -> list[Input]:
        inputs = [value for value in self.values if isinstance(value, Input)]
        return [*inputs, *self.cotangents]


def _setting(row: RowView, statement: Statement, case: Case, region: Region) -> _Setting:
    binding = bound()
    binding.defined = meaning_of
    values = [
        case.plain[k] if k in case.plain else Input(_name(row, k), shape)
        for k, shape in enumerate(case.shapes)
    ]
    given = [
        value if not isinstance(value, (np.ndarray, float)) else _plain_node(value, binding)
        for value in values
    ]
    found = statement.define(*given, **case.params)
    results = list(found) if isinstance(found, tuple) else [found]
    count = len(results) if row.outputs is None else 1
    cotangents = [
        Input("g" if count == 1 else f"g{k}", node.shape) for k, node in enumerate(results[:count])
    ]
    return _Setting(binding, values, results, cotangents, region)


def _plain_node(value: Any, binding: Binding) -> Any:
    return value if isinstance(value, float) else Constant(value)


def _name(row: RowView, position: int) -> str:
    if row.inputs and row.inputs[-1] == "…":
        return f"x{position}"
    return row.inputs[position]


def compare(
    row: RowView, statement: Statement, case: Case, position: int, rng: np.random.Generator
) -> Outcome:
    """Whether the rule for the input at a position is the derived gradient, in this case."""

    def of(setting: _Setting) -> tuple[Node, Node]:
        target = setting.values[position]
        derived = vjp(setting.results[: len(setting.cotangents)], [target], setting.cotangents)[0]
        ours = zeros(target.shape) if derived is None else derived
        return _pulled(row, case, setting, position), ours

    def on_floats(setting: _Setting, arrays: _Floats) -> Any:
        return row.pull(
            position,
            arrays.cotangents,
            arrays.values,
            arrays.results,
            _shapes(case),
            case.params,
            np,
        )

    return _in_all_orders(row, statement, case, rng, of, on_floats)


def compare_forward(
    row: RowView, statement: Statement, case: Case, rng: np.random.Generator
) -> Outcome:
    """Whether the row's kernel computes what the definition says, in this case."""
    if statement.kernel == "floats":
        return _kernel_at_points(row, statement, case, rng)
    if statement.kernel == "expressions":
        return _kernel_on_expressions(row, statement, case, rng)

    def count(setting: _Setting) -> int:
        """How many results are numbers; indices are given, where an order is assumed."""
        return len(setting.cotangents) if case.orders else len(setting.results)

    def of(setting: _Setting) -> tuple[Node, Node]:
        given = [
            Array(value, FLOAT, setting.binding) if isinstance(value, Input) else value
            for value in setting.values
        ]
        found = row.forward(given, case.params, setting.binding.namespace)
        parts = found if isinstance(found, tuple) else (found,)
        flat = [build.reshape(part.node, (-1,)) for part in parts[: count(setting)]]
        defined = [build.reshape(node, (-1,)) for node in setting.results[: len(flat)]]
        return build.concat(flat), build.concat(defined)

    def on_floats(setting: _Setting, arrays: _Floats) -> Any:
        found = row.forward(arrays.values, case.params, np)
        parts = found if isinstance(found, tuple) else (found,)
        return flattened(tuple(parts[: count(setting)]))

    return _in_all_orders(row, statement, case, rng, of, on_floats)


def _kernel_at_points(
    row: RowView, statement: Statement, case: Case, rng: np.random.Generator
) -> Outcome:
    (region,) = _regions(row, case)
    setting = _setting(row, statement, case, region)
    defined = build.concat([build.reshape(node, (-1,)) for node in setting.results])

    def run(setting: _Setting, arrays: _Floats) -> Any:
        return flattened(row.forward(arrays.values, case.params, np))

    for _ in range(POINTS):
        other = _other_on_floats(row, case, setting, defined, rng, run)
        if other is not None:
            return Outcome("refuted", other)
    return Outcome(f"run at {POINTS} points")


def _kernel_on_expressions(
    row: RowView, statement: Statement, case: Case, rng: np.random.Generator
) -> Outcome:
    (region,) = _regions(row, case)
    setting = _setting(row, statement, case, region)
    symbols: dict[Node, np.ndarray] = {v: _symbols(v, region) for v in setting.symbols}
    defined = build.concat([build.reshape(node, (-1,)) for node in setting.results])
    (expected,) = elements([defined], symbols, Path(region, [], rng))
    values = [symbols[v] if isinstance(v, Input) else v for v in setting.values]
    names = [symbol for array in symbols.values() for symbol in array.ravel()]
    method, text = by_expressions(
        lambda given: row.forward(given, case.params, np), values, expected, names, rng
    )
    if method in ("identical", "simplified"):
        other = _other_on_floats(
            row,
            case,
            setting,
            defined,
            rng,
            lambda setting, arrays: flattened(row.forward(arrays.values, case.params, np)),
        )
        if other is not None:
            return Outcome("refuted", other)
    return Outcome(method, text)


def compare_special(
    row: RowView, statement: Statement, case: Case, rng: np.random.Generator
) -> str | None:
    """In words, a special point at which the rules are wrong, or None."""
    for point in case.special:
        setting = _setting(row, statement, case, Region())
        targets = [value for value in setting.values if isinstance(value, Input)]
        try:
            ruled = [
                _pulled(row, case, setting, position)
                for position, value in enumerate(setting.values)
                if isinstance(value, Input)
            ]
        except Exception as error:  # noqa: BLE001 - whatever a rule does wrong is a finding
            return f"the rule raised {type(error).__name__}: {error}"
        found = wrong_at(setting.results[0], setting.cotangents[0], targets, ruled, point, rng)
        if found is not None:
            return found
    return None


def _in_all_orders(
    row: RowView,
    statement: Statement,
    case: Case,
    rng: np.random.Generator,
    of: Callable[[_Setting], tuple[Node, Node]],
    on_floats: Callable[[_Setting, _Floats], Any],
) -> Outcome:
    total: Outcome | None = None
    for number, region in enumerate(_regions(row, case)):
        setting = _setting(row, statement, case, region)
        if case.orders:
            setting.binding.ranks = _ranked(setting)
        try:
            ruled, derived = of(setting)
        except Exception as error:  # noqa: BLE001 - whatever a rule does wrong is a finding
            return Outcome("refuted", f"the rule raised {type(error).__name__}: {error}")
        outcome = _compared(setting, ruled, derived, rng)
        if number == 0 and outcome.method != "refuted":
            other = _other_on_floats(row, case, setting, derived, rng, on_floats)
            if other is not None:
                outcome = Outcome("refuted", other, outcome.meanings, outcome.paths)
        total = outcome if total is None else _joined(total, outcome)
        if outcome.method == "refuted":
            break
    assert total is not None
    return total


_STRENGTH = ("identical", "simplified", "evaluated", "not proved", "refuted")


def _joined(first: Outcome, second: Outcome) -> Outcome:
    def strength(outcome: Outcome) -> int:
        return _STRENGTH.index("evaluated" if "evaluated" in outcome.method else outcome.method)

    weaker = max((first, second), key=strength)
    return Outcome(
        weaker.method,
        weaker.text,
        {**first.meanings, **second.meanings},
        first.paths + second.paths,
    )


@dataclass(frozen=True)
class _Floats:
    """What a rule is given, as NumPy's arrays."""

    values: list[Any]
    results: list[Any]
    cotangents: Any


def _other_on_floats(
    row: RowView,
    case: Case,
    setting: _Setting,
    derived: Node,
    rng: np.random.Generator,
    run: Callable[[_Setting, _Floats], Any],
) -> str | None:
    drawn = _point(setting, setting.region, rng)
    if drawn is None:
        return None
    for position in case.symmetric:
        matrix = drawn[setting.values[position]]
        drawn[setting.values[position]] = (matrix + matrix.T) * _HALF
    point = {node: array.astype(np.float64) for node, array in drawn.items()}
    results: list[Any] = list(floats_of(setting.results, point))
    if case.orders:
        results[1] = results[1].astype(np.intp)
    arrived: Any = [point[g] for g in setting.cotangents]
    values = [point[v] if isinstance(v, Input) else v for v in setting.values]
    arrays = _Floats(values, results, arrived if row.outputs is None else arrived[0])
    with np.errstate(all="ignore"):
        try:
            given = run(setting, arrays)
        except Exception as error:  # noqa: BLE001 - whatever a rule does wrong is a finding
            return f"on NumPy's arrays it raised {type(error).__name__}: {error}"
    return other_on_floats(given, derived, point)


# ------------------------------------------------------------------------------ what is compared


def _shapes(case: Case) -> list[tuple[int, ...]]:
    return [
        tuple(np.shape(case.plain[k])) if k in case.plain and case.plain[k] is not None else shape
        for k, shape in enumerate(case.shapes)
    ]


def _pulled(row: RowView, case: Case, setting: _Setting, position: int) -> Node:
    binding = setting.binding
    values = [
        Array(value, FLOAT, binding) if isinstance(value, Input) else value
        for value in setting.values
    ]
    results: list[Any] = [Array(node, FLOAT, binding) for node in setting.results]
    if case.orders:
        results[1] = _in_order(setting, setting.results[1])
    arrived: Any = [Array(g, FLOAT, binding) for g in setting.cotangents]
    if row.outputs is not None:
        arrived = arrived[0]
    pulled = row.pull(
        position, arrived, values, results, _shapes(case), case.params, binding.namespace
    )
    if tuple(pulled.shape) != case.shapes[position]:
        raise ValueError(
            f"it returned shape {tuple(pulled.shape)} for an input of {case.shapes[position]}"
        )
    return pulled.node  # type: ignore[no-any-return]


def _ranked(setting: _Setting) -> Callable[[Node], np.ndarray]:
    """The ranks of an array's elements, in the order of inputs that the region fixes."""

    def ranks(node: Node) -> np.ndarray:
        order = build.argsort(build.reshape(node, (-1,)))
        found = _in_order(setting, order)
        result = np.empty(found.size, dtype=np.intp)
        result[found] = np.arange(found.size)
        return result.reshape([int(size) for size in node.shape])

    return ranks


def _in_order(setting: _Setting, node: Node) -> np.ndarray:
    """The indices that a node holds, in the order of elements that the region fixes."""
    symbols: dict[Node, np.ndarray] = {
        node: _symbols(node, setting.region) for node in setting.symbols
    }
    path = Path(setting.region, [], np.random.default_rng(0))
    found = elements([node], symbols, path)[0]
    return np.array([int(v) for v in found.ravel()], dtype=INTEGER).reshape(found.shape)


def _regions(row: RowView, case: Case) -> list[Region]:
    """The domain; where indices are results, every order of the first input's elements."""
    base = []
    for position, (low, high) in case.domain.items():
        for index in np.ndindex(*case.shapes[position]):
            name = element_name(_name(row, position), index)
            if low > -inf:
                base.append(Inequality(((name, Fraction(1)),), -Fraction(low)))
            if high < inf:
                base.append(Inequality(((name, Fraction(-1)),), Fraction(high)))
    for position, middle in case.near.items():
        for index in np.ndindex(*case.shapes[position]):
            name = element_name(_name(row, position), index)
            here = Fraction(float(np.asarray(middle)[index]))
            base.append(Inequality(((name, Fraction(1)),), _HALF - here))
            base.append(Inequality(((name, Fraction(-1)),), _HALF + here))
    if not case.orders:
        return [Region(base)]
    names = [element_name(_name(row, 0), index) for index in np.ndindex(*case.shapes[0])]
    found = []
    for order in _permutations(len(names)):
        chain = [_difference(names[high], names[low]) for low, high in pairwise(order)]
        found.append(Region([*base, *chain]))
    return found


def _permutations(count: int) -> list[tuple[int, ...]]:
    result: list[tuple[int, ...]] = [()]
    for number in range(count):
        result = [(*p[:k], number, *p[k:]) for p in result for k in range(len(p) + 1)]
    return result


def _difference(high: str, low: str) -> Inequality:
    factors = sorted([(high, Fraction(1)), (low, Fraction(-1))])
    scale = abs(factors[0][1])
    return Inequality(tuple((n, f / scale) for n, f in factors), Fraction(0))


def element_name(name: str, index: tuple[int, ...]) -> str:
    """The name of an element of an array.

    >>> element_name("x", (0, 1)), element_name("x", ())
    ('x[0, 1]', 'x')
    """
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _symbols(node: Input, region: Region) -> np.ndarray:
    flat = []
    shape = tuple(int(size) for size in node.shape)
    for index in np.ndindex(*shape):
        name = element_name(node.name, index)
        positive = Inequality(((name, Fraction(1)),), Fraction(0))
        known = any(i.factors and i.factors[0][0] == name for i in region.inequalities)
        if known and region.implies(positive):
            flat.append(sp.Symbol(name, positive=True))
        else:
            flat.append(sp.Symbol(name, real=True))
    return object_array(flat, shape)


# ------------------------------------------------------------------------------------ comparison


def _compared(setting: _Setting, ruled: Node, derived: Node, rng: np.random.Generator) -> Outcome:
    outcome = _shown_equal(setting, ruled, derived, rng)
    if outcome.method == "refuted" or not _has_stop(ruled):
        return outcome
    # a rule that cuts histories is right at first order and may be wrong at the next
    targets = setting.symbols
    direction = Input("u", ruled.shape)
    pairs = zip(
        vjp([ruled], targets, [direction]), vjp([derived], targets, [direction]), strict=True
    )
    for target, (second, expected) in zip(targets, pairs, strict=True):
        more = _Setting(
            setting.binding, setting.values, [], [*setting.cotangents, direction], setting.region
        )
        found = _shown_equal(
            more,
            zeros(target.shape) if second is None else second,
            zeros(target.shape) if expected is None else expected,
            rng,
        )
        if found.method == "refuted":
            return Outcome(
                "refuted",
                f"second derivative with respect to {target.name}: {found.text}",
                outcome.meanings,
                outcome.paths,
            )
        outcome = _joined(outcome, found)
    return outcome


def _has_stop(node: Node) -> bool:
    return any(isinstance(part, Stop) for part in topological([node]))


def _shown_equal(
    setting: _Setting, ruled: Node, derived: Node, rng: np.random.Generator
) -> Outcome:
    symbols: dict[Node, np.ndarray] = {
        node: _symbols(node, setting.region) for node in setting.symbols
    }
    meanings = setting.binding.meanings

    def run(path: Path) -> list[np.ndarray]:
        return elements([ruled, derived], symbols, path)

    methods: list[str] = []
    regions: list[Region] = []
    try:
        for path, (first, second) in explore(run, setting.region, rng):
            regions.append(path.region)
            if len(regions) <= _PATHS_CHECKED or not methods:
                wrong = _refuted(setting, ruled, derived, path.region, rng, _SPOT_CHECKS)
                if wrong is not None:
                    return Outcome("refuted", wrong, meanings, len(regions))
            methods += _equal_on(path, first, second)
    except Undecided as error:
        return _by_points(setting, ruled, derived, [setting.region], rng, str(error))
    if "not proved" in methods:
        return _by_points(setting, ruled, derived, regions, rng, "")
    method = "simplified" if "simplified" in methods else "identical"
    return Outcome(method, "", meanings, len(regions))


def _equal_on(path: Path, first: np.ndarray, second: np.ndarray) -> list[str]:
    signs = _known_signs(path, [*first.ravel(), *second.ravel()])
    found = []
    for one, two in zip(first.ravel(), second.ravel(), strict=True):
        how = same(one, two)
        if how is None and signs:
            how = same(one.xreplace(signs), two.xreplace(signs)) and "simplified"
        found.append(how or "not proved")
    return found


def _known_signs(path: Path, expressions: Sequence[sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Symbols whose sign the path fixes, in terms of positive ones."""
    found: dict[sp.Symbol, sp.Expr] = {}
    names = {name for i in path.region.inequalities for name, _ in i.factors}
    for symbol in sorted({s for e in expressions for s in e.free_symbols}, key=str):
        if symbol.name not in names or symbol.is_positive:
            continue
        above = Inequality(((symbol.name, Fraction(1)),), Fraction(0))
        if path.region.implies(above):
            found[symbol] = sp.Symbol(symbol.name, positive=True)
        elif path.region.implies(above.negated()):
            found[symbol] = -sp.Symbol(symbol.name, positive=True)
    return found


def _refuted(
    setting: _Setting,
    ruled: Node,
    derived: Node,
    region: Region,
    rng: np.random.Generator,
    count: int,
) -> str | None:
    """A point of the region at which the two certainly differ, in words."""
    for _ in range(count):
        found = _at_a_point(setting, ruled, derived, region, rng)
        if found is not None and found.certain:
            return found.text
    return None


def _by_points(
    setting: _Setting,
    ruled: Node,
    derived: Node,
    regions: Sequence[Region],
    rng: np.random.Generator,
    why: str,
) -> Outcome:
    count = 0
    for number in range(2 * POINTS):
        found = _at_a_point(setting, ruled, derived, regions[number % len(regions)], rng)
        if found is None:
            continue
        if found.certain:
            return Outcome("refuted", found.text, setting.binding.meanings, len(regions))
        count += found.zero
    if count < POINTS:
        reason = f"not decided by SymPy, and known to be zero at {count} points only"
        return Outcome("not proved", why or reason, setting.binding.meanings, len(regions))
    return Outcome(f"evaluated at {count} points", why, setting.binding.meanings, len(regions))


def _at_a_point(
    setting: _Setting, ruled: Node, derived: Node, region: Region, rng: np.random.Generator
) -> Difference | None:
    point = _point(setting, region, rng)
    return None if point is None else difference_at(ruled, derived, point)


def _point(
    setting: _Setting, region: Region, rng: np.random.Generator
) -> dict[Node, np.ndarray] | None:
    """Random exact numbers for all symbols, within the region."""
    elements_of = {
        node: [
            element_name(node.name, index)
            for index in np.ndindex(*(int(size) for size in node.shape))
        ]
        for node in setting.symbols
    }
    drawn = region.point(rng, [name for names in elements_of.values() for name in names])
    if drawn is None:
        return None
    return {
        node: object_array([drawn[name] for name in names], tuple(int(n) for n in node.shape))
        for node, names in elements_of.items()
    }
