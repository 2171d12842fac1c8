"""From the name of an operation to its proofs."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from reference.engines import autodiff_rules
from reference.prove.compare import Outcome, compare, compare_forward, compare_special
from reference.prove.proof import Proof, weakest
from reference.prove.statement import Case, RowView, Shape, Statement, missing_statement
from reference.prove.statements import statements

__all__ = ["VALUE", "Piece", "pieces", "places", "prove", "prove_all", "prove_piece"]

Piece = tuple[str, str, int]
"""An operation's place, the argument, and the seed of the points."""
VALUE = "value"
"""The name under which an operation's forward kernel is proved, beside its arguments."""


def places(pattern: str = "*") -> tuple[str, ...]:
    """The operations with a derivative rule whose place or name fits a pattern.

    >>> places("sq*t"), places("pointwise.MUL")
    (('pointwise.SQRT',), ('pointwise.MUL',))
    """
    return tuple(
        place
        for place, row in autodiff_rules.rules().items()
        if fnmatchcase(place, pattern) or fnmatchcase(row.name, pattern)
    )


def prove(
    name_or_row: Any,
    argument: str | None = None,
    *,
    shapes: Sequence[Shape] | None = None,
    seed: int = 0,
) -> Proof:
    """Show the rule for one argument of an operation, or for all, to be the derived gradient.

    name_or_row: the operation's name ("exp"), its place ("pointwise.EXP") or the engine's row.
    argument: an input's name; "value" for the forward kernel against the definition; None for
    all inputs together. shapes: of the inputs, instead of those of the statement, whose
    parameters for arrays of these ranks are kept. seed: of the points.

    Raises ValueError for a name that no operation with a rule has, or an argument that it has
    not.

    >>> proof = prove("exp")
    >>> proof.argument, proof.method
    ('x', 'identical')
    """
    if isinstance(name_or_row, str):
        chosen = list(places(name_or_row))
        rows = [autodiff_rules.rules()[place] for place in chosen]
        if not rows:
            raise ValueError(
                f"no operation with a derivative rule is called {name_or_row!r}: "
                "`reference.prove.places()` lists them"
            )
    else:
        rows = [autodiff_rules.view(name_or_row)]
    proofs = [
        proof
        for row in rows
        for proof in _of_row(row, argument, None if shapes is None else tuple(shapes), seed)
    ]
    if not proofs:
        known = ", ".join(name for row in rows for name in _arguments(row, _statement(row)))
        raise ValueError(f"{name_or_row!r} has no argument {argument!r} with a rule: {known}")
    return proofs[0] if len(proofs) == 1 else _together(proofs)


def prove_all(
    pattern: str = "*", executor: Executor | None = None, *, seed: int = 0, values: bool = True
) -> list[Proof]:
    """The proofs of every rule of the operations that fit a pattern, one for each argument.

    executor: runs them side by side; where they run makes no difference to what is found.
    values: prove the forward kernels too, whose results the rules are given.

    >>> [proof.argument for proof in prove_all("pointwise.MUL")]
    ['x', 'y', 'value']
    """
    wanted = pieces(pattern, seed=seed, values=values)
    if executor is None:
        return [prove_piece(piece) for piece in wanted]
    return list(executor.map(prove_piece, wanted))


def pieces(pattern: str = "*", *, seed: int = 0, values: bool = True) -> list[Piece]:
    """What `prove_all` proves, one by one, for those who share the work out themselves.

    >>> pieces("pointwise.EXP")
    [('pointwise.EXP', 'x', 0), ('pointwise.EXP', 'value', 0)]
    """
    found: list[Piece] = []
    for place in places(pattern):
        row = autodiff_rules.rules()[place]
        names = _arguments(row, _statement(row))
        found += [(place, name, seed) for name in (*names, *((VALUE,) if values else ()))]
    return found


def prove_piece(piece: Piece) -> Proof:
    """The proof of one of them."""
    place, argument, seed = piece
    return prove(place, argument, seed=seed)


def _statement(row: RowView) -> Statement:
    found = statements().get(row.place)
    return missing_statement(row) if found is None else found


def _arguments(row: RowView, statement: Statement) -> list[str]:
    """The names of the inputs that have a rule; of any number of them "inputs"."""
    if row.inputs[-1:] == ("…",):
        return ["inputs"]
    return [
        name
        for k, name in enumerate(row.inputs)
        if row.has_rule(k) and any(k not in case.plain for case in statement.cases)
    ]


def _of_row(
    row: RowView, argument: str | None, shapes: tuple[Shape, ...] | None, seed: int
) -> list[Proof]:
    statement = _statement(row)
    names = [*_arguments(row, statement), VALUE]
    chosen = [name for name in names if name == argument or (argument is None and name != VALUE)]
    return [_proof(row, statement, name, shapes, seed) for name in chosen]


def _cases(statement: Statement, shapes: tuple[Shape, ...] | None) -> list[Case]:
    if shapes is None:
        return list(statement.cases)
    ranks = [len(shape) for shape in shapes]
    found = [
        replace(case, shapes=shapes, special=(), near={})
        for case in statement.cases
        if [len(shape) for shape in case.shapes] == ranks
    ]
    if not found:
        known = sorted({str([len(shape) for shape in case.shapes]) for case in statement.cases})
        raise ValueError(
            f"{statement.place} has no parameters for arrays of {ranks} axes: it is stated for "
            f"{', '.join(known)}"
        )
    return found


def _proof(
    row: RowView,
    statement: Statement,
    argument: str,
    shapes: tuple[Shape, ...] | None,
    seed: int,
) -> Proof:
    start = time.perf_counter()
    rng = np.random.default_rng([seed, zlib.crc32(f"{row.place} {argument}".encode())])
    cases = [
        (case, position)
        for case in _cases(statement, shapes)
        for position in _positions(row, case, argument)
    ]
    texts = tuple(dict.fromkeys(case.text for case, _ in cases))
    if statement.raises and argument != VALUE:
        outcomes = [_refuses(row, statement, case, position, rng) for case, position in cases]
    elif argument == VALUE:
        outcomes = [compare_forward(row, statement, case, rng) for case, _ in cases]
    else:
        outcomes = [compare(row, statement, case, position, rng) for case, position in cases]
    text = [_counted(outcomes)]
    pointed = [case for case, _ in cases if case.special] if argument != VALUE else []
    if pointed and all(outcome.method != "refuted" for outcome in outcomes):
        for case in pointed:
            outside = compare_special(row, statement, case, rng)
            if outside is not None:
                outcomes.append(Outcome("refuted", outside))
        count = sum(len(case.special) for case in pointed)
        text.append(f"right at {count} special points")
    method = weakest([outcome.method for outcome in outcomes])
    why = next((o.text for o in outcomes if o.method == method and o.text), "")
    if why:
        text = [why]
    text += [f"{number!r} stands for {meaning}" for number, meaning in _meanings(outcomes).items()]
    if statement.note:
        text.append(statement.note)
    seconds = time.perf_counter() - start
    return Proof(row.place, argument, method, texts, "; ".join(text), seconds)


def _positions(row: RowView, case: Case, argument: str) -> list[int]:
    if argument == VALUE:
        return [0]
    if argument == "inputs":
        return [k for k in range(len(case.shapes)) if k not in case.plain]
    position = row.inputs.index(argument)
    return [] if position in case.plain else [position]


def _refuses(
    row: RowView, statement: Statement, case: Case, position: int, rng: np.random.Generator
) -> Outcome:
    if not row.has_rule(position):
        return Outcome("raises")
    found = compare(row, statement, case, position, rng)
    if found.method == "refuted" and found.text.startswith(f"the rule raised {statement.raises}"):
        return Outcome("raises", found.text)
    return Outcome("not proved", f"the rule did not raise {statement.raises}")


def _meanings(outcomes: Sequence[Outcome]) -> Mapping[float, Any]:
    return {k: v for outcome in outcomes for k, v in sorted(outcome.meanings.items())}


def _counted(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.method for outcome in outcomes)
    cases = sum(outcome.paths for outcome in outcomes)
    parts = ", ".join(f"{count} {method}" for method, count in sorted(counts.items()))
    branches = f", {cases} branches" if cases > len(outcomes) else ""
    return f"{parts}{branches}"


def _together(proofs: Sequence[Proof]) -> Proof:
    """Several proofs as one: the weakest method stands for all."""
    method = weakest([proof.method for proof in proofs])
    operations = ", ".join(dict.fromkeys(proof.operation for proof in proofs))
    return Proof(
        operations,
        ", ".join(dict.fromkeys(proof.argument for proof in proofs)),
        method,
        tuple(dict.fromkeys(text for proof in proofs for text in proof.shapes)),
        "; ".join(dict.fromkeys(p.text for p in proofs if p.text and p.method == method)),
        sum(proof.seconds for proof in proofs),
    )
