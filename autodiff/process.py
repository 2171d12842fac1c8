"""Switches of PyTorch's for its own threads and kernels, which change nothing here."""

from __future__ import annotations

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]


def set_num_threads(threads: int) -> None:
    """Nothing: NumPy's BLAS reads its number of threads from the environment when it starts."""


def get_num_threads() -> int:
    """1: outside of BLAS operations run in the calling thread."""
    return 1


def set_num_interop_threads(threads: int) -> None:
    """Nothing: operations run in the calling thread."""


def get_num_interop_threads() -> int:
    """1: operations run in the calling thread."""
    return 1


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing: all operations are deterministic."""


def are_deterministic_algorithms_enabled() -> bool:
    """True: all operations are deterministic."""
    return True


def set_float32_matmul_precision(precision: str) -> None:
    """Nothing: float32 is computed in float32."""


def get_float32_matmul_precision() -> str:
    """Always "highest": float32 is computed in float32."""
    return "highest"


def set_flush_denormal(mode: bool) -> bool:
    """False: numbers below the normal ones are kept."""
    return False
