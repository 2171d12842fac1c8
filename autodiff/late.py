"""Names that many programs do without: where each is, loaded when it is asked for.

`import autodiff` reads this table alone. A function of it is found as `autodiff.f`; those named
in `METHODS` are methods of tensors, too, and those in `IN_PLACE` have a form `f_`.
"""

from __future__ import annotations

import functools
import importlib
from types import MethodType
from typing import Any

from autodiff.out import with_out

__all__ = ["add_methods", "find", "names"]

_HOMES = {
    "functions.questions": """
        allclose broadcast_shapes equal is_floating_point is_inference is_nonzero is_same_size
        is_signed is_tensor isclose isin isneginf isposinf numel signbit typename
    """,
    "functions.counting": """
        argwhere bincount bucketize histc searchsorted tril_indices triu_indices unique
        unique_consecutive
    """,
    "functions.arrangement": """
        atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod
        column_stack combinations diag diag_embed diagflat diagonal_scatter dsplit dstack fliplr
        flipud hsplit hstack meshgrid narrow_copy repeat_interleave rot90 row_stack
        select_scatter slice_scatter split_with_sizes tensor_split trace unsafe_chunk
        unsafe_split vsplit vstack
    """,
    "functions.products": """
        addbmm addmv addr baddbmm chain_matmul cross ger inner kron tensordot vander
    """,
    "functions.special": """
        copysign digamma erfinv float_power fmax fmin fmod heaviside i0 ldexp lgamma logaddexp2
        logit mvlgamma nan_to_num polygamma sinc xlogy
    """,
    "functions.statistics": """
        aminmax corrcoef cov cummax cummin kthvalue median mode msort nanmean nanmedian
        nanquantile nansum quantile renorm std_mean var_mean
    """,
    "functions.cumulative": """
        cumprod cumulative_trapezoid diff gradient logcumsumexp trapezoid trapz
    """,
    "functions.distances": "cdist cosine_similarity dist pairwise_distance pdist",
    "functions.matrices": """
        cholesky cholesky_inverse lu_solve lu_unpack matrix_exp matrix_power pinverse qr svd
    """,
    "functions.signals": """
        bartlett_window blackman_window hamming_window hann_window istft kaiser_window stft
    """,
    "functions.gates": """
        alpha_dropout celu_ feature_alpha_dropout hardshrink prelu rrelu selu_ threshold threshold_
    """,
    "functions.patches": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "functions.cells": "gru_cell lstm_cell rnn_relu_cell rnn_tanh_cell",
    "factories": """
        BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
        ShortTensor asarray empty_permuted empty_strided frombuffer logspace range scalar_tensor
    """,
    "generators": """
        Generator bernoulli binomial default_generator get_rng_state initial_seed multinomial
        normal poisson randint_like seed set_rng_state thread_safe_generator
    """,
    "functions.whole_numbers": """
        bitwise_left_shift bitwise_right_shift detach fill frexp gcd lcm nextafter sum_to_size
    """,
    "process": """
        are_deterministic_algorithms_enabled get_float32_matmul_precision get_num_interop_threads
        get_num_threads set_float32_matmul_precision set_flush_denormal set_num_interop_threads
        set_num_threads use_deterministic_algorithms
    """,
    "serialization": "load save",
    "size": "channels_last channels_last_3d contiguous_format layout memory_format "
    "preserve_format strided",
}
# names under which PyTorch has functions of other modules at its top, too
_ALSO = {
    "functions.activations": "celu dropout selu",
    "functions.convolution": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    """,
    "functions.normalisation": "batch_norm group_norm layer_norm rms_norm",
    "functions.regression": "binary_cross_entropy_with_logits kl_div",
    "functions.margins": """
        cosine_embedding_loss hinge_embedding_loss margin_ranking_loss poisson_nll_loss
        triplet_margin_loss
    """,
    "functions.resampling": "bilinear instance_norm",
}
METHODS = frozenset(
    """
    addbmm addmv addr aminmax allclose argwhere baddbmm bernoulli bincount broadcast_shapes
    cholesky cholesky_inverse copysign corrcoef cov cross cummax cummin cumprod diag diag_embed
    bitwise_left_shift bitwise_right_shift frexp gcd lcm nextafter
    diagflat diagonal_scatter diff digamma dist dsplit equal erfinv fliplr flipud float_power fmax
    fmin fmod ger hardshrink heaviside histc hsplit i0 inner isclose isneginf isposinf istft kron
    kthvalue ldexp lgamma logaddexp2 logcumsumexp logit lu_solve matrix_exp matrix_power median
    mode msort multinomial mvlgamma nan_to_num nanmean nanmedian nanquantile nansum narrow_copy
    pinverse polygamma prelu qr quantile renorm repeat_interleave rot90 select_scatter signbit
    sinc sum_to_size slice_scatter split_with_sizes stft
    svd tensor_split trace unique unique_consecutive
    unsafe_chunk unsafe_split vsplit xlogy
    """.split()  # noqa: SIM905 - a page of quotation marks says less
) - {"broadcast_shapes"}
IN_PLACE = frozenset(
    """
    addbmm addmv addr baddbmm bitwise_left_shift bitwise_right_shift copysign cumprod digamma
    erfinv float_power fmod gcd heaviside i0 lcm ldexp lgamma logit mvlgamma nan_to_num nextafter
    polygamma renorm sinc xlogy
    """.split()  # noqa: SIM905 - a page of quotation marks says less
)
# functions without a row: of these the result is copied
_COPIED = frozenset(
    ("bitwise_left_shift", "bitwise_right_shift", "gcd", "heaviside", "lcm", "nextafter")
)
# in-place forms that PyTorch has as functions, too
_WRITING = frozenset(
    """
    abs acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp
    clamp_max clamp_min clip cos cosh deg2rad detach erf erfc exp exp2 expm1 fill
    fix floor frac i0 index_put ldexp log log10 log1p log2 logit nan_to_num neg negative rad2deg
    reciprocal relu resize_as round rsqrt sigmoid sin sinc sinh sqrt square tan tanh trunc xlogy
    zero
    """.split()  # noqa: SIM905 - a page of quotation marks says less
)
_WITH_OUT = frozenset(
    """
    addbmm addmv addr baddbmm bernoulli copysign cross cumprod digamma dstack column_stack diag
    erfinv float_power fmax fmin fmod ger heaviside hstack i0 inner kron ldexp lgamma logaddexp2
    logcumsumexp logit median nan_to_num nanmedian nansum nanmean quantile nanquantile polygamma
    renorm sinc vstack xlogy cholesky cholesky_inverse row_stack signbit isneginf isposinf
    kthvalue mode cummax cummin msort tensordot diff bincount
    """.split()  # noqa: SIM905 - a page of quotation marks says less
)
_METHODS_ONLY = frozenset(("sum_to_size",))
_PLACE = {
    name: home
    for table in (_HOMES, _ALSO)
    for home, text in table.items()
    for name in text.split()
}


def names() -> frozenset[str]:
    """All that :func:`find` finds at the top."""
    return (frozenset(_PLACE) - _METHODS_ONLY) | {f"{name}_" for name in _WRITING}


@functools.cache
def find(name: str) -> Any:
    """What the name stands for. Raises KeyError if it is none of these.

    >>> find("trace").__name__
    'trace'
    """
    if name.endswith("_") and name[:-1] in _WRITING:
        return getattr(importlib.import_module("autodiff.tensor_class").Tensor, name)
    found = getattr(importlib.import_module(f"autodiff.{_PLACE[name]}"), name)
    return with_out(found) if name in _WITH_OUT else found


class _Late:
    """A method that is looked for when it is used."""

    __slots__ = ("name", "writes")

    def __init__(self, name: str, writes: bool) -> None:
        self.name = name
        self.writes = writes

    def __get__(self, tensor: Any, cls: Any = None) -> Any:
        function = _written(self.name) if self.writes else find(self.name)
        return function if tensor is None else MethodType(function, tensor)


def _copied(function: Any, tensor: Any, *args: Any) -> Any:
    return tensor.copy_(function(tensor, *args))


@functools.cache
def _written(name: str) -> Any:
    if name in _COPIED:
        return functools.partial(_copied, find(name))
    variants = importlib.import_module("autodiff.methods.variants")
    return variants.written(find(name), name)


def _turned(name: str) -> Any:
    """The method of the right operand, where the left one is a number."""
    return lambda self, other: find(name)(other, self)


def add_methods(cls: type[Any]) -> None:
    """Give the class of tensors the methods of this table."""
    for name in METHODS:
        setattr(cls, name, _Late(name, writes=False))
    for name in IN_PLACE:
        setattr(cls, f"{name}_", _Late(name, writes=True))
    for name, function in (("lshift", "bitwise_left_shift"), ("rshift", "bitwise_right_shift")):
        setattr(cls, f"__{name}__", _Late(function, writes=False))
        setattr(cls, f"__i{name}__", _Late(function, writes=True))
        setattr(cls, f"__r{name}__", _turned(function))
