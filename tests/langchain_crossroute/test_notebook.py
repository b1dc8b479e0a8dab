"""examples/langchain_agent.ipynb runs offline, and says what its committed outputs say."""

import re

import pytest

from tests.support import notebooks

for package in ("ipykernel", "matplotlib", "nbclient"):
    pytest.importorskip(package, reason="what runs notebooks is not installed")

NOTEBOOK = notebooks.EXAMPLES / "langchain_agent.ipynb"


@pytest.fixture(scope="module")
def committed():
    return notebooks.read(NOTEBOOK)


def test_the_committed_outputs_are_those_of_a_run(committed):
    stale = "The notebook is stale: run `python -m tests.support.notebooks`."
    assert notebooks.told(notebooks.executed(NOTEBOOK)) == notebooks.told(committed), stale


def test_it_is_small_and_says_nothing_of_the_run_and_its_machine(committed):
    text = NOTEBOOK.read_text("utf-8")
    assert len(text) < 200_000
    assert "image/png" in text
    assert set(committed.metadata) == {"kernelspec", "language_info"}
    for cell in committed.cells:
        assert not cell.metadata
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", ()))
    assert not re.search(r"/(home|root|tmp|Users|work)/", str(notebooks.told(committed)))
