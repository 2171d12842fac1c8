"""Anomaly mode: which operation of the forward pass a failing backward belongs to.

While the mode is on, every node that is made notes the traceback of its making, and each pass
looks for nan in what a node returns. What fails is reported with that traceback, as a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.backward import Arithmetic
from autodiff.graph import Node
from autodiff.modes import Block, change_mode, recording
from autodiff.state import TensorState

__all__ = [
    "detect_anomaly",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_detect_anomaly",
    "watched",
]


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    mode = recording()
    return False if isinstance(mode, bool) else mode.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode, where it is on, looks for nan."""
    mode = recording()
    return True if isinstance(mode, bool) else mode.check_nan


class set_detect_anomaly:
    """Switch anomaly mode on or off: at once, or until the end of a `with` block.

    check_nan: whether a backward that returns nan is an error, too.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        change_mode(anomaly=mode, check_nan=check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        change_mode(anomaly=self.prev, check_nan=self.prev_check_nan)


class detect_anomaly:
    """A block in which anomaly mode is on. Warns that it is slow.

    >>> import warnings
    >>> import autodiff
    >>> x = autodiff.tensor(-1., requires_grad=True)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     with autodiff.autograd.detect_anomaly():
    ...         x.sqrt().backward()
    Traceback (most recent call last):
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = is_anomaly_enabled()
        self.check_nan = check_nan
        self.prev_check_nan = is_anomaly_check_nan_enabled()
        warnings.warn(errors.ANOMALY_ENABLED, UserWarning, stacklevel=2)

    def __enter__(self) -> None:
        change_mode(anomaly=True, check_nan=self.check_nan)

    def __exit__(self, *exception: object) -> None:
        change_mode(anomaly=self.prev, check_nan=self.prev_check_nan)


class _Guard:
    """Runs the nodes of a pass one by one, and tells where one that fails was made."""

    __slots__ = ("check_nan",)

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    def backward(self, node: Node, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        """What the node returns, looked at."""
        try:
            with Block(parent=node.shown()):
                results = node.backward(cotangent, create_graph)
            if self.check_nan:
                _refuse_nan(node, results)
        except Exception:
            _warn(node)
            raise
        return results

    def checking(self, node: Node) -> Callable[[], None]:
        """`node.check`, that tells where a node was made whose saved values were written to."""

        def check() -> None:
            try:
                node.check()
            except RuntimeError as error:
                _warn(node)
                text = str(error).replace(errors.ENGINE_ADVICE, errors.ANOMALY_ADVICE)
                raise RuntimeError(text) from None

        return check


def _refuse_nan(node: Node, results: Sequence[Any]) -> None:
    for number, (result, edge) in enumerate(zip(results, node.edges, strict=False)):
        if result is None or edge is None:
            continue
        array = result._data if isinstance(result, TensorState) else result
        if array.dtype.kind in "fcV" and np.isnan(array).any():
            raise RuntimeError(errors.ANOMALY_NAN.format(node.name(), number))


def _warn(node: Node) -> None:
    """Say where the node was made, and in which backwards."""
    notes = node.metadata
    trace = notes.get("traceback_")
    if trace is None:
        text = errors.ANOMALY_UNKNOWN.format(node.name())
    else:
        text = errors.ANOMALY_TRACEBACK.format(node.name(), "".join(trace))
    parent = notes.get("parent_")
    while parent is not None:
        notes = parent.metadata
        trace = notes.get("traceback_")
        if trace is None:
            text += errors.ANOMALY_PARENT_UNKNOWN.format(parent.name())
        else:
            text += errors.ANOMALY_PARENT.format(parent.name(), "".join(trace))
        parent = notes.get("parent_")
    warnings.warn(text, UserWarning, stacklevel=2)


def watched(arithmetic: Arithmetic, mode: Any) -> Arithmetic:
    """The arithmetic of a pass that looks at every node, as anomaly mode asks for."""
    return arithmetic.guarded(_Guard(mode.check_nan))
