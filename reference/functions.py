"""PyTorch's functions of tensors, one line for each definition that is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.tensor import apply

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "addcdiv",
    "addcmul",
    "addmm",
    "amax",
    "amin",
    "aminmax",
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "block_diag",
    "bmm",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "cdist",
    "ceil",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "column_stack",
    "concat",
    "corrcoef",
    "cos",
    "cosh",
    "cov",
    "cross",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "det",
    "diag",
    "diag_embed",
    "diagonal",
    "diff",
    "digamma",
    "dist",
    "div",
    "divide",
    "dot",
    "dstack",
    "einsum",
    "eq",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "floor",
    "fmax",
    "fmin",
    "fmod",
    "function",
    "gather",
    "ge",
    "gt",
    "hstack",
    "hypot",
    "i0",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "index_select",
    "inverse",
    "kron",
    "kthvalue",
    "le",
    "lerp",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logcumsumexp",
    "logdet",
    "logical_and",
    "logical_not",
    "logical_or",
    "logit",
    "logsumexp",
    "lt",
    "masked_fill",
    "masked_select",
    "matmul",
    "matrix_power",
    "max",
    "maximum",
    "mean",
    "median",
    "meshgrid",
    "min",
    "minimum",
    "mm",
    "moveaxis",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "nan_to_num",
    "nanmean",
    "nanmedian",
    "nansum",
    "narrow",
    "ne",
    "neg",
    "negative",
    "norm",
    "outer",
    "pdist",
    "permute",
    "pinverse",
    "polygamma",
    "positive",
    "pow",
    "prod",
    "quantile",
    "reciprocal",
    "relu",
    "remainder",
    "repeat_interleave",
    "reshape",
    "roll",
    "rot90",
    "round",
    "rsqrt",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "select",
    "sigmoid",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "slogdet",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "std_mean",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "t",
    "take",
    "take_along_dim",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "topk",
    "trace",
    "transpose",
    "trapezoid",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "unbind",
    "unflatten",
    "unsqueeze",
    "var",
    "var_mean",
    "vstack",
    "where",
    "xlogy",
]


def function(name: str) -> Callable[..., Any]:
    """The function that applies the definition `name`."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return apply(name, *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The operation `{name}`; see `reference.definitions`."
    return call


abs = function("abs")
absolute = function("abs")
acos = function("acos")
acosh = function("acosh")
add = function("add")
addcdiv = function("addcdiv")
addcmul = function("addcmul")
addmm = function("addmm")
amax = function("amax")
amin = function("amin")
aminmax = function("aminmax")
argmax = function("argmax")
argmin = function("argmin")
argsort = function("argsort")
asin = function("asin")
asinh = function("asinh")
atan = function("atan")
atan2 = function("atan2")
atanh = function("atanh")
block_diag = function("block_diag")
bmm = function("bmm")
broadcast_tensors = function("broadcast_tensors")
broadcast_to = function("expand")
cat = function("cat")
cdist = function("cdist")
ceil = function("ceil")
chunk = function("chunk")
clamp = function("clamp")
clip = function("clamp")
clone = function("clone")
column_stack = function("column_stack")
concat = function("cat")
corrcoef = function("corrcoef")
cos = function("cos")
cosh = function("cosh")
cov = function("cov")
cross = function("cross")
cummax = function("cummax")
cummin = function("cummin")
cumprod = function("cumprod")
cumsum = function("cumsum")
cumulative_trapezoid = function("cumulative_trapezoid")
det = function("det")
diag = function("diag")
diag_embed = function("diag_embed")
diagonal = function("diagonal")
diff = function("diff")
digamma = function("digamma")
dist = function("dist")
div = function("div")
divide = function("div")
dot = function("dot")
dstack = function("dstack")
einsum = function("einsum")
eq = function("eq")
erf = function("erf")
erfc = function("erfc")
erfinv = function("erfinv")
exp = function("exp")
exp2 = function("exp2")
expm1 = function("expm1")
flatten = function("flatten")
flip = function("flip")
fliplr = function("fliplr")
flipud = function("flipud")
floor = function("floor")
fmax = function("maximum")
fmin = function("minimum")
fmod = function("fmod")
gather = function("gather")
ge = function("ge")
gt = function("gt")
hstack = function("hstack")
hypot = function("hypot")
i0 = function("i0")
index_add = function("index_add")
index_copy = function("index_copy")
index_fill = function("index_fill")
index_put = function("index_put")
index_select = function("index_select")
inverse = function("inv")
kron = function("kron")
kthvalue = function("kthvalue")
le = function("le")
lerp = function("lerp")
lgamma = function("lgamma")
log = function("log")
log10 = function("log10")
log1p = function("log1p")
log2 = function("log2")
log_softmax = function("log_softmax")
logaddexp = function("logaddexp")
logaddexp2 = function("logaddexp2")
logcumsumexp = function("logcumsumexp")
logdet = function("logdet")
logical_and = function("logical_and")
logical_not = function("logical_not")
logical_or = function("logical_or")
logit = function("logit")
logsumexp = function("logsumexp")
lt = function("lt")
masked_fill = function("masked_fill")
masked_select = function("masked_select")
matmul = function("matmul")
matrix_power = function("matrix_power")
max = function("max")
maximum = function("maximum")
mean = function("mean")
median = function("median")
meshgrid = function("meshgrid")
min = function("min")
minimum = function("minimum")
mm = function("mm")
moveaxis = function("movedim")
movedim = function("movedim")
mul = function("mul")
multiply = function("mul")
mv = function("mv")
nan_to_num = function("nan_to_num")
nanmean = function("nanmean")
nanmedian = function("nanmedian")
nansum = function("nansum")
narrow = function("narrow")
ne = function("ne")
neg = function("neg")
negative = function("neg")
norm = function("norm")
outer = function("outer")
pdist = function("pdist")
permute = function("permute")
pinverse = function("pinv")
polygamma = function("polygamma")
positive = function("positive")
pow = function("pow")
prod = function("prod")
quantile = function("quantile")
reciprocal = function("reciprocal")
relu = function("relu")
remainder = function("remainder")
repeat_interleave = function("repeat_interleave")
reshape = function("reshape")
roll = function("roll")
rot90 = function("rot90")
round = function("round")
rsqrt = function("rsqrt")
scatter = function("scatter")
scatter_add = function("scatter_add")
scatter_reduce = function("scatter_reduce")
select = function("select")
sigmoid = function("sigmoid")
sign = function("sign")
sin = function("sin")
sinc = function("sinc")
sinh = function("sinh")
slogdet = function("slogdet")
softmax = function("softmax")
sort = function("sort")
split = function("split")
sqrt = function("sqrt")
square = function("square")
squeeze = function("squeeze")
stack = function("stack")
std = function("std")
std_mean = function("std_mean")
sub = function("sub")
subtract = function("sub")
sum = function("sum")
swapaxes = function("transpose")
t = function("t")
take = function("take")
take_along_dim = function("take_along_dim")
tan = function("tan")
tanh = function("tanh")
tensordot = function("tensordot")
tile = function("tile")
topk = function("topk")
trace = function("trace")
transpose = function("transpose")
trapezoid = function("trapezoid")
tril = function("tril")
triu = function("triu")
true_divide = function("div")
trunc = function("trunc")
unbind = function("unbind")
unflatten = function("unflatten")
unsqueeze = function("unsqueeze")
var = function("var")
var_mean = function("var_mean")
vstack = function("vstack")
where = function("where")
xlogy = function("xlogy")
