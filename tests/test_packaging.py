"""What the package index and a citation say of the package."""

import importlib.util
import re

import pytest

from crossroute import __version__
from tests.support.pages import ROOT

hatch_build = ROOT / "hatch_build.py"
README = (ROOT / "README.md").read_text("utf-8")
ADDRESS = "https://example.org/crossroute"


@pytest.fixture(scope="module")
def hook():
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", hatch_build)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def targets(text):
    return re.findall(r"\]\(([^)]+)\)", text)


def test_every_link_and_image_of_the_index_page_is_absolute(hook):
    page = hook.index_page(README, ADDRESS, "v1.2.3")
    assert len(targets(page)) == len(targets(README))
    assert all(target.startswith("https://") for target in targets(page))
    assert f"({ADDRESS}/raw/v1.2.3/docs/images/curves.png)" in page
    assert f"[quickstart]({ADDRESS}/blob/v1.2.3/docs/quickstart.md)" in page


def test_without_a_repository_the_index_page_keeps_the_words_of_its_links(hook):
    page = hook.index_page(
        "![A curve](curve.png)\n[how](docs/how.md), [paper](https://arxiv.org), [up](#top)", "", "v1"
    )
    assert page == "\nhow, [paper](https://arxiv.org), [up](#top)"
    assert all(target.startswith("https://") for target in targets(hook.index_page(README, "", "v1")))


def test_the_urls_follow_from_the_repository(hook):
    assert hook.project_urls("") == {}
    assert hook.project_urls(ADDRESS)["Issues"] == f"{ADDRESS}/issues"


def test_the_version_is_that_of_the_citation_and_of_the_changelog():
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
