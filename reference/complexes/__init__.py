"""Complex numbers as pairs of real nodes.

A complex array is two nodes, its real and its imaginary part, and every operation on it is real
arithmetic on the two. No rule of complex differentiation is needed, then, and no convention:
the derivatives by the two parts come from the same mechanical rules as all others, and an
adapter says how an engine writes them.
"""

from __future__ import annotations

from reference.complexes.pair import Complex, joined, parts, split
from reference.complexes.table import complex_definition, gives_pair

__all__ = ["Complex", "complex_definition", "gives_pair", "joined", "parts", "split"]
