"""`torch.autograd.variable`: the name that tensors had in the beginning."""

from autodiff.state import TensorState

__all__ = ["Variable"]

Variable = TensorState
