"""Equations in Einstein's notation, read with PyTorch's rules and complaints."""

from __future__ import annotations

from typing import Any

__all__ = ["from_lists", "parse"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DOTS = "..."
_HIDDEN = "".join(chr(0x3B1 + i) for i in range(64))  # names for the axes under an ellipsis


def from_lists(parts: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Operands each followed by the numbers of its axes, as an equation."""
    output = parts[-1] if len(parts) % 2 else None
    pairs = parts[:-1] if output is not None else parts

    def letters(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)

    equation = ",".join(letters(numbers) for numbers in pairs[1::2])
    return equation + ("" if output is None else "->" + letters(output)), pairs[::2]


def parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """The axes of every operand and of the result, with `...` spelled out."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    start = 0
    for position, term in enumerate(terms):
        _check_term(term, start, f"for operand {position}")
        start += len(term) + 1
    if len(terms) < len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    if len(terms) > len(operands):
        raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
    terms = [term.replace(" ", "") for term in terms]
    widest = max(map(_under_dots, terms, operands, range(len(terms))))
    hidden = _HIDDEN[:widest]
    inputs = []
    for term, operand in zip(terms, operands, strict=True):
        count = operand.ndim - len(term.replace(_DOTS, ""))
        inputs.append(term.replace(_DOTS, hidden[len(hidden) - count :] if count else ""))
    if arrow:
        _check_term(right, len(left) + 2, "for the output")
        output = right.replace(" ", "").replace(_DOTS, hidden)
    else:
        once = sorted(a for a in set(left) & set(_LETTERS) if left.count(a) == 1)
        output = hidden + "".join(once)
    _check_sizes(inputs, operands)
    known = set("".join(inputs))
    for a in output:
        if output.count(a) > 1:
            raise RuntimeError(
                f"einsum(): output subscript {a} appears more than once in the output"
            )
        if a not in known:
            raise RuntimeError(
                f"einsum(): output subscript {a} does not appear in the equation for any input "
                "operand"
            )
    return inputs, output


def _check_term(term: str, start: int, which: str) -> None:
    """Letters, blanks and one ellipsis are what may stand between commas."""
    seen = False
    index = 0
    while index < len(term):
        if term[index] == ".":
            if seen:
                raise RuntimeError(
                    f"einsum(): found '.' {which} for which an ellipsis was already found"
                )
            if term[index : index + 3] != _DOTS:
                raise RuntimeError(f"einsum(): found '.' {which} that is not part of any ellipsis")
            seen = True
            index += 2
        elif term[index] != " " and term[index] not in _LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + index} in the equation "
                "string, subscripts must be in [a-zA-Z]"
            )
        index += 1


def _under_dots(term: str, operand: Any, position: int) -> int:
    """How many axes an operand's ellipsis stands for."""
    named = len(term.replace(_DOTS, ""))
    dots = _DOTS in term
    if dots and named > operand.ndim:
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) is more than the "
            f"number of dimensions ({operand.ndim}) for operand {position}"
        )
    if not dots and named != operand.ndim:
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) does not match the "
            f"number of dimensions ({operand.ndim}) for operand {position} and no ellipsis was "
            "given"
        )
    return int(operand.ndim - named)


def _check_sizes(inputs: list[str], operands: tuple[Any, ...]) -> None:
    sizes: dict[str, int] = {}
    for position, (axes, operand) in enumerate(zip(inputs, operands, strict=True)):
        mine: dict[str, int] = {}
        for a, size in zip(axes, operand.shape, strict=True):
            if mine.setdefault(a, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {a} is repeated for operand {position} but the sizes "
                    f"don't match, {size} != {mine[a]}"
                )
            if sizes.setdefault(a, size) == 1:
                sizes[a] = size
            elif size not in (1, sizes[a]):
                raise RuntimeError(
                    f"einsum(): subscript {a} has size {size} for operand {position} which does "
                    f"not broadcast with previously seen size {sizes[a]}"
                )
