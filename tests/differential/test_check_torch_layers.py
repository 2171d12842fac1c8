"""`check` on PyTorch's layers and functions as people call them: traced, derived, judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from reference.checking import check  # noqa: E402
from reference.domains.certified import evaluate  # noqa: E402
from reference.tensor import tensor  # noqa: E402
from reference.trace.torch_watch import run_watched  # noqa: E402

nn, F = torch.nn, torch.nn.functional
FIRST = ("value", "vjp", "jvp")
NO_FORWARD_MODE = {  # in PyTorch
    "Bilinear", "TransformerEncoderLayer", "ctc_loss", "grid_sample", "affine_grid",
    "embedding_bag", "multi_margin_loss",
}  # fmt: skip


def asked(name: str) -> tuple[str, ...]:
    return FIRST[:2] if name in NO_FORWARD_MODE else FIRST


def drawn(*shape: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def layer(make: Callable[[], Any]) -> Any:
    torch.manual_seed(0)
    return make().double()


LAYERS: dict[str, tuple[Callable[[], Any], tuple[tuple[int, ...], ...]]] = {
    "LSTM": (lambda: nn.LSTM(3, 2), ((4, 2, 3),)),
    "LSTM-deep": (lambda: nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2), ((3, 1, 3),)),
    "GRU": (lambda: nn.GRU(3, 2, batch_first=True), ((2, 3, 3),)),
    "RNN": (lambda: nn.RNN(3, 2, 2), ((3, 2, 3),)),
    "RNN-relu": (lambda: nn.RNN(3, 2, nonlinearity="relu", bias=False), ((3, 2, 3),)),
    "LSTMCell": (lambda: nn.LSTMCell(3, 2), ((2, 3),)),
    "GRUCell": (lambda: nn.GRUCell(3, 2), ((2, 3),)),
    "RNNCell": (lambda: nn.RNNCell(3, 2), ((2, 3),)),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(4, 2), ((3, 1, 4),) * 3),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True),
        ((1, 3, 4),),
    ),
    "Bilinear": (lambda: nn.Bilinear(2, 3, 2), ((2, 2), (2, 3))),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), ((2, 2, 2, 3),)),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(2, affine=True), ((2, 2, 4),)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 2, 2, 2), ((1, 2, 2, 2),)),
    "AdaptiveAvgPool3d": (lambda: nn.AdaptiveAvgPool3d(2), ((1, 1, 3, 4, 2),)),
    "LPPool2d": (lambda: nn.LPPool2d(3.0, 2), ((1, 1, 4, 4),)),
    "Upsample": (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), ((1, 1, 3, 3),)),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(2), ((1, 4, 2, 2),)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    make, shapes = LAYERS[name]
    given = [drawn(*shape, seed=number) for number, shape in enumerate(shapes)]
    report = check(layer(make), *given, what=asked(name))
    assert report.ok, report.text


PAIR = np.array([[0, 2, 1], [3, 3, 2]])
FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "ctc_loss": (
        lambda x: F.ctc_loss(
            F.log_softmax(x, -1),
            torch.tensor([[1, 2, 2], [3, 1, 0]]),
            torch.tensor([6, 4]),
            torch.tensor([3, 2]),
        ),
        ((6, 2, 4),),
    ),
    "matrix_exp": (torch.linalg.matrix_exp, ((3, 3),)),
    "grid_sample": (
        lambda x, g: F.grid_sample(x, g, align_corners=False),
        ((1, 2, 3, 3), (1, 2, 2, 2)),
    ),
    "affine_grid": (
        lambda t, x: F.grid_sample(x, F.affine_grid(t, [1, 1, 3, 3], False), align_corners=False),
        ((1, 2, 3), (1, 1, 4, 4)),
    ),
    "embedding_bag": (lambda w: F.embedding_bag(torch.tensor(PAIR), w, mode="max"), ((4, 2),)),
    "cosine_embedding_loss": (
        lambda a, b: F.cosine_embedding_loss(a, b, torch.tensor([1, -1])),
        ((2, 3), (2, 3)),
    ),
    "multi_margin_loss": (lambda x: F.multi_margin_loss(x, torch.tensor([0, 2])), ((2, 3),)),
    "scatter_reduce": (
        lambda x, s: x.scatter_reduce(0, torch.tensor([[0, 1], [0, 0]]), s, "amax"),
        ((2, 2), (2, 2)),
    ),
    "lu_solve": (
        lambda a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b),
        ((3, 3), (3, 2)),
    ),
    "singular values of a wide matrix": (lambda a: torch.linalg.svd(a)[1], ((2, 4),)),
    "torch.svd": (lambda a: torch.svd(a)[2] ** 2, ((3, 2),)),
    "torch.cross": (lambda a, b: torch.linalg.cross(a, b, dim=0), ((3, 2), (3, 2))),
    "stft": (
        lambda x: torch.stft(x, 4, return_complex=True, window=torch.ones(4).double()).abs(),
        ((9,),),
    ),
    "irfft of rfft": (lambda x: torch.fft.irfft(torch.fft.rfft(x) ** 2, 5), ((5,),)),
    "unpooling": (
        lambda x: F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2),
        ((1, 1, 6),),
    ),
    "weighted mse": (lambda x, y, w: F.mse_loss(x, y, weight=w.abs()), ((3,),) * 3),
    "baddbmm": (lambda c, a, b: torch.baddbmm(c, a, b, beta=0.5), ((2, 2, 2),) * 3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function, shapes = FUNCTIONS[name]
    given = [drawn(*shape, seed=number) for number, shape in enumerate(shapes)]
    report = check(function, *given, what=asked(name))
    assert report.ok, report.text


# a recorded graph calls ATen, whose parameters have another order


RECORDED: dict[str, Callable[..., Any]] = {
    "mse": lambda x: F.mse_loss(x, x * 0 + 1, reduction="sum"),
    "smooth_l1": lambda x: F.smooth_l1_loss(x, x * 0, reduction="sum", beta=0.5),
    "huber": lambda x: F.huber_loss(x, x * 0, "sum", 0.25),
    "bce_with_logits": lambda x: F.binary_cross_entropy_with_logits(
        x, (x > 0).double(), reduction="sum", pos_weight=torch.tensor(2.0).double()
    ),
    "kl_div": lambda x: F.kl_div(x, x.exp(), reduction="sum"),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.tensor([0, 2]), reduction="none"),
    "batch_norm": lambda x: F.batch_norm(x, None, None, x[0] + 2, x[1], True),
    "instance_norm": lambda x: F.instance_norm(x[None], weight=x[:, 0], bias=x[:, 1]),
    "group_norm": lambda x: F.group_norm(x, 3, x[0], x[1]),
    "layer_norm": lambda x: F.layer_norm(x, (3,), x[0], x[1]),
    "embedding": lambda x: F.embedding(torch.tensor([1, 0, 1]), x),
    "masked": lambda x: torch.where(x > 0, x, 0.5 * x),
    "margin": lambda x: F.margin_ranking_loss(
        x[0], x[1], torch.ones(3).double(), 0.5, reduction="sum"
    ),
    "copies": lambda x: torch.unbind_copy(torch.view_copy(x, (3, 2)), 0)[1],
    "softplus": lambda x: F.softplus(x, 2, 0.25),
    "svd": lambda x: torch.svd(x)[2].abs(),
    "cross": lambda x: torch.cross(x.T, 2 - x.T, dim=0),
    "vander": lambda x: torch.vander(x[0]),
    "div floor": lambda x: torch.div(x, 0.25, rounding_mode="floor"),
    "div trunc": lambda x: torch.div(x, 0.25, rounding_mode="trunc"),
    "decimals": lambda x: torch.round(x, decimals=1),
    "trace": torch.trace,
    "one value": lambda x: torch.topk(x[0, 0], 1)[0] + torch.kthvalue(x[0, 0], 1)[0],
    "hinge": lambda x: F.hinge_embedding_loss(x, 0 * x + 0.5, reduction="none"),
    "vectors of a batch": lambda x: torch.linalg.solve(
        torch.stack([2.0 * torch.eye(3).double()] * 2), x
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_means_the_same(name: str) -> None:
    x = drawn(2, 3)

    expected = RECORDED[name](x)
    through_names = RECORDED[name](tensor(x.numpy()))
    through_graph = run_watched(torch, RECORDED[name], [tensor(x.numpy())], [x])
    for found in (through_names, through_graph):
        values = evaluate([found.node], precision=160)[0]
        mine = np.array(values.ravel().tolist(), dtype=np.float64).reshape(values.shape)
        np.testing.assert_allclose(mine, expected.numpy(), rtol=1e-9, atol=1e-12)


def test_what_is_random_is_refused() -> None:
    def noisy(x: Any) -> Any:
        return x + torch.rand(3)

    with pytest.raises(NotImplementedError, match="draws random numbers"):
        run_watched(torch, noisy, [tensor(np.ones(3))], [torch.ones(3).double()])


def test_the_former_spelling_of_reductions() -> None:
    x = tensor(np.array([1.0, 3.0]))
    with pytest.warns(UserWarning, match="size_average"):
        torch.nn.MSELoss(size_average=False)
    assert float(F.mse_loss(x, x * 0, size_average=False)) == 10.0
    assert float(F.mse_loss(x, x * 0, reduce=False)[1]) == 9.0
