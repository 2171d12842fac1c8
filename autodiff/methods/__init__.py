"""The methods of `Tensor`, one mixin per family; each method is one call of a function."""

__all__: list[str] = []
