"""Random programs of operations, views and in-place writes have the gradients of their meaning.

The engine executes a program; of the statements that it accepts, the oracle makes one formula
(`tests/shared/programs/meaning.py`), whose gradients at the exact floats are certified. What the
engine's backward gives is judged against them. PyTorch is not needed.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autodiff
from programs import Meaning, Namespace, memory_program, script, shrink
from reference import build
from reference.certify import certify_problem
from reference.graph import Node
from reference.judge import judge
from reference.problem import trace_nodes

CHUNK = 50
CHUNKS = 21
LEAVES = ("a", "b", "c", "d", "e", "f")


def weights(size: int) -> np.ndarray:
    """Cotangents that tell the elements apart, and are exact."""
    return (np.arange(size) * 7 % 11 - 4.5) / 8


def run(program: list[str]) -> tuple[list[str], dict[str, Any], list[Any]]:
    """The statements that the engine accepts, what it then has, and its leaves in order."""
    names: dict[str, Any] = {"T": autodiff}
    accepted: list[str] = []
    leaves: list[Any] = []
    for statement in program:
        try:
            exec(statement, names)
        except (RuntimeError, IndexError, NameError, TypeError, ValueError):
            continue
        accepted.append(statement)
        if "requires_grad=True" in statement:
            leaves.append(names[statement[0]])
    return accepted, names, leaves


def total(tensors: list[Any]) -> Any:
    parts = [
        (tensor.reshape(-1) * autodiff.tensor(weights(tensor.numel()))).sum() for tensor in tensors
    ]
    return sum(parts[1:], parts[0])


def meant(accepted: list[str], leaves: tuple[Node, ...]) -> Node:
    """The same sum as a formula of the leaves."""
    names: dict[str, Any] = {"T": Namespace(leaves)}
    for statement in accepted:
        exec(statement, names)
    result: Node = build.node(0)
    for name in LEAVES:
        tensor = names.get(name)
        if isinstance(tensor, Meaning):
            flat = build.reshape(tensor.read(), (tensor.numel(),))
            part = build.sum(build.multiply(flat, weights(tensor.numel())))
            result = build.add(result, part)
    return result


def wrong(program: list[str]) -> str | None:
    """What the oracle says against the gradients of the program; None if nothing.

    Raises RuntimeError where the engine refuses to differentiate it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, _, leaves = run([line for line in program if "requires_grad=True" in line])
        arrays = [leaf.detach().numpy().copy() for leaf in leaves]
        accepted, names, leaves = run(program)
    tensors = [names[name] for name in LEAVES if name in names]
    if not leaves or not any(tensor.requires_grad for tensor in tensors):
        return None
    found = autodiff.autograd.grad(total(tensors), leaves, materialize_grads=True)
    problem = trace_nodes(lambda *inputs: meant(accepted, inputs), arrays)
    verdict = judge([gradient.numpy() for gradient in found], certify_problem(problem))
    return None if verdict.ok else verdict.summary()


def smallest(program: list[str]) -> str:
    """The script that is left when all is taken away that the verdict does not need."""

    def fails(fewer: list[str]) -> bool:
        try:
            return wrong(fewer) is not None
        except RuntimeError:
            return False

    return script(shrink(program, fails))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_gradients_of_programs(chunk: int) -> None:
    judged = 0
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        program = memory_program(seed)
        try:
            found = wrong(program)
        except RuntimeError as refused:
            if "modified" not in str(refused):
                raise
            continue  # a saved value was overwritten, or a view is out of date
        judged += 1
        assert found is None, f"\n\nseed {seed}: {found}\n\n{smallest(program)}"
    assert judged > CHUNK / 2
