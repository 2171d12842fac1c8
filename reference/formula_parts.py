"""Names for what long formulas repeat: `a[k] = exp(x[k])`, as a person introduces them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Any

import sympy as sp

from reference.domains.closed_form import variable
from reference.simplify_sums import Simplifier, index_names, weight

__all__ = ["named_parts"]

_NAMES = "abcfghpqrstuvwyzABCDFGH"
_MOST = 12  # names introduced
_LIGHTEST = 6  # weight of a part that is worth a name
_WIDEST = 2  # indices of a part that is worth a name
_OPEN = tuple(sp.Symbol(f"_open{position}", integer=True) for position in range(_WIDEST))


def named_parts(
    formulas: Sequence[sp.Expr], indices: Iterable[sp.Symbol], taken: Iterable[str]
) -> tuple[list[tuple[sp.Expr, sp.Expr]], list[sp.Expr]]:
    """The definitions, each over those before it, and the formulas over the defined names.

    indices: the free indices of the formulas. taken: names that are in use.

    >>> x = sp.Symbol("x", real=True)
    >>> named_parts([sp.exp(x**2 + 1) + sp.sin(sp.exp(x**2 + 1))], [], ["x"])
    ([(a, exp(x**2 + 1))], [a + sin(a)])
    """
    reserved = {*taken, *(index.name for index in indices)}
    places = set(indices)
    for formula in formulas:
        for total in formula.atoms(sp.Sum):
            places.update(total.bound_symbols)
    bodies = list(formulas)
    temporary: list[tuple[str, int]] = []
    while len(temporary) < _MOST:
        found = _most_repeated(bodies, places)
        if found is None:
            break
        name = f"_part{len(temporary)}"
        rank = sum(body_index in found.free_symbols for body_index in _OPEN)
        bodies = [_replaced(body, found, name, places) for body in bodies] + [found]
        temporary.append((name, rank))
        places.update(_OPEN)
    return _tidied(bodies, temporary, len(formulas), reserved)


def _tidied(
    bodies: list[sp.Expr], temporary: list[tuple[str, int]], count: int, reserved: set[str]
) -> tuple[list[tuple[sp.Expr, sp.Expr]], list[sp.Expr]]:
    """Definitions in order of use, with short names and with normal bound indices."""
    names = [name for name, _ in temporary]
    parts = dict(zip(names, bodies[count:], strict=True))
    uses = {
        name: [other for other in names if other in _names(part)] for name, part in parts.items()
    }
    order = list(TopologicalSorter(uses).static_order())
    free = (letter for letter in _letters() if letter not in reserved)
    final = {name: next(free) for name in order}
    renaming: dict[Any, Any] = {}
    for name, rank in temporary:
        if rank:
            renaming[sp.IndexedBase(name, real=True)] = sp.IndexedBase(final[name], real=True)
        renaming[sp.Symbol(name, real=True)] = sp.Symbol(final[name], real=True)
        renaming[sp.Symbol(name)] = sp.Symbol(final[name])
    simplifier = Simplifier(reserved | set(final.values()))
    tidy = [simplifier.tidy(_renamed(body, renaming)) for body in bodies]
    ranks = dict(temporary)
    definitions = []
    for name in order:
        body = tidy[count + names.index(name)]
        used = {symbol.name for symbol in body.atoms(sp.Symbol)}
        letters = index_names(used | reserved)
        places = [sp.Symbol(next(letters), integer=True) for _ in range(ranks[name])]
        body = body.xreplace(dict(zip(_OPEN, places, strict=False)))
        definitions.append((variable(final[name], places), body))
    return definitions, tidy[:count]


def _renamed(body: sp.Expr, renaming: dict[Any, Any]) -> sp.Expr:
    if isinstance(body, sp.Indexed):
        return renaming.get(body.base, body.base)[body.indices]
    if body in renaming:
        return renaming[body]
    if not body.args or isinstance(body, sp.Tuple):
        return body
    return body.func(*(_renamed(part, renaming) for part in body.args))


def _letters() -> Iterator[str]:
    for number in range(100):
        for letter in _NAMES:
            yield f"{letter}{number or ''}"


def _names(expression: sp.Expr) -> set[str]:
    return {symbol.name for symbol in expression.atoms(sp.Symbol)}


def _most_repeated(bodies: Sequence[sp.Expr], places: set[sp.Symbol]) -> sp.Expr | None:
    """The part whose naming shortens the formulas most, over open indices."""
    counts: dict[sp.Expr, int] = {}
    for body in bodies:
        for part in _parts(body):
            pattern = _pattern(part, places)
            if pattern is not None and pattern[0] not in bodies:
                counts[pattern[0]] = counts.get(pattern[0], 0) + 1
    repeated = [(count, part) for part, count in counts.items() if count > 1]
    if not repeated:
        return None
    gains = [((count - 1) * (weight(part) - 2), part) for count, part in repeated]
    best = max(gain for gain, _ in gains)
    return min((part for gain, part in gains if gain == best), key=sp.default_sort_key)


def _parts(expression: Any) -> Iterator[Any]:
    """Every part of an expression as often as it is written, without array elements' insides."""
    stack = [expression]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, sp.Sum):
            stack.append(part.function)
        elif not isinstance(part, (sp.Indexed, sp.KroneckerDelta)):
            stack.extend(part.args)


def _pattern(part: Any, places: set[sp.Symbol]) -> tuple[sp.Expr, tuple[sp.Symbol, ...]] | None:
    """The part over open indices, and what the open indices are here; None if not worth it."""
    if not isinstance(part, (sp.Sum, sp.Add, sp.Function, sp.Pow)) or weight(part) < _LIGHTEST:
        return None
    if isinstance(part, (sp.KroneckerDelta, sp.Piecewise)):
        return None
    if isinstance(part, sp.Pow) and part.exp.is_Integer:
        return None
    if not any(symbol not in places for symbol in part.free_symbols):
        return None
    free: list[sp.Symbol] = []
    inside = part.free_symbols & places
    for symbol in sp.preorder_traversal(part):
        if symbol in inside and symbol not in free:
            free.append(symbol)
    if len(free) > _WIDEST:
        return None
    return part.xreplace(dict(zip(free, _OPEN, strict=False))), tuple(free)


def _replaced(expression: Any, pattern: sp.Expr, name: str, places: set[sp.Symbol]) -> sp.Expr:
    """The expression with every part of that pattern replaced by the name at its indices."""
    own = _pattern(expression, places)
    if own is not None and own[0] == pattern:
        return variable(name, own[1])
    if isinstance(expression, sp.Sum):
        return sp.Sum(_replaced(expression.function, pattern, name, places), *expression.limits)
    if not expression.args or isinstance(expression, (sp.Indexed, sp.KroneckerDelta)):
        return expression
    return expression.func(*(_replaced(p, pattern, name, places) for p in expression.args))
