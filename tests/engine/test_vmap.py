"""`vmap` is a loop over members: every sample, the axes, nesting, and what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from operation_samples import SAMPLES, Sample
from transform_checks import close, flat, members, tensors

X = autodiff.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
V = autodiff.tensor([1.0, 2.0])
# their results depend on numbers in shape or control flow, or on chance ("activations": rrelu)
DYNAMIC = {
    "activations",
    "any",
    "cross entropies of two",
    "cross_entropy",
    "cross_entropy-deep",
    "embedding-renormalised",
    "empty-reductions",
    "getitem",
    "nonzero",
}


def by_loop(sample: Sample, stacks: list[Any], dims: list[Any]) -> list[np.ndarray]:
    rows = []
    for number in range(3):
        one = [a[number] if dim == 0 else a for a, dim in zip(stacks, dims, strict=True)]
        rows.append([t.numpy() for t in flat(sample.call(autodiff, *tensors(one)))])
    return [np.stack(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("operation", sorted({s.operation for s in SAMPLES}))
def test_a_batch_is_its_members(operation: str) -> None:
    for sample in SAMPLES:
        if sample.operation != operation or "float64" not in sample.dtypes:
            continue
        if "outside" in sample.options:
            continue
        stacks, dims = members(sample, "float64")
        if all(dim is None for dim in dims):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                wanted = by_loop(sample, stacks, dims)
            except (IndexError, RuntimeError, TypeError, ValueError):
                continue  # this member has an error or a shape of its own

            def call(*inputs: Any, sample: Sample = sample) -> Any:
                return tuple(flat(sample.call(autodiff, *inputs)))

            refused = None
            try:
                found = vmap(call, in_dims=tuple(dims))(*tensors(stacks))
            except RuntimeError as error:
                refused = str(error)
        if refused is not None:
            assert operation in DYNAMIC, f"{sample}: {refused}"
            assert refused.startswith("vmap:"), str(sample)
            continue
        for mine, theirs in zip(found, wanted, strict=True):
            assert close(mine.numpy(), theirs, 1e-12), str(sample)


def test_axes() -> None:
    assert vmap(lambda x: x.sum(), in_dims=1)(X).tolist() == [9.0, 12.0]
    assert vmap(lambda x: x * 2, in_dims=-1, out_dims=1)(X).tolist() == (X * 2).tolist()
    assert vmap(lambda x: V)(X).shape == (3, 2)
    nested = vmap(lambda d: d["a"] * d["b"], in_dims=({"a": 0, "b": None},))
    assert nested({"a": X, "b": V}).tolist() == (X * V).tolist()
    found = vmap(lambda x: {"a": x, "b": [x.sum()]})(X)
    assert found["b"][0].tolist() == [3.0, 7.0, 11.0]
    outer = vmap(lambda a: vmap(lambda b: a * b)(V))(V)
    assert outer.tolist() == [[1.0, 2.0], [2.0, 4.0]]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5])
def test_chunks(chunk: int) -> None:
    assert vmap(lambda x: x.sum(), chunk_size=chunk)(X).tolist() == [3.0, 7.0, 11.0]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            lambda: vmap(lambda x: x.sum().item())(X),
            RuntimeError,
            r"calling .item\(\) on a Tensor",
        ),
        (lambda: vmap(lambda x: x if x.sum() > 0 else -x)(X), RuntimeError, "control flow"),
        (lambda: vmap(lambda x: V.clone().add_(x))(X), RuntimeError, "inplace arithmetic"),
        (lambda: vmap(lambda x: x + autodiff.rand(2))(X), RuntimeError, "randomness error mode"),
        (lambda: vmap(lambda x: x, randomness="all")(X), RuntimeError, "Got all"),
        (lambda: vmap(lambda x: x, chunk_size=0)(X), ValueError, "chunk_size should be None or"),
        (lambda: vmap(lambda x: x, in_dims=[0])(X), ValueError, "expected `in_dims` to be int"),
        (lambda: vmap(lambda x: x, in_dims=(0, 0))(X), ValueError, "not compatible with the"),
        (lambda: vmap(lambda x: x, in_dims=(0.5,))(X), ValueError, "either an integer dimension"),
        (lambda: vmap(lambda x: x, in_dims=5)(X), ValueError, "dimensionality 2"),
        (lambda: vmap(lambda x, y: x)(X, 3), ValueError, "cannot vmap over non-Tensor arguments"),
        (lambda: vmap(lambda x: x, in_dims=(None,))(X), ValueError, "at least one Tensor to vmap"),
        (vmap(lambda: 3), ValueError, "got no inputs"),
        (lambda: vmap(lambda x, y: x)(X, V), ValueError, r"got sizes \[3, 2\]"),
        (lambda: vmap(lambda x: x, out_dims=None)(X), ValueError, "BatchedTensor when out_dim"),
        (lambda: vmap(lambda x: 3)(X), ValueError, "must only return Tensors"),
        (lambda: vmap(lambda x: x, out_dims="a")(X), ValueError, "`out_dims` must be an int"),
        (lambda: vmap(lambda x: (x, x), out_dims=(0, 0, 0))(X), ValueError, "out_dims is not"),
        (lambda: vmap(lambda x: x.numpy())(X), RuntimeError, r"calling .numpy\(\)"),
        (lambda: vmap(np.asarray)(X), RuntimeError, "vmap:"),
        (lambda: vmap(lambda x: x.requires_grad_())(X), RuntimeError, "functorch transform"),
        (lambda: vmap(lambda x: x.sum().backward())(X), RuntimeError, "functorch transform"),
    ],
)
def test_refusals(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_member_that_escapes_is_refused() -> None:
    kept: list[Any] = []
    vmap(lambda x: kept.append(x) or x)(X)
    with pytest.raises(
        RuntimeError, match="may have escaped from inside a function being vmapped"
    ):
        kept[0] + 1


def test_random_numbers() -> None:
    same = vmap(lambda x: 0 * x + autodiff.rand(2), randomness="same")(X)
    assert same[0].tolist() == same[1].tolist()
    different = vmap(lambda x: 0 * x + autodiff.rand(2), randomness="different")(X)
    assert different[0].tolist() != different[1].tolist()


def test_writes_into_members() -> None:
    def program(x: Any) -> Any:
        y = x.clone()
        y.mul_(2)
        y[0] = 7.0
        y += V
        return y

    assert vmap(program)(X).tolist() == [[8.0, 6.0], [8.0, 10.0], [8.0, 14.0]]
    slopes = vmap(grad(lambda x: program(x).sum()))(X)
    assert slopes.tolist() == [[0.0, 2.0]] * 3


def test_indices_of_each_member() -> None:
    x, i = autodiff.arange(12.0).reshape(3, 4), autodiff.tensor([0, 2, 3])
    assert vmap(lambda x, i: x[i])(x, i).tolist() == [0.0, 6.0, 11.0]
    assert vmap(lambda i: x[:, i])(i).tolist() == x[:, i].T.tolist()
    pairs = autodiff.tensor([[0, 1], [2, 3], [1, 1]])
    found = vmap(lambda x, i: autodiff.gather(x, 0, i))(x, pairs)
    assert found.tolist() == [[0.0, 1.0], [6.0, 7.0], [9.0, 9.0]]
    assert vmap(lambda x, i: autodiff.index_select(x, 0, i))(x, pairs).tolist() == found.tolist()
    filled = vmap(lambda x, m: autodiff.masked_fill(x, m, 0.0))(x, x > 5)
    assert filled.tolist() == autodiff.masked_fill(x, x > 5, 0.0).tolist()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradients_of_each_sample(reduction: str) -> None:
    generator = np.random.default_rng(3)
    w = autodiff.tensor(generator.standard_normal((4, 5)))
    x = autodiff.tensor(generator.standard_normal((3, 2, 4)))
    y = autodiff.tensor([[1, 0], [4, 4], [2, 3]])

    def loss(w: Any, x: Any, y: Any) -> Any:
        found = autodiff.nn.functional.cross_entropy(x @ w, y, reduction=reduction)
        return found.sum()

    together = vmap(grad(loss), in_dims=(None, 0, 0))(w, x, y)
    alone = [grad(loss)(w, x[k], y[k]) for k in range(3)]
    assert close(together.numpy(), autodiff.stack(alone).numpy(), 1e-12)


def test_printing() -> None:
    shown: list[str] = []
    vmap(lambda x: shown.append(repr(x)) or x)(V)
    assert shown == ["BatchedTensor(lvl=1, bdim=0, value=\n    tensor([1., 2.])\n)"]


def f(x: Any) -> Any:
    return (autodiff.sin(x) * x.sum()).prod() + (x**3).sum()


POINTS = autodiff.tensor([[0.5, 0.25], [1.0, -0.5], [2.0, 0.75]], dtype=autodiff.float64)


@pytest.mark.parametrize(
    "transform",
    [
        grad,
        lambda f: jacrev(jacrev(f)),
        lambda f: jacfwd(jacrev(f)),
        lambda f: jacrev(jacfwd(f)),
        lambda f: jacfwd(jacfwd(f)),
        lambda f: jacfwd(hessian(f)),
        lambda f: lambda x: jvp(grad(f), (x,), (V.double(),))[1],
    ],
)
def test_transforms_inside_and_outside(transform: Any) -> None:
    def of_each(x: Any) -> Any:
        return transform(f)(x)

    inside = vmap(of_each)(POINTS)
    for number in range(3):
        assert close(inside[number].numpy(), of_each(POINTS[number]).numpy(), 1e-12)
    outside = transform(lambda x: vmap(f)(x.reshape(1, 2)).sum())(POINTS[0])
    assert close(outside.numpy(), of_each(POINTS[0]).numpy(), 1e-12)


def test_gradients_by_what_all_members_share() -> None:
    w = autodiff.tensor([1.0, 2.0], requires_grad=True)
    total = vmap(lambda x: (x * w).sum() ** 2)(X).sum()
    (found,) = autodiff.autograd.grad(total, w)
    assert found.tolist() == (2 * (X @ w).reshape(3, 1) * X).sum(0).tolist()
    each = vmap(lambda x: grad(lambda w: (x * w).sum() ** 2)(w))(X)
    assert each.tolist() == (2 * (X @ w).reshape(3, 1) * X).tolist()


class Product(autodiff.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x**3 * y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * 3 * x**2 * y, g * x**3

    @staticmethod
    def jvp(ctx: Any, x_slope: Any, y_slope: Any) -> Any:
        x, y = ctx.saved_tensors
        return x_slope * 3 * x**2 * y + x**3 * y_slope


class WithoutRule(Product):
    generate_vmap_rule = False


class Row(autodiff.autograd.Function):
    @staticmethod
    def forward(x: Any) -> Any:
        return x.sum(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.shape = inputs[0].shape

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g.unsqueeze(-1).expand(ctx.shape)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any) -> Any:
        assert info.batch_size == 3
        return x.movedim(in_dims[0], 0).sum(-1), 0


class Both(Row):
    generate_vmap_rule = True


class OldForm(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


def test_functions_of_users() -> None:
    assert vmap(Product.apply, (0, None))(X, V).tolist() == (X**3 * V).tolist()
    by_x, by_y = vmap(grad(lambda x, y: Product.apply(x, y).sum(), argnums=(0, 1)), (0, None))(
        X, V
    )
    assert by_x.tolist() == (3 * X**2 * V).tolist()
    assert by_y.tolist() == (X**3).tolist()
    assert hessian(lambda x: Product.apply(x, x).sum())(V).tolist() == [[12.0, 0.0], [0.0, 48.0]]
    assert jacfwd(jacfwd(lambda x: Product.apply(x, x).sum()))(V).tolist() == [
        [12.0, 0.0],
        [0.0, 48.0],
    ]
    shared = V.clone().requires_grad_()
    (found,) = autodiff.autograd.grad(vmap(Product.apply, (0, None))(X, shared).sum(), shared)
    assert found.tolist() == (X**3).sum(0).tolist()
    assert vmap(Row.apply)(X).tolist() == [3.0, 7.0, 11.0]
    assert vmap(grad(lambda x: Row.apply(x) ** 2))(X).tolist() == [
        [6.0] * 2,
        [14.0] * 2,
        [22.0] * 2,
    ]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (WithoutRule, "does not have vmap support"),
        (OldForm, "it must override the setup_context staticmethod"),
        (Both, "it has both generate_vmap_rule=True and an overridden vmap"),
    ],
)
def test_functions_that_cannot_be_mapped(function: Any, words: str) -> None:
    arguments = (X, X) if function is WithoutRule else (X,)
    with pytest.raises(RuntimeError, match=words):
        vmap(function.apply)(*arguments)
