"""What networks need: functions and parameters."""

from autodiff.nn import functional, parameter
from autodiff.nn.parameter import Parameter

__all__ = ["Parameter", "functional", "parameter"]
