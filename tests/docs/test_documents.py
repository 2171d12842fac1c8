"""Every block of README.md and of docs/ is executed, and what it shows is compared.

A block is fenced by three backquotes and names its language:

`python`   is executed; the blocks of a page share one namespace, in order. With `>>>` it is
           checked as a doctest. A `text` block that follows, before the next heading or block, is
           what it prints.
`console`  each line that begins with `$ ` is a command, the lines below are what it prints, if any
           are shown. `python` is the interpreter that runs the tests. The working directory is an
           empty folder, one per page, with `examples` and `benchmarks` of the checkout inside. A
           command must end with status 0; `console status=2` says otherwise, and errors then count
           as printed.
`text`     is output where it follows Python, else an illustration.
The languages of DATA are shown, not executed.

In what is shown, `...` stands for anything. A comment in the line above exempts a block, and says
why:

    <!-- not run: takes ten minutes; it is what the CI runs -->
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DATA = {"toml", "yaml", "json", "ini", "html", "markdown", "mermaid", "latex"}
BESIDE = ("examples", "benchmarks")  # what a page's commands may name from the checkout
PATIENCE = 900  # seconds for one command

FENCE = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)")
EXEMPTION = re.compile(r"\s*<!-- not run:(?P<reason>.*)-->\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, options, the text, and where its text begins."""

    language: str
    options: dict[str, str]
    text: str
    line: int
    exemption: str | None
    follows_python: bool


def blocks_of(markdown: str) -> list[Block]:
    """The fenced blocks of a page. A block without a language, or left open, is a ValueError."""
    lines = markdown.splitlines()
    found: list[Block] = []
    after_python = False
    index = 0
    while index < len(lines):
        fence = FENCE.fullmatch(lines[index])
        if fence is None:
            after_python = after_python and not lines[index].startswith("#")
            index += 1
            continue
        marks, start = fence["marks"], index + 1
        ends = (
            at
            for at in range(start, len(lines))
            if lines[at].strip().startswith(marks) and not lines[at].strip().strip(marks[0])
        )
        end = next(ends, None)
        if end is None:
            raise ValueError(f"line {start}: the block is never closed")
        language, *options = fence["info"].split() or [""]
        if language not in {"python", "console", "text", *DATA}:
            raise ValueError(f"line {start}: name the block's language; got {language!r}")
        above = EXEMPTION.fullmatch(lines[index - 1]) if index else None
        indent = len(fence["indent"])
        found.append(
            Block(
                language=language,
                options=dict(option.split("=", 1) for option in options),
                text="".join(line[min(indent, len(line)) :] + "\n" for line in lines[start:end]),
                line=start + 1,
                exemption=above["reason"].strip() if above else None,
                follows_python=after_python and language == "text",
            )
        )
        after_python = language == "python" and above is None
        index = end + 1
    return found


def compare(shown: str, printed: str, place: str) -> None:
    """Fails unless `printed` is what is `shown`, where `...` stands for anything."""
    want = shown.rstrip() + "\n"
    got = "\n".join(line.rstrip() for line in printed.splitlines()).rstrip() + "\n"
    checker = doctest.OutputChecker()
    if not checker.check_output(want, got, doctest.ELLIPSIS):
        example = doctest.Example("", want)
        flags = doctest.ELLIPSIS | (doctest.REPORT_NDIFF if want.count("\n") > 1 else 0)
        pytest.fail(f"{place}\n{checker.output_difference(example, got, flags)}", pytrace=False)


def run_python(block: Block, page: Path, namespace: dict[str, object]) -> str:
    """Executes a Python block and returns what it printed; tracebacks show the page's lines."""
    place = f"{page.name}:{block.line}"
    printed = io.StringIO()
    if re.search(r"^>>> ", block.text, re.MULTILINE):
        examples = doctest.DocTestParser().get_doctest(
            block.text, namespace, place, str(page), block.line - 1
        )
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        if runner.run(examples, out=printed.write, clear_globs=False).failed:
            pytest.fail(f"{place}\n{printed.getvalue()}", pytrace=False)
        namespace.update(examples.globs)
        return ""
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def run_console(block: Block, page: Path, directory: Path) -> None:
    """Executes the commands of a console block, each compared with the lines below it."""
    environment = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment.update(NO_COLOR="1", COLUMNS="100", PYTHONUTF8="1")
    expected = int(block.options.get("status", "0"))
    first, *commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if first.strip() or not commands:
        raise ValueError(f"{page.name}:{block.line}: a console block begins with `$ `")
    for part in commands:
        command, _, shown = part.replace("\\\n", "").partition("\n")
        place = f"{page.name}:{block.line}: $ {command}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != expected:
            text = f"{place}\nstatus {done.returncode}, not {expected}\n"
            pytest.fail(text + done.stdout + done.stderr, pytrace=False)
        if shown.strip():
            compare(shown, done.stdout + (done.stderr if expected else ""), place)


def run_page(page: Path, directory: Path) -> None:
    """Executes all blocks of a page in order."""
    namespace: dict[str, object] = {"__name__": "__page__"}
    printed = ""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.exemption is not None:
            continue
        if block.language == "python":
            printed = run_python(block, page, namespace)
        elif block.language == "console":
            run_console(block, page, directory)
        elif block.follows_python:
            compare(block.text, printed, f"{page.name}:{block.line}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BESIDE:
        if (ROOT / name).is_dir():
            (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path)


def test_exemptions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    exempt = [
        (page, block)
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.exemption is not None
    ]
    with capsys.disabled():
        for page, block in exempt:
            opening = block.text.strip().partition("\n")[0]
            print(f"\nnot run: {page.name}:{block.line}: {opening!r}: {block.exemption}", end="")
    assert all(block.exemption for _, block in exempt), "an exemption gives its reason"


# The machinery itself: each of these pages must fail, and the last ones must pass.

PRINTS_2 = "```python\nx = 2\nprint(x)\n```\n"


@pytest.mark.parametrize(
    "text",
    [
        PRINTS_2 + "\n```text\n3\n```\n",
        PRINTS_2 + "prints\n\n```text\n2\n2\n```\n",
        "```python\nassert False\n```\n",
        "```python\n>>> 1 + 1\n3\n```\n",
        "```console\n$ echo 2\n3\n```\n",
        "```console\n$ false\n```\n",
        "```console status=1\n$ true\n```\n",
        "```console\n$ true\n$ exit 3\n```\n",
        "```console\n$ false | cat\n```\n",
        "```console status=2\n$ echo wrong >&2; exit 2\nright\n```\n",
    ],
)
def test_a_false_page_fails(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises((pytest.fail.Exception, AssertionError)):
        run_page(page, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```\n1\n```\n", "line 1: name the block's language; got ''"),
        ("\n```sh\n$ true\n```\n", "line 2: name the block's language; got 'sh'"),
        ("```python\n", "line 1: the block is never closed"),
        ("```console\ntrue\n```\n", "page.md:2: a console block begins with"),
    ],
)
def test_a_malformed_page_fails(text: str, message: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        run_page(page, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        PRINTS_2 + "prints\n\n```text\n2\n```\n\n```python\n>>> x + 1\n3\n```\n",
        PRINTS_2 + "\n# Heading\n\n```text\nan illustration\n```\n",
        PRINTS_2.replace("(x)", "(object())") + "\n```text\n<object object at 0x...>\n```\n",
        "<!-- not run: too long -->\n```python\nassert False\n```\n",
        "```console\n$ echo 1; echo 2 \\\n  3\n1\n2 3\n$ true\n```\n",
        "```console status=2\n$ echo wrong >&2; exit 2\nwrong\n```\n",
        f"```console\n$ python -c 'import sys; print(sys.prefix)'\n{sys.prefix}\n```\n",
        "- item\n\n  ```python\n  y = 1\n  ```\n",
        "````markdown\n```python\n```\n````\n",
    ],
)
def test_a_true_page_passes(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    run_page(page, tmp_path)
