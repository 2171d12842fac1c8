"""The rows of the table, in its order."""

from __future__ import annotations

from workloads import graphs, imports, layers, networks, pointwise, second_order
from workloads.workload import Workload

__all__ = ["WORKLOADS", "named"]

ORDER = [
    "scalars",
    "perceptron",
    "logistic",
    "elementwise-1e3",
    "elementwise-1e6",
    "mlp",
    "lstm",
    "attention",
    "conv2d",
    "layer-norm-softmax",
    "hessian",
    "hessian-vector",
    "long-chain",
    "building",
    "one-tensor",
    "embedding",
    "gaussian-process",
    "import",
]
FAMILIES = (pointwise, networks, layers, second_order, graphs, imports)
BY_NAME: dict[str, Workload] = {
    workload.name: workload for family in FAMILIES for workload in family.WORKLOADS
}
WORKLOADS = [BY_NAME[name] for name in ORDER]


def named(name: str) -> Workload:
    return BY_NAME[name]
