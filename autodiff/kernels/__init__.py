"""Kernels that no array library offers, and fast paths for NumPy's arrays."""

__all__: list[str] = []
