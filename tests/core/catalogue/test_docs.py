"""Each block and each command of docs/models.md runs."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossroute import Router
from crossroute.catalogue import Catalogue
from crossroute.cli import app

PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^    crossroute (.+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(block, monkeypatch):
    if "langchain" in block and not (find_spec("langchain_openai") and find_spec("langchain_anthropic")):
        pytest.skip("langchain-openai and langchain-anthropic are not installed")
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "none")
    exec(block, {})  # noqa: S102


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, shlex.split(command)).exit_code == 0


def test_the_page_says_what_is_so():
    held, pool = list(Catalogue.bundled()), Router.from_pretrained("universal").pool
    measured = [entry for entry in held if entry.sources]
    scored = [entry for entry in held if entry.scores]
    assert (round(len(held), -1), len(measured), len(scored)) == (270, 136, 39)
    assert set(pool.names) == {entry.name for entry in (*measured, *scored) if entry.price}
    assert "gpt-5.5" in Catalogue.bundled()
    assert "gpt-5.5" not in pool
    assert len(BLOCKS) == 4
    assert len(COMMANDS) == 8
