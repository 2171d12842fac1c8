"""The page of docs that lists all definitions, made from the registry.

python -m reference.definitions.page > docs/definitions.md
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from types import ModuleType

from reference import definitions
from reference.definitions.registry import Definition, Domain

__all__ = ["page"]

_HEAD = """\
# Definitions

What the oracle knows of each operation: its mathematics (in `reference/definitions/`), where it
is defined, and where its derivative is a set. Made by `python -m reference.definitions.page`.
Names are PyTorch's; NumPy's, the Array API's, JAX's primitives and `autodiff`'s rows are
translated to them. Complex arguments have rows of their own, for which [engines.md](engines.md)
says more.

An operation that is not here, in PyTorch, is looked for in the graph that PyTorch records of it,
down to ATen's core. What draws random numbers has no definition. How to add one:
[engines.md](engines.md#an-operation-without-a-definition).

*Domain*: an open interval for each argument that is differentiated, where it is not all numbers.
*Kinks*: places of the first argument, or arguments that are equal.
"""


def page() -> str:
    """The page, in Markdown.

    >>> page().splitlines()[0]
    '# Definitions'
    """
    families = (*definitions.FIRST_TIER, *definitions.SECOND_TIER)
    parts = [_HEAD, *("\n".join(_family(family)) for family in families)]
    return "\n".join(parts)


def _family(family: ModuleType) -> Iterator[str]:
    title = str(family.__doc__).splitlines()[0].rstrip(".")
    yield f"## {title}\n"
    yield f"`{family.__name__.replace('.', '/')}.py`\n"
    yield "| name | also | domain | kinks |"
    yield "|--|--|--|--|"
    for row in family.DEFINITIONS:
        yield _line(row)
    yield ""


def _line(row: Definition) -> str:
    also = ", ".join(f"`{alias}`" for alias in row.aliases if "." not in alias)
    bounded = any(domain != definitions.REALS for domain in row.domain)
    domain = " ".join(_interval(domain) for domain in row.domain) if bounded else ""
    kinks = ", ".join(f"{kink:g}" if isinstance(kink, float) else str(kink) for kink in row.kinks)
    return f"| `{row.name}` | {also} | {domain} | {kinks} |"


def _interval(domain: Domain) -> str:
    ends = [
        "-∞" if end == -inf else "∞" if end == inf else f"{end:g}"
        for end in (domain.low, domain.high)
    ]
    return f"({ends[0]}, {ends[1]})"


if __name__ == "__main__":
    print(page())
