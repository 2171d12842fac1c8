"""Puts a mistake into the engine's rows, and takes it out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import rows

from autodiff.errors import RuleError
from autodiff.primitive import Primitive, primitive

__all__ = ["Evidence", "Mistake", "find", "planted"]

ROWS = rows.all_rows()
Change = Callable[[Any, SimpleNamespace], Any]


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong (or other but right) rule or kernel for one row.

    kind: the class of mistake. name: the operation whose samples are run. place: the row, as
    `module.CONSTANT`. What is replaced: the rule of the input `position` by `rule`, or its result
    by `change(result, what the rule was given, by name)`, or the kernel. dtypes: in each of them
    the mistake must be found.
    """

    kind: str
    text: str
    name: str
    place: str
    position: int = 0
    rule: Callable[..., Any] | None = None
    change: Change | None = None
    kernel: Callable[..., Any] | None = None
    dtypes: tuple[str, ...] = ("float64", "float32")

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.text}".replace("/", "÷")


@dataclass(frozen=True)
class Evidence:
    """Which case found a mistake, in which order, and what was said."""

    case: str
    order: int
    text: str


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """The engine with the mistake in the row, and in the variants that share the rule."""
    original = ROWS[mistake.place]
    shared = _sharing(original, mistake)
    before = [
        (
            row,
            row.rules,
            row.codes,
            dict(row.plans),
            row.kernel,
            row.numpy_kernel,
            row.kernel_takes_xp,
        )
        for row in shared
    ]
    try:
        for row in shared:
            _plant(row, mistake)
        yield
    finally:
        for row, rules, codes, plans, kernel, numpy_kernel, takes_xp in before:
            row.rules, row.codes = rules, codes
            row.plans.clear()  # the straight path holds this very dictionary
            row.plans.update(plans)
            row.kernel, row.numpy_kernel, row.kernel_takes_xp = kernel, numpy_kernel, takes_xp


def _sharing(original: Primitive, mistake: Mistake) -> list[Primitive]:
    if mistake.kernel is not None:
        return [row for row in ROWS.values() if row.kernel is original.kernel]
    rule = original.rules[mistake.position]
    return [row for row in ROWS.values() if rule in row.rules]


def _plant(row: Primitive, mistake: Mistake) -> None:
    if mistake.kernel is not None:
        fresh = primitive(row.name, "Wrong", mistake.kernel, inputs=row.inputs)
        row.kernel, row.numpy_kernel = fresh.kernel, fresh.numpy_kernel
        row.kernel_takes_xp = fresh.kernel_takes_xp
        return
    rules = list(row.rules)
    old = rules[mistake.position]
    assert old is not None
    row.plans.clear()
    if mistake.rule is None:
        assert mistake.change is not None
        rules[mistake.position] = _changed(old, mistake.change)
        row.rules = tuple(rules)  # asked with the same names: the codes stay
        return
    rules[mistake.position] = mistake.rule
    fresh = primitive(
        row.name, "Wrong", row.kernel, rules, inputs=row.inputs, variadic=row.variadic,
        outputs=row.outputs,
    )  # fmt: skip
    row.rules, row.codes = fresh.rules, fresh.codes


def _changed(rule: Callable[..., Any], change: Change) -> Callable[..., Any]:
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]

    def wrong(*given: Any) -> Any:
        return change(rule(*given), SimpleNamespace(**dict(zip(names, given, strict=True))))

    return wrong


def find(mistake: Mistake, dtype: str) -> Evidence | None:
    """The first case of the operation's samples, in a dtype, that the judge rejects."""
    for order in (1, 2):
        for case in rows.cases([mistake.name], (dtype,)):
            rows.truth_of(case, order)  # by a sound engine: indices are computed by it
            with planted(mistake):
                try:
                    outcome = rows.judged(case, order)
                except (RuleError, ValueError, AssertionError) as error:
                    return Evidence(case.id, order, f"{type(error).__name__}: {error}")
            if not outcome.ok:
                return Evidence(case.id, order, outcome.text.split(": ", 1)[1])
    return None
