"""Lines of code that repeat a check."""

from __future__ import annotations

from reference.reports.data import Data

__all__ = ["repeating"]

_IMPORTS = {  # as the adapters' lines spell them
    "autodiff.": "import autodiff",
    "jnp.": "import jax.numpy as jnp",
    "mygrad.": "import mygrad",
    "np.": "import numpy as np",
    "Tensor(": "from tinygrad import Tensor, dtypes",
    "torch.": "import torch",
}


def repeating(report: Data) -> list[str]:
    """Code that makes the arguments and checks again; a function without a name is described.

    >>> source = ["x = np.array([1.0])", "check(f, x, engine='hips', seed=0)"]
    >>> report = {"source": source, "engine": "hips", "function": "f", "origin": "ops:f"}
    >>> print(*repeating(report), sep="\\n")
    import numpy as np
    from ops import f
    from reference import check
    x = np.array([1.0])
    check(f, x, engine='hips', seed=0)
    """
    source = [str(line) for line in report["source"]]
    if not source:
        return []
    made = [line.partition(" = ")[2] for line in source]
    used = [
        line for start, line in _IMPORTS.items() if any(part.startswith(start) for part in made)
    ]
    module, _, name = str(report["origin"]).partition(":")
    function = str(report["function"])
    if name == function and module != "__main__" and report["engine"] != "pair":
        return [*used, f"from {module} import {name}", "from reference import check", *source]
    kind = "the pair of" if report["engine"] == "pair" else "this is"
    described = [f"# {function}: {kind} {name or function} in {module}"] if module else []
    return [*used, "from reference import check", *described, *source]
