"""PyTorch's methods of a tensor, one line for each definition that is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Methods", "in_place", "operation"]


def operation(name: str, *, swapped: bool = False) -> Callable[..., Any]:
    """A method that applies the definition `name` to its tensor and further arguments.

    swapped: the tensor is the second argument, as in 2 - x.
    """

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if swapped:
            return self.apply(name, args[0], self, *args[1:], **kwargs)
        return self.apply(name, self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The operation `{name}`; see `reference.definitions`."
    return method


def in_place(name: str) -> Callable[..., Any]:
    """A method that puts the result of `name` in the tensor's place."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.replace(name, *args, **kwargs)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"The operation `{name}`, written into this tensor."
    return method


class Methods:
    """The methods that come from definitions."""

    __slots__ = ()

    # operators
    __add__ = __radd__ = operation("add")
    __sub__ = operation("sub")
    __rsub__ = operation("sub", swapped=True)
    __mul__ = __rmul__ = operation("mul")
    __truediv__ = operation("div")
    __rtruediv__ = operation("div", swapped=True)
    __pow__ = operation("pow")
    __rpow__ = operation("pow", swapped=True)
    __matmul__ = operation("matmul")
    __rmatmul__ = operation("matmul", swapped=True)
    __neg__ = operation("neg")
    __pos__ = operation("positive")
    __abs__ = operation("abs")
    __lt__ = operation("lt")
    __le__ = operation("le")
    __gt__ = operation("gt")
    __ge__ = operation("ge")
    __and__ = __rand__ = operation("logical_and")
    __or__ = __ror__ = operation("logical_or")
    __invert__ = operation("logical_not")
    __iadd__ = in_place("add")
    __isub__ = in_place("sub")
    __imul__ = in_place("mul")
    __itruediv__ = in_place("div")
    __ipow__ = in_place("pow")
    __getitem__ = operation("getitem")

    # elementwise
    abs = absolute = operation("abs")
    acos = operation("acos")
    acosh = operation("acosh")
    add = operation("add")
    addcdiv = operation("addcdiv")
    addcmul = operation("addcmul")
    asin = operation("asin")
    asinh = operation("asinh")
    atan = operation("atan")
    atan2 = operation("atan2")
    atanh = operation("atanh")
    clamp = clip = operation("clamp")
    clone = operation("clone")
    contiguous = operation("clone")
    cos = operation("cos")
    cosh = operation("cosh")
    div = divide = true_divide = operation("div")
    eq = operation("eq")
    erf = operation("erf")
    erfc = operation("erfc")
    exp = operation("exp")
    exp2 = operation("exp2")
    expm1 = operation("expm1")
    ge = operation("ge")
    gt = operation("gt")
    hypot = operation("hypot")
    le = operation("le")
    lerp = operation("lerp")
    log = operation("log")
    log10 = operation("log10")
    log1p = operation("log1p")
    log2 = operation("log2")
    logaddexp = operation("logaddexp")
    logical_and = operation("logical_and")
    logical_not = operation("logical_not")
    logical_or = operation("logical_or")
    lt = operation("lt")
    maximum = operation("maximum")
    minimum = operation("minimum")
    mul = multiply = operation("mul")
    ne = operation("ne")
    neg = negative = operation("neg")
    pow = operation("pow")
    reciprocal = operation("reciprocal")
    relu = operation("relu")
    rsqrt = operation("rsqrt")
    sigmoid = operation("sigmoid")
    sign = operation("sign")
    sin = operation("sin")
    sinh = operation("sinh")
    sqrt = operation("sqrt")
    square = operation("square")
    sub = subtract = operation("sub")
    tan = operation("tan")
    tanh = operation("tanh")

    # reductions
    amax = operation("amax")
    amin = operation("amin")
    argmax = operation("argmax")
    argmin = operation("argmin")
    cumprod = operation("cumprod")
    cumsum = operation("cumsum")
    log_softmax = operation("log_softmax")
    logsumexp = operation("logsumexp")
    max = operation("max")
    mean = operation("mean")
    median = operation("median")
    min = operation("min")
    norm = operation("norm")
    prod = operation("prod")
    softmax = operation("softmax")
    std = operation("std")
    sum = operation("sum")
    trace = operation("trace")
    var = operation("var")

    # shapes
    chunk = operation("chunk")
    diag = operation("diag")
    diagonal = operation("diagonal")
    expand = broadcast_to = operation("expand")
    expand_as = operation("expand_as")
    flatten = ravel = operation("flatten")
    flip = operation("flip")
    movedim = moveaxis = operation("movedim")
    narrow = operation("narrow")
    permute = operation("permute")
    repeat = operation("repeat")
    reshape = operation("reshape")
    roll = operation("roll")
    split = operation("split")
    squeeze = operation("squeeze")
    swapaxes = operation("transpose")
    t = operation("t")
    tile = operation("tile")
    transpose = operation("transpose")
    tril = operation("tril")
    triu = operation("triu")
    unbind = operation("unbind")
    unflatten = operation("unflatten")
    unsqueeze = operation("unsqueeze")
    view = operation("view")
    view_as = reshape_as = operation("view_as")

    # indexing and ordering
    argsort = operation("argsort")
    gather = operation("gather")
    index_add = operation("index_add")
    index_put = operation("index_put")
    index_select = operation("index_select")
    masked_fill = operation("masked_fill")
    masked_select = operation("masked_select")
    scatter = operation("scatter")
    scatter_add = operation("scatter_add")
    select = operation("select")
    sort = operation("sort")
    take_along_dim = operation("take_along_dim")
    topk = operation("topk")

    # products
    addmm = operation("addmm")
    bmm = operation("bmm")
    dot = operation("dot")
    inverse = operation("inv")
    matmul = operation("matmul")
    mm = operation("mm")
    mv = operation("mv")
    outer = operation("outer")

    # in place
    abs_ = in_place("abs")
    add_ = in_place("add")
    clamp_ = in_place("clamp")
    div_ = in_place("div")
    exp_ = in_place("exp")
    index_put_ = in_place("index_put")
    log_ = in_place("log")
    masked_fill_ = in_place("masked_fill")
    mul_ = in_place("mul")
    neg_ = in_place("neg")
    pow_ = in_place("pow")
    relu_ = in_place("relu")
    scatter_ = in_place("scatter")
    scatter_add_ = in_place("scatter_add")
    sigmoid_ = in_place("sigmoid")
    sqrt_ = in_place("sqrt")
    sub_ = in_place("sub")
    tanh_ = in_place("tanh")
