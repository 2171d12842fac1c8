"""Work on the compiled walk and on the one in Python, and what can be compared afterwards."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff import Tensor, backward
from autodiff.compiled import core

__all__ = ["bits", "both", "owns", "raised", "tensors"]


def both(work: Callable[[], Any]) -> Any:
    """What the work gives on either walk, which must be the same."""
    answers = []
    for walk in (core, None):
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patch.setattr(backward, "core", walk)
            answers.append(work())
    assert answers[0] == answers[1]
    return answers[0]


def bits(value: Any) -> Any:
    """A tensor (or None, or several) to the last bit, with the layout of its memory."""
    if isinstance(value, list | tuple):
        return [bits(one) for one in value]
    if value is None:
        return None
    data = value._data
    strides = data.strides if data.size else None
    count = None if value._counter is None else value._counter[0]
    return type(data), data.dtype, data.shape, strides, data.tobytes(), count, value.requires_grad


def raised(work: Callable[[], Any]) -> Any:
    """What the work gives, or the error that it raises."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - both walks must raise it
        return type(error), str(error)


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [one for part in value for one in tensors(part)] if isinstance(value, tuple) else []


def owns(gradients: list[Tensor], others: list[Any]) -> bool:
    """Whether the gradients share memory neither with one another nor with anything else."""
    found = [one._data for one in gradients if isinstance(one._data, np.ndarray)]
    rest = [one for one in others if isinstance(one, np.ndarray)]
    return not any(
        np.shares_memory(one, other)
        for place, one in enumerate(found)
        for other in (*found[:place], *rest)
    )
