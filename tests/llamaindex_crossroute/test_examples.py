"""The examples run offline and show what they say."""

import runpy
from pathlib import Path

import pytest
from llama_index_instrumentation import get_dispatcher

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(capsys):
    handlers = get_dispatcher().event_handlers
    before = list(handlers)

    def run(name):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    yield run
    handlers[:] = before


def test_the_query_engine(run):
    report = run("llamaindex_rag.py")
    assert "gpt-3.5-turbo-1106" in report
    assert "Spend" in report


def test_the_agent(run):
    lines = run("llamaindex_agent.py").splitlines()
    assert lines[0] == "['weather'] Tool calls complete."
    assert sum("2 calls" in line for line in lines) == 1, (
        "one member, from the call of the tool to the answer"
    )


def test_the_router_query_engine(run):
    for line in run("llamaindex_router.py").splitlines():
        assert "predicted quality" in line
