"""The operations, one file per family: rows, and PyTorch-spelled functions built from them."""

__all__: list[str] = []
