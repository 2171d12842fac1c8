"""Random graphs, and memory used again, on the compiled walk and the one in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import Tensor
from walk_checks import bits, both, owns, raised

# random graphs -----------------------------------------------------------------------------------


class _Twice(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * 2, x * x

    @staticmethod
    def backward(ctx: Any, first: Any, second: Any) -> Any:
        (x,) = ctx.saved_tensors
        return first * 2 + second * 2 * x


STEPS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x * 0.5,
    lambda x, y: x + 1,
    lambda x, y: x / (y * y + 1),
    lambda x, y: x @ y,
    lambda x, y: x.sin(),
    lambda x, y: x.tanh(),
    lambda x, y: -x,
    lambda x, y: x + y[0],
    lambda x, y: x * y[:, 1:],
    lambda x, y: x * y.sum(),
    lambda x, y: x + y.mean(0, keepdim=True),
    lambda x, y: x.t(),
    lambda x, y: x.reshape(4).view(2, 2),
    lambda x, y: x[:, [1, 0]],
    lambda x, y: x.flip(0),
    lambda x, y: x.expand(2, 2, 2).sum(0),
    lambda x, y: autodiff.stack(x.unbind(1)),
    lambda x, y: x.unbind()[1] * y,
    lambda x, y: autodiff.cat(x.split(1), 1).expand(2, 4)[:, ::2],
    lambda x, y: autodiff.cat([x, y])[1:3],
    lambda x, y: x.max(1).values + y,
    lambda x, y: x.sort(0).values,
    lambda x, y: x.softmax(1),
    lambda x, y: autodiff.where(x > 0, x, y),
    lambda x, y: _Twice.apply(x)[0] + y,
    lambda x, y: _Twice.apply(x)[1],
    lambda x, y: sum(_Twice.apply(x), start=y),
    lambda x, y: x.clone().mul_(y),
    lambda x, y: _part_written(x.clone(), y),
    lambda x, y: x.detach() * y,
    lambda x, y: x.double().float(),
    lambda x, y: x.clone(),
    lambda x, y: (x + 1j * y).real,
    lambda x, y: autodiff.linalg.det(x) * y,
)


def _part_written(x: Tensor, y: Tensor) -> Tensor:
    x[0] = y[1]
    return x


def _hooked(tensor: Tensor, kind: str, seen: list[Any], place: int, other: Tensor) -> None:
    """Something that looks on, or interferes."""
    if kind == "look":
        tensor.register_hook(lambda g: seen.append((place, bits(g.detach()))))
    elif kind == "change":
        tensor.register_hook(lambda g: g * 2)
    elif kind == "retain":
        tensor.retain_grad()
    elif kind == "after" and tensor.is_leaf:
        tensor.register_post_accumulate_grad_hook(
            lambda leaf: seen.append((place, bits(leaf.grad.detach())))
        )
    elif kind == "fail":
        tensor.register_hook(_fails)
    elif kind == "write":
        tensor.register_hook(lambda g: _written_to(other))
    elif tensor.grad_fn is not None and kind == "node":
        tensor.grad_fn.register_hook(lambda into, outof: seen.append((place, len(into))))
    elif tensor.grad_fn is not None and kind == "before":
        tensor.grad_fn.register_prehook(lambda outof: seen.append((place, bits(outof[0]))))
    elif kind == "show":
        seen.append(repr(type(tensor.grad_fn)))


def _fails(_: Any) -> Any:
    raise ZeroDivisionError("the hook's own")


def _written_to(tensor: Tensor) -> None:
    with autodiff.no_grad():
        tensor.mul_(2)


LOOKING = ["look", "change", "retain", "after", "fail", "write", "node", "before", "show"]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.data())
def test_random_graphs(data: st.DataObject) -> None:
    place = st.integers(0, 50)
    steps = data.draw(
        st.lists(st.tuples(st.sampled_from(STEPS), place, place), min_size=2, max_size=14)
    )
    looks = data.draw(st.lists(st.tuples(st.sampled_from(LOOKING), place), max_size=3))
    roots = data.draw(st.lists(place, min_size=1, max_size=3))
    wanted = data.draw(st.none() | st.lists(place, min_size=1, max_size=3))
    create = data.draw(st.booleans())
    retain = data.draw(st.sampled_from([None, True, False]))
    by_grad = data.draw(st.booleans())

    def work() -> Any:
        numbers = np.linspace(-1.25, 1.75, 12, dtype="float32").reshape(3, 2, 2)
        leaves = [autodiff.tensor(one, requires_grad=True) for one in numbers]
        made, seen = [*leaves, autodiff.tensor(numbers[0])], []
        for step, one, other in steps:
            made.append(step(made[-1 - one % len(made)], made[other % len(made)]))
        pool = [one for one in made if one.requires_grad]
        for kind, one in looks:
            one %= len(pool)  # noqa: PLW2901
            _hooked(pool[one], kind, seen, one, pool[one // 2])
        results = [pool[-1 - one % len(pool)] for one in roots]
        flow = [autodiff.tensor(np.full(one.shape, 0.5, one._data.dtype)) for one in results]
        inputs = None if wanted is None else [pool[one % len(pool)] for one in wanted]
        found = []
        for _ in range(2):
            if by_grad and inputs is not None:
                found.append(
                    raised(
                        lambda: bits(
                            autodiff.autograd.grad(
                                results, inputs, flow, retain, create, allow_unused=True
                            )
                        )
                    )
                )
            else:
                found.append(
                    raised(
                        lambda: autodiff.autograd.backward(
                            results, flow, retain, create, inputs=inputs
                        )
                    )
                )
            grads = [one.grad for one in pool]
            owned = [one for one in grads[:3] if one is not None]
            if not create and not seen:
                assert owns(owned, [one._data for one in (*flow, *pool)])
            found.append(bits(grads))
            if create and found[-2] is not None and isinstance(found[-2][0], type):
                break  # after an error, how much had been released is a matter of the walk
        return found, seen

    both(work)


# each has a node at which a cotangent arrives that nobody else holds, before another one does
REUSED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "negative": lambda a, y, row: (-y).exp() + (y * 3).sin(),
    "difference": lambda a, y, row: (a - y).exp() + (y * 3).sin(),
    "difference of one": lambda a, y, row: (y - y * 2).exp() + (y * 3).sin(),
    "difference, broadcast": lambda a, y, row: (a - row).exp() + (row * 3).sin(),
    "sum": lambda a, y, row: (a + y).exp() + (y * 3).sin(),
    "sum, broadcast": lambda a, y, row: (a + row).exp() + (row * 3).sin(),
    "products": lambda a, y, row: (a * y).exp() * 0.5 + (y * y).sin(),
    "quotients": lambda a, y, row: (y / a).exp() / 1.5 + (y / y).sin(),
    "slopes": lambda a, y, row: (y.exp().log().tanh().sigmoid() * 2).exp() + y.exp(),
    "views": lambda a, y, row: (y.t() * 2).exp().t() + y.view(6).flip(0).view(3, 2).sin(),
    "parts": lambda a, y, row: autodiff.cat(y.split(1)).exp() + y.unbind()[1].sin(),
    "itself": lambda a, y, row: y + y + (y + a),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", REUSED)
def test_memory_that_is_used_again(name: str, dtype: str) -> None:
    values = np.linspace(0.25, 1.5, 6).astype(dtype)

    def work() -> Any:
        leaves = [
            autodiff.tensor(one, requires_grad=True)
            for one in (values.reshape(3, 2), values[::-1].reshape(3, 2).copy(), values[:2].copy())
        ]
        kept: list[Any] = []
        middle = [one * 1.5 for one in leaves]
        result = REUSED[name](*middle)
        flow = autodiff.tensor(np.full(result.shape, 0.75, dtype))
        for _ in range(2):
            result.backward(flow, retain_graph=True)
            kept += [bits(one.grad) for one in leaves]
        middle[1].register_hook(kept.append)  # and where somebody holds it
        result.backward(flow)
        assert (flow._data == 0.75).all()
        return bits([*(one.grad for one in leaves), *middle]), kept[:6], bits(kept[6:])

    both(work)
