"""Train a small network on images of digits, then certify the gradient of one step.

    python examples/digits.py [--epochs N] [--batch N] [--seed N] [--output FILE] [--quick]

The data are the 1,797 images of 8 x 8 pixels that scikit-learn brings along. `autodiff` trains a
64-64-10 tanh network on them in float32. The oracle then encloses the gradient of the next step,
at the very weights and images that `autodiff` used, and the errors of all its numbers are counted
in units in the last place (ULPs). The result is a table, and a picture in FILE.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

try:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # needs no display
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator
    from sklearn.datasets import load_digits
    from tqdm import tqdm

    import autodiff as torch
    import autodiff.nn.functional as F
    import reference
    import reference.nn.functional as exact
    from reference.judge import THRESHOLD, judge, scatter
except ModuleNotFoundError as missing:
    sys.exit(
        f"digits.py: {(missing.name or '').partition('.')[0]} is not installed; in the checkout, "
        "python -m pip install '.[examples]' installs all that is needed"
    )
except KeyboardInterrupt:
    sys.exit(130)

LEARNING_RATE = 0.1
MOMENTUM = 0.9
NAMES = ("w1", "b1", "w2", "b2")
BOUNDS = (0, 0.5, 1, 2, 4, 16, math.inf)  # of the table, in ULPs
TRAINING = 1797 * 4 // 5  # images; the others are for testing
UNIT_ROUNDOFF = 2.0**-24  # of float32


def network(functional: Any, images: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """Scores of the ten digits. `functional` is that of the engine, or of the oracle."""
    hidden = functional.tanh(functional.linear(images, w1, b1))
    return functional.linear(hidden, w2, b2)


def loss_of(functional: Any, images: Any, labels: Any, *parameters: Any) -> Any:
    """The mean cross-entropy, on the engine or on the oracle."""
    return functional.cross_entropy(network(functional, images, *parameters), labels)


# Training -------------------------------------------------------------------------------------


@dataclass
class Data:
    """Images in [0, 1] as float32, 64 numbers each, and their digits."""

    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor


@dataclass
class History:
    """Training loss of every step; per epoch the mean loss and both accuracies."""

    steps: list[float]
    losses: list[float]
    train: list[float]
    test: list[float]


def load() -> Data:
    """The images, split at random."""
    digits = load_digits()
    images = torch.from_numpy((digits.data / 16).astype(np.float32))  # 0 to 16: exact in float32
    labels = torch.from_numpy(digits.target.astype(np.int64))
    order = torch.randperm(len(images))
    train, test = order[:TRAINING], order[TRAINING:]
    return Data(images[train], labels[train], images[test], labels[test])


def create_parameters() -> list[torch.Tensor]:
    """Weights of both layers, of a variance that keeps the scale of what passes through."""
    w1 = (torch.randn(64, 64) / 8).requires_grad_()
    b1 = torch.zeros(64, requires_grad=True)
    w2 = (torch.randn(10, 64) / 8).requires_grad_()
    b2 = torch.zeros(10, requires_grad=True)
    return [w1, b1, w2, b2]


def accuracy(images: torch.Tensor, labels: torch.Tensor, parameters: list[torch.Tensor]) -> float:
    """The share of images whose digit gets the highest score."""
    with torch.no_grad():
        guesses = network(F, images, *parameters).argmax(1)
    return (guesses == labels).float().mean().item()


def train(data: Data, parameters: list[torch.Tensor], epochs: int, batch: int) -> History:
    """Stochastic gradient descent with momentum; shows loss and accuracy as it goes."""
    velocities = [torch.zeros_like(p) for p in parameters]
    history = History([], [], [], [])
    count = len(data.images) // batch
    terminal = sys.stderr.isatty()
    style = "{l_bar}{bar}| {n_fmt}/{total_fmt}{postfix}"
    with tqdm(total=epochs * count, bar_format=style, disable=not terminal) as bar:
        for epoch in range(1, epochs + 1):
            bar.set_description(f"epoch {epoch}/{epochs}")
            order = torch.randperm(len(data.images))
            for start in range(0, count * batch, batch):
                chosen = order[start : start + batch]
                loss = loss_of(F, data.images[chosen], data.labels[chosen], *parameters)
                for p in parameters:
                    p.grad = None
                loss.backward()
                with torch.no_grad():
                    for p, v in zip(parameters, velocities, strict=True):
                        v.mul_(MOMENTUM).add_(p.grad)
                        p.sub_(v, alpha=LEARNING_RATE)
                history.steps.append(loss.item())
                bar.update()
            history.losses.append(float(np.mean(history.steps[-count:])))
            history.train.append(accuracy(data.images, data.labels, parameters))
            history.test.append(accuracy(data.test_images, data.test_labels, parameters))
            loss_text = f"{history.losses[-1]:.4f}"
            test_text = f"{100 * history.test[-1]:.1f} %"
            bar.set_postfix_str(f"loss {loss_text}, test accuracy {test_text}")
            if not terminal:
                line = f"epoch {epoch:{len(str(epochs))}}/{epochs}  loss {loss_text}"
                print(f"{line}  test accuracy {test_text}", flush=True)
    return history


# The certified step ---------------------------------------------------------------------------


@dataclass
class Step:
    """One gradient of the engine, held to the truth.

    ulps: errors per parameter array. rounded: which numbers are the nearest float32 to the truth.
    explained: the error that float32 explains, in ULPs: the root mean square over runs of the
    same computation with every step rounded at random. norms: the error of each gradient as a
    vector, relative to its length.
    """

    batch: int
    known: int
    ulps: list[np.ndarray]
    rounded: list[np.ndarray]
    explained: list[np.ndarray]
    norms: list[float]
    verdict: str

    @property
    def all_ulps(self) -> np.ndarray:
        """The errors of all numbers in one row."""
        return np.concatenate([u.ravel() for u in self.ulps])


def certify_step(data: Data, parameters: list[torch.Tensor], batch: int) -> Step:
    """The gradient of the next step by the engine, and its errors by the oracle."""
    chosen = torch.randperm(len(data.images))[:batch]
    images, labels = data.images[chosen], data.labels[chosen]
    gradients = [
        gradient.numpy()
        for gradient in torch.autograd.grad(loss_of(F, images, labels, *parameters), parameters)
    ]

    fixed_images = reference.tensor(images.numpy())
    fixed_labels = reference.tensor(labels.numpy())

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return loss_of(exact, fixed_images, fixed_labels, w1, b1, w2, b2)

    truth = reference.certify(loss, *(p.detach().numpy() for p in parameters))
    explained = scatter(truth)
    pairs = list(zip(gradients, truth.gradients, strict=True))
    return Step(
        batch=batch,
        known=sum(int((truth.status(n) == "certified").sum()) for n in range(len(NAMES))),
        ulps=[enclosure.ulps(gradient, "float32") for gradient, enclosure in pairs],
        rounded=[gradient == enclosure.round("float32") for gradient, enclosure in pairs],
        explained=list(explained),
        norms=[
            float(np.linalg.norm(gradient - enclosure.mid) / np.linalg.norm(enclosure.mid))
            for gradient, enclosure in pairs
        ],
        verdict=_verdict(gradients, truth, explained),
    )


def _verdict(gradients: list[np.ndarray], truth: Any, explained: Sequence[np.ndarray]) -> str:
    verdict = judge(gradients, truth, explain=explained)
    counts = ", ".join(f"{count:,} {name}" for name, count in verdict.counts.items())
    number, position, excess = verdict.worst
    if not position:
        return f"Verdict: {counts}, all exactly."
    return (
        f"Verdict: {counts}. The worst is {NAMES[number]}{list(position)}: "
        f"{verdict.ulps[number][position]:.3g} ULPs,\n{excess:.2g} times what rounding every step "
        f"to float32 explains; {THRESHOLD:g} times would be inaccurate."
    )


def table(step: Step) -> str:
    """How many numbers have an error of how many ULPs, per parameter array."""
    total = step.all_ulps.size
    columns = [*step.ulps, step.all_ulps]
    known = f"{step.known:,} of {total:,} numbers certified to 2**-10 ULP"
    lines = [
        f"The gradient of the next step, batch {step.batch}: {known}.",
        "",
        f"{'error in ULPs':<18}" + "".join(f"{name:>9}" for name in (*NAMES, "all", "share")),
    ]

    def row(title: str, counts: Sequence[int]) -> None:
        cells = "".join(f"{count:9,}" for count in counts)
        lines.append(f"{title:<18}{cells}{counts[-1] / total:9.1%}")

    def figures(title: str, numbers: Sequence[float]) -> None:
        lines.append(f"{title:<18}" + "".join(f"{number:9.3g}" for number in numbers))

    row("0", [int((c == 0).sum()) for c in columns])
    for below, bound in pairwise(BOUNDS):
        title = f"up to {bound:g}" if bound < math.inf else f"more than {below:g}"
        row(title, [int(((c > below) & (c <= bound)).sum()) for c in columns])
    rounded = [int(r.sum()) for r in step.rounded]
    row("correctly rounded", [*rounded, sum(rounded)])
    figures("median", [float(np.median(c)) for c in columns])
    figures("largest", [float(c.max()) for c in columns])
    figures("norm-wise, / 2**-24", [norm / UNIT_ROUNDOFF for norm in step.norms])
    return "\n".join([*lines, "", step.verdict])


# The picture ----------------------------------------------------------------------------------

INK, BLUE, ORANGE, GREY = "#333333", "#2f6fab", "#d9822b", "#c9ccd1"


def picture(history: History, step: Step) -> Figure:
    """Training, the distribution of errors, and the errors of the first layer."""
    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.6), hspace=0.04)
    loss, right = above.subplots(1, 2)
    errors, layer = below.subplots(1, 2, width_ratios=(1.05, 1))
    _draw_loss(loss, history)
    _draw_accuracy(right, history)
    _draw_errors(errors, step)
    _draw_first_layer(layer, step)
    return figure


def _dress(axes: Any, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_loss(axes: Any, history: History) -> None:
    epochs = np.arange(1, len(history.losses) + 1)
    per_epoch = len(history.steps) / len(epochs)
    steps = np.arange(1, len(history.steps) + 1) / per_epoch
    axes.plot(steps, history.steps, color=GREY, linewidth=1, label="each step")
    axes.plot(epochs, history.losses, color=BLUE, marker=".", label="mean of the epoch")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    _dress(axes, "Training loss", "epoch", "cross-entropy")


def _draw_accuracy(axes: Any, history: History) -> None:
    epochs = np.arange(1, len(history.train) + 1)
    for values, color, name in (
        (history.train, BLUE, "training images"),
        (history.test, ORANGE, "test images"),
    ):
        percent = 100 * np.array(values)
        axes.plot(epochs, percent, color=color, marker=".", label=f"{name}: {percent[-1]:.1f} %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="lower right")
    _dress(axes, "Accuracy", "epoch", "percent")


def _draw_errors(axes: Any, step: Step) -> None:
    """Shares by powers of two; what is exact has a bar of its own, at the left."""
    ulps = step.all_ulps
    explained = np.concatenate([e.ravel() for e in step.explained])
    lowest, highest = -6, max(5, math.ceil(math.log2(max(ulps.max(), 1.0))))
    edges = np.arange(lowest, highest + 1)

    def shares(values: np.ndarray) -> np.ndarray:
        logs = np.clip(np.log2(values[values > 0]), lowest, highest)
        return np.asarray(100 * np.histogram(logs, edges)[0] / ulps.size)

    found = shares(ulps)
    small = edges[:-1] < -1
    exact_share = 100 * float((ulps == 0).mean())
    axes.bar(edges[:-1][small] + 0.5, found[small], 0.9, color=BLUE, label="half an ULP at most")
    axes.bar(edges[:-1][~small] + 0.5, found[~small], 0.9, color=ORANGE, label="more")
    axes.bar(lowest - 1, exact_share, 0.9, color=BLUE)
    predicted = shares(explained)
    label = "explained: every step rounded\nto float32 at random (r.m.s.)"
    axes.stairs(predicted, edges, color=INK, linewidth=1.3, label=label)
    axes.set_ylim(0, 1.3 * max(found.max(), predicted.max(), exact_share))
    ticks = np.arange(-5, highest + 1, 2 if highest < 12 else 4)
    axes.set_xticks(
        [lowest - 1, *ticks], ["0", *(f"{2.0**t:g}" if t > -3 else f"1/{2**-t}" for t in ticks)]
    )
    axes.legend(frameon=False)
    share = sum(int(r.sum()) for r in step.rounded) / ulps.size
    title = f"Gradient of a step: {ulps.size:,} numbers, {share:.1%} correctly rounded"
    _dress(axes, title, "error in ULPs", "percent of the numbers")


def _draw_first_layer(axes: Any, step: Step) -> None:
    """A tile for each hidden unit; in it, the errors lie as the pixels do in the image."""
    errors = step.ulps[0].reshape(8, 8, 8, 8).transpose(0, 2, 1, 3).reshape(64, 64)
    top = max(32.0, float(np.quantile(errors, 0.99)))
    axes.set_facecolor(GREY)
    shown = np.ma.masked_equal(errors, 0)
    image = axes.imshow(shown, norm=LogNorm(0.25, top, clip=True), cmap="viridis")
    for line in range(8, 64, 8):
        axes.axhline(line - 0.5, color="white", linewidth=2)
        axes.axvline(line - 0.5, color="white", linewidth=2)
    bar = axes.figure.colorbar(image, ax=axes, extend="both", shrink=0.8, label="error in ULPs")
    ticks = [tick for tick in 4.0 ** np.arange(-1, 12) if tick <= top]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    text = "a tile per hidden unit, pixels as in the images;\ngrey: no error, mostly dark pixels"
    _dress(axes, "Gradient of the first layer's weights", text, "")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["bottom", "left"]].set_visible(False)


# The command ----------------------------------------------------------------------------------


def _positive(text: str) -> int:
    number = int(text) if text.lstrip("+-").isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return number


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options, checked before anything is computed."""
    parser = argparse.ArgumentParser(
        prog="digits.py", description="Train on images of digits; certify the gradient of a step."
    )
    parser.add_argument("--epochs", type=_positive, metavar="N", help="passes (20)")
    parser.add_argument("--batch", type=_positive, metavar="N", help="images in a step (128)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all random numbers")
    parser.add_argument("--output", type=Path, default=Path("digits.png"), metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="4 passes, a batch of 32")
    given = parser.parse_args(arguments)
    given.epochs = given.epochs or (4 if given.quick else 20)
    given.batch = given.batch or (32 if given.quick else 128)
    if given.batch > TRAINING:
        parser.error(
            f"argument --batch: {given.batch} is more than the {TRAINING} images there are"
        )
    if not 0 <= given.seed < 2**63:
        parser.error(f"argument --seed: {given.seed} is not between 0 and 2**63 - 1")
    known = FigureCanvasAgg.filetypes
    if given.output.suffix[1:].lower() not in known:
        names = ", ".join(sorted(known))
        parser.error(f"argument --output: {given.output} should end in one of {names}")
    if not given.output.parent.is_dir():
        parser.error(f"argument --output: there is no folder {given.output.parent}")
    return given


def main() -> int:
    """Train, certify, print the table and save the picture."""
    given = options()
    torch.manual_seed(given.seed)
    data = load()
    parameters = create_parameters()
    history = train(data, parameters, given.epochs, given.batch)
    step = certify_step(data, parameters, given.batch)
    print(f"\nAccuracy on {len(data.test_images)} test images: {100 * history.test[-1]:.1f} %\n")
    print(table(step))
    try:
        picture(history, step).savefig(given.output, dpi=110)
    except OSError as problem:
        print(f"digits.py: cannot write {given.output}: {problem.strerror}", file=sys.stderr)
        return 1
    print(f"Picture: {given.output}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ndigits.py: interrupted", file=sys.stderr)
        sys.exit(130)
