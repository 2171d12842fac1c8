"""What networks need: for now the functions."""

from autodiff.nn import functional

__all__ = ["functional"]
