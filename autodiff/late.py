"""Names that are loaded when they are first asked for: where each of them is, and how it comes.

`import autodiff` loads what tensors consist of, and the factories. Kernels, rows, functions,
methods and the walk backwards come with the module that has them, when one of its names is asked
for. Names are then bound where they were looked for, in the package or in the class of tensors, so
that each later use is an ordinary one.

The tables say where everything is; `autodiff/__init__.pyi` and the classes in `methods/` say it to
type checkers, and tests hold them to each other.
"""

from __future__ import annotations

import _thread  # `threading` takes a while to load, and a lock is all that is needed
import importlib
from collections.abc import Callable, KeysView, Sequence
from typing import Any

__all__ = ["find", "methods", "names"]

# The functions of the package, by the module that has them.
_FUNCTIONS = {
    "anomaly": "is_anomaly_check_nan_enabled is_anomaly_enabled",
    "factories": """
        BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
        ShortTensor asarray empty_permuted empty_strided frombuffer logspace range scalar_tensor
    """,
    "functions.activations": "celu dropout selu",
    "functions.arrangement": """
        atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod
        column_stack combinations diag diag_embed diagflat diagonal_scatter dsplit dstack fliplr
        flipud hsplit hstack meshgrid narrow_copy repeat_interleave rot90 row_stack
        select_scatter slice_scatter split_with_sizes tensor_split trace unsafe_chunk
        unsafe_split vsplit vstack
    """,
    "functions.cells": "gru_cell lstm_cell rnn_relu_cell rnn_tanh_cell",
    "functions.complexes": """
        adjoint angle complex conj conj_physical imag is_complex is_conj is_neg isreal polar real
        resolve_conj resolve_neg vdot view_as_complex view_as_real
    """,
    "functions.contraction": "addmm bmm dot einsum matmul mm mv outer",
    "functions.convolution": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    """,
    "functions.counting": """
        argwhere bincount bucketize histc searchsorted tril_indices triu_indices unique
        unique_consecutive
    """,
    "functions.cumulative": """
        cumprod cumulative_trapezoid diff gradient logcumsumexp trapezoid trapz
    """,
    "functions.distances": "cdist cosine_similarity dist pairwise_distance pdist",
    "functions.elementwise": """
        acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
        ceil deg2rad erfc exp2 fix frac hypot log10 log2 logaddexp positive rad2deg trunc
    """,
    "functions.gates": """
        alpha_dropout celu_ feature_alpha_dropout hardshrink prelu rrelu selu_ threshold threshold_
    """,
    "functions.indexing": """
        gather index_put index_select masked_fill masked_select narrow nonzero select
    """,
    "functions.linalg": "cholesky_solve det inverse logdet matrix_power slogdet",
    "functions.logic": """
        bitwise_and bitwise_not bitwise_or bitwise_xor clamp_max clamp_min greater greater_equal
        less less_equal logical_or logical_xor not_equal
    """,
    "functions.losses": "log_softmax softmax",
    "functions.margins": """
        cosine_embedding_loss hinge_embedding_loss margin_ranking_loss poisson_nll_loss
        triplet_margin_loss
    """,
    "functions.matrices": """
        cholesky cholesky_inverse lu_solve lu_unpack matrix_exp pinverse qr svd
    """,
    "functions.normalisation": "batch_norm group_norm layer_norm rms_norm",
    "functions.patches": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "functions.pointwise": """
        abs absolute add clamp clip cos cosh div divide eq erf exp expm1 floor floor_divide ge gt
        isfinite isinf isnan le log log1p logical_and logical_not lt maximum minimum mul multiply
        ne neg negative pow reciprocal relu remainder round rsqrt rsub sgn sigmoid sign sin sinh
        sqrt square sub subtract tan tanh true_divide where
    """,
    "functions.pooling": """
        adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d max_pool1d max_pool2d
    """,
    "functions.products": """
        addbmm addmv addr baddbmm chain_matmul cross ger inner kron tensordot vander
    """,
    "functions.questions": """
        allclose broadcast_shapes equal is_floating_point is_inference is_nonzero is_same_size
        is_signed is_tensor isclose isin isneginf isposinf numel signbit typename
    """,
    "functions.reductions": """
        all amax amin any argmax argmin count_nonzero cumsum logsumexp max mean min norm prod std
        sum var
    """,
    "functions.regression": "binary_cross_entropy_with_logits kl_div",
    "functions.resampling": "bilinear instance_norm",
    "functions.scattering": "index_reduce scatter_reduce",
    "functions.shapes": """
        broadcast_to cat chunk clone concat concatenate diagonal flatten flip moveaxis movedim
        permute ravel reshape roll split squeeze stack swapaxes swapdims t tile transpose tril triu
        unbind unflatten unsqueeze
    """,
    "functions.signals": """
        bartlett_window blackman_window hamming_window hann_window istft kaiser_window stft
    """,
    "functions.sorting": "argsort sort topk",
    "functions.special": """
        copysign digamma erfinv float_power fmax fmin fmod heaviside i0 ldexp lgamma logaddexp2
        logit mvlgamma nan_to_num polygamma sinc xlogy
    """,
    "functions.statistics": """
        aminmax corrcoef cov cummax cummin kthvalue median mode msort nanmean nanmedian
        nanquantile nansum quantile renorm std_mean var_mean
    """,
    "functions.strided": "as_strided",
    "functions.volumes": "max_pool3d",
    "functions.whole_numbers": """
        bitwise_left_shift bitwise_right_shift detach fill frexp gcd lcm nextafter
    """,
    "functions.writing": """
        addcdiv addcmul index_add index_copy index_fill lerp masked_scatter scatter scatter_add
        take take_along_dim
    """,
    "generators": """
        Generator bernoulli binomial default_generator get_rng_state initial_seed multinomial
        normal poisson randint_like seed set_rng_state thread_safe_generator
    """,
    "likes": "empty_like full_like ones_like rand_like randn_like zeros_like",
    "mapping": "vmap",
    "printing": "get_printoptions printoptions set_printoptions",
    "process": """
        are_deterministic_algorithms_enabled get_float32_matmul_precision get_num_interop_threads
        get_num_threads set_float32_matmul_precision set_flush_denormal set_num_interop_threads
        set_num_threads use_deterministic_algorithms
    """,
    "promotion": "result_type",
    "serialization": "load save",
    "size": "channels_last channels_last_3d contiguous_format layout memory_format "
    "preserve_format strided",
}
# functions that their modules have under another name
_RENAMED = {
    "adaptive_max_pool1d": "adaptive_max_pool1d_with_indices",
    "concatenate": "concat",
    "inverse": "inv",
    "moveaxis": "movedim",
    "swapaxes": "transpose",
    "swapdims": "transpose",
}
_SUBPACKAGES = ("autograd", "cuda", "fft", "func", "linalg", "nn", "special", "testing", "utils")
# PyTorch's functions that take `out=`
_WITH_OUT = frozenset(
    """
    abs absolute acos acosh add addbmm addcdiv addcmul addmm addmv addr all amax amin angle any
    argmax argmin asin asinh atan atan2 atanh baddbmm bernoulli bincount bitwise_and bitwise_not
    bitwise_or bitwise_xor bmm cat ceil cholesky cholesky_inverse clamp clamp_max clamp_min clip
    column_stack complex concat concatenate conj_physical copysign cos cosh cross cummax cummin
    cumprod cumsum deg2rad diag diff digamma div divide dot dstack eq erf erfc erfinv exp exp2
    expm1 fix float_power floor floor_divide fmax fmin fmod frac gather ge ger greater
    greater_equal gt heaviside hstack hypot i0 index_add index_copy index_select inner isneginf
    isposinf kron kthvalue ldexp le lerp less less_equal lgamma log log10 log1p log2 logaddexp
    logaddexp2 logcumsumexp logical_and logical_not logical_or logical_xor logit logsumexp lt
    masked_select matmul max maximum mean median min minimum mm mode msort mul multiply mv
    nan_to_num nanmean nanmedian nanquantile nansum ne neg negative norm not_equal outer polar
    polygamma pow prod quantile rad2deg reciprocal remainder renorm round row_stack rsqrt scatter
    scatter_add sgn sigmoid sign signbit sin sinc sinh sort sqrt square stack std sub subtract sum
    take take_along_dim tan tanh tensordot topk tril triu true_divide trunc var vdot vstack where
    xlogy
    """.split()  # noqa: SIM905 - a page of quotation marks says less
)
# The functions that are methods as they stand.
_METHODS = {
    "functions.arrangement": """
        diag diag_embed diagflat diagonal_scatter dsplit fliplr flipud hsplit narrow_copy
        repeat_interleave rot90 select_scatter slice_scatter split_with_sizes tensor_split trace
        unsafe_chunk unsafe_split vsplit
    """,
    "functions.counting": "argwhere bincount histc unique unique_consecutive",
    "functions.cumulative": "cumprod diff logcumsumexp",
    "functions.distances": "dist",
    "functions.elementwise": """
        acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh
        ceil deg2rad erfc exp2 fix frac hypot log10 log2 logaddexp positive rad2deg trunc
    """,
    "functions.gates": "hardshrink prelu",
    "functions.logic": """
        bitwise_and bitwise_not bitwise_or bitwise_xor clamp_max clamp_min greater greater_equal
        less less_equal logical_or logical_xor not_equal
    """,
    "functions.matrices": "cholesky cholesky_inverse lu_solve matrix_exp pinverse qr svd",
    "functions.pointwise": "divide multiply subtract true_divide",
    "functions.products": "addbmm addmv addr baddbmm cross ger inner kron",
    "functions.questions": "allclose equal isclose isneginf isposinf signbit",
    "functions.scattering": "index_reduce index_reduce_ scatter_reduce scatter_reduce_",
    "functions.signals": "istft stft",
    "functions.special": """
        copysign digamma erfinv float_power fmax fmin fmod heaviside i0 ldexp lgamma logaddexp2
        logit mvlgamma nan_to_num polygamma sinc xlogy
    """,
    "functions.statistics": """
        aminmax corrcoef cov cummax cummin kthvalue median mode msort nanmean nanmedian nanquantile
        nansum quantile renorm
    """,
    "functions.whole_numbers": """
        bitwise_left_shift bitwise_right_shift frexp gcd lcm nextafter sum_to_size
    """,
    "functions.writing": """
        addcdiv addcmul index_add index_copy index_fill lerp masked_scatter put scatter scatter_add
        take take_along_dim
    """,
    "generators": "bernoulli multinomial",
}
# What is written to the tensor that it is a method of, and computed by the function without `_`.
_IN_PLACE = {
    "functions.contraction": "addmm_",
    "functions.cumulative": "cumprod_",
    "functions.elementwise": """
        acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctan2_ arctanh_ asin_ asinh_ atan_
        atan2_ atanh_ ceil_ deg2rad_ erfc_ exp2_ fix_ frac_ hypot_ log10_ log2_ rad2deg_ trunc_
    """,
    "functions.indexing": "index_put_",
    "functions.logic": "bitwise_and_ bitwise_not_ bitwise_or_ bitwise_xor_ clamp_max_ clamp_min_",
    "functions.pointwise": """
        clamp_ clip_ cos_ cosh_ divide_ erf_ exp_ expm1_ floor_ floor_divide_ log_ log1p_ multiply_
        neg_ negative_ reciprocal_ relu_ remainder_ round_ rsqrt_ sgn_ sigmoid_ sign_ sin_ sinh_
        sqrt_ square_ subtract_ tan_ tanh_ true_divide_
    """,
    "functions.products": "addbmm_ addmv_ addr_ baddbmm_",
    "functions.reductions": "cumsum_",
    "functions.shapes": "tril_ triu_",
    "functions.special": """
        copysign_ digamma_ erfinv_ float_power_ fmod_ heaviside_ i0_ ldexp_ lgamma_ logit_
        mvlgamma_ nan_to_num_ polygamma_ sinc_ xlogy_
    """,
    "functions.statistics": "renorm_",
    "functions.whole_numbers": "bitwise_left_shift_ bitwise_right_shift_ gcd_ lcm_ nextafter_",
    "functions.writing": """
        addcdiv_ addcmul_ index_add_ index_copy_ index_fill_ lerp_ masked_scatter_ put_ scatter_
        scatter_add_
    """,
}
# in-place forms that PyTorch has as functions, too
_WRITING = """
    abs_ acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_
    ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp_ exp2_
    expm1_ fill_ fix_ floor_ frac_ i0_ index_put_ ldexp_ log_ log10_ log1p_ log2_ logit_
    nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ resize_as_ round_ rsqrt_ sigmoid_ sin_
    sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_
"""
# What the classes in `methods/` have.
_MEMBERS = {
    "bits.Bits": """
        __invert__ __lshift__ __rshift__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __iand__
        __ior__ __ixor__ __rlshift__ __rrshift__ __ilshift__ __irshift__
    """,
    "casts.Casts": """
        type to double float half long int bool cpu bfloat16 short char byte cfloat cdouble type_as
    """,
    "complexes.Complexes": """
        adjoint conj conj_physical angle vdot isreal _real _imag _hermitian _adjoint_of
    """,
    "contraction.Contraction": "mm mv dot bmm matmul outer addmm __matmul__ __rmatmul__",
    "conversions.Conversions": """
        _made new_zeros new_ones new_empty new_full new_tensor ndimension is_signed is_same_size
        is_nonzero is_set_to cuda get_device is_pinned is_shared is_conj is_neg resolve_conj
        resolve_neg __copy__ __deepcopy__ __reduce_ex__ share_memory_ _resized resize_ resize_as_
        set_
    """,
    "edges.Edges": "_edge _requires_grad _written_through",
    "elementwise.Elementwise": """
        exp expm1 log log1p sqrt rsqrt square reciprocal sin cos tan sinh cosh tanh sigmoid erf
        relu floor round neg abs sign sgn isnan isinf isfinite logical_not absolute negative add
        sub mul div floor_divide remainder pow maximum minimum clamp clip where logical_and eq ne
        lt le gt ge
    """,
    "history.History": """
        requires_grad_ _kept_dtype _set_grad_dtype _keep_grad retain_grad _forget_retain backward
        register_hook register_post_accumulate_grad_hook detach_ _check_grad
    """,
    "indexing.Indexing": """
        gather index_select index_put masked_fill masked_select narrow select nonzero __getitem__
        __setitem__
    """,
    "inplace.InPlace": """
        add_ sub_ mul_ div_ pow_ fill_ zero_ copy_ fill_diagonal_ masked_fill_ logical_not_
        squeeze_ unsqueeze_ transpose_ t_ swapaxes_ swapdims_ _divided_ _raised_ abs_ absolute_
        eq_ ne_ not_equal_ lt_ less_ le_ less_equal_ gt_ greater_ ge_ greater_equal_ logical_and_
        logical_or_ logical_xor_ __iadd__ __isub__ __imul__ __itruediv__ __ipow__ __imod__
    """,
    "layout.Layout": "size stride storage_offset data_ptr is_contiguous contiguous",
    "linalg.Linalg": "det logdet slogdet inverse matrix_power cholesky_solve",
    "numbers.Numbers": """
        numpy __array__ item tolist _scalar __float__ __int__ __complex__ __index__ __bool__
        __len__ __contains__
    """,
    "operators.Operators": """
        __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__
        __rfloordiv__ __mod__ __rmod__ __pow__ __rpow__ __neg__ __pos__ __abs__ __eq__ __ne__
        __lt__ __le__ __gt__ __ge__
    """,
    "ordering.Ordering": "sort argsort topk softmax log_softmax",
    "protocols.Protocols": """
        __array_ufunc__ __array_function__ __dlpack__ __dlpack_device__ __array_namespace__
    """,
    "random.Random": """
        normal_ uniform_ bernoulli_ exponential_ cauchy_ log_normal_ geometric_ random_
    """,
    "reductions.Reductions": """
        sum mean prod amax amin max min argmax argmin all any count_nonzero var std logsumexp norm
        cumsum
    """,
    "shapes.Shapes": """
        view reshape flatten ravel unflatten permute transpose swapdims movedim t squeeze unsqueeze
        expand chunk unbind flip roll tril triu diagonal clone repeat tile _reversed view_as
        reshape_as swapaxes expand_as broadcast_to split __iter__
    """,
    "strided.Strided": "as_strided unfold as_strided_",
    "text.Text": "__repr__ _text __format__",
}


def _loaded(module: str) -> Any:
    return importlib.import_module(f"autodiff.{module}")


# ------------------------------------------------------------------------ names of the package

_PLACES = {name: module for module, text in _FUNCTIONS.items() for name in text.split()}
_PLACES |= dict.fromkeys(_WRITING.split(), "tensor_class") | dict.fromkeys(_SUBPACKAGES, "")


def names() -> KeysView[str]:
    """All that :func:`find` finds."""
    return _PLACES.keys()


def find(name: str) -> Any:
    """What the name of the package stands for. Raises KeyError if it is none of these.

    >>> find("trace").__name__
    'trace'
    """
    module = _PLACES[name]
    if not module:
        return _loaded(name)
    if module == "tensor_class":
        return getattr(_loaded(module).Tensor, name)
    found = getattr(_loaded(module), _RENAMED.get(name, name))
    return _loaded("out").with_out(found) if name in _WITH_OUT else found


# ------------------------------------------------------------------------- methods of tensors

_binding = _thread.allocate_lock()


class _Family:
    """Members of a class that are put there together, when one of them is first used.

    find: what gives the member of a name; home: where, for `find`.
    """

    __slots__ = ("find", "home", "names", "owner")
    owner: type[Any]

    def __init__(self, find: Callable[[str, str], Any], home: str, names: Sequence[str]) -> None:
        self.find = find
        self.home = home
        self.names = names

    def member(self, name: str) -> Any:
        """The member of that name, once all are bound."""
        found = {one: self.find(self.home, one) for one in self.names}
        with _binding:  # of what two threads have found at once, the first stays
            for one, member in found.items():
                if isinstance(vars(self.owner).get(one), _Late):
                    setattr(self.owner, one, member)
        return vars(self.owner)[name]


class _Late(tuple[_Family, str]):
    """Stands for a method until it is used: its family and its name."""

    __slots__ = ()

    def __get__(self, tensor: Any, cls: Any = None) -> Any:
        family, name = self
        return family.member(name).__get__(tensor, cls)


def _of_class(home: str, name: str) -> Any:
    module, _, kind = home.partition(".")
    return vars(getattr(_loaded(f"methods.{module}"), kind))[name]


def _of_module(home: str, name: str) -> Any:
    return getattr(_loaded(home), name)


def _in_place(home: str, name: str) -> Any:
    function = name.removesuffix("_")
    return _loaded("methods.variants").written(getattr(_loaded(home), function), function)


_TABLES: tuple[tuple[Callable[[str, str], Any], dict[str, str]], ...] = (
    (_of_class, _MEMBERS),
    (_of_module, _METHODS),
    (_in_place, _IN_PLACE),
)


def methods(base: type[Any]) -> type[Any]:
    """What the class of tensors is made from: its base with all methods of these tables."""
    families = [
        _Family(find, home, text.split())
        for find, table in _TABLES
        for home, text in table.items()
    ]
    members: dict[str, Any] = {}
    for family in families:
        members |= {name: _Late((family, name)) for name in family.names}
    members |= {"__slots__": (), "__module__": "autodiff", "__hash__": object.__hash__}
    made = type("Methods", (base,), members)
    for family in families:
        family.owner = made
    return made
