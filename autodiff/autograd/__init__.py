"""What PyTorch keeps in `torch.autograd`, under its names; the work is done in other modules."""

from __future__ import annotations

import importlib
from typing import Any

from autodiff.anomaly import detect_anomaly, set_detect_anomaly
from autodiff.autograd import anomaly_mode, function, grad_mode, graph, variable
from autodiff.autograd.variable import Variable
from autodiff.function import Function
from autodiff.gradients import backward, grad
from autodiff.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "grad",
    "grad_mode",
    "graph",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "variable",
]


def __getattr__(name: str) -> Any:
    """Forward mode and `functional` are loaded when they are asked for: they need tensors."""
    if name in ("forward_ad", "functional"):
        return importlib.import_module(f"autodiff.autograd.{name}")
    if name in ("gradcheck", "gradgradcheck"):
        return getattr(importlib.import_module("autodiff.gradcheck"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
