"""`vmap`: a function of one member as a function of a batch, without a loop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.batched import BatchLevel, batched, batched_at, physical_at
from autodiff.functions.shapes import cat, movedim
from autodiff.layers import entered
from autodiff.state import TensorState
from autodiff.trees import Structure, flatten, spread_prefix

__all__ = ["along_directions", "in_one_pass", "vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`func`, written for one member, as a function of whole batches.

    in_dims: for each argument the axis that is mapped over, None for the same in every call; an
    int, or nested like the arguments. out_dims: where the results have that axis. randomness: what
    random operations do: "error", "same" numbers for every member, or "different". chunk_size: at
    most so many members at once.

    >>> import autodiff
    >>> vmap(autodiff.dot)(autodiff.ones(3, 2), autodiff.tensor([[1., 2.], [3., 4.], [5., 6.]]))
    tensor([ 3.,  7., 11.])
    """
    return _mapped(BatchLevel, func, in_dims, out_dims, randomness, chunk_size)


class _PlainLevel(BatchLevel):
    """Of a batch that the engine runs of its own accord: the user's code may do what it may."""

    __slots__ = ()
    transform = False
    lenient = True


class _DirectionsLevel(BatchLevel):
    """Of a batch of directions at one point: what the user's code computes with is no batch."""

    __slots__ = ()
    lenient = True


def along_directions(
    func: Callable[..., Any], out_dims: Any = 0, randomness: str = "error"
) -> Callable[..., Any]:
    """As `vmap`, where the members are directions, which the user did not ask to be a batch."""
    return _mapped(_DirectionsLevel, func, 0, out_dims, randomness, None)


def in_one_pass(func: Callable[..., Any]) -> Callable[..., Any]:
    """As `vmap`, for what is no transform to the user."""
    return _mapped(_PlainLevel, func, 0, 0, "error", None)


def _mapped(
    level: type[BatchLevel],
    func: Callable[..., Any],
    in_dims: Any,
    out_dims: Any,
    randomness: str,
    chunk_size: int | None,
) -> Callable[..., Any]:
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func, assigned=[n for n in functools.WRAPPER_ASSIGNMENTS if hasattr(func, n)])
    def mapped(*args: Any, **kwargs: Any) -> Any:
        call = _Call(level, func, in_dims, out_dims, randomness)
        size, dims, leaves, structure = call.inputs(args)
        if chunk_size is None or size <= chunk_size:
            return call.run(size, dims, leaves, structure, kwargs)
        return call.run_in_chunks(chunk_size, size, dims, leaves, structure, kwargs)

    return mapped


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return repr(func)


class _Call:
    """One call of a mapped function."""

    def __init__(
        self,
        level: type[BatchLevel],
        func: Any,
        in_dims: Any,
        out_dims: Any,
        randomness: str,
    ) -> None:
        self.level = level
        self.func = func
        self.in_dims = in_dims
        self.out_dims = out_dims
        self.randomness = randomness

    def _wrong_input(self, text: str) -> ValueError:
        return ValueError(
            f"vmap({_name(self.func)}, in_dims={self.in_dims}, ...)(<inputs>): {text}"
        )

    def inputs(self, args: tuple[Any, ...]) -> tuple[int, list[Any], list[Any], Structure]:
        """The size of the batch, and the arguments taken apart with the axis of each."""
        if not isinstance(self.in_dims, int | tuple):
            raise self._wrong_input(
                "expected `in_dims` to be int or a (potentially nested) tuple matching the "
                f"structure of inputs, got: {type(self.in_dims)}."
            )
        if not args:
            raise ValueError(
                f"vmap({_name(self.func)})(<inputs>): got no inputs. Maybe you forgot to add "
                "inputs, or you are trying to vmap over a function with no inputs. The latter is "
                "unsupported."
            )
        leaves, structure = flatten(args)
        dims = spread_prefix(self.in_dims, structure)
        if dims is None:
            raise self._wrong_input(
                "in_dims is not compatible with the structure of `inputs`. in_dims has structure "
                f"{flatten(self.in_dims)[1]!r} but inputs has structure {structure!r}."
            )
        for place, (leaf, dim) in enumerate(zip(leaves, dims, strict=True)):
            dims[place] = self._checked_dim(leaf, dim)
        sizes = [
            leaf.shape[dim] for leaf, dim in zip(leaves, dims, strict=True) if dim is not None
        ]
        if not sizes:
            raise ValueError("vmap: Expected at least one Tensor to vmap over")
        if any(size != sizes[0] for size in sizes):
            raise ValueError(
                "vmap: Expected all tensors to have the same size in the mapped dimension, got "
                f"sizes {sizes} for the mapped dimension"
            )
        return sizes[0], dims, leaves, structure

    def _checked_dim(self, leaf: Any, dim: Any) -> int | None:
        if dim is None:
            return None
        if not isinstance(dim, int):
            raise self._wrong_input(
                f"Got in_dim={dim} for an input but in_dim must be either an integer dimension or "
                "None."
            )
        if not isinstance(leaf, TensorState):
            raise self._wrong_input(
                f"Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot "
                "vmap over non-Tensor arguments, please use None as the respective in_dim"
            )
        ndim: int = leaf._data.ndim
        if not -ndim <= dim < ndim:
            raise self._wrong_input(
                f"Got in_dim={dim} for some input, but that input is a Tensor of dimensionality "
                f"{ndim} so expected in_dim to satisfy -{ndim} <= in_dim < {ndim}."
            )
        return int(dim) % ndim

    def run(
        self,
        size: int,
        dims: Sequence[int | None],
        leaves: Sequence[Any],
        structure: Structure,
        kwargs: dict[str, Any],
    ) -> Any:
        """The whole batch at once."""
        outputs, shape, out_dims = self._members(size, dims, leaves, structure, kwargs)
        return shape.build(
            [
                movedim(one, 0, dim) if dim else one
                for one, dim in zip(outputs, out_dims, strict=True)
            ]
        )

    def _members(
        self,
        size: int,
        dims: Sequence[int | None],
        leaves: Sequence[Any],
        structure: Structure,
        kwargs: dict[str, Any],
    ) -> tuple[list[Any], Structure, list[Any]]:
        """The results with the batch as first axis, their structure, and where it belongs."""
        level = self.level(size, self.randomness)
        with entered(level):
            members = [
                leaf if dim is None else batched(level, movedim(leaf, dim, 0) if dim else leaf)
                for leaf, dim in zip(leaves, dims, strict=True)
            ]
            result = self.func(*structure.build(members), **kwargs)
            outputs, shape = flatten(result)
            out_dims = self._out_dims(result, shape)
            taken = []
            for one, dim in zip(outputs, out_dims, strict=True):
                if not isinstance(one, TensorState):
                    if dim is not None:
                        raise ValueError(
                            f"vmap({_name(self.func)}, ...): `{_name(self.func)}` must only "
                            f"return Tensors, got type {type(one)}. Did you mean to set out_dims= "
                            "to None for output?"
                        )
                    taken.append(one)
                elif dim is None:
                    if batched_at(one, level):
                        raise ValueError(
                            f"vmap({_name(self.func)}, ...): `{_name(self.func)}` can not return "
                            "a BatchedTensor when out_dim is None"
                        )
                    taken.append(one)
                else:
                    taken.append(physical_at(one, level))
        return taken, shape, out_dims

    def _out_dims(self, result: Any, shape: Structure) -> list[Any]:
        if not isinstance(self.out_dims, int) and self.out_dims is not None:
            leaves = flatten(self.out_dims)[0]
            if not all(one is None or isinstance(one, int) for one in leaves):
                raise ValueError(
                    f"vmap({_name(self.func)}, ..., out_dims={self.out_dims}): `out_dims` must be "
                    "an int, None or a python collection of ints representing where in the "
                    "outputs the vmapped dimension should appear."
                )
        prefix = self.out_dims
        if isinstance(prefix, tuple) and len(prefix) == 1 and shape.kind is None:
            prefix = prefix[0]
        found = spread_prefix(prefix, shape)
        if found is None:
            raise ValueError(
                f"vmap({_name(self.func)}, ..., out_dims={self.out_dims})(<inputs>): out_dims is "
                f"not compatible with the structure of `outputs`. out_dims has structure "
                f"{flatten(self.out_dims)[1]!r} but outputs has structure {shape!r}."
            )
        return found

    def run_in_chunks(
        self,
        chunk: int,
        size: int,
        dims: Sequence[int | None],
        leaves: Sequence[Any],
        structure: Structure,
        kwargs: dict[str, Any],
    ) -> Any:
        """Parts of the batch one after the other, the results joined."""
        found: list[list[Any]] = []
        for start in range(0, size, chunk):
            count = min(chunk, size - start)
            part = [
                leaf if dim is None else leaf.narrow(dim, start, count)
                for leaf, dim in zip(leaves, dims, strict=True)
            ]
            outputs, shape, out_dims = self._members(count, dims, part, structure, kwargs)
            found.append(outputs)
        joined = [
            parts[0] if dim is None else movedim(cat(list(parts), 0), 0, dim)
            for parts, dim in zip(zip(*found, strict=True), out_dims, strict=True)
        ]
        return shape.build(joined)
