"""`torch.autograd.gradcheck`, which in PyTorch is a module and a function of one name."""

import sys
from types import ModuleType
from typing import Any

from autodiff.gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class _Callable(ModuleType):
    """A module that is also the function: importing a module sets its name in the package."""

    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
