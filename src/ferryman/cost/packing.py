"""Packing the pods of several applications onto equal nodes."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ("Pods", "nodes_needed")

EVEN = 1e-9
"""What halves and thirds in floats may lack of a whole."""

Pods = tuple[int, float, float]
"""How many there are, and which share of a node's vCPUs and of its memory each asks for."""


def nodes_needed(wanted: Sequence[Pods], least: int) -> int | None:
    """Return how many nodes hold the pods, the largest first, each where it first fits.

    Args:
        wanted: The pods of each application.
        least: The fewest nodes.

    Returns:
        The number; ``None`` where a pod is larger than a node.
    """
    nodes = [[1.0, 1.0] for _ in range(least)]
    for count, vcpu, memory in sorted(wanted, key=lambda pod: -max(pod[1:])):
        if max(vcpu, memory) > 1:
            return None
        for _ in range(count):
            node = next((x for x in nodes if x[0] >= vcpu - EVEN and x[1] >= memory - EVEN), None)
            if node is None:
                node = [1.0, 1.0]
                nodes.append(node)
            node[0] -= vcpu
            node[1] -= memory
    return len(nodes)
