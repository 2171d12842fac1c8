"""Selective checkpointing: which results of a checkpointed region are kept, not recomputed."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.modes import Block
from autodiff.operation import wrap
from autodiff.row import Row

__all__ = [
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "create_selective_checkpoint_contexts",
]

_MISMATCH = (
    "This can happen if the operations in the checkpointed region are nondeterministic or depend "
    "on global state that changed between forward and backward."
)
_ONCE = (
    "Trying to backward an extra time. You are only allowed to backward once on any region "
    "computed under selective activation checkpoint."
)
_RECOMPUTE, _CONSUMED = object(), object()


class CheckpointPolicy(enum.Enum):
    """What becomes of the result of an operation: kept from the forward pass, or recomputed."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


_SAVED = {
    CheckpointPolicy.MUST_SAVE,
    CheckpointPolicy.PREFER_SAVE,
    CheckpointPolicy.MUST_CPU_OFFLOAD,
    CheckpointPolicy.PREFER_CPU_OFFLOAD,
}


class SelectiveCheckpointContext:
    """What a policy is told besides the operation: its result."""

    def __init__(self, *, is_recompute: bool, op_output: Any = None) -> None:
        self.is_recompute = is_recompute
        self.op_output = op_output


class _Keeping(Block):
    """The forward pass: asks the policy about each operation, and keeps what it says."""

    __slots__ = ("_counts", "_policy", "_storage")

    def __init__(self, policy: Callable[..., Any], storage: dict[Any, dict[int, Any]]) -> None:
        super().__init__(intercept=self._intercept)
        self._policy = policy
        self._storage = storage
        self._counts: dict[Any, int] = defaultdict(int)

    def _intercept(self, row: Row, kernel: Callable[[], Any], inputs: Any, params: Any) -> Any:
        out = kernel()
        number = self._counts[row]
        self._counts[row] += 1
        several = isinstance(out, tuple)
        shown = tuple(map(wrap, out)) if several else wrap(out)
        context = SelectiveCheckpointContext(is_recompute=False, op_output=shown)
        with Block(intercept=None, hooks=(), grad=False):
            policy = self._policy(context, row, *inputs, **params)
        if isinstance(policy, bool):
            policy = CheckpointPolicy.MUST_SAVE if policy else CheckpointPolicy.PREFER_RECOMPUTE
        kept: Any = _RECOMPUTE
        if policy in _SAVED:  # copies: the user may write to the results themselves
            kept = tuple(map(np.copy, out)) if several else np.copy(out)
        self._storage[row][number] = kept
        return out


class _Kept(Block):
    """The recomputation: gives back what was kept."""

    __slots__ = ("_counts", "_storage")

    def __init__(self, storage: dict[Any, dict[int, Any]]) -> None:
        super().__init__(intercept=self._intercept)
        self._storage = storage
        self._counts: dict[Any, int] = defaultdict(int)

    def __enter__(self) -> None:
        self._counts.clear()
        super().__enter__()

    def _intercept(self, row: Row, kernel: Callable[[], Any], inputs: Any, params: Any) -> Any:
        number = self._counts[row]
        self._counts[row] += 1
        entries = self._storage.get(row)
        if entries is None:
            raise RuntimeError(
                f"{row.name} encountered during backward but not found in storage. {_MISMATCH}"
            )
        kept = entries.get(number)
        if kept is None:
            raise RuntimeError(
                f"{row.name} invocation index {number} encountered during backward but not found "
                f"in storage. {_MISMATCH}"
            )
        if kept is _CONSUMED:
            raise RuntimeError(_ONCE)
        if kept is _RECOMPUTE:
            return kernel()
        entries[number] = _CONSUMED
        return kept


def create_selective_checkpoint_contexts(
    policy_fn_or_list: Any, allow_cache_entry_mutation: bool = False
) -> tuple[Block, Block]:
    """The two contexts that `checkpoint(context_fn=…)` asks for, by a policy or a list.

    policy_fn_or_list: `policy(context, operation, *inputs, **parameters)` that gives a
    :class:`CheckpointPolicy` (or bool), or a list of operations whose results are kept: functions
    of this package, such as `autodiff.mm`, or rows. An operation is told by its `__name__`.
    allow_cache_entry_mutation is accepted: copies are kept, so writes to results do no harm.
    """
    if isinstance(policy_fn_or_list, list):
        names = {_name(one) for one in policy_fn_or_list}

        def policy(context: Any, op: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
            found = op.__name__ in names
            return CheckpointPolicy.MUST_SAVE if found else CheckpointPolicy.PREFER_RECOMPUTE

    elif callable(policy_fn_or_list):
        policy = policy_fn_or_list
    else:
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    storage: dict[Any, dict[int, Any]] = defaultdict(dict)
    return _Keeping(policy, storage), _Kept(storage)


def _name(operation: Any) -> str:
    name = getattr(operation, "__name__", None)
    if not callable(operation) or name is None:
        raise ValueError(
            f"Expected op in `op_list` to be an operation but got: {operation} "
            f"of type {type(operation)}. "
        )
    return str(name)
