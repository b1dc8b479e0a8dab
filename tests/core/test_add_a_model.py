"""The blocks and the commands of docs/add-a-model.md run, in their order, in one folder."""

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossroute.calibration import calibration_set
from crossroute.cli import app
from crossroute.errors import DataError

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-model.md").read_text("utf-8")
PARTS = re.findall(r"```(python|json)\n(.*?)```|^    (crossroute) ([^\n]+)$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    yield tmp_path
    sys.modules.pop("my_models", None)


def test_what_can_run_offline_runs(folder):
    page, told = {}, []
    for kind, block, command, arguments in PARTS:
        if kind == "json":
            (folder / "questions.jsonl").write_text(block)
        elif "# my_models.py" in block:
            (folder / "my_models.py").write_text(block)
        elif kind and "langchain" not in block:
            exec(block, page)  # noqa: S102
        elif command and "openai:" not in arguments:
            ended = CliRunner().invoke(app, shlex.split(arguments))
            assert ended.exit_code == 0, (arguments, ended.output)
            told.append(arguments.split()[0])
    assert told == ["profile", "profile", "route", "profile", "route", "profile"]
    assert {path.name for path in folder.iterdir()} >= {"profiles", "rough", "own", "my-router"}
    assert {candidate.name for candidate in page["router"].pool} > {"new-model", "gpt-4o-2024-08-06"}


@pytest.mark.skipif(not find_spec("langchain_openai"), reason="langchain-openai is not installed")
def test_the_pool_of_the_page_is_one_for_langchain(folder):
    from crossroute import Price, Router, profile_model
    from crossroute.candidate import Candidate
    from crossroute.profiler.profiles import among, answers_path, card_of, write_card

    queries, block = calibration_set()[:20], next(b for k, b, *_ in PARTS if "ChatCrossRoute" in b)
    for name in ("openai:gpt-5.4-mini", "openai:gpt-5.5"):
        price = Price(input=1, output=1)
        profile_model(
            lambda _: "42", name=name, price=price, queries=queries, file=answers_path(name, folder)
        )
        write_card(card_of(Candidate(name=name, price=price), "calibration set", ()), folder)
    page = {"Router": Router, "among": lambda router, names: among(router, names, folder)}
    exec(block, page)  # noqa: S102
    assert set(page["model"].models) == {"openai:gpt-5.4-mini", "openai:gpt-5.5"}


def test_a_profiled_model_is_not_mixed_with_the_routers_own(folder):
    (folder / "my_models.py").write_text("def small(query):\n    return 'No.'\n")
    profile = "profile small --object my_models:small --price 0.1/0.4 --out profiles"
    assert CliRunner().invoke(app, shlex.split(profile)).exit_code == 0
    mixed = "route Hello --router universal --candidates small,gpt-4o --profiles profiles"
    with pytest.raises(DataError, match="does not compare"):
        CliRunner().invoke(app, shlex.split(mixed), catch_exceptions=False)


def test_the_page_says_what_is_so():
    queries = calibration_set()
    assert f"{len(queries)} queries over {len({query.skill for query in queries})} skills" in PAGE
