"""What type checkers read of the package: its names, wherever they are (see `late.py`)."""

# ruff: noqa: A004, I001 - PyTorch's names, some of which are Python's too; several in a line
# fmt: off

from typing import Any

from autodiff import (
    autograd as autograd, cuda as cuda, fft as fft, func as func, linalg as linalg, nn as nn,
    special as special, testing as testing, utils as utils,
)
from autodiff.anomaly import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
    is_anomaly_enabled as is_anomaly_enabled,
)
from autodiff.creation import (
    arange as arange, as_tensor as as_tensor, empty as empty, eye as eye,
    from_dlpack as from_dlpack, from_numpy as from_numpy, full as full,
    get_default_dtype as get_default_dtype, linspace as linspace, manual_seed as manual_seed,
    ones as ones, rand as rand, randint as randint, randn as randn, randperm as randperm,
    set_default_dtype as set_default_dtype, tensor as tensor, zeros as zeros,
)
from autodiff.dtypes import (
    bfloat16 as bfloat16, bool as bool, can_cast as can_cast, cdouble as cdouble, cfloat as cfloat,
    complex128 as complex128, complex64 as complex64, double as double, dtype as dtype,
    finfo as finfo, float as float, float16 as float16, float32 as float32, float64 as float64,
    from_numpy_dtype as from_numpy_dtype, half as half, iinfo as iinfo, int as int, int16 as int16,
    int32 as int32, int64 as int64, int8 as int8, long as long, promote_types as promote_types,
    short as short, uint16 as uint16, uint32 as uint32, uint64 as uint64, uint8 as uint8,
)
from autodiff.factories import (
    BoolTensor as BoolTensor, ByteTensor as ByteTensor, CharTensor as CharTensor,
    DoubleTensor as DoubleTensor, FloatTensor as FloatTensor, HalfTensor as HalfTensor,
    IntTensor as IntTensor, LongTensor as LongTensor, ShortTensor as ShortTensor,
    asarray as asarray, empty_permuted as empty_permuted, empty_strided as empty_strided,
    frombuffer as frombuffer, logspace as logspace, range as range, scalar_tensor as scalar_tensor,
)
from autodiff.functions.activations import celu as celu, dropout as dropout, selu as selu
from autodiff.functions.arrangement import (
    atleast_1d as atleast_1d, atleast_2d as atleast_2d, atleast_3d as atleast_3d,
    block_diag as block_diag, broadcast_tensors as broadcast_tensors,
    cartesian_prod as cartesian_prod, column_stack as column_stack, combinations as combinations,
    diag as diag, diag_embed as diag_embed, diagflat as diagflat,
    diagonal_scatter as diagonal_scatter, dsplit as dsplit, dstack as dstack, fliplr as fliplr,
    flipud as flipud, hsplit as hsplit, hstack as hstack, meshgrid as meshgrid,
    narrow_copy as narrow_copy, repeat_interleave as repeat_interleave, rot90 as rot90,
    row_stack as row_stack, select_scatter as select_scatter, slice_scatter as slice_scatter,
    split_with_sizes as split_with_sizes, tensor_split as tensor_split, trace as trace,
    unsafe_chunk as unsafe_chunk, unsafe_split as unsafe_split, vsplit as vsplit, vstack as vstack,
)
from autodiff.functions.cells import (
    gru_cell as gru_cell, lstm_cell as lstm_cell, rnn_relu_cell as rnn_relu_cell,
    rnn_tanh_cell as rnn_tanh_cell,
)
from autodiff.functions.complexes import (
    adjoint as adjoint, angle as angle, complex as complex, conj as conj,
    conj_physical as conj_physical, imag as imag, is_complex as is_complex, is_conj as is_conj,
    is_neg as is_neg, isreal as isreal, polar as polar, real as real, resolve_conj as resolve_conj,
    resolve_neg as resolve_neg, vdot as vdot, view_as_complex as view_as_complex,
    view_as_real as view_as_real,
)
from autodiff.functions.contraction import (
    addmm as addmm, bmm as bmm, dot as dot, einsum as einsum, matmul as matmul, mm as mm, mv as mv,
    outer as outer,
)
from autodiff.functions.convolution import (
    conv1d as conv1d, conv2d as conv2d, conv3d as conv3d, conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d, conv_transpose3d as conv_transpose3d,
)
from autodiff.functions.counting import (
    argwhere as argwhere, bincount as bincount, bucketize as bucketize, histc as histc,
    searchsorted as searchsorted, tril_indices as tril_indices, triu_indices as triu_indices,
    unique as unique, unique_consecutive as unique_consecutive,
)
from autodiff.functions.cumulative import (
    cumprod as cumprod, cumulative_trapezoid as cumulative_trapezoid, diff as diff,
    gradient as gradient, logcumsumexp as logcumsumexp, trapezoid as trapezoid, trapz as trapz,
)
from autodiff.functions.distances import (
    cdist as cdist, cosine_similarity as cosine_similarity, dist as dist,
    pairwise_distance as pairwise_distance, pdist as pdist,
)
from autodiff.functions.elementwise import (
    acos as acos, acosh as acosh, arccos as arccos, arccosh as arccosh, arcsin as arcsin,
    arcsinh as arcsinh, arctan as arctan, arctan2 as arctan2, arctanh as arctanh, asin as asin,
    asinh as asinh, atan as atan, atan2 as atan2, atanh as atanh, ceil as ceil, deg2rad as deg2rad,
    erfc as erfc, exp2 as exp2, fix as fix, frac as frac, hypot as hypot, log10 as log10,
    log2 as log2, logaddexp as logaddexp, positive as positive, rad2deg as rad2deg, trunc as trunc,
)
from autodiff.functions.gates import (
    alpha_dropout as alpha_dropout, celu_ as celu_, feature_alpha_dropout as feature_alpha_dropout,
    hardshrink as hardshrink, prelu as prelu, rrelu as rrelu, selu_ as selu_,
    threshold as threshold, threshold_ as threshold_,
)
from autodiff.functions.indexing import (
    gather as gather, index_put as index_put, index_select as index_select,
    masked_fill as masked_fill, masked_select as masked_select, narrow as narrow,
    nonzero as nonzero, select as select,
)
from autodiff.functions.linalg import (
    cholesky_solve as cholesky_solve, det as det, inv, logdet as logdet,
    matrix_power as matrix_power, slogdet as slogdet,
)
from autodiff.functions.logic import (
    bitwise_and as bitwise_and, bitwise_not as bitwise_not, bitwise_or as bitwise_or,
    bitwise_xor as bitwise_xor, clamp_max as clamp_max, clamp_min as clamp_min, greater as greater,
    greater_equal as greater_equal, less as less, less_equal as less_equal,
    logical_or as logical_or, logical_xor as logical_xor, not_equal as not_equal,
)
from autodiff.functions.losses import log_softmax as log_softmax, softmax as softmax
from autodiff.functions.margins import (
    cosine_embedding_loss as cosine_embedding_loss, hinge_embedding_loss as hinge_embedding_loss,
    margin_ranking_loss as margin_ranking_loss, poisson_nll_loss as poisson_nll_loss,
    triplet_margin_loss as triplet_margin_loss,
)
from autodiff.functions.matrices import (
    cholesky as cholesky, cholesky_inverse as cholesky_inverse, lu_solve as lu_solve,
    lu_unpack as lu_unpack, matrix_exp as matrix_exp, pinverse as pinverse, qr as qr, svd as svd,
)
from autodiff.functions.normalisation import (
    batch_norm as batch_norm, group_norm as group_norm, layer_norm as layer_norm,
    rms_norm as rms_norm,
)
from autodiff.functions.patches import (
    channel_shuffle as channel_shuffle, pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle,
)
from autodiff.functions.pointwise import (
    abs as abs, absolute as absolute, add as add, clamp as clamp, clip as clip, cos as cos,
    cosh as cosh, div as div, divide as divide, eq as eq, erf as erf, exp as exp, expm1 as expm1,
    floor as floor, floor_divide as floor_divide, ge as ge, gt as gt, isfinite as isfinite,
    isinf as isinf, isnan as isnan, le as le, log as log, log1p as log1p,
    logical_and as logical_and, logical_not as logical_not, lt as lt, maximum as maximum,
    minimum as minimum, mul as mul, multiply as multiply, ne as ne, neg as neg,
    negative as negative, pow as pow, reciprocal as reciprocal, relu as relu,
    remainder as remainder, round as round, rsqrt as rsqrt, rsub as rsub, sgn as sgn,
    sigmoid as sigmoid, sign as sign, sin as sin, sinh as sinh, sqrt as sqrt, square as square,
    sub as sub, subtract as subtract, tan as tan, tanh as tanh, true_divide as true_divide,
    where as where,
)
from autodiff.functions.pooling import (
    adaptive_avg_pool1d as adaptive_avg_pool1d,
    adaptive_max_pool1d_with_indices, avg_pool1d as avg_pool1d,
    max_pool1d as max_pool1d, max_pool2d as max_pool2d,
)
from autodiff.functions.products import (
    addbmm as addbmm, addmv as addmv, addr as addr, baddbmm as baddbmm,
    chain_matmul as chain_matmul, cross as cross, ger as ger, inner as inner, kron as kron,
    tensordot as tensordot, vander as vander,
)
from autodiff.functions.questions import (
    allclose as allclose, broadcast_shapes as broadcast_shapes, equal as equal,
    is_floating_point as is_floating_point, is_inference as is_inference, is_nonzero as is_nonzero,
    is_same_size as is_same_size, is_signed as is_signed, is_tensor as is_tensor,
    isclose as isclose, isin as isin, isneginf as isneginf, isposinf as isposinf, numel as numel,
    signbit as signbit, typename as typename,
)
from autodiff.functions.reductions import (
    all as all, amax as amax, amin as amin, any as any, argmax as argmax, argmin as argmin,
    count_nonzero as count_nonzero, cumsum as cumsum, logsumexp as logsumexp, max as max,
    mean as mean, min as min, norm as norm, prod as prod, std as std, sum as sum, var as var,
)
from autodiff.functions.regression import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits, kl_div as kl_div,
)
from autodiff.functions.resampling import bilinear as bilinear, instance_norm as instance_norm
from autodiff.functions.scattering import (
    index_reduce as index_reduce, scatter_reduce as scatter_reduce,
)
from autodiff.functions.shapes import (
    broadcast_to as broadcast_to, cat as cat, chunk as chunk, clone as clone, concat as concat,
    diagonal as diagonal, flatten as flatten, flip as flip, movedim as movedim, permute as permute,
    ravel as ravel, reshape as reshape, roll as roll, split as split, squeeze as squeeze,
    stack as stack, t as t, tile as tile, transpose as transpose, tril as tril, triu as triu,
    unbind as unbind, unflatten as unflatten, unsqueeze as unsqueeze,
)
from autodiff.functions.signals import (
    bartlett_window as bartlett_window, blackman_window as blackman_window,
    hamming_window as hamming_window, hann_window as hann_window, istft as istft,
    kaiser_window as kaiser_window, stft as stft,
)
from autodiff.functions.sorting import argsort as argsort, sort as sort, topk as topk
from autodiff.functions.special import (
    copysign as copysign, digamma as digamma, erfinv as erfinv, float_power as float_power,
    fmax as fmax, fmin as fmin, fmod as fmod, heaviside as heaviside, i0 as i0, ldexp as ldexp,
    lgamma as lgamma, logaddexp2 as logaddexp2, logit as logit, mvlgamma as mvlgamma,
    nan_to_num as nan_to_num, polygamma as polygamma, sinc as sinc, xlogy as xlogy,
)
from autodiff.functions.statistics import (
    aminmax as aminmax, corrcoef as corrcoef, cov as cov, cummax as cummax, cummin as cummin,
    kthvalue as kthvalue, median as median, mode as mode, msort as msort, nanmean as nanmean,
    nanmedian as nanmedian, nanquantile as nanquantile, nansum as nansum, quantile as quantile,
    renorm as renorm, std_mean as std_mean, var_mean as var_mean,
)
from autodiff.functions.strided import as_strided as as_strided
from autodiff.functions.volumes import max_pool3d as max_pool3d
from autodiff.functions.whole_numbers import (
    bitwise_left_shift as bitwise_left_shift, bitwise_right_shift as bitwise_right_shift,
    detach as detach, fill as fill, frexp as frexp, gcd as gcd, lcm as lcm, nextafter as nextafter,
)
from autodiff.functions.writing import (
    addcdiv as addcdiv, addcmul as addcmul, index_add as index_add, index_copy as index_copy,
    index_fill as index_fill, lerp as lerp, masked_scatter as masked_scatter, scatter as scatter,
    scatter_add as scatter_add, take as take, take_along_dim as take_along_dim,
)
from autodiff.generators import (
    Generator as Generator, bernoulli as bernoulli, binomial as binomial,
    default_generator as default_generator, get_rng_state as get_rng_state,
    initial_seed as initial_seed, multinomial as multinomial, normal as normal, poisson as poisson,
    randint_like as randint_like, seed as seed, set_rng_state as set_rng_state,
    thread_safe_generator as thread_safe_generator,
)
from autodiff.likes import (
    empty_like as empty_like, full_like as full_like, ones_like as ones_like,
    rand_like as rand_like, randn_like as randn_like, zeros_like as zeros_like,
)
from autodiff.mapping import vmap as vmap
from autodiff.modes import (
    enable_grad as enable_grad, inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled, is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad, set_grad_enabled as set_grad_enabled,
)
from autodiff.printing import (
    get_printoptions as get_printoptions, printoptions as printoptions,
    set_printoptions as set_printoptions,
)
from autodiff.process import (
    are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
    get_float32_matmul_precision as get_float32_matmul_precision,
    get_num_interop_threads as get_num_interop_threads, get_num_threads as get_num_threads,
    set_float32_matmul_precision as set_float32_matmul_precision,
    set_flush_denormal as set_flush_denormal, set_num_interop_threads as set_num_interop_threads,
    set_num_threads as set_num_threads,
    use_deterministic_algorithms as use_deterministic_algorithms,
)
from autodiff.promotion import result_type as result_type
from autodiff.serialization import load as load, save as save
from autodiff.size import (
    Size as Size, channels_last as channels_last, channels_last_3d as channels_last_3d,
    contiguous_format as contiguous_format, device as device, layout as layout,
    memory_format as memory_format, preserve_format as preserve_format, strided as strided,
)
from autodiff.tensor_class import Tensor as Tensor

adaptive_max_pool1d = adaptive_max_pool1d_with_indices
concatenate = concat
inverse = inv
moveaxis = movedim
swapaxes = swapdims = transpose

__version__: str
inf: Any
nan: Any
pi: Any
e: Any

abs_: Any
acos_: Any
acosh_: Any
arccos_: Any
arccosh_: Any
arcsin_: Any
arcsinh_: Any
arctan_: Any
arctanh_: Any
asin_: Any
asinh_: Any
atan_: Any
atanh_: Any
ceil_: Any
clamp_: Any
clamp_max_: Any
clamp_min_: Any
clip_: Any
cos_: Any
cosh_: Any
deg2rad_: Any
detach_: Any
erf_: Any
erfc_: Any
exp_: Any
exp2_: Any
expm1_: Any
fill_: Any
fix_: Any
floor_: Any
frac_: Any
i0_: Any
index_put_: Any
ldexp_: Any
log_: Any
log10_: Any
log1p_: Any
log2_: Any
logit_: Any
nan_to_num_: Any
neg_: Any
negative_: Any
rad2deg_: Any
reciprocal_: Any
relu_: Any
resize_as_: Any
round_: Any
rsqrt_: Any
sigmoid_: Any
sin_: Any
sinc_: Any
sinh_: Any
sqrt_: Any
square_: Any
tan_: Any
tanh_: Any
trunc_: Any
xlogy_: Any
zero_: Any
