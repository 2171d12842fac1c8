"""The oracle as an engine: the same programs run on its tensors, whose `.grad` is exact."""

from __future__ import annotations

from importlib import metadata

from reference.engines.engine import Engine

__all__ = ["load"]

_DISTRIBUTION = "autodiff-oracle"


def load() -> Engine:
    """`reference` itself.

    >>> load().namespace.tensor(0.5).exact
    array(1/2, dtype=object)
    """
    import reference

    try:
        version = metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:  # a checkout on PYTHONPATH
        version = "(checkout)"
    return Engine("reference", version, reference)
