"""What networks need: for now the functions."""

from autodiff.nn import functional as functional

__all__ = ["functional"]
