"""The page: sound HTML, nothing from outside, nothing of the user's run by the browser."""

import base64
import hashlib
import re
import shutil
import subprocess
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reference.reports import Entry, Run, write
from reference.reports.figures import heat_map, histogram
from reference.reports.html_page import html_page
from reference.reports.markup import document, tag
from sample_runs import HOSTILE, hostile_run, sample_run

VOID = {"meta", "br", "input"}
ELEMENTS = {
    "html", "head", "title", "style", "body", "header", "section", "h1", "h2", "h3", "p", "div",
    "span", "b", "a", "ul", "li", "pre", "code", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary", "select", "option", "figure", "figcaption", "svg", "rect", "text",
    "line", "path", "script", *VOID,
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "hidden", "open",
    "type", "placeholder", "aria-label", "role", "scope", "value", "data-name", "data-first",
    "data-value", "data-state", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "viewbox",
    "d",
}  # fmt: skip


class Page(HTMLParser):
    """A page read strictly: every element that is opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.problems: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        self.problems += [f"{name} is not closed" for name in self.stack]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.problems.append(f"an attribute twice in {tag}")
        if tag not in ELEMENTS:
            self.problems.append(f"element {tag}")
        self.problems += [
            f"attribute {name} of {tag}" for name, _ in attrs if name not in ATTRIBUTES
        ]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.texts.setdefault(self.stack[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data!r}")

    def all(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for tag, attributes in self.elements if tag == name]


def test_the_page_is_sound() -> None:
    page = Page(html_page(sample_run()))
    assert page.problems == []
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    links = {attributes["href"] for attributes in page.all("a")}
    assert links == {f"#check-{n}" for n in range(6)}
    assert {str(link)[1:] for link in links} <= set(identifiers)


@pytest.mark.parametrize("broken", ["<p><b></p></b>", "<p>", "</p>", "<blink></blink>", "<p on=1>",
                                    "<!-- -->"])  # fmt: skip
def test_an_unsound_page_is_seen(broken: str) -> None:
    assert Page(broken).problems


def test_the_page_needs_nothing_from_outside() -> None:
    text = html_page(sample_run())
    assert not re.findall(
        r"(?:src|srcset|data|action|poster)\s*=|url\(|@import|https?:|//\w", text
    )
    page = Page(text)
    (policy,) = [
        str(attributes["content"])
        for attributes in page.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    for name in ("style", "script"):
        (content,) = page.texts[name]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
        assert "style" not in {a for _, attributes in page.elements for a in attributes}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_texts_of_users_stay_texts(text: str) -> None:
    page = Page(html_page(hostile_run(text)))
    tame = Page(html_page(hostile_run("tame")))
    assert page.problems == []
    assert len(page.all("script")) == 1
    assert [name for name, _ in page.elements] == [name for name, _ in tame.elements] or not text


def test_the_page_tells_what_was_found() -> None:
    page = Page(html_page(sample_run()))
    texts = [text for found in page.texts.values() for text in found]
    shown = "\n".join(texts)
    for expected in (
        "nightly",
        "seed 3",
        "numpy 2.4",
        "a note",
        "Guess: the sign is wrong.",
        "0x1.0000000000000p-4",  # the input, in hexadecimal
        "0.0625",
        "issue 12 (until 9999-12-31)",
        "ValueError: no",
        "from reference import check",
        "# f: the pair of sin in numpy",
        "pytest a.py",
        "non-finite",
        "Errors in ULP",
        "(vjp, random cotangent 0): 6 × 10",
        " comparisons",
    ):
        assert expected in shown, expected
    heads = [attributes["data-name"] for attributes in page.all("th") if "data-name" in attributes]
    assert heads[0] == "state"
    rows = [attributes for attributes in page.all("tr") if "data-state" in attributes]
    assert [row["data-state"] for row in rows] == [entry.state for entry in sample_run().entries]


def test_a_long_run_makes_a_page_of_bounded_length() -> None:
    wrong = sample_run().entries[1]
    many = [Entry(f"check {n}", "g", "failed", 0.1, wrong.report, "m") for n in range(1500)]
    page = html_page(Run("long", entries=many))
    assert page.count('class="check"') == 300
    assert "1,200 more checks are in the table only" in page
    assert page.count("<tr data-state=") == 1500


def test_an_empty_run_is_a_page() -> None:
    assert Page(html_page(Run("empty"))).problems == []


def test_a_histogram_merges_wide_ranges() -> None:
    buckets = [(2.0**exponent, 1) for exponent in range(-1, 60)] + [(float("inf"), 4)]
    drawn = histogram(buckets, "errors")
    assert drawn is not None
    text = document(drawn)
    assert text.count("<rect") <= 21
    assert "4 of at most ∞ ULP" in text
    assert sum(int(n) for n in re.findall(r"<title>(\d+) of", text)) == 61 + 4
    assert histogram([], "errors") is None


def test_a_heat_map_sets_what_is_no_number_apart() -> None:
    drawn = heat_map([[0.0, 1e9], ["nan", "inf"]], (2, 2), "errors")
    assert drawn is not None
    text = document(drawn)
    assert 'class="h0" d="M0 0h1v1h-1z"' in text
    assert 'class="h7" d="M1 0h1v1h-1z"' in text
    assert 'class="none" d="M0 1h1v1h-1z"' in text
    assert 'class="infinite" d="M1 1h1v1h-1z"' in text
    assert heat_map([], (0,), "errors") is None


def test_markup_escapes() -> None:
    text = document(tag("p", "<&>\"'", ["a", None, tag("br"), "\x00"], class_="<\"'&>"))
    assert text == (
        '<!DOCTYPE html>\n<p class="<&quot;\'&amp;&gt;">&lt;&amp;&gt;"\'a<br>\\x00</p>\n'
    )


# in a browser, where there is one

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSERS = [path for path in map(shutil.which, NAMES) if path][:1]


def browse(browser: str, folder: Path, page: Path, fragment: str, *options: str) -> str:
    """What a browser prints on a page; anything that it complains about is an error."""
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr",
            "--virtual-time-budget=5000", "--hide-scrollbars", "--window-size=1200,2000",
            *options, f"{page.as_uri()}{fragment}",
        ],
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    said = done.stderr.decode("utf-8", "replace")
    complaints = [line for line in said.splitlines() if "CONSOLE" in line]
    assert complaints == []
    assert done.returncode == 0, said
    return done.stdout.decode("utf-8")


def checks(dom: str) -> list[str]:
    """The names of the checks, in the order of the table."""
    table = dom.partition('id="checks"')[2].partition("</table>")[0]
    return re.findall(r'<a href="#check-\d+">([^<]*)</a>', table)


def pixels(path: Path) -> bytes:
    """The filtered rows of a PNG file."""
    content, place, packed = path.read_bytes(), 8, b""
    while place < len(content):
        length = int.from_bytes(content[place : place + 4])
        if content[place + 4 : place + 8] == b"IDAT":
            packed += content[place + 8 : place + 8 + length]
        place += length + 12
    return zlib.decompress(packed)


if BROWSERS:  # elsewhere, the tests above are what can be done

    @pytest.fixture(scope="module")
    def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
        return write(sample_run(), tmp_path_factory.mktemp("page") / "page.html")

    @pytest.mark.parametrize("browser", BROWSERS)
    def test_a_browser_sorts(browser: str, opened: Path, tmp_path: Path) -> None:
        plain = browse(browser, tmp_path, opened, "", "--dump-dom")
        assert checks(plain) == [entry.name for entry in sample_run().entries]
        assert "6 of 6" in plain  # the script ran, and the filter shows itself
        ordered = sorted(sample_run().entries, key=lambda e: (e.excess != e.excess, -e.excess))
        falling = browse(browser, tmp_path, opened, "#sort=-excess", "--dump-dom")
        assert checks(falling) == [entry.name for entry in ordered]
        assert 'aria-sort="descending"' in falling
        rising = browse(browser, tmp_path, opened, "#sort=check", "--dump-dom")
        assert checks(rising) == sorted(entry.name for entry in sample_run().entries)

    @pytest.mark.parametrize("browser", BROWSERS)
    def test_a_browser_opens_a_check(browser: str, opened: Path, tmp_path: Path) -> None:
        closed = r'<details id="check-0" class="check">'
        assert re.search(closed, browse(browser, tmp_path, opened, "", "--dump-dom"))
        dom = browse(browser, tmp_path, opened, "#check-0", "--dump-dom")
        assert re.search(r'<details id="check-0" class="check" open="">', dom)

    @pytest.mark.parametrize("browser", BROWSERS)
    def test_a_browser_draws(browser: str, opened: Path, tmp_path: Path) -> None:
        picture = tmp_path / "page.png"
        browse(browser, tmp_path, opened, "", f"--screenshot={picture}")
        drawn = pixels(picture)
        assert len(drawn) > 1200 * 2000 * 3
        # The colours of a state, of a histogram's bar and of a heat map are on the page.
        assert len(set(drawn)) > 100

    @pytest.mark.parametrize("browser", BROWSERS)
    def test_a_browser_runs_nothing_of_the_users(browser: str, tmp_path: Path) -> None:
        page = write(hostile_run("".join(HOSTILE[:4])), tmp_path / "page.html")
        dom = browse(browser, tmp_path, page, "", "--dump-dom")
        assert dom.count("<script") == 1
        assert "<title>taken</title>" not in dom
        assert "4 of 4" in dom
