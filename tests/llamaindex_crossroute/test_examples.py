"""The examples run offline and show what they say."""

import re
import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest
from llama_index_instrumentation import get_dispatcher

from tests.llamaindex_crossroute.fakes import ChatFake

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
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


def test_the_blocks_of_the_escalation_page(router, capsys):
    page = (EXAMPLES.parent / "docs" / "escalation.md").read_text("utf-8")
    section = page.partition("\n## LlamaIndex\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```python\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    names = {"router": router, "members": {name: ChatFake(name) for name in ("small", "large")}}
    for block in blocks:
        exec(block, names)  # noqa: S102 # our own
    assert len(blocks) == 3
    assert "'flaws': []" in capsys.readouterr().out
    assert names["response"].additional_kwargs["crossroute"]["calls"]
    assert len(names["chunks"]) > 1


def test_the_two_real_models_say_what_they_lack(run):
    if find_spec("xllamacpp"):
        pytest.skip("the models are here: running them takes a minute")
    with pytest.raises(SystemExit, match="pip install xllamacpp"):
        run("llamaindex_escalation.py")
