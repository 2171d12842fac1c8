"""Recorded programs: the rows that a function applied, as a data structure that can be run again.

A program is straight-line code. Every value is assigned once, by one instruction, so the order of
the instructions is the only control flow, and nothing is ever written to. Made by
:func:`autodiff.recorder.record`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff.dtypes import from_numpy_dtype
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import SILENT, restore, silence
from autodiff.row import Row
from autodiff.state import TensorState
from autodiff.trees import Structure, flatten

__all__ = ["Instruction", "Literal", "Program", "ProgramError", "Value"]


class ProgramError(RuntimeError):
    """Something cannot be recorded, or a program is given what it was not recorded for."""


class Value(NamedTuple):
    """An array of a program, known by its number."""

    number: int
    shape: tuple[int, ...]
    dtype: Any  # NumPy's

    def __repr__(self) -> str:
        return f"%{self.number}"

    @property
    def type(self) -> str:
        """Dtype and shape in short: `f32[2, 3]`."""
        return f"{_short(self.dtype)}{list(self.shape)}"


class Literal(NamedTuple):
    """A number, or nothing, in place of an array."""

    value: Any

    def __repr__(self) -> str:
        return repr(self.value)


Operand = Value | Literal


class Instruction(NamedTuple):
    """One application of a row. params: its keyword parameters; index arrays are among these."""

    row: Row
    inputs: tuple[Operand, ...]
    params: Mapping[str, Any]
    outputs: tuple[Value, ...]
    several: bool  # whether the row returned a tuple

    def __repr__(self) -> str:
        found = ", ".join(map(repr, self.outputs))
        given = [repr(one) for one in self.inputs]
        given += [f"{name}={_written(value)}" for name, value in self.params.items()]
        types = ", ".join(one.type for one in self.outputs)
        return f"{found} = {self.row.name}({', '.join(given)})  # {types}"


class Program:
    """What a function computes, for arguments of fixed shapes and dtypes.

    inputs: the values that stand for the arrays among the arguments. constants: the values that
    were there before, and their arrays. instructions: in order. results: what is returned, flat.
    Calling the program with arrays (or tensors) gives arrays, nested as the function's result.
    """

    __slots__ = (
        "_arguments", "_outcome", "_registers", "_steps", "constants", "inputs", "instructions",
        "results",
    )  # fmt: skip

    def __init__(
        self,
        inputs: Sequence[Value],
        constants: Mapping[Value, Any],
        instructions: Sequence[Instruction],
        results: Sequence[Operand],
        arguments: Structure,
        outcome: Structure,
    ) -> None:
        kept = _needed(instructions, results)
        renamed: dict[Value, Value] = {}

        def rename(value: Any) -> Any:
            if not isinstance(value, Value):
                return value
            if value not in renamed:
                renamed[value] = value._replace(number=len(renamed))
            return renamed[value]

        self.inputs = tuple(rename(one) for one in inputs)
        used = {one for step in kept for one in step.inputs} | set(results)
        self.constants = {rename(one): array for one, array in constants.items() if one in used}
        self.instructions = tuple(
            step._replace(
                inputs=tuple(rename(one) for one in step.inputs),
                outputs=tuple(rename(one) for one in step.outputs),
            )
            for step in kept
        )
        self.results = tuple(rename(one) for one in results)
        self._arguments = arguments
        self._outcome = outcome
        self._registers: list[Any] = [None] * len(renamed)
        for value, array in self.constants.items():
            self._registers[value.number] = array
        self._steps = self._prepared()

    def _prepared(self) -> list[tuple[Row, list[int], Any, list[int], bool, list[int]]]:
        """The instructions with places in place of operands, and what is dead after each."""
        last: dict[int, int] = {}
        for place, step in enumerate(self.instructions):
            for one in (*step.inputs, *step.outputs):
                if isinstance(one, Value):
                    last[one.number] = place
        for one in (*self.results, *self.constants):
            if isinstance(one, Value):
                last.pop(one.number, None)
        dead: list[list[int]] = [[] for _ in self.instructions]
        for number, place in last.items():
            dead[place].append(number)
        return [
            (
                step.row,
                [self._place(one) for one in step.inputs],
                step.params,
                [one.number for one in step.outputs],
                step.several,
                dead[place],
            )
            for place, step in enumerate(self.instructions)
        ]

    def _place(self, operand: Operand) -> int:
        if isinstance(operand, Value):
            return operand.number
        self._registers.append(operand.value)
        return len(self._registers) - 1

    def __call__(self, *arguments: Any) -> Any:
        """The results for other arguments: arrays, nested as the function's result.

        Raises ProgramError where number, nesting, shape or dtype of the arguments are others than
        those recorded. A result may share memory with an argument, as the function's did.
        """
        registers = self._registers.copy()
        for value, array in zip(self.inputs, self._checked(arguments), strict=True):
            registers[value.number] = array
        token = silence(SILENT)
        try:
            for row, places, params, outputs, several, dead in self._steps:
                values = [registers[place] for place in places]
                if row.kernel_takes_xp:
                    out = row.kernel(NUMPY, *values, **params)
                else:
                    out = row.kernel(*values, **params)
                if several:
                    for place, one in zip(outputs, out, strict=True):
                        registers[place] = one
                else:
                    registers[outputs[0]] = out
                del values, out
                for place in dead:
                    registers[place] = None
        finally:
            restore(token)
        return self._outcome.build(
            [
                np.asarray(registers[one.number]) if isinstance(one, Value) else one.value
                for one in self.results
            ]
        )

    def _checked(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The arrays among the arguments, if they are of the recorded kind."""
        leaves, structure = flatten(arguments)
        if structure != self._arguments:
            raise ProgramError(
                f"the arguments are nested as {structure.shown()}, but the program was recorded "
                f"for {self._arguments.shown()}: record the function for these"
            )
        found = []
        for position, (value, leaf) in enumerate(zip(self.inputs, leaves, strict=True)):
            array = leaf._data if isinstance(leaf, TensorState) else np.asarray(leaf)
            if array.dtype != value.dtype:
                raise ProgramError(
                    f"argument {position} has dtype {array.dtype}, but the program was recorded "
                    f"for {value.dtype}: convert it, or record the function for these"
                )
            if array.shape != value.shape:
                raise ProgramError(
                    f"argument {position} has shape {tuple(array.shape)}, but the program was "
                    f"recorded for {value.shape}: record the function for this shape"
                )
            found.append(array)
        return found

    def __len__(self) -> int:
        """The number of instructions."""
        return len(self.instructions)

    def __str__(self) -> str:
        head = ", ".join(f"{one!r}: {one.type}" for one in self.inputs)
        lines = [f"program({head})"]
        lines += [f"  {one!r} = constant  # {one.type}" for one in self.constants]
        lines += [f"  {one!r}" for one in self.instructions]
        lines.append(f"  return {', '.join(map(repr, self.results))}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<program of {len(self)} instructions>"


def _needed(instructions: Sequence[Instruction], results: Sequence[Any]) -> list[Instruction]:
    """The instructions that the results depend on."""
    wanted = set(results)
    kept = []
    for step in reversed(instructions):
        if not wanted.isdisjoint(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _short(dtype: Any) -> str:
    """`f32` for float32; PyTorch's name where that is not a number of bits."""
    if dtype.kind in "fiuc":
        return f"{dtype.kind}{8 * dtype.itemsize}"
    return str(from_numpy_dtype(dtype)).removeprefix("torch.")


def _written(value: Any) -> str:
    """A parameter as the program shows it: of an array, what kind it is."""
    if isinstance(value, np.ndarray):
        return f"<{_short(value.dtype)}{list(value.shape)}>"
    if isinstance(value, tuple):
        inner = ", ".join(map(_written, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
