"""What a shell completes, as bash asks for it."""

from __future__ import annotations

from typing import get_args

from typer.testing import CliRunner

from crossroute.cli import app, completing
from crossroute.routing.router import DEFAULT_ROUTER, WIDEST_ROUTER
from crossroute.serve.keys import Key
from crossroute.traffic.scales import Scale


def completed(*words: str) -> list[str]:
    asked = {
        "_CROSSROUTE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("crossroute", *words)),
        "COMP_CWORD": str(len(words)),
    }
    return CliRunner().invoke(app, [], env=asked, prog_name="crossroute").stdout.split()


def test_bundled_routers_and_those_of_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unlike").mkdir()
    (tmp_path / "unique").mkdir()
    (tmp_path / "unique" / "model.safetensors").touch()
    assert completed("route", "text", "--router", "un") == ["universal", "unique"]
    assert completed("evaluate", "rout") == ["routerbench"]
    assert set(completing.BUNDLED) == {DEFAULT_ROUTER, WIDEST_ROUTER}


def test_the_last_candidate_of_a_list():
    found = completed("route", "text", "--candidates", "gpt-6-luna,claude-opus-5")
    assert {"gpt-6-luna,claude-opus-5", "gpt-6-luna,claude-opus-5-5"} <= set(found)
    assert completed("route", "text", "--candidates", "gpt-6-luna,gpt-6-lun") == []  # named already
    assert len(completed("compare", "p.csv", "--candidates", "g")) == completing.MOST


def test_efforts_that_the_model_takes():
    assert completed("demo", "--candidates", "gpt-oss-20b@") == [
        "gpt-oss-20b@low",
        "gpt-oss-20b@medium",
        "gpt-oss-20b@high",
    ]
    assert completed("demo", "--candidates", "nobody@") == []


def test_words_of_an_option():
    assert completed("collect", "p.csv", "--grade", "c") == ["choice", "contains", "code"]
    assert completed("collect", "p.csv", "--judge-by", "p") == ["pairwise"]
    assert completed("traffic", "feedback", "log.db", "runs.jsonl", "--scale", "s") == ["stars"]
    assert completed("keys", "add", "ann", "--per", "") == ["day", "month", "total"]
    assert completed("serve", "--engine", "r") == ["ray"]
    assert completed("evaluate", "routerbench", "o.jsonl", "--split", "t") == ["train", "test"]


def test_words_are_those_that_are_taken():
    assert set(completing.SCALES) == set(get_args(Scale))
    assert set(completing.PERIODS) == set(get_args(Key.model_fields["per"].annotation))
