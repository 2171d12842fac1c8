"""`torch.cuda` for programs that ask whether there is one: there is not."""

from __future__ import annotations

from typing import Any

__all__ = [
    "device_count",
    "empty_cache",
    "is_available",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]


def is_available() -> bool:
    """False.

    >>> is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing, as in PyTorch without CUDA."""


def manual_seed_all(seed: int) -> None:
    """Nothing, as in PyTorch without CUDA."""


def empty_cache() -> None:
    """Nothing, as in PyTorch without CUDA."""


def synchronize(device: Any = None) -> None:
    """Raises AssertionError: there is nothing to wait for."""
    raise AssertionError("Torch not compiled with CUDA enabled")
