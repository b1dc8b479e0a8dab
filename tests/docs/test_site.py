"""The site builds without a warning, asks no network, and leaves out no public name, command or option."""

import importlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.commands import commands

ROOT = Path(__file__).parents[2]
FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Tags whose address a browser fetches by itself, and the attribute that holds it."""


class Page(HTMLParser):
    """What a page names, and what a browser fetches for it."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.fetched, self.tags = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids.add(given.get("id"))
        if tag in FETCHED and given.get("rel") != "canonical":
            self.fetched.append(given.get(FETCHED[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for package in ("material", "mkdocstrings_handlers", "latex2mathml"):
        if not find_spec(package):
            pytest.skip(f'{package} is not installed: pip install "crossroute[docs]"')
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "HTTPS_PROXY": "http://127.0.0.1:9"}
    built = subprocess.run(build, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_each_page_of_the_folder_is_a_page_of_the_site(site):
    for source in (ROOT / "docs").rglob("*.md"):
        assert (site / source.relative_to(ROOT / "docs").with_suffix(".html")).is_file(), source


def test_a_browser_fetches_nothing_from_elsewhere(site, pages):
    fetched = [address for page in pages.values() for address in page.fetched]
    assert len(fetched) > len(pages)
    assert [address for address in fetched if "//" in address] == []
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert [
        address
        for style in styles
        for address in re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", style)
    ] == []


@pytest.mark.parametrize("package", ["crossroute", "langchain_crossroute", "llamaindex_crossroute"])
def test_every_public_name_is_in_the_reference(pages, package):
    ids = set().union(*(page.ids for page in pages.values()))
    names = [name for name in importlib.import_module(package).__all__ if name != "__version__"]
    assert {f"{package}.{name}" for name in names} - ids == set()


def test_every_command_and_option_is_on_the_page_of_the_command_line(site):
    text = (site / "command-line.html").read_text("utf-8")
    for name, command in commands().items():
        section = text.partition(f'id="{name.replace(" ", "-")}"')[2].partition("<h2")[0]
        for parameter in command.params:
            spelled = max(parameter.opts, key=len)
            assert spelled in section or parameter.param_type_name == "argument", f"{name} {spelled}"


def test_equations_are_drawn_without_a_script(site, pages):
    source = (ROOT / "docs" / "concepts.md").read_text("utf-8")
    assert pages[site / "concepts.html"].tags.count("math") == source.count("```math") > 5


def test_doctests_of_docstrings_are_shown_as_code(site):
    text = (site / "api" / "evaluation.html").read_text("utf-8")
    assert "&gt;&gt;&gt;" in text
    assert "<blockquote>" not in text


def test_the_pages_of_the_project_hold_the_files_of_the_repository(site):
    for name in ("security", "contributing", "changelog"):
        paragraph = next(
            line for line in (ROOT / f"{name.upper()}.md").read_text("utf-8").splitlines() if len(line) > 60
        )
        words = re.sub(r"[`*]", "", paragraph).strip("- ")
        text = re.sub(r"<[^>]+>", "", (site / f"{name}.html").read_text("utf-8"))
        assert words in text
