"""What is done beyond recording where a `Mode` is on: hooks, tracebacks, inference tensors."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from autodiff import errors
from autodiff.graph import Node
from autodiff.modes import recording
from autodiff.promotion import namespace
from autodiff.row import Row
from autodiff.saved import pack_saved
from autodiff.state import TensorState, Untracked

__all__ = [
    "computed",
    "made_in_inference",
    "note_origin",
    "refuse_inference_write",
    "settle",
]


_OURS = __file__.rpartition("unusual")[0]


def settle(node: Any, mode: Any, inputs: Sequence[Any], results: Sequence[Any]) -> None:
    """What the mode wants done with a node that was just made."""
    note_origin(node, mode)
    if mode.hooks:
        pack_saved(node, inputs, results, mode.hooks[-1])


def note_origin(node: Node, mode: Any) -> None:
    """In anomaly mode, note where in the user's program a node was made, and in which backward."""
    if mode.anomaly:
        traceback = importlib.import_module("traceback")  # for which it takes a while
        frames = traceback.extract_stack()
        while len(frames) > 1 and frames[-1].filename.startswith(_OURS):
            frames.pop()  # the user's call, not what it leads to in here
        notes = node.metadata
        notes["traceback_"] = traceback.format_list(frames)
        if mode.parent is not None:
            notes["parent_"] = mode.parent


def computed(
    row: Row, inputs: Sequence[Any], first: Any, values: Sequence[Any], params: Any, intercept: Any
) -> Any:
    """The kernel's result, or what a selective checkpoint has kept of an earlier one."""

    def kernel() -> Any:
        if row.kernel_takes_xp:
            return row.kernel(namespace(first), *values, **params)
        return row.kernel(*values, **params)

    return kernel() if row.view else intercept(row, kernel, inputs, params)


def made_in_inference(tensors: Sequence[TensorState]) -> None:
    """Mark new tensors as made in inference mode."""
    for tensor in tensors:
        tensor._counter = Untracked()


def refuse_inference_write(tensor: TensorState) -> None:
    """Raise where an inference tensor is about to be written to outside inference mode."""
    if type(tensor._counter) is Untracked:
        mode = recording()
        if mode is True or mode is False or not mode.inference:
            raise RuntimeError(errors.INFERENCE_WRITE)
