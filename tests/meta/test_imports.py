"""What an import loads. Each question is asked of a fresh interpreter, away from the checkout."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ENGINES = ("torch", "jax", "jaxlib", "tensorflow", "cupy", "dask")


def loaded_by(statement: str, directory: Path) -> set[str]:
    """The top-level modules in `sys.modules` after `statement`."""
    program = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_the_probe_sees_what_is_loaded(tmp_path: Path) -> None:
    assert {"json", "sympy", "mpmath"} <= loaded_by("import sympy", tmp_path)


@pytest.mark.parametrize("name", ["reference", "sympy", "flint", "mpmath", "scipy", *ENGINES])
def test_autodiff_does_not_load(name: str, tmp_path: Path) -> None:
    assert name not in loaded_by("import autodiff", tmp_path)


def test_autodiff_loads_numpy_alone(tmp_path: Path) -> None:
    new = loaded_by("import autodiff", tmp_path) - loaded_by("import numpy", tmp_path)
    foreign = {name for name in new if name not in sys.stdlib_module_names}
    assert foreign == {"autodiff"}


@pytest.mark.parametrize("name", ["autodiff", *ENGINES])
def test_reference_loads_no_engine(name: str, tmp_path: Path) -> None:
    everything = "import reference; [getattr(reference, name) for name in reference.__all__]"
    assert name not in loaded_by(everything, tmp_path)


def test_reference_is_loaded_when_it_is_used(tmp_path: Path) -> None:
    assert not {"sympy", "flint", "numpy"} & loaded_by("import reference", tmp_path)
    assert {"sympy", "flint"} <= loaded_by("from reference import certify", tmp_path)


@pytest.mark.parametrize("package", ["autodiff", "reference"])
def test_the_installed_package_is_typed(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).with_name("py.typed").is_file()
