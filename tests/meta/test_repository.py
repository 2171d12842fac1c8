"""The shape of the repository. These tests read source text and import nothing of it."""

import ast
import configparser
import graphlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("autodiff", "reference")
LONGEST = 600


def modules_of(package: str, root: Path = ROOT) -> dict[str, Path]:
    """Every module of a package of the checkout, by its dotted name."""
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {name: path for package in PACKAGES for name, path in modules_of(package).items()}
each_module = pytest.mark.parametrize("path", MODULES.values(), ids=MODULES.keys())


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, function bodies included, except what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            assert isinstance(node, ast.If)
            for other in node.orelse:
                yield other
                yield from runtime_nodes(other)
        else:
            yield node
            yield from runtime_nodes(node)


def imports_of(name: str, path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules among `modules` that a module imports, at its top or inside a function."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in runtime_nodes(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [base])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in modules else base)
    return found & modules.keys()


def cycle_in(modules: dict[str, Path]) -> list[str] | None:
    """One import cycle, or None where imports form no cycle."""
    graph = {name: imports_of(name, path, modules) for name, path in modules.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


def has_all(tree: ast.Module) -> bool:
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_there_are_modules_to_read() -> None:
    assert set(PACKAGES) <= MODULES.keys()


@each_module
def test_module_has_a_docstring_and_all(path: Path) -> None:
    tree = parse(path)
    assert ast.get_docstring(tree), f"{path}: no docstring"
    if path.name != "__main__.py":
        assert has_all(tree), f"{path}: no __all__"


@each_module
def test_module_has_no_star_import(path: Path) -> None:
    stars = [
        node.lineno
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert not stars, f"{path}: star import in lines {stars}"


@each_module
def test_module_is_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, f"{path}: {lines} lines, the limit is {LONGEST}; split it"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_no_import_cycle(package: str) -> None:
    cycle = cycle_in(modules_of(package))
    assert cycle is None, " imports ".join(reversed(cycle or []))


@pytest.mark.parametrize(
    ("first", "second", "cyclic"),
    [
        ("from package import b", "from package import a", True),
        ("from . import b", "def f():\n    from .a import x", True),
        ("from . import b", "import package.a", True),
        ("from package import name", "", True),  # through __init__, which imports a
        ("from . import b", "if TYPE_CHECKING:\n    from . import a", False),
        ("from .b import y", "import json", False),
    ],
)
def test_cycles_are_seen(tmp_path: Path, first: str, second: str, cyclic: bool) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .a import name")
    (folder / "a.py").write_text(first)
    (folder / "b.py").write_text(second)
    assert (cycle_in(modules_of("package", tmp_path)) is not None) is cyclic


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=name) for name, path in MODULES.items() if "autodiff.ops" in name],
)
def test_no_rule_names_numpy(path: Path) -> None:
    named = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Name):
            names = [node.id]
        else:
            continue
        if any(name.partition(".")[0] in {"numpy", "np"} for name in names):
            named.append(node.lineno)
    assert not named, f"{path}: a rule gets its array namespace as `xp`; NumPy in lines {named}"


def project() -> dict[str, object]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, object] = content["project"]
    return table


def test_changelog_names_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = next(line for line in text.splitlines() if line.startswith("## "))
    versions = re.findall(r"\d+\.\d+\.\d+", heading)
    assert versions[:1] == [project()["version"]], heading


def lowest(requirement: str) -> tuple[str, str]:
    """The name and the lowest version, as x.y.z, of a requirement of the form name>=version."""
    name, version = requirement.split(">=")
    return name, ".".join([*version.split("."), "0", "0"][:3])


def test_oldest_installs_the_lowest_versions_declared() -> None:
    table = project()
    dependencies, extras = table["dependencies"], table["optional-dependencies"]
    assert isinstance(dependencies, list)
    assert isinstance(extras, dict)
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini", encoding="utf-8")
    pinned = dict(line.split("==") for line in config["testenv:oldest"]["deps"].split())
    assert pinned == dict(map(lowest, [*dependencies, *extras["bfloat16"]]))
