"""Who takes part, and how each is asked for a value and its gradients.

Every contestant is optional, except `autodiff` and NumPy by hand. None is imported before it is
asked for: each has a process of its own (see timing.py).
"""

from __future__ import annotations

import abc
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from workloads.workload import Kind, Missing, Problem, Workload

__all__ = ["CONTESTANTS", "SINGLE_THREAD", "Contestant", "Engine", "named"]

Call = Callable[[], Sequence[Any]]

# Read when a library is loaded, so it must stand in the environment of the process beforehand.
SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",  # float32 stays float32; without it, float64 would not stay float64
}


class Engine(abc.ABC):
    """A contestant, imported. `module` is its import name."""

    def __init__(self, module: str) -> None:
        self.module = importlib.import_module(module)

    @abc.abstractmethod
    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        """A function that does the work once and returns its results, and a remark, or ''."""

    def to_numpy(self, result: Any) -> np.ndarray:
        return np.asarray(result)


class ByHand(Engine):
    """NumPy, forward and backward written out, with fresh arrays."""

    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        by_hand = workload.by_hand
        if by_hand is None:
            raise Missing("not written by hand")
        # Of 0-d arrays the scalars, which is what NumPy computes with quickly.
        leaves = [leaf[()] for leaf in problem.leaves]
        constants = [*problem.constants, *problem.direction]
        return lambda: by_hand(leaves, constants), ""


class TorchLike(Engine):
    """An engine with PyTorch's names."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        if hasattr(self.module, "set_num_threads"):
            self.module.set_num_threads(1)
            self.module.set_num_interop_threads(1)

    def to_numpy(self, result: Any) -> np.ndarray:
        return np.asarray(result.detach().numpy())

    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        torch: Any = self.module
        program, remark = workload.program(torch.__name__, "torch", torch)
        leaves = [torch.tensor(leaf, requires_grad=True) for leaf in problem.leaves]
        constants, direction = (
            [torch.tensor(item) if isinstance(item, np.ndarray) else item for item in items]
            for items in (problem.constants, problem.direction)
        )
        grad = torch.autograd.grad

        def gradient() -> Sequence[Any]:
            for leaf in leaves:
                leaf.grad = None
            value = program(torch, leaves, constants)
            value.backward()
            return [value, *(leaf.grad for leaf in leaves)]

        def hessian() -> Sequence[Any]:
            (slope,) = grad(program(torch, leaves, constants), leaves, create_graph=True)
            rows = [grad(slope[n], leaves, retain_graph=True)[0] for n in range(len(slope))]
            return [torch.stack(rows)]

        def product() -> Sequence[Any]:
            slopes = grad(program(torch, leaves, constants), leaves, create_graph=True)
            along = [(g * v).sum() for g, v in zip(slopes, direction, strict=True)]
            found: Sequence[Any] = grad(sum(along[1:], along[0]), leaves)
            return found

        def forward() -> Sequence[Any]:
            return [program(torch, leaves, constants)]

        calls: dict[Kind, Call] = {
            Kind.GRADIENT: gradient,
            Kind.HESSIAN: hessian,
            Kind.PRODUCT: product,
            Kind.FORWARD: forward,
        }
        return calls[workload.kind], remark


class Jax(Engine):
    """JAX, compiled; the first call compiles and is not timed."""

    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        jax: Any = self.module
        xp = importlib.import_module("jax.numpy")
        program, remark = workload.program("jax", "numpy", xp)
        leaves = [xp.asarray(leaf) for leaf in problem.leaves]
        direction = [xp.asarray(part) for part in problem.direction]
        # Sizes are part of the program, arrays are arguments: a constant would be folded.
        held = [not isinstance(item, np.ndarray) for item in problem.constants]
        arrays = [
            xp.asarray(item)
            for item, keep in zip(problem.constants, held, strict=True)
            if not keep
        ]

        def loss(leaves: Any, arrays: Any) -> Any:
            rest = iter(arrays)
            constants = [
                item if keep else next(rest)
                for item, keep in zip(problem.constants, held, strict=True)
            ]
            return program(xp, leaves, constants)

        def along(leaves: Any, direction: Any, arrays: Any) -> Any:
            return jax.jvp(lambda at: jax.grad(loss)(at, arrays), (leaves,), (direction,))[1]

        gradient = jax.jit(jax.value_and_grad(loss))
        hessian = jax.jit(jax.hessian(lambda leaf, arrays: loss([leaf], arrays)))
        product = jax.jit(along)
        ready = jax.block_until_ready

        def run_gradient() -> Sequence[Any]:
            value, slopes = ready(gradient(leaves, arrays))
            return [value, *slopes]

        calls: dict[Kind, Call] = {
            Kind.GRADIENT: run_gradient,
            Kind.HESSIAN: lambda: [ready(hessian(leaves[0], arrays))],
            Kind.PRODUCT: lambda: list(ready(product(leaves, direction, arrays))),
        }
        if workload.kind not in calls:
            raise Missing("nothing to record: it compiles")
        return calls[workload.kind], remark


class Hips(Engine):
    """HIPS autograd."""

    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        autograd: Any = self.module
        xp: Any = importlib.import_module("autograd.numpy")
        program, remark = workload.program("autograd", "numpy", xp)
        leaves, constants = list(problem.leaves), problem.constants
        every = tuple(range(len(leaves)))

        def loss(*leaves: Any) -> Any:
            return program(xp, leaves, constants)

        def slope_along(*leaves: Any) -> Any:
            slopes = autograd.grad(loss, every)(*leaves)
            along = [xp.sum(g * v) for g, v in zip(slopes, problem.direction, strict=True)]
            return sum(along[1:], along[0])

        both = autograd.value_and_grad(loss, every)
        hessian = autograd.hessian(loss)
        product = autograd.grad(slope_along, every)
        record = autograd.make_vjp(loss, every)

        def gradient() -> Sequence[Any]:
            value, slopes = both(*leaves)
            return [value, *slopes]

        calls: dict[Kind, Call] = {
            Kind.GRADIENT: gradient,
            Kind.HESSIAN: lambda: [hessian(*leaves)],
            Kind.PRODUCT: lambda: product(*leaves),
            # What it returns holds the graph until the caller drops it.
            Kind.FORWARD: lambda: [record(*leaves)],
        }
        return calls[workload.kind], remark

    def to_numpy(self, result: Any) -> np.ndarray:
        return np.asarray(result[1] if isinstance(result, tuple) else result)


class MyGrad(Engine):
    """MyGrad, as it is installed: with its guard against writes to memory."""

    def call(self, workload: Workload, problem: Problem) -> tuple[Call, str]:
        mygrad: Any = self.module
        program, remark = workload.program("mygrad", "numpy", mygrad)
        leaves = [mygrad.tensor(leaf) for leaf in problem.leaves]

        def gradient() -> Sequence[Any]:
            for leaf in leaves:
                leaf.null_grad()
            value = program(mygrad, leaves, problem.constants)
            value.backward()
            return [value, *(leaf.grad for leaf in leaves)]

        def forward() -> Sequence[Any]:
            return [program(mygrad, leaves, problem.constants)]

        calls: dict[Kind, Call] = {Kind.GRADIENT: gradient, Kind.FORWARD: forward}
        if workload.kind not in calls:
            raise Missing("no second derivatives")
        return calls[workload.kind], remark

    def to_numpy(self, result: Any) -> np.ndarray:
        return np.asarray(getattr(result, "data", result))


@dataclass(frozen=True, slots=True)
class Contestant:
    """One column of the table."""

    name: str
    title: str
    module: str
    engine: type[Engine]
    optional: bool = True

    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    def load(self) -> Engine:
        return self.engine(self.module)

    def version(self) -> str:
        try:
            return importlib.metadata.version(self.module)
        except importlib.metadata.PackageNotFoundError:
            return "of this checkout"


CONTESTANTS = [
    Contestant("torch", "PyTorch eager", "torch", TorchLike),
    Contestant("numpy", "NumPy by hand", "numpy", ByHand, optional=False),
    Contestant("jax", "JAX jit", "jax", Jax),
    Contestant("autograd", "HIPS autograd", "autograd", Hips),
    Contestant("mygrad", "MyGrad", "mygrad", MyGrad),
    Contestant("autodiff", "ours", "autodiff", TorchLike, optional=False),
]
BY_NAME = {contestant.name: contestant for contestant in CONTESTANTS}


def named(name: str) -> Contestant:
    return BY_NAME[name]
