"""Helpers that the statements of `passes.py` name: hooks, Functions and contexts, as source."""

from __future__ import annotations

__all__ = ["PASS_HELPERS"]

PASS_HELPERS: dict[str, str] = {
    "still": """\
def still(x):
    return x.detach().clone()
""",
    "batch": """\
def batch(x):
    return T.stack([T.ones_like(x), x.detach()])
""",
    "edge": """\
def edge(x):
    return T.autograd.graph.get_gradient_edge(x)
""",
    "fail": """\
def fail(g):
    raise RuntimeError("a hook failed")
""",
    "longer": """\
def longer(g):
    return T.cat([g.reshape(-1), g.reshape(-1)])
""",
    "number": """\
def number(g):
    return 1
""",
    "zero": """\
def zero(g):
    return g * 0
""",
    "removed": """\
def removed(x, hook):
    x.grad_fn  # as in `hooked`
    handle = x.register_hook(hook)
    handle.remove()
    handle.remove()
""",
    "hooking": """\
def hooking(x, hook):
    x.grad_fn  # as in `hooked`
    return x.register_hook(hook)
""",
    "several": """\
def several(tensors, mode):
    def tell(g):
        all = g if isinstance(g, list) else [g]
        seen.append([None if one is None else tuple(one.shape) for one in all])

    for x in tensors:
        x.grad_fn  # as in `hooked`
    T.autograd.graph.register_multi_grad_hook(tensors, tell, mode=mode)
""",
    "grown": """\
def grown(x):
    seen.append(tuple(x.grad.shape))
""",
    "order": """\
def order(name):
    return lambda *gradients: seen.append(name)
""",
    "node_fail": """\
def node_fail(inputs, outputs):
    raise RuntimeError("a node's hook failed")
""",
    "kept_on_cpu": """\
def kept_on_cpu():
    return T.autograd.graph.save_on_cpu()
""",
    "tripled": """\
def tripled():
    return T.autograd.graph.saved_tensors_hooks(lambda x: x.detach() * 3, lambda x: x)
""",
    "ill": """\
def ill(which):
    if which == "pack":
        return T.autograd.graph.saved_tensors_hooks(lambda x: x.mul_(2), lambda x: x)
    return T.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: 1.0)
""",
    "counted": """\
def counted():
    def pack(x):
        seen.append(tuple(x.shape))
        return x.detach().clone()

    return T.autograd.graph.saved_tensors_hooks(pack, lambda x: x)
""",
    "mutable": """\
def mutable():
    return T.autograd.graph.allow_mutation_on_saved_tensors()
""",
    "thrice": """\
def thrice(x):
    return x.detach() * 3
""",
    "entered": """\
def entered(function, x):
    return T.utils.checkpoint.checkpoint(function, x, use_reentrant=True)
""",
    "shared": """\
def shared(x):
    return T.from_numpy(x.detach().numpy())
""",
    "Within": """\
class Within(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with T.enable_grad():
            v = x.detach().requires_grad_()
            (v * v).sum().backward()
        return g * v.grad
""",
    "Nothing": """\
class Nothing(T.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return None
""",
}
