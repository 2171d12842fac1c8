"""What ATen's operations are called here, and which of them compute nothing.

Also: whether the user's program has switched recording off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["LIKE", "MOVES", "NAMES", "NOT_MEANT", "RANDOM", "SAME", "CutOff", "written_name"]

# operations that read elements of their first argument, and compute nothing
MOVES = frozenset({
    "_reshape_alias", "_unsafe_view", "alias", "as_strided", "broadcast_to", "chunk", "diagonal",
    "expand", "expand_as", "flatten", "flip", "gather", "index", "index_select", "mT", "movedim",
    "narrow", "numpy_T", "permute", "ravel", "repeat", "repeat_interleave", "reshape", "roll",
    "rot90", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "t", "take",
    "take_along_dim", "tensor_split", "tile", "transpose", "unbind", "unflatten", "unfold",
    "_unsafe_index", "masked_select", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "unsafe_chunk", "unsafe_split", "unsafe_split_with_sizes", "unsqueeze", "view", "view_as",
})  # fmt: skip
# what is made in the shape of the first argument, whatever it holds
LIKE = frozenset({
    "empty_like", "empty_strided", "full_like", "new_empty", "new_empty_strided", "new_full",
    "new_ones", "new_zeros", "ones_like", "scalar_tensor", "sym_size", "zeros_like",
})  # fmt: skip
RANDOM = frozenset({
    "bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_",
    "multinomial", "native_dropout", "normal", "normal_", "poisson", "rand", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "randperm", "random_", "uniform_",
})  # fmt: skip
SAME = frozenset({
    "_to_copy", "clone", "contiguous", "lift_fresh", "lift_fresh_copy", "to", "type_as",
})  # fmt: skip
NAMES = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_batch_norm_impl_index": "native_batch_norm",
    "_native_batch_norm_legit": "native_batch_norm",
    "_unsafe_index_put": "index_put",
    "_index_put_impl": "index_put",
    "cross": "torch_cross",
    "svd": "torch_svd",
    "vander": "torch_vander",
    "__and__": "logical_and",
    "__or__": "logical_or",
    "__xor__": "logical_xor",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "bitwise_not": "logical_not",
    "_cdist_forward": "cdist_forward",
    "_pdist_forward": "pdist",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "_adaptive_avg_pool3d": "adaptive_avg_pool3d",
    "_prelu_kernel": "prelu",
}
# no part of what is computed
NOT_MEANT = frozenset({"device", "layout", "pin_memory", "memory_format", "non_blocking"})


def written_name(name: str) -> str:
    """The name of the operation whose result an operation in place writes."""
    return name.removesuffix("_") if not name.startswith("__") else name


class CutOff:
    """Whether the user's own `no_grad` is in force.

    PyTorch switches recording off itself inside custom `autograd.Function`s, without a call that
    a mode of functions sees; so what is noticed by one is the user's, unless it happens in there.
    """

    def __init__(self, torch: Any) -> None:
        self._enabled = torch._C._set_grad_enabled
        self._is_enabled = torch.is_grad_enabled
        self._recording = bool(torch.is_grad_enabled())

    def noticed(self, function: Any, args: Sequence[Any]) -> bool:
        """Whether a function is the one that switches recording; what it does is noted."""
        if getattr(function, "__name__", "") != "_set_grad_enabled":
            return False
        if self._is_enabled() is self._recording:
            self._recording = bool(args[0])
        return True

    def now(self) -> bool:
        """Whether what is computed now is cut off."""
        return not self._recording and not self._is_enabled()
