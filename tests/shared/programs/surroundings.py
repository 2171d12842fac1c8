"""What a program finds around it: tensors to begin with, and helpers that it may name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from programs.helpers import PASS_HELPERS

__all__ = ["HELPERS", "NAMES", "STARTS", "helper_source", "space"]

_NAME = re.compile(r"\w+")
NAMES = ("a", "b", "c", "d", "e", "f")

# every start defines all names
STARTS: dict[str, tuple[str, ...]] = {
    "matrix": (
        "a = T.tensor([[1., 2., 3.], [4., 5., 6.]], dtype=T.float64, requires_grad=True)",
        "b = T.tensor([0.5, -1.5, 2.], dtype=T.float64, requires_grad=True)",
        "c = T.tensor([[2., -1., 0.5], [1., 3., -2.]], dtype=T.float64)",
        "d = a * 1.5",
        "e = T.tensor(1.25, dtype=T.float64, requires_grad=True)",
        "f = b * e",
    ),
    "square": (
        "a = T.tensor([[1., -2.], [0.5, 3.]], dtype=T.float64, requires_grad=True)",
        "b = T.tensor([[0.25, 1.5], [-1., 2.]], dtype=T.float64, requires_grad=True)",
        "c = T.tensor([[2., -1.], [1., -2.]], dtype=T.float64)",
        "d = a.t() * b",
        "e = T.tensor([0.75, -0.5], dtype=T.float64, requires_grad=True)",
        "f = e + c",
    ),
    "vector": (
        "a = T.tensor([1., -2., 0.5, 3.], dtype=T.float64, requires_grad=True)",
        "b = T.tensor([0.25, 1.5, -1., 2.], dtype=T.float64)",
        "c = T.tensor([1.5, 0.5, -0.75, -2.], dtype=T.float64, requires_grad=True)",
        "d = a * c",
        "e = d[1:3]",
        "f = b.view(2, 2)",
    ),
    "cube": (
        "a = (T.arange(12, dtype=T.float64).reshape(2, 3, 2) / 4 - 1).requires_grad_()",
        "b = T.tensor([0.5, -1.25], dtype=T.float64, requires_grad=True)",
        "c = a * b",
        "d = c.transpose(0, 1)",
        "e = T.tensor([[2.], [1.], [-1.5]], dtype=T.float64)",
        "f = c[1]",
    ),
    "kinds": (
        "a = T.tensor([[1., 2.], [-3., 0.5]], dtype=T.float64, requires_grad=True)",
        "b = T.tensor([1.5, -0.5], dtype=T.float32, requires_grad=True)",
        "c = T.tensor([[2, -1], [3, 4]])",
        "d = T.tensor([[True, False], [False, True]])",
        "e = T.tensor([0.5, 2.], dtype=T.float16, requires_grad=True)",
        "f = a * b",
    ),
    "single": (
        "a = T.tensor([[1., 2., 3.], [4., -5., 6.]], requires_grad=True)",
        "b = T.tensor([0.5, -1.5, 2.], requires_grad=True)",
        "c = T.tensor([[2., -1., 0.5], [1., 3., -2.]])",
        "d = a * b",
        "e = T.tensor(1.25, requires_grad=True)",
        "f = T.tensor([1, 0, 2])",
    ),
    "empty": (
        "a = T.zeros(0, 3, dtype=T.float64, requires_grad=True)",
        "b = T.tensor([[1., 2., 3.]], dtype=T.float64, requires_grad=True)",
        "c = T.tensor([[0.5], [-2.]], dtype=T.float64, requires_grad=True)",
        "d = T.tensor(2.5, dtype=T.float64)",
        "e = b * c",
        "f = a + d",
    ),
    "complex": (
        "a = T.tensor([[1. + 2j, -0.5j], [3., 1. - 1j]], requires_grad=True)",
        "b = T.tensor([0.5, -1.5], dtype=T.float32, requires_grad=True)",
        "c = T.tensor([[2. - 1j, 1.], [0.5j, -2.]])",
        "d = a * b",
        "e = T.tensor(1.25 + 0.5j, requires_grad=True)",
        "f = T.tensor([[0.5, 1.], [2., -1.]])",
    ),
}

HELPERS: dict[str, str] = {
    "Twice": """\
class Twice(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g
""",
    "Same": """\
class Same(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 3
""",
    "Write": """\
class Write(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2
""",
    "fitted": """\
def fitted(g, x):
    g = g.sum(tuple(range(g.ndim - x.ndim))) if g.ndim > x.ndim else g
    for dim, size in enumerate(x.shape):
        g = g.sum(dim, keepdim=True) if size == 1 else g
    return g
""",
    "Pair": """\
class Pair(T.autograd.Function):
    @staticmethod
    def forward(x, y):
        return x * y, x + y, (x > y)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.mark_non_differentiable(output[2])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, g, h, _):
        x, y = ctx.saved_tensors
        left = right = None
        if g is not None:
            left, right = g * y, g * x
        if h is not None:
            left = h if left is None else left + h
            right = h if right is None else right + h
        if left is not None:
            left, right = fitted(left, x), fitted(right, y)
        return left, right
""",
    "Window": """\
class Window(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x.view(-1)

    @staticmethod
    def backward(ctx, g):
        return g.reshape(ctx.shape) * 2
""",
    "hooked": """\
def hooked(x, hook):
    x.grad_fn  # PyTorch crashes where a view has not taken notice of a write to its base yet
    x.register_hook(hook)
""",
    "apart": """\
def apart(y, x):
    read, written = y.detach().numpy(), x.detach().numpy()
    # what PyTorch writes while it reads depends on its loops; it compares the strides of
    # dimensions of size one, too, before it believes that two tensors are the very same, and
    # looks at the memory of empty tensors
    if y is x:
        return y if y.ndim and not {0, 1} & set(y.shape) else y + 0
    return y + 0 if np.may_share_memory(read, written) else y
""",
    "leaf": """\
def leaf(x):
    if not x.is_leaf:
        raise RuntimeError("PyTorch asks not to rely on what it does with these")
    return x
""",
    "kept": """\
def kept(x):
    x.grad_fn  # as in `hooked`
    x.retain_grad()
""",
    "written": """\
def written(function, *values, out):
    if function(*values).shape != out.shape:
        raise RuntimeError("it would be resized")
    function(*(v if isinstance(v, float) else apart(v, out) for v in values), out=out)
""",
    "double": """\
def double(g):
    return None if g is None else g * 2
""",
    "look": """\
def look(g):
    seen.append(None if g is None else tuple(g.shape))
""",
    "halve": """\
def halve(x):
    x.grad = x.grad / 2
""",
    "node_double": """\
def node_double(inputs, outputs):
    return tuple(None if g is None else g * 2 for g in inputs)
""",
    "node_before": """\
def node_before(outputs):
    return tuple(None if g is None else g * 4 for g in outputs)
""",
    "own": """\
def own(found):
    found = found[0]
    return T.zeros(2) if found is None else found + 0.0
""",
    "pushed": """\
def pushed(function, x):
    with T.autograd.forward_ad.dual_level():
        dual = T.autograd.forward_ad.make_dual(x.detach(), x.detach() * 0.5 + 1.0)
        tangent = T.autograd.forward_ad.unpack_dual(function(dual)).tangent
        return T.zeros(2) if tangent is None else tangent + 0.0
""",
    "packed": """\
def packed():
    return T.autograd.graph.saved_tensors_hooks(lambda x: x.detach().clone(), lambda x: x)
""",
    "again": """\
def again(function, x):
    return T.utils.checkpoint.checkpoint(function, x, use_reentrant=False)
""",
    **PASS_HELPERS,
}


def space(T: Any) -> dict[str, Any]:
    """The names that every program sees, for one engine; its own tensors come on top."""
    names: dict[str, Any] = {"T": T, "np": np, "seen": []}
    for source in HELPERS.values():
        exec(source, names)
    return names


def helper_source(statements: Iterable[str]) -> str:
    """The source of those helpers that the statements name, and of those that these name."""
    needed: set[str] = set()
    texts = list(statements)
    while texts:
        words = set(_NAME.findall(texts.pop()))
        found = [name for name in HELPERS if name in words and name not in needed]
        needed.update(found)
        texts.extend(HELPERS[name] for name in found)
    used = [source for name, source in HELPERS.items() if name in needed]
    text = "\n".join(used)
    if "np." in text:
        used.insert(0, "import numpy as np\n")
    if "seen" in text:
        used.insert(0, "seen = []\n")
    return "\n\n".join(used)
