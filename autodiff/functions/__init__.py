"""Functions with PyTorch's names and signatures, built from the rows in `autodiff.ops`."""

__all__: list[str] = []
