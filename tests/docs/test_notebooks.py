"""The notebooks of examples/ run offline, and say what their committed outputs say."""

import re
from importlib.util import find_spec

import pytest

from tests.support import notebooks

NEEDS = {"langchain_agent": "langchain", "llamaindex_rag": "llama_index"}
"""Notebook -> the framework that it shows."""


@pytest.fixture(params=NEEDS)
def path(request):
    for package in (NEEDS[request.param], "ipykernel", "matplotlib", "nbclient"):
        if not find_spec(package):
            pytest.skip(f"{package} is not installed")
    return notebooks.EXAMPLES / f"{request.param}.ipynb"


def test_every_notebook_is_tested():
    assert {path.stem for path in notebooks.EXAMPLES.glob("*.ipynb")} == set(NEEDS)


def test_the_committed_outputs_are_those_of_a_run(path):
    stale = "The notebook is stale: run `python -m tests.support.notebooks`."
    assert notebooks.told(notebooks.executed(path)) == notebooks.told(notebooks.read(path)), stale


def test_it_is_small_and_says_nothing_of_the_run_and_its_machine(path):
    text, committed = path.read_text("utf-8"), notebooks.read(path)
    assert len(text) < 200_000
    assert "image/png" in text
    assert set(committed.metadata) == {"kernelspec", "language_info"}
    for cell in committed.cells:
        assert not cell.metadata
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", ()))
    assert not re.search(r"/(home|root|tmp|Users|work)/", str(notebooks.told(committed)))
