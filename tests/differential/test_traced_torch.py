"""PyTorch code as people write it is traced: writes through views, control flow, transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from reference.checking import assert_gradients, check  # noqa: E402
from reference.definitions import MissingDefinition  # noqa: E402
from reference.tensor import Tensor, tensor  # noqa: E402
from reference.trace.torch_watch import run_watched  # noqa: E402

nn, F = torch.nn, torch.nn.functional
WHAT = ("value", "vjp")
# PyTorch's forward mode compiles its rules so
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")


def drawn(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def through_views(x: Any) -> Any:
    y = x.clone()
    y[0].mul_(2)
    y[:, 1].add_(x[:, 0])
    flat = y.view(-1)
    flat[3:5] = 7
    return y * flat.view(3, 4)


def filled(x: Any) -> Any:
    held = torch.empty(3, 4, dtype=x.dtype)
    for row in range(3):
        held[row] = x[row] * row
    return held


def wider(x: Any) -> Any:
    held = x.new_zeros(3, 5)
    held[:, 1:] = x
    return held.cumsum(1)


def scattered(x: Any) -> Any:
    held = torch.zeros(3, 6, dtype=x.dtype)
    held.scatter_add_(1, torch.tensor([[0, 1, 2, 3]] * 3), x)
    held.index_add_(0, torch.tensor([0, 1]), torch.ones(2, 6, dtype=x.dtype))
    return held


def in_place(x: Any) -> Any:
    y = x * 2
    y += x
    y *= 3
    y -= 1
    y.unsqueeze_(0)
    y.squeeze_(0)
    y.t_()
    return y.clamp_(min=-0.5)


def decided(x: Any) -> Any:
    for _ in range(3):
        x = x * 2 if x.sum() > 0 else x.sin() - 1
    return x


def halved(x: Any) -> Any:
    count = 0
    while x.norm() > 1 and count < 5:
        x, count = x / 2, count + 1
    return x


def masked(x: Any) -> Any:
    held = torch.zeros_like(x)
    held[x > 0] = x[x > 0] ** 2
    return held


def standardised(x: Any) -> Any:
    with torch.no_grad():
        middle, spread = x.mean(), x.std()
    return (x - middle) / spread


def rotated(q: Any) -> Any:
    place = torch.arange(q.shape[0], device=q.device, dtype=q.dtype)
    angle = torch.outer(place, 1.0 / (100 ** (torch.arange(0, 4, 2).to(q.dtype) / 4)))
    even, odd = q[..., ::2], q[..., 1::2]
    turned = [even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()]
    return torch.stack(turned, -1).flatten(-2)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * ctx.saved_tensors[0]


compiled = torch.compile(lambda x: x.sin(), backend="eager")
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "writes through views": through_views,
    "filled": filled,
    "new_zeros": wider,
    "scattered": scattered,
    "in place": in_place,
    "branches": decided,
    "while": halved,
    "masked": masked,
    "no_grad": standardised,
    "rotated": rotated,
    "item": lambda x: x * x.max().item(),
    "detach": lambda x: x * x.detach() + x.data,
    "custom function": lambda x: Square.apply(x.sin()).sum(0) * x,
    "compiled inside": lambda x: compiled(x) * 2,
    "cond": lambda x: torch.cond(x.sum() > 0, lambda y: y.sin(), lambda y: y.cos(), (x,)),
    "foreach": lambda x: torch._foreach_mul([x, x * 2], 2.0)[1],
    "hessian": lambda x: torch.func.hessian(lambda y: (y**3).sum())(x[0]),
    "jvp": lambda x: torch.func.jvp(torch.sin, (x,), (x * 2,))[1],
    "vjp": lambda x: torch.func.vjp(torch.sin, x)[1](x)[0],
    "vmap": torch.vmap(lambda row: row @ row),
    "places of a condition": lambda x: x[torch.where(x > 0)],
    "argwhere": lambda x: x[torch.argwhere(x > 0)[:, 0]],
    "method where": lambda x: x.where(x > 0, torch.zeros((), dtype=x.dtype)),
    "format asked": lambda x: x * 2 if x.dtype == torch.float64 else x * 3,
    "zeros_like of a format": lambda x: torch.zeros_like(x, dtype=torch.float32) + x,
    "all": lambda x: x * 2 if (x.abs() < 100).all() and not torch.isnan(x).any() else x,
    "allclose": lambda x: x * 2 if torch.allclose(x, x) and torch.equal(x, x) else x,
    "exclusive or": lambda x: ((x > 0) ^ (x < 1)).to(x) * x,
    "swapped product": lambda x: torch.ones(2, 3, dtype=x.dtype).__matmul__(x),
    "copy": lambda x: torch.zeros(3, 4, dtype=x.dtype).copy_(x) * 2,
    "masked_fill": lambda x: (x * 1).masked_fill_(x > 0, 0.0),
    "mixture": lambda x: torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=x[0]),
        torch.distributions.Normal(x[1], x[2].abs() + 1),
    ).log_prob(torch.tensor(0.25, dtype=x.dtype)),
    "low rank": lambda x: torch.distributions.LowRankMultivariateNormal(
        x[0], x[1][:, None], x[2].abs() + 1
    ).log_prob(torch.zeros(4, dtype=x.dtype)),
    "rnn sequences": lambda x: nn.utils.rnn.pad_packed_sequence(
        nn.utils.rnn.pack_padded_sequence(x[..., None], torch.tensor([4, 3, 2]), batch_first=True),
        batch_first=True,
    )[0],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_code_as_it_is(name: str) -> None:
    assert_gradients(FUNCTIONS[name], drawn(3, 4), what=WHAT, repeats=2)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "compiled inside"])
def test_a_watched_run_means_the_same(name: str) -> None:
    x = drawn(3, 4)
    found = run_watched(torch, FUNCTIONS[name], [tensor(x.numpy(), requires_grad=True)], [x])
    assert isinstance(found, Tensor)
    expected = FUNCTIONS[name](x.clone().requires_grad_()).detach()
    assert found.shape == expected.shape
    mine = torch.from_numpy(found.detach().numpy())
    assert torch.allclose(mine.double(), expected.double(), rtol=1e-12, atol=1e-14)


def test_layers_with_masks_and_packed_sequences() -> None:
    torch.manual_seed(0)
    q = drawn(2, 3, 4)
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True, dtype=q.dtype)
    encoder = nn.TransformerEncoder(layer, 1)
    later = torch.triu(torch.ones(3, 3), 1).bool()
    padding = torch.tensor([[False, False, False], [False, False, True]])
    for training in (True, False):
        encoder.train(training)
        assert_gradients(
            lambda x: encoder(x, mask=later, src_key_padding_mask=padding), q, what="value"
        )
    recurrent = nn.LSTM(4, 2, batch_first=True, dtype=q.dtype)

    def packed(x: Any) -> Any:
        rows = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 2]), batch_first=True)
        return nn.utils.rnn.pad_packed_sequence(recurrent(rows)[0], batch_first=True)[0]

    assert_gradients(packed, q, what=WHAT, repeats=2)


def test_forward_mode_sees_through_no_grad_and_is_not_judged() -> None:
    report = check(standardised, drawn(3, 4), repeats=2)
    assert report.ok, report.text
    assert any("no_grad" in note for note in report.notes)


def test_a_wrong_rule_is_caught_in_a_watched_run() -> None:
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            held = torch.empty_like(x)
            held[:] = x
            held[0] *= 3
            return held

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    assert not check(Wrong.apply, drawn(3, 4), what="vjp", repeats=2).ok


def test_what_nothing_is_known_of_is_named() -> None:
    class Left(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return torch.special.airy_ai(torch.nextafter(x, x + 1))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * math.pi

    with pytest.raises(MissingDefinition, match="nextafter"):
        check(Left.apply, drawn(3))
