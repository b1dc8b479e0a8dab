"""The examples run offline and show what they say."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_the_chain(run):
    lines = run("langchain_chain.py")
    assert lines[0].startswith("large: quality")
    assert lines[1].startswith("small: quality")
    assert lines[2:] == ["small answers.", "3 calls, $0.000800"]


def test_the_agent(run):
    assert run("langchain_agent.py") == [
        "large calls tools",
        "large answers stuck to large: tool turn",
        "small calls tools",
        "small answers stuck to small: tool turn",
    ]


def test_the_preference(run):
    lines = run("langchain_preference.py")
    assert lines[:3] == ["cost preference 0: large", "cost preference 1: small", "forced: small"]
    assert "large has the highest exponential reward" in lines[3]


def test_the_failover(run):
    assert run("langchain_failover.py") == [
        "small answers; large failed with TimeoutError large failed",
        "small answers; large cools down after a failure",
    ]


def test_the_escalation_of_real_models_says_what_it_needs(run, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import local_servers

    monkeypatch.setattr(local_servers, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install xllamacpp"):
        run("langchain_escalation.py")


def test_the_blocks_of_the_page_on_escalation_run_in_order(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import offline

    page = (EXAMPLES.parent / "docs" / "escalation.md").read_text("utf-8")
    section = page.partition("\n## LangChain\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names = {"models": offline.models(), "router": offline.router()}
    for block in blocks:
        exec(compile(block, "docs/escalation.md", "exec"), names)  # noqa: S102
    assert [call["candidate"] for call in names["answer"].response_metadata["crossroute"]["calls"]]
    assert len(names["chunks"]) == 1
    assert len(blocks) == 5
