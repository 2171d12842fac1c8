"""Forward mode, its compositions with reverse mode, and transforms: PyTorch's numbers and words.

Where PyTorch's two modes have different conventions (at ties and kinks, and where it makes nan
itself), ours are transposes of each other: those samples are listed, and tested in the engine's
own tests.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np
import pytest

import autodiff
from operation_samples import SAMPLES, Sample, arrays, cotangent
from transform_checks import close, flat

torch = pytest.importorskip("torch")

# conventions: at ties, kinks, infinities and flat spots; and the order of rounding to half
OWN_CONVENTION = {
    "clamp-ties",
    "corners",
    "div-zero",
    "empty-reductions",
    "flat",
    "nan-reductions",
    "pow-corner",
    "prod-zeros",
    "ties",
}
# PyTorch's own mistakes (docs/audits/torch.md): terms of the second order are lost. That ours are
# right there is shown by the oracle, tests/check/test_modes_autodiff.py, and for complex numbers
# by differences, tests/engine/test_complex.py
THEIRS = {
    ("batch_norm", "reverse over forward"),
    ("complex-directions-7", "reverse over forward"),  # sgn and angle at 0: nan
    ("complex-directions-8", "reverse over forward"),
    ("complex-linalg", "forward over reverse"),  # det, slogdet, logdet, solve
    ("complex-linalg", "reverse over forward"),
    *(  # powers: of the tangent of a real exponent or base, the complex part is lost
        (sample, mode)
        for sample in ("complex-of-real-9", "complex-of-real-10", "complex-with-real-5")
        for mode in ("forward", "forward over reverse", "reverse over forward")
    ),
    ("layer_norm", "reverse over forward"),
    ("layer_norm-bias", "reverse over forward"),
    ("linalg", "forward over reverse"),  # det, slogdet, solve, …
    ("linalg", "reverse over forward"),
    ("scatter_reduce-products", "forward"),  # whose tangent is zero in PyTorch
    ("scatter_reduce-products", "forward over reverse"),
    ("scatter_reduce-products", "reverse over forward"),
}
PAIRED = [sample for sample in SAMPLES if "outside" not in sample.options]
# what PyTorch says where it has no answer: no rule, or a mistake of its own
NOTHING = ("not implemented", "Trying to use forward AD", "ZeroTensor", "modified by an inplace")


def number(tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    for resolve in ("resolve_conj", "resolve_neg"):
        if hasattr(tensor, resolve):
            tensor = getattr(tensor, resolve)()
    return tensor.numpy()


def run(module: Any, sample: Sample, dtype: str, mode: str) -> list[np.ndarray | None]:
    """Tangents of the results, tangents of gradients, or gradients of tangents; None is zero."""
    forward = module.autograd.forward_ad
    found: list[Any] = []
    with forward.dual_level():
        inputs, leaves, slopes = [], [], []
        for place, (one, array) in enumerate(
            zip(sample.inputs, arrays(sample, dtype), strict=True)
        ):
            tensor = module.from_numpy(array)
            if one.cast and array.dtype.kind in "fc":
                slope = module.from_numpy(cotangent(array.shape, array.dtype, seed=place))
                if mode != "forward":
                    tensor.requires_grad_()
                if mode == "reverse over forward":
                    slope.requires_grad_()
                leaves.append(tensor)
                slopes.append(slope)
                tensor = forward.make_dual(tensor, slope)
            inputs.append(tensor)
        results = flat(sample.call(module, *inputs), module)
        if mode == "forward":
            found = [forward.unpack_dual(one).tangent for one in results]
        else:
            kept = [one for one in results if one.requires_grad]
            seeds = [
                module.from_numpy(cotangent(tuple(one.shape), number(one).dtype, seed=7 + k))
                for k, one in enumerate(kept)
            ]
            if mode == "reverse over forward":
                pairs = [
                    (forward.unpack_dual(one).tangent, seed)
                    for one, seed in zip(kept, seeds, strict=True)
                ]
                pairs = [(t, s) for t, s in pairs if t is not None and t.requires_grad]
                kept, seeds = [t for t, _ in pairs], [s for _, s in pairs]
                leaves = [*leaves, *slopes]
            if kept:
                gradients = module.autograd.grad(kept, leaves, seeds, allow_unused=True)
                found = list(gradients)
                if mode == "forward over reverse":
                    found = [
                        None if one is None else forward.unpack_dual(one).tangent
                        for one in gradients
                    ]
        return [None if one is None else number(one) for one in found]


def same(mine: np.ndarray | None, theirs: np.ndarray | None, bound: float) -> bool:
    if mine is None or theirs is None:
        other = theirs if mine is None else mine
        return other is None or not np.any(other)
    return close(mine, theirs, bound)


@pytest.mark.parametrize("mode", ["forward", "forward over reverse", "reverse over forward"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("operation", sorted({s.operation for s in PAIRED} - OWN_CONVENTION))
def test_tangents(operation: str, dtype: str, mode: str) -> None:
    for sample in PAIRED:
        if sample.operation != operation or dtype not in sample.dtypes:
            continue
        if {(str(sample), mode), (operation, mode)} & THEIRS:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = run(torch, sample, dtype, mode)
            except (RuntimeError, NotImplementedError) as error:
                if any(words in str(error) for words in NOTHING):
                    continue
                raise
            mine = run(autodiff, sample, dtype, mode)
        assert len(mine) in (len(theirs), 0) or not theirs, str(sample)
        bound = 1e-3 if operation == "to-half" else 1e-9
        for first, second in zip(mine, theirs, strict=False):
            assert same(first, second, bound), str(sample)


def transcript(module: Any, program: str) -> str:
    """What a program prints; of an error, its type and words."""
    out = io.StringIO()
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = {
            "torch": module,
            "fw": module.autograd.forward_ad,
            "F": module.autograd.functional,
        }
        for line in program.strip().splitlines():
            try:
                exec(line.strip(), names)
            except Exception as error:  # noqa: BLE001 - which errors there are is what is compared
                text = str(error).split("\nException raised")[0]
                print(type(error).__name__, text)
    return out.getvalue()


SETUP = """
x = torch.tensor([1., 2.]); w = torch.tensor([[1., 2.], [3., 4.], [5., 6.]])
xr = x.clone().requires_grad_()
s = lambda a: (a ** 2).sum()
"""
PROGRAMS = {
    "grad": """
print(torch.func.grad(s)(x), torch.func.grad(s)(xr))
print(torch.func.grad(lambda a: a)(x))
print(torch.func.grad(lambda a: 3)(x))
print(torch.func.grad(s, has_aux=True)(x))
print(torch.func.grad(s, argnums=1)(x))
print(torch.func.grad(s, argnums=(0, 0))(x))
print(torch.func.grad(s, argnums=())(x))
print(torch.func.grad(lambda p: s(p['a']) * s(p['b'][0]))({'a': x, 'b': [x]}))
print(torch.func.grad(lambda p: s(p['a']))({'a': x, 'b': 3}))
print(torch.func.grad(lambda a: (a * xr).sum())(x))
print(torch.func.grad(lambda a: s(a.requires_grad_()))(x))
print(torch.func.grad(lambda a: (s(a).backward(), s(a))[1])(x))
print(torch.func.grad(s)(torch.tensor([1])))
print(torch.func.grad(torch.func.grad(torch.func.grad(lambda a: a ** 4)))(torch.tensor(2.)))
""",
    "vjp and jvp": """
print(torch.func.vjp(torch.sin, x)[1](x))
print(torch.func.vjp(lambda a: (a, a), x)[1](x))
print(torch.func.vjp(lambda a: 3, x))
print(torch.func.vjp(torch.sin, x)[1](torch.ones(3)))
print(torch.func.jvp(torch.sin, (x,), (x,)))
print(torch.func.jvp(torch.sin, x, x))
print(torch.func.jvp(torch.sin, (x,), (x, x)))
print(torch.func.jvp(torch.sin, (), ()))
print(torch.func.jvp(torch.sin, (x,), (torch.ones(3),)))
print(torch.func.jvp(lambda a: torch.func.jvp(torch.sin, (a,), (x,))[1], (x,), (x,)))
print(torch.func.linearize(torch.sin, x)[1](x))
print(torch.func.linearize(torch.sin, x)[1](torch.ones(3)))
""",
    "Jacobians": """
print(torch.func.jacrev(lambda a, b: (a * b, {'s': a.sum()}), argnums=(0, 1))(x, x))
print(torch.func.jacfwd(lambda a, b: (a * b, a.sum()), argnums=(0, 1))(x, x))
print(torch.func.jacrev(lambda a: (a * 2, a), has_aux=True)(x))
print(torch.func.jacfwd(lambda a: (a * 2, a), has_aux=True)(x))
print(torch.func.jacrev(torch.sin, chunk_size=0)(x))
print(torch.func.hessian(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x))
print(torch.func.hessian(lambda a: a ** 3)(x))
""",
    "vmap": """
print(torch.vmap(lambda a: a * x, out_dims=1)(w))
print(torch.vmap(lambda a: a)(torch.tensor(1.)))
print(torch.vmap(lambda a: a, in_dims=[0])(w))
print(torch.vmap(lambda a: a, in_dims=(0, 0))(w))
print(torch.vmap(lambda a: a, in_dims=5)(w))
print(torch.vmap(lambda a, b: a)(w, 3))
print(torch.vmap(lambda a, b: a)(w, x))
print(torch.vmap(lambda: 3)())
print(torch.vmap(lambda a: a, out_dims=None)(w))
print(torch.vmap(lambda a: 3)(w))
print(torch.vmap(lambda a: (a, a), out_dims=(0, 0, 0))(w))
print(torch.vmap(lambda a: a.sum().item())(w))
print(torch.vmap(lambda a: a if a.sum() > 0 else -a)(w))
print(torch.vmap(lambda a: a + torch.rand(2))(w))
print(torch.vmap(lambda a: (print(a), a)[1])(w))
print(torch.vmap(torch.vmap(lambda a: (print(a), a)[1]))(w))
print(torch.vmap(torch.func.jacrev(lambda a: a ** 2))(w))
print(torch.func.hessian(lambda b: torch.vmap(lambda a: (a * b).sum() ** 2)(w).sum())(x))
""",
    "functional": """
print(F.jacobian(lambda a: a ** 3, xr, create_graph=True))
print(F.jacobian(lambda a, b: (a * b, a.sum()), (x, x), strict=True))
print(F.jacobian(lambda a, b: (a * b, a.sum()), (x, x), vectorize=True, strategy="forward-mode"))
print(F.hessian(lambda a, b: (a ** 2 * b).sum(), (x, x), vectorize=True))
print(F.hessian(lambda a: (2 * a).sum(), x, strict=True))
print(F.vjp(lambda a: a ** 3, xr, x, create_graph=True))
print(F.jvp(lambda a: a * 2, x, x, create_graph=True, strict=True))
print(F.vhp(lambda a: (a ** 3).sum(), xr, x), F.hvp(lambda a: (a ** 3).sum(), x, x))
print(F.hvp(lambda a: (2 * a).sum(), x, x, strict=True))
print(F.vjp(lambda a: a, x))
print(F.jvp(lambda a: a, x, (x, x)))
print(F.jacobian(s, 3))
""",
    "dual levels": """
print(fw.make_dual(x, x))
print(fw.enter_dual_level())
d = fw.make_dual(x.clone(), x.clone()); print(d, d[0], (d > 1), d.detach(), d.floor(), d.double())
print(fw.make_dual(d, x))
print(fw.make_dual(x, torch.ones(3)))
print(fw.make_dual(torch.tensor([1]), x))
print(fw.enter_dual_level())
print(fw.exit_dual_level(level=3))
d.mul_(2); print(d)
z = torch.zeros(2); z[0] = d[1]; print(z)
print(torch.autograd.grad((fw.make_dual(xr, x) ** 3).sum(), xr))
fw.exit_dual_level()
print(d, z)
print(fw.exit_dual_level())
""",
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_programs_print_the_same(name: str) -> None:
    program = SETUP + PROGRAMS[name]
    assert transcript(autodiff, program) == transcript(torch, program)
