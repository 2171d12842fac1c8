"""Every refusal of the core, raised here and by the installed PyTorch: same type, same words."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")

# each line runs in a fresh space with T, x (a leaf of two), y = x * 1, p (plain), i (integers)
CASES = """
(x * 2).backward()
p.backward()
p[0].backward()
y.backward(T.ones(3))
y.backward(T.ones(1, 2))
y.backward(1.0)
y.backward([1.0, 2.0])
y.backward("a")
T.autograd.backward([y, y], [T.ones(2)])
T.autograd.backward([y, x * 2], [None, T.ones(2)])
T.autograd.backward(3)
T.autograd.backward([3])
T.autograd.backward(None)
T.autograd.backward([y.sum(), p[0]])
T.autograd.backward([p[0], y.sum()])
y.sum().backward(inputs=[])
y.sum().backward(inputs=p)
y.sum().backward(inputs=[3])
y.sum().backward(inputs=3)
(T.ones(1, dtype=T.complex64, requires_grad=True) * 2).sum().backward()
y.sum().backward(T.tensor(1 + 0j))
T.autograd.grad(y.sum(), p)
T.autograd.grad(y.sum(), T.ones(1, requires_grad=True))
T.autograd.grad(y.sum(), [x, T.ones(1, requires_grad=True)])
T.autograd.grad(y.sum(), [])
T.autograd.grad(y.sum(), 3)
T.autograd.grad(3, x)
T.autograd.grad([y.sum(), 3], x)
T.autograd.grad(y, x, [3])
T.autograd.grad(y, x, "abc")
T.autograd.grad(y.sum(), x, materialize_grads=True, allow_unused=False)
T.autograd.grad(y, x, T.ones(3, 3), is_grads_batched=True)
s = (x * x).sum(); s.backward(); s.backward()
s = x[T.tensor([0])].sum(); s.backward(); s.backward()
x.mul_(2)
x.zero_()
x[0] = 1.0
x[T.tensor([True, False])] = 0.0
x.view(2).mul_(2)
x[0].add_(1)
x += 1
z = x.exp(); z += 1; z.sum().backward()
z = x * p; p.add_(1); z.sum().backward()
z = y * y; y.mul_(2); z.sum().backward()
v = y[:1]; z = v * v; y.mul_(2); z.sum().backward()
v = y[:1]; z = v * v; v.mul_(2); z.sum().backward()
y[0] = 2.0; z = y * y; y.add_(1); z.sum().backward()
p[0] = x[0]; z = p * p; p[1] = 2.0; z.sum().backward()
a, b = y.unbind(); z = a * b; y.add_(1); z.backward()
z = y.softmax(0); z.add_(1); z.sum().backward()
m = T.ones(2, 2, requires_grad=True) * 1; z = m @ m; m.add_(1); z.sum().backward()
d = x.double() * 1; z = d[0] * d[0]; d[0] = 3.0; z.backward()
c = x.to(T.complex64) * 1; z = c * c; c.mul_(2); z.sum().abs().backward()
a, b = y.unbind(); a.mul_(2)
a, b = p.unbind(); a.mul_(x[0])
a = y.chunk(2)[1]; a.mul_(2)
a = y.split(1)[0].view(1); a[0] = 1.0
a = y.unbind()[0]; y.mul_(2); a.grad_fn
v = off(lambda: y[:1]); v.mul_(2)
v = off(lambda: y[:1]); y.mul_(2); v * 1
v = off(lambda: y.unbind()[0]); v.mul_(2)
p.expand(3, 2).mul_(2)
p[:1].expand(3).add_(x[0])
q = T.ones(3); q[1:] = q[:2]
q = T.ones(3); q[1:].add_(q[:2])
i.add_(1.5)
i.div_(2)
i.exp_()
i.sub_(True)
T.tensor([True]).add_(1)
p.mul_(1j)
p.add_(T.ones(3, 2))
p.add_(T.ones(3))
p.copy_(T.ones(3))
p.copy_(T.ones(3, 2))
p.copy_(T.ones(1, 2))
p.fill_(T.ones(2))
p.add_(None)
p[0:2] = T.ones(3)
p[...] = T.ones(2, 2)
p[T.tensor([0])] = T.ones(3)
p[5]
p[0, 0]
p[5] = 1.0
y.requires_grad = False
y.requires_grad = True
i.requires_grad = True
x.requires_grad = 3
i.requires_grad_()
x.requires_grad_(0)
T.tensor([1, 2], requires_grad=True)
x.grad = 3
x.grad = x
x.grad = T.ones(3)
x.grad = T.ones(2, dtype=T.float64)
x.grad = T.ones(2, dtype=T.complex64)
x.data = 3
x.data = T.tensor([1])
p.register_hook(print)
p.retain_grad()
y.register_post_accumulate_grad_hook(print)
p.register_post_accumulate_grad_hook(print)
y.register_hook(lambda g: g[:1]); y.sum().backward()
y.register_hook(lambda g: 3); y.sum().backward()
y.register_hook(lambda g: g.double()); y.sum().backward()
y.grad_fn.register_prehook(lambda g: g[0]); y.sum().backward()
y.grad_fn.register_prehook(lambda g: (g[0], g[0])); y.sum().backward()
y.grad_fn.register_hook(lambda gi, go: (gi[0],)); y.sum().backward()
y.grad_fn.register_hook(lambda gi, go: (gi[0][:1], None)); y.sum().backward()
x.numpy()
y[:1].detach_()
x[0:].detach_()
copy.deepcopy(y)
float(x)
x.item()
bool(x)
bool(T.ones(0))
len(p[0])
iter(p[0])
T.autograd.Function.apply(x)
mine(None).apply(x).sum().backward()
mine(lambda ctx, g: (g, g)).apply(x).sum().backward()
mine(lambda ctx, g: g).apply(x, 3).sum().backward()
mine(lambda ctx, g: (g, 3)).apply(x, 3).sum().backward()
mine(lambda ctx, g: T.ones(5)).apply(x).sum().backward()
mine(lambda ctx, g: 3).apply(x).sum().backward()
mine(lambda ctx, g: [g]).apply(x).sum().backward()
mine(None)()(x)
mine(None, lambda ctx, x: ctx.save_for_backward(3)).apply(x)
mine(None, lambda ctx, x: ctx.mark_dirty(3) or x).apply(x)
mine(None, lambda ctx, x: ctx.mark_non_differentiable(3) or x).apply(x)
mine(None, lambda ctx, x: ctx.mark_dirty(x) or x * 1).apply(y)
mine(None, lambda ctx, x: ctx.mark_dirty(x) or x).apply(x)
mine(None, lambda ctx, x: (ctx.mark_dirty(x) or x, x * 1)).apply(y[:1])
mine(None, lambda ctx, x: x).apply(x).mul_(2)
mine(None, lambda ctx, x: x.view(2, 1)).apply(x).mul_(2)
mine(None, lambda ctx, x: x).apply(p).mul_(x)
mine(lambda ctx, g: 1 / 0).apply(x).sum().backward()
"""


def told(T: Any, case: str) -> str:
    """Type and words of the error."""

    def off(function: Any) -> Any:
        with T.no_grad():
            return function()

    def mine(backward: Any, forward: Any = lambda ctx, *x: x[0] * 2) -> Any:
        members = {"forward": staticmethod(forward)}
        if backward is not None:
            members["backward"] = staticmethod(backward)
        return type("Mine", (T.autograd.Function,), members)

    x = T.tensor([1.0, 2.0], requires_grad=True)
    space = {"T": T, "x": x, "y": x * 1, "p": T.ones(2), "i": T.tensor([1, 2])}
    space |= {"copy": copy, "off": off, "mine": mine}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(case, space)
        except Exception as error:  # noqa: BLE001 - its type is what is compared
            return f"{type(error).__name__}: {error}"
    return "no error"


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_same_words(case: str) -> None:
    expected = told(torch, case)
    assert expected != "no error"
    assert told(autodiff, case) == expected
