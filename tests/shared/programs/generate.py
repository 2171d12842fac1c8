"""Programs from seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from programs.passes import PASS_POOLS, PASS_WRAPPERS, PASSES
from programs.statements import FAMILIES, MEMORY, POOLS, WRAPPERS
from programs.surroundings import NAMES, STARTS

__all__ = ["memory_program", "pass_program", "program"]

Families = tuple[tuple[int, tuple[str, ...]], ...]
Wrappers = tuple[tuple[int, str], ...]

_PLACE = re.compile(r"\{(\w+)\}")


def _filled(template: str, chance: Random, names: Mapping[str, str]) -> str:
    """The template with names, and with what the pools offer, in the place of {...}."""

    def choose(found: re.Match[str]) -> str:
        place = found[1]
        if place in names:
            return names[place]
        pool = POOLS.get(place) or PASS_POOLS[place]
        return _filled(chance.choice(pool), chance, names)

    return _PLACE.sub(choose, template)


def _statement(chance: Random, families: Families, wrappers: Wrappers) -> str:
    weights = [weight for weight, _ in families]
    ((_, family),) = chance.choices(families, weights)
    names = {place: chance.choice(NAMES) for place in "xyz"}
    statement = _filled(chance.choice(family), chance, names)
    drawn = chance.randrange(100)
    if "Window" in statement:  # PyTorch's views made there, without grad mode, require gradients
        return statement
    for percent, wrapper in wrappers:
        drawn -= percent
        if drawn < 0:
            return wrapper.format(statement)
    return statement


def program(seed: int) -> list[str]:
    """The statements of one program: always the same for a seed.

    >>> program(1) == program(1), program(1) == program(2)
    (True, False)
    """
    chance = Random(seed)
    start = STARTS[chance.choice(list(STARTS))]
    length = chance.randint(4, 20)
    return [*start, *(_statement(chance, FAMILIES, WRAPPERS) for _ in range(length))]


def pass_program(seed: int) -> list[str]:
    """A program about backward passes, hooks, saved values and memory, between operations."""
    chance = Random(seed)
    statements = list(STARTS[chance.choice(list(STARTS))])
    for _ in range(chance.randint(4, 16)):
        if chance.randrange(2):
            statements.append(_statement(chance, FAMILIES, WRAPPERS))
        else:
            statements.append(_statement(chance, PASSES, PASS_WRAPPERS))
    return statements


def memory_program(seed: int) -> list[str]:
    """A program of those statements whose meaning the oracle is told."""
    chance = Random(seed)
    statements = list(STARTS[chance.choice(("matrix", "square", "vector"))])
    weights = [weight for weight, _ in MEMORY]
    for _ in range(chance.randint(4, 12)):
        ((_, family),) = chance.choices(MEMORY, weights)
        names = {place: chance.choice(NAMES) for place in "xyz"}
        statement = _filled(chance.choice(family), chance, names)
        if family is MEMORY[0][1] and chance.randrange(10) == 0:
            statement = f"with T.no_grad(): {statement}"
        statements.append(statement)
    return statements
