"""Rows for operations of one array that are one scalar expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Domain
from reference.definitions.sampling import unary
from reference.graph import Node

__all__ = ["scalar"]


def scalar(
    name: str,
    expression: Callable[[sp.Expr], Any],
    domain: Domain = REALS,
    *,
    tails: Sequence[float] = (),
    kinks: Sequence[float] = (),
    aliases: Sequence[str] = (),
    results: tuple[str, ...] = ("real",),
) -> Definition:
    """The definition of a function of one array from its expression.

    >>> scalar("cube", lambda x: x**3).name
    'cube'
    """

    def function(input: Value) -> Node:
        return build.elementwise(expression, input)

    samples = unary(domain, tails, kinks)
    return Definition(name, function, (domain,), tuple(kinks), samples, aliases, results)
