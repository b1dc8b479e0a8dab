"""The examples run offline and show what they say."""

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
