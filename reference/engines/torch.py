"""PyTorch, where it is installed."""

from __future__ import annotations

from reference.engines.engine import Engine, EngineError

__all__ = ["load"]


def load() -> Engine:
    """PyTorch itself; EngineError where it is not installed, or does not load."""
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise EngineError(f"torch does not load: {error}") from None
        raise EngineError(
            "torch is not installed: python -m pip install 'autodiff-oracle[torch]', "
            "or `pip install torch`"
        ) from None
    except (ImportError, OSError) as error:  # OSError: a shared library that it needs is missing
        raise EngineError(f"torch does not load: {error}") from None
    return Engine("torch", str(torch.__version__), torch)
