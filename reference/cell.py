"""What tensors that share memory share."""

from __future__ import annotations

from collections.abc import Sequence

from reference.graph import Node, Stop

__all__ = ["Cell"]


class Cell:
    """The node of the values, to be put in place of another.

    tracked: whether the node may depend on leaves that gradients are taken of. forward: where
    the node is a derivative, the outputs that were differentiated.
    """

    __slots__ = ("forward", "node", "stopped", "tracked", "version")

    def __init__(self, node: Node, tracked: bool = False, forward: Sequence[Node] = ()) -> None:
        self.put(node, tracked, forward)
        self.version = 0

    def put(self, node: Node, tracked: bool, forward: Sequence[Node] = ()) -> None:
        """Other values from here on."""
        self.node = node
        self.tracked = tracked
        self.forward = tuple(forward)
        self.stopped: Node | None = None

    def value(self) -> Node:
        """The values without their history."""
        if not self.tracked:
            return self.node
        if self.stopped is None:
            self.stopped = Stop(self.node)
        return self.stopped
