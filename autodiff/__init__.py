"""Reverse-mode automatic differentiation on NumPy, with PyTorch's names and semantics.

>>> import autodiff as torch
>>> x = torch.ones(2, 2, requires_grad=True)
>>> out = (3 * (x + 2) ** 2).mean()
>>> out.backward()
>>> print(x.grad)
tensor([[4.5000, 4.5000],
        [4.5000, 4.5000]])
"""

import math as _math

from autodiff import autograd as autograd
from autodiff import linalg as linalg
from autodiff import nn as nn
from autodiff import special as special
from autodiff.creation import (
    arange as arange,
)
from autodiff.creation import (
    as_tensor as as_tensor,
)
from autodiff.creation import (
    empty as empty,
)
from autodiff.creation import (
    empty_like as empty_like,
)
from autodiff.creation import (
    eye as eye,
)
from autodiff.creation import (
    from_numpy as from_numpy,
)
from autodiff.creation import (
    full as full,
)
from autodiff.creation import (
    full_like as full_like,
)
from autodiff.creation import (
    get_default_dtype as get_default_dtype,
)
from autodiff.creation import (
    linspace as linspace,
)
from autodiff.creation import (
    manual_seed as manual_seed,
)
from autodiff.creation import (
    ones as ones,
)
from autodiff.creation import (
    ones_like as ones_like,
)
from autodiff.creation import (
    rand as rand,
)
from autodiff.creation import (
    rand_like as rand_like,
)
from autodiff.creation import (
    randint as randint,
)
from autodiff.creation import (
    randn as randn,
)
from autodiff.creation import (
    randn_like as randn_like,
)
from autodiff.creation import (
    randperm as randperm,
)
from autodiff.creation import (
    set_default_dtype as set_default_dtype,
)
from autodiff.creation import (
    tensor as tensor,
)
from autodiff.creation import (
    zeros as zeros,
)
from autodiff.creation import (
    zeros_like as zeros_like,
)
from autodiff.dtypes import (
    bfloat16 as bfloat16,
)
from autodiff.dtypes import (
    bool as bool,
)
from autodiff.dtypes import (
    can_cast as can_cast,
)
from autodiff.dtypes import (
    cdouble as cdouble,
)
from autodiff.dtypes import (
    cfloat as cfloat,
)
from autodiff.dtypes import (
    complex64 as complex64,
)
from autodiff.dtypes import (
    complex128 as complex128,
)
from autodiff.dtypes import (
    double as double,
)
from autodiff.dtypes import (
    dtype as dtype,
)
from autodiff.dtypes import (
    finfo as finfo,
)
from autodiff.dtypes import (
    float as float,
)
from autodiff.dtypes import (
    float16 as float16,
)
from autodiff.dtypes import (
    float32 as float32,
)
from autodiff.dtypes import (
    float64 as float64,
)
from autodiff.dtypes import (
    from_numpy_dtype as from_numpy_dtype,
)
from autodiff.dtypes import (
    half as half,
)
from autodiff.dtypes import (
    iinfo as iinfo,
)
from autodiff.dtypes import (
    int as int,
)
from autodiff.dtypes import (
    int8 as int8,
)
from autodiff.dtypes import (
    int16 as int16,
)
from autodiff.dtypes import (
    int32 as int32,
)
from autodiff.dtypes import (
    int64 as int64,
)
from autodiff.dtypes import (
    long as long,
)
from autodiff.dtypes import (
    promote_types as promote_types,
)
from autodiff.dtypes import (
    result_type as result_type,
)
from autodiff.dtypes import (
    short as short,
)
from autodiff.dtypes import (
    uint8 as uint8,
)
from autodiff.dtypes import (
    uint16 as uint16,
)
from autodiff.dtypes import (
    uint32 as uint32,
)
from autodiff.dtypes import (
    uint64 as uint64,
)
from autodiff.functions.contraction import (
    addmm as addmm,
)
from autodiff.functions.contraction import (
    bmm as bmm,
)
from autodiff.functions.contraction import (
    dot as dot,
)
from autodiff.functions.contraction import (
    einsum as einsum,
)
from autodiff.functions.contraction import (
    matmul as matmul,
)
from autodiff.functions.contraction import (
    mm as mm,
)
from autodiff.functions.contraction import (
    mv as mv,
)
from autodiff.functions.contraction import (
    outer as outer,
)
from autodiff.functions.indexing import (
    gather as gather,
)
from autodiff.functions.indexing import (
    index_put as index_put,
)
from autodiff.functions.indexing import (
    index_select as index_select,
)
from autodiff.functions.indexing import (
    masked_fill as masked_fill,
)
from autodiff.functions.indexing import (
    masked_select as masked_select,
)
from autodiff.functions.indexing import (
    narrow as narrow,
)
from autodiff.functions.indexing import (
    nonzero as nonzero,
)
from autodiff.functions.indexing import (
    select as select,
)
from autodiff.functions.losses import (
    log_softmax as log_softmax,
)
from autodiff.functions.losses import (
    softmax as softmax,
)
from autodiff.functions.pointwise import (
    abs as abs,
)
from autodiff.functions.pointwise import (
    absolute as absolute,
)
from autodiff.functions.pointwise import (
    add as add,
)
from autodiff.functions.pointwise import (
    clamp as clamp,
)
from autodiff.functions.pointwise import (
    clip as clip,
)
from autodiff.functions.pointwise import (
    cos as cos,
)
from autodiff.functions.pointwise import (
    cosh as cosh,
)
from autodiff.functions.pointwise import (
    div as div,
)
from autodiff.functions.pointwise import (
    divide as divide,
)
from autodiff.functions.pointwise import (
    eq as eq,
)
from autodiff.functions.pointwise import (
    erf as erf,
)
from autodiff.functions.pointwise import (
    exp as exp,
)
from autodiff.functions.pointwise import (
    expm1 as expm1,
)
from autodiff.functions.pointwise import (
    floor as floor,
)
from autodiff.functions.pointwise import (
    floor_divide as floor_divide,
)
from autodiff.functions.pointwise import (
    ge as ge,
)
from autodiff.functions.pointwise import (
    gt as gt,
)
from autodiff.functions.pointwise import (
    isfinite as isfinite,
)
from autodiff.functions.pointwise import (
    isinf as isinf,
)
from autodiff.functions.pointwise import (
    isnan as isnan,
)
from autodiff.functions.pointwise import (
    le as le,
)
from autodiff.functions.pointwise import (
    log as log,
)
from autodiff.functions.pointwise import (
    log1p as log1p,
)
from autodiff.functions.pointwise import (
    logical_and as logical_and,
)
from autodiff.functions.pointwise import (
    logical_not as logical_not,
)
from autodiff.functions.pointwise import (
    lt as lt,
)
from autodiff.functions.pointwise import (
    maximum as maximum,
)
from autodiff.functions.pointwise import (
    minimum as minimum,
)
from autodiff.functions.pointwise import (
    mul as mul,
)
from autodiff.functions.pointwise import (
    multiply as multiply,
)
from autodiff.functions.pointwise import (
    ne as ne,
)
from autodiff.functions.pointwise import (
    neg as neg,
)
from autodiff.functions.pointwise import (
    negative as negative,
)
from autodiff.functions.pointwise import (
    pow as pow,
)
from autodiff.functions.pointwise import (
    reciprocal as reciprocal,
)
from autodiff.functions.pointwise import (
    relu as relu,
)
from autodiff.functions.pointwise import (
    remainder as remainder,
)
from autodiff.functions.pointwise import (
    round as round,
)
from autodiff.functions.pointwise import (
    rsqrt as rsqrt,
)
from autodiff.functions.pointwise import (
    rsub as rsub,
)
from autodiff.functions.pointwise import (
    sigmoid as sigmoid,
)
from autodiff.functions.pointwise import (
    sign as sign,
)
from autodiff.functions.pointwise import (
    sin as sin,
)
from autodiff.functions.pointwise import (
    sinh as sinh,
)
from autodiff.functions.pointwise import (
    sqrt as sqrt,
)
from autodiff.functions.pointwise import (
    square as square,
)
from autodiff.functions.pointwise import (
    sub as sub,
)
from autodiff.functions.pointwise import (
    subtract as subtract,
)
from autodiff.functions.pointwise import (
    tan as tan,
)
from autodiff.functions.pointwise import (
    tanh as tanh,
)
from autodiff.functions.pointwise import (
    true_divide as true_divide,
)
from autodiff.functions.pointwise import (
    where as where,
)
from autodiff.functions.reductions import (
    all as all,
)
from autodiff.functions.reductions import (
    amax as amax,
)
from autodiff.functions.reductions import (
    amin as amin,
)
from autodiff.functions.reductions import (
    any as any,
)
from autodiff.functions.reductions import (
    argmax as argmax,
)
from autodiff.functions.reductions import (
    argmin as argmin,
)
from autodiff.functions.reductions import (
    count_nonzero as count_nonzero,
)
from autodiff.functions.reductions import (
    cumsum as cumsum,
)
from autodiff.functions.reductions import (
    logsumexp as logsumexp,
)
from autodiff.functions.reductions import (
    max as max,
)
from autodiff.functions.reductions import (
    mean as mean,
)
from autodiff.functions.reductions import (
    min as min,
)
from autodiff.functions.reductions import (
    norm as norm,
)
from autodiff.functions.reductions import (
    prod as prod,
)
from autodiff.functions.reductions import (
    std as std,
)
from autodiff.functions.reductions import (
    sum as sum,
)
from autodiff.functions.reductions import (
    var as var,
)
from autodiff.functions.shapes import (
    broadcast_to as broadcast_to,
)
from autodiff.functions.shapes import (
    cat as cat,
)
from autodiff.functions.shapes import (
    chunk as chunk,
)
from autodiff.functions.shapes import (
    clone as clone,
)
from autodiff.functions.shapes import (
    concat as concat,
)
from autodiff.functions.shapes import (
    diagonal as diagonal,
)
from autodiff.functions.shapes import (
    flatten as flatten,
)
from autodiff.functions.shapes import (
    flip as flip,
)
from autodiff.functions.shapes import (
    movedim as movedim,
)
from autodiff.functions.shapes import (
    permute as permute,
)
from autodiff.functions.shapes import (
    reshape as reshape,
)
from autodiff.functions.shapes import (
    roll as roll,
)
from autodiff.functions.shapes import (
    split as split,
)
from autodiff.functions.shapes import (
    squeeze as squeeze,
)
from autodiff.functions.shapes import (
    stack as stack,
)
from autodiff.functions.shapes import (
    t as t,
)
from autodiff.functions.shapes import (
    transpose as transpose,
)
from autodiff.functions.shapes import (
    tril as tril,
)
from autodiff.functions.shapes import (
    triu as triu,
)
from autodiff.functions.shapes import (
    unbind as unbind,
)
from autodiff.functions.shapes import (
    unsqueeze as unsqueeze,
)
from autodiff.functions.sorting import (
    argsort as argsort,
)
from autodiff.functions.sorting import (
    sort as sort,
)
from autodiff.functions.sorting import (
    topk as topk,
)
from autodiff.modes import (
    enable_grad as enable_grad,
)
from autodiff.modes import (
    is_grad_enabled as is_grad_enabled,
)
from autodiff.modes import (
    no_grad as no_grad,
)
from autodiff.modes import (
    set_grad_enabled as set_grad_enabled,
)
from autodiff.printing import get_printoptions as get_printoptions
from autodiff.printing import printoptions as printoptions
from autodiff.printing import set_printoptions as set_printoptions
from autodiff.size import (
    Size as Size,
)
from autodiff.size import (
    device as device,
)
from autodiff.tensor_class import (
    Tensor as Tensor,
)

inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e

__version__ = "0.1.0"

__all__ = [
    "Size",
    "Tensor",
    "abs",
    "absolute",
    "add",
    "addmm",
    "all",
    "amax",
    "amin",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "as_tensor",
    "autograd",
    "bfloat16",
    "bmm",
    "bool",
    "broadcast_to",
    "can_cast",
    "cat",
    "cdouble",
    "cfloat",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "complex64",
    "complex128",
    "concat",
    "cos",
    "cosh",
    "count_nonzero",
    "cumsum",
    "device",
    "diagonal",
    "div",
    "divide",
    "dot",
    "double",
    "dtype",
    "e",
    "einsum",
    "empty",
    "empty_like",
    "enable_grad",
    "eq",
    "erf",
    "exp",
    "expm1",
    "eye",
    "finfo",
    "flatten",
    "flip",
    "float",
    "float16",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "from_numpy",
    "from_numpy_dtype",
    "full",
    "full_like",
    "gather",
    "ge",
    "get_default_dtype",
    "get_printoptions",
    "gt",
    "half",
    "iinfo",
    "index_put",
    "index_select",
    "inf",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "linalg",
    "linspace",
    "log",
    "log1p",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logsumexp",
    "long",
    "lt",
    "manual_seed",
    "masked_fill",
    "masked_select",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "nan",
    "narrow",
    "ne",
    "neg",
    "negative",
    "nn",
    "no_grad",
    "nonzero",
    "norm",
    "ones",
    "ones_like",
    "outer",
    "permute",
    "pi",
    "pow",
    "printoptions",
    "prod",
    "promote_types",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "reciprocal",
    "relu",
    "remainder",
    "reshape",
    "result_type",
    "roll",
    "round",
    "rsqrt",
    "rsub",
    "select",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "short",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "sort",
    "special",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "subtract",
    "sum",
    "t",
    "tan",
    "tanh",
    "tensor",
    "topk",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unbind",
    "unsqueeze",
    "var",
    "where",
    "zeros",
    "zeros_like",
]
