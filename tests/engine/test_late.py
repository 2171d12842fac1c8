"""Names that are loaded when they are asked for: all are found, once, and stay."""

from __future__ import annotations

import ast
import collections
import importlib
import inspect
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
import autodiff.methods
from autodiff import late
from autodiff.state import TensorState

METHODS = next(kind for kind in autodiff.Tensor.__mro__ if kind.__name__ == "Methods")
FOR_CLASSES = {"__annotations__", "__doc__", "__hash__", "__module__", "__slots__"}
FOR_CLASSES |= {"__firstlineno__", "__static_attributes__"}  # from Python 3.13 on


def printed_by(program: str) -> str:
    """What a program prints in a fresh interpreter."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def methods_by_table() -> list[str]:
    tables = (late._MEMBERS, late._METHODS, late._IN_PLACE)
    return [name for table in tables for text in table.values() for name in text.split()]


# ------------------------------------------------------------------------ names of the package


@pytest.mark.parametrize("name", sorted(late.names()))
def test_name_is_found_and_stays(name: str) -> None:
    found = getattr(autodiff, name)
    assert vars(autodiff)[name] is found
    assert name in dir(autodiff)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing_of_the_kind'"):
        _ = autodiff.nothing_of_the_kind
    with pytest.raises(KeyError):
        late.find("nothing_of_the_kind")


def test_type_checkers_are_told_the_same_names() -> None:
    stub = Path(autodiff.__file__).with_name("__init__.pyi")
    told = set()
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module != "typing":
            told |= {alias.asname for alias in node.names if alias.asname == alias.name}
        elif isinstance(node, ast.Assign):
            told |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            told.add(node.target.id)
    submodules = {info.name for info in pkgutil.iter_modules(autodiff.__path__)}
    public = {name for name in dir(autodiff) if not name.startswith(("_", "@"))}  # @: pytest's
    assert told - {"__version__"} == (public - submodules) | (submodules & late.names())
    assert set(autodiff.__all__) <= told


# ------------------------------------------------------------------------- methods of tensors


def test_no_method_is_in_two_tables() -> None:
    counts = collections.Counter(methods_by_table())
    assert [name for name, count in counts.items() if count > 1] == []
    assert set(counts) == vars(METHODS).keys() - FOR_CLASSES


@pytest.mark.parametrize("name", sorted(set(methods_by_table())))
def test_method_is_found_and_stays(name: str) -> None:
    found = getattr(autodiff.Tensor, name)
    assert callable(found)
    assert vars(METHODS)[name] is found
    assert getattr(autodiff.ones(2), name).__func__ is found


@pytest.mark.parametrize("home", sorted(late._MEMBERS))
def test_table_has_what_the_class_has(home: str) -> None:
    module, _, kind = home.partition(".")
    found = getattr(importlib.import_module(f"autodiff.methods.{module}"), kind)
    assert set(late._MEMBERS[home].split()) == vars(found).keys() - FOR_CLASSES


def test_every_class_of_methods_is_in_the_table() -> None:
    classes = set()
    for info in pkgutil.iter_modules(autodiff.methods.__path__):
        module = importlib.import_module(f"autodiff.methods.{info.name}")
        classes |= {
            f"{info.name}.{kind.__name__}"
            for kind in vars(module).values()
            if inspect.isclass(kind)
            and issubclass(kind, TensorState)
            and kind.__module__ == module.__name__
        }
    assert classes == late._MEMBERS.keys()


@pytest.mark.parametrize("look", [lambda kind: kind.exp, lambda kind: object.__new__(kind).exp])
def test_a_family_comes_together(look: Any) -> None:
    fresh = late.methods(TensorState)
    assert isinstance(vars(fresh)["cos"], late._Late)
    assert getattr(look(fresh), "__func__", look(fresh)) is autodiff.Tensor.exp
    assert vars(fresh)["cos"] is autodiff.Tensor.cos
    assert isinstance(vars(fresh)["digamma"], late._Late)


def test_what_was_put_in_its_place_stays() -> None:
    fresh = late.methods(TensorState)
    fresh.cos = own = lambda self: 1
    assert fresh.exp is autodiff.Tensor.exp
    assert fresh.cos is own


def test_a_subclass_calls_what_it_overrides() -> None:
    class Loud(late.methods(TensorState)):  # type: ignore[misc]
        def neg(self) -> Any:
            return super().neg().neg()

        def __add__(self, other: Any) -> Any:
            return ("added", super().__add__(other))

    made = object.__new__(Loud)
    made._data = np.ones(2)
    made._node = made._leaf = made._counter = made._extra = None
    assert made.neg().tolist() == [1.0, 1.0]
    title, total = made + 1
    assert title == "added"
    assert total.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["exp", "exp_", "trace", "__add__", "__eq__"])
def test_threads_find_the_same(name: str) -> None:
    fresh = late.methods(TensorState)
    found: list[Any] = []
    barrier = threading.Barrier(8)

    def look() -> None:
        barrier.wait()
        found.append(getattr(fresh, name))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 8
    assert callable(found[0])


# ------------------------------------------------------------------------ a fresh interpreter


def test_import_loads_what_tensors_consist_of() -> None:
    loaded = printed_by(
        "import numpy, sys\nbefore = set(sys.modules)\nimport autodiff\n"
        "print(*sorted(set(sys.modules) - before))"
    ).split()
    assert {"autodiff.tensor_class", "autodiff.creation", "autodiff.modes"} <= set(loaded)
    later = ("operation", "primitive", "compiled", "kernels", "ops", "functions", "methods", "nn")
    assert {f"autodiff.{name}" for name in later}.isdisjoint(loaded)
    # Newer releases of NumPy load importlib themselves; it is frozen into the interpreter.
    frozen = {"__future__", "importlib", "importlib._bootstrap", "importlib._bootstrap_external"}
    assert {name for name in loaded if not name.startswith("autodiff")} <= frozen


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-x", "tensor([-1., -2.])"),
        ("3 - x", "tensor([2., 1.])"),
        ("x @ x", "tensor(5.)"),
        ("x == 2", "tensor([False,  True])"),
        ("x[1]", "tensor(2.)"),
        ("list(x)", "[tensor(1.), tensor(2.)]"),
        ("len(x), 2.0 in x", "(2, True)"),
        ("float(x[0]), bool(x[0]), int(x[0])", "(1.0, True, 1)"),
        ("f'{x[0]:.1f}'", "1.0"),
        ("x.int() << 1", "tensor([2, 4], dtype=torch.int32)"),
        ("np.exp(0 * x)", "tensor([1., 1.])"),
        ("np.asarray(x)", "[1. 2.]"),
        ("pickle.loads(pickle.dumps(x))", "tensor([1., 2.])"),
        ("copy.deepcopy(x)", "tensor([1., 2.])"),
        ("pickle.loads(pickle.dumps(autodiff.Tensor.cos))(0 * x)", "tensor([1., 1.])"),
        ("x.real is x, x.T.shape", "(True, torch.Size([2]))"),
        ("hash(x) == hash(x), x is x", "(True, True)"),
        ("autodiff.exp_(0 * x)", "tensor([1., 1.])"),
        ("autodiff.nn.functional.relu(x)", "tensor([1., 2.])"),
        ("'exp(input' in pydoc.plain(pydoc.render_doc(autodiff.Tensor))", "True"),
    ],
)
def test_first_use_of_a_program(expression: str, value: str) -> None:
    program = (
        "import copy, pickle, pydoc, warnings\nimport numpy as np\nimport autodiff\n"
        "warnings.simplefilter('ignore')\n"
        f"x = autodiff.tensor([1.0, 2.0])\nprint(({expression}))"
    )
    assert printed_by(program).strip() == value


def test_a_warning_is_about_the_users_line() -> None:
    program = (
        "import warnings, autodiff\nx = autodiff.ones(2)\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        "    x.T\n"
        "print(seen[0].filename, seen[0].lineno)"
    )
    assert printed_by(program).strip() == "<string> 5"


def test_first_uses_in_many_threads() -> None:
    program = """
import sys, threading
import autodiff
sys.setswitchinterval(1e-5)
leaf = autodiff.ones(2, requires_grad=True)
uses = (
    lambda: (leaf * 2).sum().backward(),
    lambda: str(autodiff.ones(2).exp()),
    lambda: autodiff.ones(2, 2) @ autodiff.eye(2),
    lambda: autodiff.nn.functional.relu(autodiff.ones(2)),
    lambda: autodiff.linalg.inv(autodiff.eye(2)),
    lambda: autodiff.func.grad(lambda x: (x * x).sum())(autodiff.ones(2)),
    lambda: autodiff.ones(3)[1:].add_(1).digamma(),
    lambda: autodiff.ones(3).unique(),
)
barrier = threading.Barrier(len(uses))
done = []

def use(one):
    barrier.wait()
    one()
    done.append(one)

threads = [threading.Thread(target=use, args=(one,)) for one in uses]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(set(done) == set(uses), leaf.grad)
"""
    assert printed_by(program).strip() == "True tensor([2., 2.])"
