"""The methods of `Tensor`, a class for each family.

`late.py` puts a family's methods into the class of tensors when one of them is first used. Type
checkers read that `Tensor` is derived from these classes.
"""

__all__: list[str] = []
