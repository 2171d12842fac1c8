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
    "argmax",
    "argmin",
    "argsort",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bmm",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "chunk",
    "clamp",
    "clip",
    "clone",
    "concat",
    "cos",
    "cosh",
    "cumprod",
    "cumsum",
    "diag",
    "diagonal",
    "div",
    "divide",
    "dot",
    "einsum",
    "eq",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "flatten",
    "flip",
    "function",
    "gather",
    "ge",
    "gt",
    "hstack",
    "hypot",
    "index_add",
    "index_put",
    "index_select",
    "inverse",
    "kthvalue",
    "le",
    "lerp",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "lt",
    "masked_fill",
    "masked_select",
    "matmul",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "mm",
    "moveaxis",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "narrow",
    "ne",
    "neg",
    "negative",
    "norm",
    "outer",
    "permute",
    "positive",
    "pow",
    "prod",
    "reciprocal",
    "relu",
    "reshape",
    "roll",
    "rsqrt",
    "scatter",
    "scatter_add",
    "select",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "t",
    "take_along_dim",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "topk",
    "trace",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "unbind",
    "unflatten",
    "unsqueeze",
    "var",
    "vstack",
    "where",
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
argmax = function("argmax")
argmin = function("argmin")
argsort = function("argsort")
asin = function("asin")
asinh = function("asinh")
atan = function("atan")
atan2 = function("atan2")
atanh = function("atanh")
bmm = function("bmm")
broadcast_tensors = function("broadcast_tensors")
broadcast_to = function("expand")
cat = function("cat")
chunk = function("chunk")
clamp = function("clamp")
clip = function("clamp")
clone = function("clone")
concat = function("cat")
cos = function("cos")
cosh = function("cosh")
cumprod = function("cumprod")
cumsum = function("cumsum")
diag = function("diag")
diagonal = function("diagonal")
div = function("div")
divide = function("div")
dot = function("dot")
einsum = function("einsum")
eq = function("eq")
erf = function("erf")
erfc = function("erfc")
exp = function("exp")
exp2 = function("exp2")
expm1 = function("expm1")
flatten = function("flatten")
flip = function("flip")
gather = function("gather")
ge = function("ge")
gt = function("gt")
hstack = function("hstack")
hypot = function("hypot")
index_add = function("index_add")
index_put = function("index_put")
index_select = function("index_select")
inverse = function("inv")
kthvalue = function("kthvalue")
le = function("le")
lerp = function("lerp")
log = function("log")
log10 = function("log10")
log1p = function("log1p")
log2 = function("log2")
log_softmax = function("log_softmax")
logaddexp = function("logaddexp")
logical_and = function("logical_and")
logical_not = function("logical_not")
logical_or = function("logical_or")
logsumexp = function("logsumexp")
lt = function("lt")
masked_fill = function("masked_fill")
masked_select = function("masked_select")
matmul = function("matmul")
max = function("max")
maximum = function("maximum")
mean = function("mean")
median = function("median")
min = function("min")
minimum = function("minimum")
mm = function("mm")
moveaxis = function("movedim")
movedim = function("movedim")
mul = function("mul")
multiply = function("mul")
mv = function("mv")
narrow = function("narrow")
ne = function("ne")
neg = function("neg")
negative = function("neg")
norm = function("norm")
outer = function("outer")
permute = function("permute")
positive = function("positive")
pow = function("pow")
prod = function("prod")
reciprocal = function("reciprocal")
relu = function("relu")
reshape = function("reshape")
roll = function("roll")
rsqrt = function("rsqrt")
scatter = function("scatter")
scatter_add = function("scatter_add")
select = function("select")
sigmoid = function("sigmoid")
sign = function("sign")
sin = function("sin")
sinh = function("sinh")
softmax = function("softmax")
sort = function("sort")
split = function("split")
sqrt = function("sqrt")
square = function("square")
squeeze = function("squeeze")
stack = function("stack")
std = function("std")
sub = function("sub")
subtract = function("sub")
sum = function("sum")
swapaxes = function("transpose")
t = function("t")
take_along_dim = function("take_along_dim")
tan = function("tan")
tanh = function("tanh")
tensordot = function("tensordot")
tile = function("tile")
topk = function("topk")
trace = function("trace")
transpose = function("transpose")
tril = function("tril")
triu = function("triu")
true_divide = function("div")
unbind = function("unbind")
unflatten = function("unflatten")
unsqueeze = function("unsqueeze")
var = function("var")
vstack = function("vstack")
where = function("where")
