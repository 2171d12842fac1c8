"""What `import` takes, in a process of its own."""

from __future__ import annotations

from workloads.workload import Kind, Workload

__all__ = ["WORKLOADS"]

WORKLOADS = [
    Workload(name="import", title="`import`", kind=Kind.IMPORT, target=1.15, base="numpy")
]
