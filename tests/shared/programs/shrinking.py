"""The smallest program that still shows a difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from programs.surroundings import NAMES, helper_source

__all__ = ["script", "shrink"]

_WRAPPED = re.compile(r"^with .*?\): (.*)$")


def shrink(program: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    """The program without what `fails` does not need.

    Runs of statements are taken away, the longest first; then what is left is made simpler: no
    mode around a statement, fewer names. Ends where no single step keeps the failure.
    """
    changed = True
    while changed:
        shorter = _without_runs(program, fails)
        simpler = _simplified(shorter, fails)
        changed = simpler != program
        program = simpler
    return program


def _without_runs(program: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    length = len(program)
    while length:
        place = 0
        while place < len(program):
            candidate = program[:place] + program[place + length :]
            if len(candidate) < len(program) and fails(candidate):
                program = candidate
            else:
                place += length
        length //= 2
    return program


def _simplified(program: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    for place in range(len(program)):
        for simpler in _simpler(program[place]):
            candidate = [*program[:place], simpler, *program[place + 1 :]]
            if fails(candidate):
                program = candidate
                break
    return program


def _simpler(statement: str) -> Iterator[str]:
    """Statements that say less; each is before this one in an order without circles."""
    wrapped = _WRAPPED.match(statement)
    if wrapped:
        yield wrapped[1]
    parts = statement.split("; ")
    if len(parts) > 1:
        for place in range(len(parts)):
            yield "; ".join(parts[:place] + parts[place + 1 :])
    for shorter in ("requires_grad=True", "retain_graph=True", "allow_unused=True"):
        if f", {shorter}" in statement:
            yield statement.replace(f", {shorter}", "")
    for later in reversed(NAMES):
        for earlier in NAMES[: NAMES.index(later)]:
            if re.search(rf"\b{later}\b", statement):
                yield re.sub(rf"\b{later}\b", earlier, statement)


def script(program: list[str], engine: str = "autodiff") -> str:
    """The program as a script that runs as it stands, on either engine."""
    used = [name for name in NAMES if re.search(rf"\b{name}\b", "\n".join(program))]
    shown = ", ".join(used)
    parts = [
        f"import {engine} as T",
        helper_source(program),
        "\n".join(program),
        f"print({shown})",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
